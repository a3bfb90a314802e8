//! The processes of the container, as proc(5) tells of them.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::time::Duration;

use crate::container::Container;

/// Ticks a second in which proc(5) counts, `USER_HZ` of the kernel: 100 on all architectures that machines have.
const TICKS_PER_SECOND: u64 = 100;
/// Longest command that is told, bytes.
const COMMAND_MAX_BYTES: usize = 4096;
/// Longest commands of all processes together, bytes: what comes after that is told by its name alone.
const ALL_COMMANDS_MAX_BYTES: usize = 256 << 10;
/// How many processes are told at most.
const PROCESSES_MAX: usize = 8192;

/// Major numbers of terminals, devices.txt of the kernel: that of consoles, and the first and the last of pseudo-terminals.
const CONSOLE_MAJOR: u32 = 4;
const PTS_MAJORS: std::ops::RangeInclusive<u32> = 136..=143;

/// A process of the container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedProcess {
    /// In the container's pid namespace.
    pub pid: u32,
    /// That of its parent there; 0 when it is outside.
    pub parent_pid: u32,
    /// The effective user.
    pub uid: u32,
    /// Processor time that it has had.
    pub cpu: Duration,
    /// Time since its start.
    pub age: Duration,
    /// Its controlling terminal below `/dev`; empty for none.
    pub terminal: String,
    /// Program and arguments, or its name in brackets.
    pub command: String,
}

/// The processes of the container.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProcessList {
    /// By their ids.
    pub processes: Vec<ListedProcess>,
    /// How many there are besides.
    pub omitted_count: usize,
}

impl Container {
    /// Says which processes the container has; `proc` is where the caller's proc(5) is mounted.
    ///
    /// # Errors
    /// What could not be read. A process that ends meanwhile is left out.
    pub fn list_processes(&self, proc: &Path) -> io::Result<ProcessList> {
        let pids = self.cgroup().processes().map_err(io::Error::other)?;
        list(&pids, proc)
    }
}

/// The id in the container of the process with the id `pid` in the caller's pid namespace; `None` when it has gone, or is in no pid namespace but the
/// caller's. `proc` is where the caller's proc(5) is mounted.
#[must_use]
pub fn pid_in_container(proc: &Path, pid: u32) -> Option<u32> {
    let status = std::fs::read(proc.join(pid.to_string()).join("status")).ok()?;
    Some(parse_status(&String::from_utf8_lossy(&status))?.0)
}

fn list(pids: &[u32], proc: &Path) -> io::Result<ProcessList> {
    let uptime = std::fs::read_to_string(proc.join("uptime"))?;
    let uptime = seconds(&uptime).ok_or_else(|| io::Error::other("there is no time in /proc/uptime"))?;
    let mut seen = Vec::new();
    for pid in pids {
        if let Some(process) = see(&proc.join(pid.to_string()), *pid) {
            seen.push(process);
        }
    }
    seen.sort_by_key(|process| process.pid_inside);
    let inside: HashMap<u32, u32> = seen.iter().map(|process| (process.pid, process.pid_inside)).collect();
    let omitted_count = seen.len().saturating_sub(PROCESSES_MAX);
    seen.truncate(PROCESSES_MAX);
    let mut room = ALL_COMMANDS_MAX_BYTES;
    let listed = seen.into_iter().map(|process| {
        let command = std::fs::read(proc.join(process.pid.to_string()).join("cmdline")).unwrap_or_default();
        let command = command_text(&command, &process, room);
        room = room.saturating_sub(command.len());
        ListedProcess {
            pid: process.pid_inside,
            parent_pid: inside.get(&process.parent_pid).copied().unwrap_or(0),
            uid: process.uid,
            cpu: process.cpu,
            age: uptime.saturating_sub(process.started),
            terminal: terminal(process.terminal),
            command,
        }
    });
    Ok(ProcessList {
        processes: listed.collect(),
        omitted_count,
    })
}

/// What the files of a process say.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    pid: u32,
    pid_inside: u32,
    parent_pid: u32,
    uid: u32,
    cpu: Duration,
    /// After the boot.
    started: Duration,
    terminal: u32,
    name: String,
    is_zombie: bool,
}

fn see(directory: &Path, pid: u32) -> Option<Seen> {
    let read = |file: &str| {
        let bytes = std::fs::read(directory.join(file)).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    };
    let (pid_inside, uid) = parse_status(&read("status")?)?;
    parse_stat(&read("stat")?, pid, pid_inside, uid)
}

/// The id in the container and the effective user, of `/proc/PID/status`. A worker of the agent's own is in no pid namespace but the machine's.
fn parse_status(status: &str) -> Option<(u32, u32)> {
    let field = |name: &str, index: usize| -> Option<u32> {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().nth(index)?.parse().ok()
    };
    Some((field("NSpid:", 1)?, field("Uid:", 1)?))
}

fn parse_stat(stat: &str, pid: u32, pid_inside: u32, uid: u32) -> Option<Seen> {
    // The name may have anything in it, parentheses included.
    let (begin, end) = (stat.find('(')?, stat.rfind(')')?);
    let name = stat.get(begin + 1..end)?.to_owned();
    // From the third on, as proc(5) counts.
    let fields: Vec<&str> = stat.get(end + 1..)?.split_whitespace().collect();
    let number = |index: usize| -> Option<u64> { fields.get(index - 3)?.parse().ok() };
    let ticks = |count: u64| Duration::from_millis(count.saturating_mul(1000 / TICKS_PER_SECOND));
    Some(Seen {
        pid,
        pid_inside,
        parent_pid: u32::try_from(number(4)?).ok()?,
        uid,
        cpu: ticks(number(14)?.saturating_add(number(15)?)),
        started: ticks(number(22)?),
        terminal: number(7).and_then(|number| u32::try_from(number).ok()).unwrap_or(0),
        name,
        is_zombie: fields.first() == Some(&"Z"),
    })
}

/// The name of a terminal by its number, as the kernel packs it: twelve bits of the major number below twenty of the minor one, in parts.
fn terminal(number: u32) -> String {
    let (major, minor) = (number >> 8 & 0xfff, number & 0xff | number >> 12 & 0xf_ff00);
    match major {
        0 => String::new(),
        CONSOLE_MAJOR => format!("tty{minor}"),
        major if PTS_MAJORS.contains(&major) => {
            format!("pts/{}", (major - PTS_MAJORS.start()) * 256 + minor)
        }
        _ => "console".to_owned(),
    }
}

fn command_text(cmdline: &[u8], process: &Seen, room: usize) -> String {
    let end = cmdline.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let words = &cmdline[..end];
    if words.is_empty() || words.len().min(COMMAND_MAX_BYTES) > room {
        let state = if process.is_zombie { " <defunct>" } else { "" };
        return format!("[{}]{state}", process.name);
    }
    let words: Vec<u8> = words
        .iter()
        .take(COMMAND_MAX_BYTES)
        .map(|byte| if *byte == 0 { b' ' } else { *byte })
        .collect();
    String::from_utf8_lossy(&words).into_owned()
}

/// The first number of a text, in seconds.
fn seconds(text: &str) -> Option<Duration> {
    let number: f64 = text.split_whitespace().next()?.parse().ok()?;
    Duration::try_from_secs_f64(number).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(proc: &Path, pid: u32, files: [(&str, &str); 3]) {
        let directory = proc.join(pid.to_string());
        std::fs::create_dir(&directory).unwrap();
        for (name, text) in files {
            std::fs::write(directory.join(name), text).unwrap();
        }
    }

    fn stat(pid: u32, name: &str, state: char, parent: u32, terminal: u32, ticks: [u64; 2], started: u64) -> String {
        let [user, system] = ticks;
        format!(
            "{pid} ({name}) {state} {parent} 1 1 {terminal} -1 0 0 0 0 0 {user} {system} 0 0 20 0 1 0 {started} 0\n"
        )
    }

    #[test]
    fn processes_are_told_as_the_container_counts_them() {
        let root = tempfile::tempdir().unwrap();
        let proc = root.path();
        std::fs::write(proc.join("uptime"), "100.50 1.00\n").unwrap();
        let tick = 1000 / TICKS_PER_SECOND;
        let status = |ids: &str| format!("Name:\tx\nUid:\t0\t33\t0\t0\nNSpid:\t{ids}\n");
        let (init, child, worker) = (
            stat(70, "sh", 'S', 1, 34_816, [100, 50], 0),
            stat(90, "a ) b", 'Z', 70, 0, [0, 0], 0),
            String::new(),
        );
        write(
            proc,
            90,
            [("status", &status("90\t7")), ("stat", &child), ("cmdline", "")],
        );
        write(
            proc,
            70,
            [
                ("status", &status("70\t1")),
                ("stat", &init),
                ("cmdline", "sh\0-c\0a b\0"),
            ],
        );
        write(
            proc,
            95,
            [("status", &status("95")), ("stat", &worker), ("cmdline", "vminitd\0")],
        );
        // The last one has ended.
        let listed = list(&[90, 70, 95, 96], proc).unwrap();
        assert_eq!(listed.omitted_count, 0);
        let init = ListedProcess {
            pid: 1,
            parent_pid: 0,
            uid: 33,
            cpu: Duration::from_millis(150 * tick),
            age: Duration::from_millis(100_500),
            terminal: "pts/0".to_owned(),
            command: "sh -c a b".to_owned(),
        };
        let child = ListedProcess {
            pid: 7,
            parent_pid: 1,
            cpu: Duration::ZERO,
            terminal: String::new(),
            command: "[a ) b] <defunct>".to_owned(),
            ..init.clone()
        };
        assert_eq!(listed.processes, [init, child]);
        assert_eq!(
            [90, 95, 96].map(|pid| pid_in_container(proc, pid)),
            [Some(7), None, None]
        );
    }

    #[test]
    fn long_commands_are_cut_off_and_many_are_told_by_name() {
        let process = parse_stat(&stat(1, "x", 'R', 0, 0, [0, 0], 0), 1, 1, 0).unwrap();
        let long = vec![b'a'; 10_000];
        assert_eq!(
            command_text(&long, &process, ALL_COMMANDS_MAX_BYTES).len(),
            COMMAND_MAX_BYTES
        );
        assert_eq!(command_text(&long, &process, 4000), "[x]");
    }

    #[test]
    fn terminals_have_their_names() {
        assert_eq!(terminal(0x8803), "pts/3");
        // Of the next major number.
        assert_eq!(terminal(0x8901), "pts/257");
        assert_eq!(terminal(0x0401), "tty1");
        assert_eq!(terminal(0), "");
    }
}
