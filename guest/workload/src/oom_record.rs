//! Records of the kernel's log that say which process was killed for lack of memory.
//!
//! A record, as `/dev/kmsg` gives it, is `prefix,sequence,time,flags[,…];text` and an end of line, which properties of it may follow
//! (Documentation/ABI/testing/dev-kmsg of the kernel). The prefix is facility times eight plus level. What the kernel says itself has facility 0;
//! what programs write to `/dev/kmsg` never has, because the kernel gives it another one (`devkmsg_write`, kernel/printk/printk.c). So no program can
//! make such a record: the text that is looked for stands at the beginning, and all that a program chooses of it is its name.

/// The facility of the kernel's own records, `LOG_KERN` of syslog(3).
const KERNEL_FACILITY: u32 = 0;

/// What stands before the process, `__oom_kill_process` and its callers in mm/oom_kill.c. The last is said with the kernel parameter
/// `vm.oom_kill_allocating_task`.
const BEGINNINGS: [&[u8]; 3] = [
    b"Memory cgroup out of memory: Killed process ",
    b"Out of memory: Killed process ",
    b"Out of memory (oom_kill_allocating_task): Killed process ",
];

/// What stands behind its name.
const AFTER_NAME: &[u8] = b") total-vm:";

/// The parts of its memory that it had.
const RESIDENT: [&[u8]; 3] = [b"anon-rss:", b"file-rss:", b"shmem-rss:"];

/// Longest name of a task, bytes: `TASK_COMM_LEN` with its zero byte is 16.
const NAME_MAX_BYTES: usize = 15;

/// A process that the kernel has killed for lack of memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OomRecord {
    /// Process id in the machine's initial pid namespace; that of a thread if the process had ended but for it.
    pub pid: u32,
    /// The name that proc(5) calls "comm". What is not UTF-8 is replaced.
    pub name: String,
    /// Memory that it had, bytes.
    pub resident_bytes: u64,
}

impl OomRecord {
    /// Reads one record; `None` when it is about something else, or was not written by the kernel.
    #[must_use]
    pub fn parse(record: &[u8]) -> Option<Self> {
        let mut parts = record.splitn(2, |byte| *byte == b';');
        let (header, text) = (parts.next()?, parts.next()?);
        let prefix: u32 = number(header.split(|byte| *byte == b',').next()?)?;
        if prefix >> 3 != KERNEL_FACILITY {
            return None;
        }
        let text = unescape(text.split(|byte| *byte == b'\n').next()?);
        let victim = BEGINNINGS.iter().find_map(|beginning| text.strip_prefix(*beginning))?;
        let (pid, victim) = victim.split_at(victim.iter().position(|byte| *byte == b' ')?);
        // The name may have anything in it, also what stands behind it.
        let (name, figures) = victim
            .strip_prefix(b" (")?
            .split_at(last(victim, AFTER_NAME)?.checked_sub(2)?);
        if name.len() > NAME_MAX_BYTES {
            return None;
        }
        Some(Self {
            pid: number(pid)?,
            name: String::from_utf8_lossy(name).into_owned(),
            resident_bytes: resident_bytes(figures),
        })
    }
}

/// The sum of the parts that are told: `anon-rss:1234kB, file-rss:0kB, …`.
fn resident_bytes(figures: &[u8]) -> u64 {
    let words = figures.split(|byte| *byte == b' ');
    let parts = words.filter_map(|word| RESIDENT.iter().find_map(|part| word.strip_prefix(*part)));
    let kilobytes = parts.filter_map(|figure| {
        let digits = figure.iter().take_while(|byte| byte.is_ascii_digit()).count();
        number::<u64>(&figure[..digits])
    });
    kilobytes
        .fold(0_u64, |sum, part| sum.saturating_add(part))
        .saturating_mul(1024)
}

fn number<T: std::str::FromStr>(digits: &[u8]) -> Option<T> {
    let digits = std::str::from_utf8(digits).ok()?;
    digits
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| digits.parse().ok())?
}

/// Where `part` begins the last time that it is in `text`.
fn last(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).rposition(|window| window == part)
}

/// Takes `\xHH` back, which the kernel writes for what is not printable ASCII and for the backslash.
fn unescape(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        match escaped(rest) {
            Some((byte, after)) => {
                bytes.push(byte);
                rest = after;
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    bytes
}

fn escaped(text: &[u8]) -> Option<(u8, &[u8])> {
    let [high, low, rest @ ..] = text.strip_prefix(b"\\x")? else {
        return None;
    };
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let byte = digit(high)? << 4 | digit(low)?;
    Some((u8::try_from(byte).ok()?, rest))
}

#[cfg(test)]
mod tests;
