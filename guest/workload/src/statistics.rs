//! What a control group uses and has used, cgroup-v2.rst in the kernel's documentation.

use crate::cgroup::Cgroup;

/// Figures of a control group and all below it. One that the kernel does not tell, as without the controller, is `None`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GroupStatistics {
    /// Processor time, microseconds, of processes that have ended as well.
    pub cpu_us: Option<u64>,
    /// Memory in use, page cache included.
    pub memory_bytes: Option<u64>,
    /// The part of it that is page cache which nobody has used for a while.
    pub memory_cache_bytes: Option<u64>,
    /// Limit of the memory; `None` as well when there is none.
    pub memory_limit_bytes: Option<u64>,
    /// Read from all disks.
    pub disk_read_bytes: Option<u64>,
    /// Written to all disks.
    pub disk_written_bytes: Option<u64>,
    /// Processes, each with its threads.
    pub process_count: Option<u64>,
}

impl Cgroup {
    /// Reads all figures.
    pub fn statistics(&self) -> GroupStatistics {
        let file = |name: &str| self.read(name).ok();
        let number = |name: &str| file(name)?.trim().parse().ok();
        let io = file("io.stat");
        GroupStatistics {
            cpu_us: file("cpu.stat").and_then(|stat| named(&stat, "usage_usec")),
            memory_bytes: number("memory.current"),
            memory_cache_bytes: file("memory.stat").and_then(|stat| named(&stat, "inactive_file")),
            memory_limit_bytes: number("memory.max"),
            disk_read_bytes: io.as_deref().map(|stat| of_all_devices(stat, "rbytes=")),
            disk_written_bytes: io.as_deref().map(|stat| of_all_devices(stat, "wbytes=")),
            process_count: number("pids.current"),
        }
    }
}

/// The number behind a name that begins a line.
fn named(stat: &str, name: &str) -> Option<u64> {
    let mut lines = stat.lines();
    lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok())
}

/// The sum of what each line, which is a device, says of a key: `254:0 rbytes=4096 wbytes=0 rios=1 …`.
fn of_all_devices(stat: &str, key: &str) -> u64 {
    let words = stat.split_whitespace();
    let numbers = words.filter_map(|word| word.strip_prefix(key)?.parse::<u64>().ok());
    numbers.fold(0, u64::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const IO: &str = "254:16 rbytes=4096 wbytes=512 rios=1 wios=1 dbytes=0 dios=0\n\
                      254:0 rbytes=100 wbytes=0 rios=1 wios=0 dbytes=7 dios=1\n254:32\n";

    #[test]
    fn names_are_whole_and_begin_a_line() {
        let stat = "user_usec 1\nusage_usec 250\nusage_usec_more 3\n";
        assert_eq!(named(stat, "usage_usec"), Some(250));
        assert_eq!(named(stat, "usec"), None);
        assert_eq!(named("inactive_file many\n", "inactive_file"), None);
    }

    #[test]
    fn devices_are_summed_up() {
        assert_eq!(
            (of_all_devices(IO, "rbytes="), of_all_devices(IO, "wbytes=")),
            (4196, 512)
        );
        assert_eq!(of_all_devices("", "rbytes="), 0);
    }

    #[test]
    fn what_the_kernel_does_not_tell_is_left_out() {
        let directory = tempfile::tempdir().unwrap();
        let cgroup = Cgroup::open(directory.path().to_owned()).unwrap();
        assert_eq!(cgroup.statistics(), GroupStatistics::default());
        for (file, text) in [
            ("cpu.stat", "usage_usec 7\n"),
            ("memory.current", "8192\n"),
            ("memory.stat", "anon 4096\ninactive_file 1024\n"),
            ("memory.max", "max\n"),
            ("io.stat", IO),
            ("pids.current", "3\n"),
        ] {
            std::fs::write(directory.path().join(file), text).unwrap();
        }
        let told = GroupStatistics {
            cpu_us: Some(7),
            memory_bytes: Some(8192),
            memory_cache_bytes: Some(1024),
            memory_limit_bytes: None,
            disk_read_bytes: Some(4196),
            disk_written_bytes: Some(512),
            process_count: Some(3),
        };
        assert_eq!(cgroup.statistics(), told);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".*", key in "[a-z]*=?") {
            let _ = (named(&text, &key), of_all_devices(&text, &key));
        }
    }
}
