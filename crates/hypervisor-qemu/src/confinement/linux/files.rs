//! Files, TCP and signals, by Landlock (landlock(7)): as much of it as the kernel has.

use std::io;
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, BitFlags, LandlockStatus, PathBeneath, PathFd, Ruleset, RulesetAttr as _,
    RulesetCreated, RulesetCreatedAttr as _, Scope,
};

use crate::confinement::{Openable, Reach};

/// The version whose rights are asked for; an older kernel enforces those that it knows.
const WANTED: ABI = ABI::V7;

/// What any program reads at its start.
const ALWAYS_READABLE: [&str; 2] = ["/etc/ld.so.cache", "/dev/urandom"];

/// The device that is also written.
const NULL_DEVICE: &str = "/dev/null";

/// A Landlock ruleset.
#[derive(Debug)]
pub(super) struct FileRules(RulesetCreated);

impl FileRules {
    /// Collects the rules. What is not there needs none.
    pub(super) fn prepare(reach: &Reach, openable: &Openable<'_>) -> io::Result<Self> {
        let mut rules = everything_denied()?;
        let read = AccessFs::ReadFile | AccessFs::ReadDir;
        match reach {
            Reach::Any => rules = allow(rules, Path::new("/"), read | AccessFs::Execute)?,
            Reach::Listed { executables, readable } => {
                for path in executables {
                    rules = allow(rules, path, AccessFs::ReadFile | AccessFs::Execute)?;
                }
                for path in ALWAYS_READABLE
                    .iter()
                    .map(Path::new)
                    .chain(readable.iter().map(PathBuf::as_path))
                {
                    rules = allow(rules, path, read)?;
                }
            }
        }
        let device = AccessFs::ReadFile | AccessFs::WriteFile | AccessFs::IoctlDev;
        for path in openable.devices.iter().copied().chain([Path::new(NULL_DEVICE)]) {
            rules = allow(rules, path, device)?;
        }
        let reopened = openable.reopened.iter().map(|file| (file, AccessFs::ReadFile.into()));
        let rewritten = openable.rewritten.iter();
        let rewritten = rewritten.map(|file| (file, AccessFs::ReadFile | AccessFs::WriteFile));
        for (file, access) in reopened.chain(rewritten) {
            rules = rules
                .add_rule(PathBeneath::new(file, access))
                .map_err(io::Error::other)?;
        }
        Ok(Self(rules))
    }

    /// Takes effect in the calling thread and what it becomes. System calls only.
    pub(super) fn enforce(self) -> io::Result<()> {
        match self.0.restrict_self() {
            Ok(_) => Ok(()),
            // An error with a text would allocate.
            Err(_) => Err(io::ErrorKind::PermissionDenied.into()),
        }
    }
}

fn everything_denied() -> io::Result<RulesetCreated> {
    Ruleset::default()
        .handle_access(AccessFs::from_all(WANTED))
        .and_then(|rules| rules.handle_access(AccessNet::from_all(WANTED)))
        .and_then(|rules| rules.scope(Scope::from_all(WANTED)))
        .and_then(Ruleset::create)
        .map_err(io::Error::other)
}

fn allow(rules: RulesetCreated, path: &Path, access: BitFlags<AccessFs>) -> io::Result<RulesetCreated> {
    let Ok(opened) = PathFd::new(path) else {
        return Ok(rules);
    };
    // The right to list directories does not exist for a file.
    let access = if path.is_dir() {
        access
    } else {
        access & AccessFs::from_file(WANTED)
    };
    rules
        .add_rule(PathBeneath::new(opened, access))
        .map_err(io::Error::other)
}

/// The version of Landlock that this kernel enforces, as far as it is known here; 0 is none.
pub(crate) fn landlock_abi() -> u32 {
    // The kernel's answer comes with a restriction, so a thread takes one and ends.
    let asked =
        std::thread::spawn(|| everything_denied().map(|rules| rules.restrict_self().map(|status| status.landlock)));
    match asked.join() {
        Ok(Ok(Ok(LandlockStatus::Available { effective_abi, .. }))) => effective_abi as u32,
        _ => 0,
    }
}
