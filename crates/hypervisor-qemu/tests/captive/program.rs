//! A program in QEMU's place: it tries what a QEMU must not be able to do, and writes what came of it to the console.
//!
//! Started by `tests/confinement.rs` as the hypervisor program. What it is to try is named on the guest's kernel command
//! line. Each line of the report is an attempt and its outcome: `ok`, or the number of the system's error.
#![cfg_attr(
    target_os = "linux",
    expect(
        unsafe_code,
        reason = "some attempts have no safe interface, which is half of their point"
    )
)]

#[cfg(target_os = "linux")]
mod attempts {
    use std::fs::{self, File};
    use std::io::{self, Write as _};
    use std::net::{TcpListener, TcpStream, UdpSocket};
    use std::os::fd::{FromRawFd as _, RawFd};
    use std::os::unix::fs::FileExt as _;
    use std::os::unix::net::{UnixListener, UnixStream};
    use std::process::{Command, Stdio};

    use rustix::process::{Resource, getppid, getrlimit, test_kill_process};

    /// QEMU's command line.
    struct Line {
        words: Vec<String>,
        /// The guest's kernel command line, from QEMU's configuration file.
        append: String,
    }

    impl Line {
        /// Reads the configuration file as well, which can be read once.
        fn new(words: Vec<String>) -> Self {
            let file = words.iter().skip_while(|word| *word != "-readconfig").nth(1);
            let text = file.and_then(|file| fs::read_to_string(file).ok()).unwrap_or_default();
            let append = text.split('"').nth(1).unwrap_or_default().to_owned();
            Self { words, append }
        }

        /// What follows `key=` on the guest's kernel command line.
        fn asked(&self, key: &str) -> &str {
            self.append
                .split(' ')
                .find_map(|word| word.strip_prefix(key)?.strip_prefix('='))
                .unwrap_or("")
        }

        /// All numbers that follow `prefix` anywhere.
        fn numbers(&self, prefix: &str) -> Vec<RawFd> {
            let parts = self.words.iter().flat_map(|word| word.split(prefix).skip(1));
            let digits = |part: &str| part.chars().take_while(char::is_ascii_digit).collect::<String>();
            parts.filter_map(|part| digits(part).parse().ok()).collect()
        }

        /// The descriptor of the option that has all of `marks`.
        fn descriptor_of(&self, marks: &[&str]) -> RawFd {
            let option = self
                .words
                .iter()
                .find(|word| marks.iter().all(|mark| word.contains(mark)));
            let number = option
                .and_then(|word| word.rsplit_once("/dev/fdset/"))
                .map(|(_, number)| number);
            number.and_then(|number| number.parse().ok()).unwrap_or(-1)
        }
    }

    pub(super) fn run(words: Vec<String>) {
        if words.iter().any(|word| word == "--version") {
            println!("QEMU emulator version 9.9.9");
            return;
        }
        let line = Line::new(words);
        if line.numbers("/dev/fdset/").is_empty() {
            // It has no machine, and it is tried out whether it takes its memory as its standard input, as all of them do.
            return;
        }
        // SAFETY: the descriptor was handed over for this, and nothing else in this program owns it.
        let mut console = unsafe { File::from_raw_fd(line.descriptor_of(&["id=console"])) };
        for (name, outcome) in report(&line) {
            let _ = writeln!(console, "{name}: {outcome}");
        }
    }

    fn report(line: &Line) -> Vec<(&'static str, String)> {
        let mut report = state(line);
        report.extend(files(line).map(outcome_of));
        report.extend(disks(line).map(outcome_of));
        report.extend(others(line).map(outcome_of));
        report
    }

    fn outcome_of((name, result): (&'static str, io::Result<()>)) -> (&'static str, String) {
        let outcome = match result {
            Ok(()) => "ok".to_owned(),
            Err(error) => error
                .raw_os_error()
                .map_or_else(|| error.to_string(), |number| number.to_string()),
        };
        (name, outcome)
    }

    /// What the process is like.
    fn state(line: &Line) -> Vec<(&'static str, String)> {
        let mut given: Vec<RawFd> = vec![0, 1, 2];
        given.extend(line.numbers("fd="));
        given.extend(line.numbers("/dev/fd/"));
        let foreign = (0..4096)
            .filter(|number| is_open(*number) && !given.contains(number))
            .count();
        let limit = |resource| {
            getrlimit(resource)
                .maximum
                .map_or("none".to_owned(), |limit| limit.to_string())
        };
        vec![
            ("environment", std::env::vars_os().count().to_string()),
            ("foreign-descriptors", foreign.to_string()),
            (
                "no-new-privileges",
                rustix::thread::no_new_privs().is_ok_and(|set| set).to_string(),
            ),
            ("core-limit", limit(Resource::Core)),
            ("file-limit", limit(Resource::Nofile)),
        ]
    }

    fn is_open(number: RawFd) -> bool {
        // SAFETY: F_GETFD changes nothing.
        unsafe { libc::fcntl(number, libc::F_GETFD) != -1 }
    }

    /// Files by name.
    fn files(line: &Line) -> impl Iterator<Item = (&'static str, io::Result<()>)> {
        let (secret, directory) = (line.asked("try.secret"), line.asked("try.directory"));
        let inside = |name: &str| format!("{directory}/{name}");
        let parent = getppid().map_or(0, |id| id.as_raw_nonzero().get());
        [
            ("read-secret", File::open(secret).map(drop)),
            ("read-system", File::open("/etc/passwd").map(drop)),
            (
                "read-environment-of-launcher",
                File::open(format!("/proc/{parent}/environ")).map(drop),
            ),
            ("list-directory", fs::read_dir(directory).map(drop)),
            ("list-processes", fs::read_dir("/proc").map(drop)),
            ("write-secret", File::options().append(true).open(secret).map(drop)),
            ("create", File::create(inside("new")).map(drop)),
            ("create-in-tmp", File::create("/tmp/captive-was-here").map(drop)),
            ("create-directory", fs::create_dir(inside("newer"))),
            ("link", std::os::unix::fs::symlink("x", inside("link"))),
            ("unlink", fs::remove_file(secret)),
            ("rename", fs::rename(secret, inside("renamed"))),
            (
                "read-own-program",
                std::env::current_exe().and_then(File::open).map(drop),
            ),
        ]
        .into_iter()
    }

    /// Punches a hole at the beginning of the memory, which begins with this letter, and looks what is there afterwards.
    fn punched(memory: RawFd) -> io::Result<()> {
        let flags = libc::FALLOC_FL_PUNCH_HOLE | libc::FALLOC_FL_KEEP_SIZE;
        // SAFETY: the call takes numbers only.
        if unsafe { libc::fallocate(memory, flags, 0, 4096) } != 0 {
            return Err(io::Error::last_os_error());
        }
        let mut byte = [0];
        // SAFETY: the descriptor was handed over, and stays open because the file is not dropped.
        let file = std::mem::ManuallyDrop::new(unsafe { File::from_raw_fd(memory) });
        file.read_exact_at(&mut byte, 0)?;
        match &byte {
            b"m" => Ok(()),
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    /// Disks, kernel and memory, by the descriptors that were handed over.
    fn disks(line: &Line) -> impl Iterator<Item = (&'static str, io::Result<()>)> {
        let as_input = line.words.iter().any(|word| word.contains("mem-path=/dev/null/memory"));
        let memory = line.numbers("mem-path=/dev/fd/").first().copied();
        let memory = memory.unwrap_or(if as_input { 0 } else { -1 });
        let layer = line.descriptor_of(&["node-name=disk0"]);
        let writable = line.descriptor_of(&["node-name=disk1"]);
        let kernel = line.numbers("/dev/fd/").first().copied().unwrap_or(-1);
        let write_at = |number: RawFd, offset: u64| {
            if number < 0 {
                return Err(io::ErrorKind::NotFound.into());
            }
            // SAFETY: the descriptor was handed over, and stays open because the file is not dropped.
            let file = std::mem::ManuallyDrop::new(unsafe { File::from_raw_fd(number) });
            file.write_at(b"x", offset).map(drop)
        };
        let length: u64 = line.asked("try.length").parse().unwrap_or(0);
        // SAFETY: ignoring a signal runs no code of ours.
        unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
        [
            ("read-kernel-again", File::open(format!("/dev/fd/{kernel}")).map(drop)),
            ("read-memory-again", File::open(format!("/dev/fd/{memory}")).map(drop)),
            ("write-memory", write_at(memory, 0)),
            (
                "reopen-memory-to-write",
                File::options().write(true).open(format!("/dev/fd/{memory}")).map(drop),
            ),
            ("punch-memory", punched(memory)),
            ("write-layer", write_at(layer, 0)),
            (
                "reopen-layer-to-write",
                File::options().write(true).open(format!("/dev/fd/{layer}")).map(drop),
            ),
            ("write-disk", write_at(writable, 0)),
            ("lengthen-disk", write_at(writable, length)),
        ]
        .into_iter()
    }

    /// The network, other programs, other processes, the kernel.
    fn others(line: &Line) -> impl Iterator<Item = (&'static str, io::Result<()>)> {
        let parent = getppid();
        let id = parent.map_or(0, |id| libc::c_long::from(id.as_raw_nonzero().get()));
        let directory = line.asked("try.directory");
        [
            ("connect-tcp", TcpStream::connect(line.asked("try.tcp")).map(drop)),
            ("listen-tcp", TcpListener::bind("127.0.0.1:0").map(drop)),
            ("send-udp", UdpSocket::bind("127.0.0.1:0").map(drop)),
            ("connect-unix", UnixStream::connect(line.asked("try.unix")).map(drop)),
            (
                "listen-unix",
                UnixListener::bind(format!("{directory}/socket")).map(drop),
            ),
            (
                "execute",
                Command::new("/bin/true").stdout(Stdio::null()).status().map(drop),
            ),
            (
                "signal-launcher",
                parent.map_or(Ok(()), |parent| Ok(test_kill_process(parent)?)),
            ),
            (
                "trace-launcher",
                call(libc::SYS_ptrace, [libc::c_long::from(libc::PTRACE_SEIZE), id, 0, 0]),
            ),
            (
                "read-memory-of-launcher",
                call(libc::SYS_process_vm_readv, [id, 0, 0, 0]),
            ),
            ("descriptor-of-launcher", call(libc::SYS_pidfd_open, [id, 0, 0, 0])),
            ("keys", call(libc::SYS_keyctl, [0, 0, 0, 0])),
            (
                "namespace",
                call(libc::SYS_unshare, [libc::c_long::from(libc::CLONE_NEWUSER), 0, 0, 0]),
            ),
            ("io-uring", call(libc::SYS_io_uring_setup, [1, 0, 0, 0])),
        ]
        .into_iter()
    }

    fn call(number: libc::c_long, arguments: [libc::c_long; 4]) -> io::Result<()> {
        let [a, b, c, d] = arguments;
        // SAFETY: no argument is a pointer, but for null where a call that got so far would refuse it.
        match unsafe { libc::syscall(number, a, b, c, d) } {
            -1 => Err(io::Error::last_os_error()),
            _ => Ok(()),
        }
    }
}

fn main() {
    #[cfg(target_os = "linux")]
    attempts::run(std::env::args().skip(1).collect());
}
