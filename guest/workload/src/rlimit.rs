//! Resource limits by the names of setrlimit(2).

use rustix::process::{Resource, Rlimit as KernelRlimit, setrlimit};

use crate::failure::StartFailure;

/// Most files that a process may have open: the machine's `fs.nr_open`. It stands for "unlimited" as well, because the kernel refuses a
/// larger limit. The value is systemd's, and so that of most hosts of Docker.
pub const OPEN_FILES_MAX: u64 = 1_073_741_816;

/// Files that a process may have open unless told otherwise, as in Docker.
const OPEN_FILES_DEFAULT: u64 = 1_048_576;

/// Without any limit.
const UNLIMITED: u64 = u64::MAX;

/// All resources, getrlimit(2).
const RESOURCES: [(&str, Resource); 16] = [
    ("RLIMIT_AS", Resource::As),
    ("RLIMIT_CORE", Resource::Core),
    ("RLIMIT_CPU", Resource::Cpu),
    ("RLIMIT_DATA", Resource::Data),
    ("RLIMIT_FSIZE", Resource::Fsize),
    ("RLIMIT_LOCKS", Resource::Locks),
    ("RLIMIT_MEMLOCK", Resource::Memlock),
    ("RLIMIT_MSGQUEUE", Resource::Msgqueue),
    ("RLIMIT_NICE", Resource::Nice),
    NOFILE,
    ("RLIMIT_NPROC", Resource::Nproc),
    ("RLIMIT_RSS", Resource::Rss),
    ("RLIMIT_RTPRIO", Resource::Rtprio),
    ("RLIMIT_RTTIME", Resource::Rttime),
    ("RLIMIT_SIGPENDING", Resource::Sigpending),
    ("RLIMIT_STACK", Resource::Stack),
];

const NOFILE: (&str, Resource) = ("RLIMIT_NOFILE", Resource::Nofile);

/// Default limits of a process, in place of the kernel's, which are too low for a workload. The limits that are not listed here are the
/// kernel's.
const DEFAULTS: [Rlimit; 3] = [
    Rlimit {
        resource: NOFILE,
        soft: OPEN_FILES_DEFAULT,
        hard: OPEN_FILES_DEFAULT,
    },
    Rlimit {
        resource: ("RLIMIT_NPROC", Resource::Nproc),
        soft: UNLIMITED,
        hard: UNLIMITED,
    },
    Rlimit {
        resource: ("RLIMIT_CORE", Resource::Core),
        soft: UNLIMITED,
        hard: UNLIMITED,
    },
];

/// One resource limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rlimit {
    resource: (&'static str, Resource),
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
        let resource = RESOURCES
            .into_iter()
            .find(|(known, _)| *known == name)
            .ok_or_else(|| UnknownRlimit(name.to_owned()))?;
        Ok(Self { resource, soft, hard })
    }

    /// Applies the limit to the calling process.
    fn apply(self) -> Result<(), StartFailure> {
        let (name, resource) = self.resource;
        let bound = |value| match value {
            UNLIMITED if resource == Resource::Nofile => Some(OPEN_FILES_MAX),
            UNLIMITED => None,
            value => Some(value),
        };
        let limit = KernelRlimit {
            current: bound(self.soft),
            maximum: bound(self.hard),
        };
        setrlimit(resource, limit).map_err(|error| StartFailure::setup(format_args!("set {name}"), error))
    }
}

/// Gives the calling process the default limits and then its own.
///
/// # Errors
/// The limit that the kernel refused.
pub(crate) fn apply(own: &[Rlimit]) -> Result<(), StartFailure> {
    DEFAULTS.iter().chain(own).try_for_each(|limit| limit.apply())
}

/// Lets the calling process and those that it starts open as many files as a workload may.
///
/// # Errors
/// The kernel's.
pub fn raise_own() -> rustix::io::Result<()> {
    let limit = KernelRlimit {
        current: Some(OPEN_FILES_DEFAULT),
        maximum: Some(OPEN_FILES_DEFAULT),
    };
    setrlimit(Resource::Nofile, limit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::process::getrlimit;

    #[test]
    fn unknown_names_are_refused() {
        assert!(Rlimit::new("RLIMIT_NOFILE", 1, 2).is_ok());
        assert_eq!(Rlimit::new("NOFILE", 1, 2).unwrap_err(), UnknownRlimit("NOFILE".into()));
    }

    #[test]
    fn a_refused_limit_is_named() {
        // Above `fs.nr_open` of any machine, so that the kernel refuses it even to root.
        let limit = Rlimit::new("RLIMIT_NOFILE", u64::MAX - 1, u64::MAX - 1).unwrap();
        let failure = limit.apply().unwrap_err();
        assert!(
            failure.message.contains("cannot set RLIMIT_NOFILE: "),
            "{}",
            failure.message
        );
    }

    #[test]
    fn a_limit_is_what_the_kernel_shows_afterwards() {
        let before = getrlimit(Resource::Core);
        let limit = Rlimit::new("RLIMIT_CORE", 0, before.maximum.unwrap_or(UNLIMITED)).unwrap();
        limit.apply().unwrap();
        let after = getrlimit(Resource::Core);
        assert_eq!((after.current, after.maximum), (Some(0), before.maximum));
    }
}
