//! Mount options as in mount(8): some are flags of mount(2), the rest is passed to the file system.

use rustix::mount::MountFlags;

/// An option that is not supported.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("mount option \"{0}\" is not supported")]
pub struct UnknownMountOption(pub String);

/// Flags of a mount unless its options say otherwise: files on it do not act as devices and do not run with another user's rights.
const DEFAULTS: MountFlags = MountFlags::NOSUID.union(MountFlags::NODEV);

/// Splits options into flags and the file system's own option string.
///
/// # Errors
/// [`UnknownMountOption`] for propagation and bind options, which need another call than the one that these flags are
/// for.
pub(crate) fn parse(options: &[String]) -> Result<(MountFlags, String), UnknownMountOption> {
    let mut flags = DEFAULTS;
    let mut data = String::new();
    for option in options {
        match option.as_str() {
            "" | "defaults" => {}
            "ro" => flags |= MountFlags::RDONLY,
            "rw" => flags &= !MountFlags::RDONLY,
            "nosuid" => flags |= MountFlags::NOSUID,
            "suid" => flags &= !MountFlags::NOSUID,
            "nodev" => flags |= MountFlags::NODEV,
            "dev" => flags &= !MountFlags::NODEV,
            "noexec" => flags |= MountFlags::NOEXEC,
            "exec" => flags &= !MountFlags::NOEXEC,
            "sync" => flags |= MountFlags::SYNCHRONOUS,
            "async" => flags &= !MountFlags::SYNCHRONOUS,
            "dirsync" => flags |= MountFlags::DIRSYNC,
            "atime" => flags &= !MountFlags::NOATIME,
            "diratime" => flags &= !MountFlags::NODIRATIME,
            "noatime" => flags |= MountFlags::NOATIME,
            "nodiratime" => flags |= MountFlags::NODIRATIME,
            "relatime" => flags |= MountFlags::RELATIME,
            "strictatime" => flags |= MountFlags::STRICTATIME,
            "bind" | "rbind" | "remount" | "move" | "shared" | "slave" | "private" | "unbindable" | "rshared"
            | "rslave" | "rprivate" | "runbindable" => return Err(UnknownMountOption(option.clone())),
            own => {
                if !data.is_empty() {
                    data.push(',');
                }
                data.push_str(own);
            }
        }
    }
    Ok((flags, data))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(words: &[&str]) -> Vec<String> {
        words.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn flags_and_file_system_options_are_told_apart() {
        let (flags, data) = parse(&options(&["nosuid", "ro", "size=64m", "mode=1777", "rw"])).unwrap();
        assert_eq!(flags, MountFlags::NOSUID | MountFlags::NODEV);
        assert_eq!(data, "size=64m,mode=1777");
    }

    #[test]
    fn devices_and_other_rights_have_to_be_asked_for() {
        assert_eq!(parse(&[]).unwrap().0, MountFlags::NOSUID | MountFlags::NODEV);
        let (flags, data) = parse(&options(&["dev", "suid", "exec"])).unwrap();
        assert_eq!((flags, data.as_str()), (MountFlags::empty(), ""));
    }

    #[test]
    fn bind_is_refused() {
        assert_eq!(
            parse(&options(&["bind"])).unwrap_err(),
            UnknownMountOption("bind".into())
        );
    }
}
