//! Resource limits by the names of setrlimit(2).

use rustix::process::{Resource, Rlimit as KernelRlimit, setrlimit};

/// One resource limit.
#[derive(Debug, Clone, Copy)]
pub struct Rlimit {
    resource: Resource,
    soft: u64,
    hard: u64,
}

/// There is no resource limit of this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown resource limit \"{0}\"")]
pub struct UnknownRlimit(pub String);

impl Rlimit {
    /// The limit called `name` ("RLIMIT_NOFILE"); `u64::MAX` is unlimited.
    ///
    /// # Errors
    /// [`UnknownRlimit`] for names that Linux does not have.
    pub fn new(name: &str, soft: u64, hard: u64) -> Result<Self, UnknownRlimit> {
        let resource = match name {
            "RLIMIT_AS" => Resource::As,
            "RLIMIT_CORE" => Resource::Core,
            "RLIMIT_CPU" => Resource::Cpu,
            "RLIMIT_DATA" => Resource::Data,
            "RLIMIT_FSIZE" => Resource::Fsize,
            "RLIMIT_LOCKS" => Resource::Locks,
            "RLIMIT_MEMLOCK" => Resource::Memlock,
            "RLIMIT_MSGQUEUE" => Resource::Msgqueue,
            "RLIMIT_NICE" => Resource::Nice,
            "RLIMIT_NOFILE" => Resource::Nofile,
            "RLIMIT_NPROC" => Resource::Nproc,
            "RLIMIT_RSS" => Resource::Rss,
            "RLIMIT_RTPRIO" => Resource::Rtprio,
            "RLIMIT_RTTIME" => Resource::Rttime,
            "RLIMIT_SIGPENDING" => Resource::Sigpending,
            "RLIMIT_STACK" => Resource::Stack,
            _ => return Err(UnknownRlimit(name.to_owned())),
        };
        Ok(Self { resource, soft, hard })
    }

    /// Applies the limit to the calling process.
    pub(crate) fn apply(self) -> rustix::io::Result<()> {
        let bound = |value| if value == u64::MAX { None } else { Some(value) };
        setrlimit(
            self.resource,
            KernelRlimit {
                current: bound(self.soft),
                maximum: bound(self.hard),
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_names_are_refused() {
        assert!(Rlimit::new("RLIMIT_NOFILE", 1, 2).is_ok());
        assert_eq!(Rlimit::new("NOFILE", 1, 2).unwrap_err(), UnknownRlimit("NOFILE".into()));
    }
}
