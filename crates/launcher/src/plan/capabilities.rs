//! Which Linux capabilities the processes of a container have.

/// What a container has without being asked: the default set of the OCI runtimes and of Docker.
const DEFAULT: [&str; 14] = [
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FSETID",
    "CAP_FOWNER",
    "CAP_MKNOD",
    "CAP_NET_RAW",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETFCAP",
    "CAP_SETPCAP",
    "CAP_NET_BIND_SERVICE",
    "CAP_SYS_CHROOT",
    "CAP_KILL",
    "CAP_AUDIT_WRITE",
];

/// All there are, capabilities(7). `oci-spec`'s `Capability` has neither the kernel's order nor a list of all.
const ALL: [&str; 41] = [
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_DAC_READ_SEARCH",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_LINUX_IMMUTABLE",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST",
    "CAP_NET_ADMIN",
    "CAP_NET_RAW",
    "CAP_IPC_LOCK",
    "CAP_IPC_OWNER",
    "CAP_SYS_MODULE",
    "CAP_SYS_RAWIO",
    "CAP_SYS_CHROOT",
    "CAP_SYS_PTRACE",
    "CAP_SYS_PACCT",
    "CAP_SYS_ADMIN",
    "CAP_SYS_BOOT",
    "CAP_SYS_NICE",
    "CAP_SYS_RESOURCE",
    "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG",
    "CAP_MKNOD",
    "CAP_LEASE",
    "CAP_AUDIT_WRITE",
    "CAP_AUDIT_CONTROL",
    "CAP_SETFCAP",
    "CAP_MAC_OVERRIDE",
    "CAP_MAC_ADMIN",
    "CAP_SYSLOG",
    "CAP_WAKE_ALARM",
    "CAP_BLOCK_SUSPEND",
    "CAP_AUDIT_READ",
    "CAP_PERFMON",
    "CAP_BPF",
    "CAP_CHECKPOINT_RESTORE",
];

/// Stands for all capabilities.
pub(super) const ALL_CAPABILITIES: &str = "ALL";

/// A name that is no capability.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown capability {name:?}: names such as NET_ADMIN or CAP_NET_ADMIN, or ALL, are known")]
pub struct CapabilityError {
    /// The name.
    pub name: String,
}

/// The capabilities that remain of the default set after `drop` and `add`, in the kernel's order. Names may lack `CAP_` and be in
/// lower case; `ALL` stands for all. As in Apple's tool, dropping `ALL` comes first, then what is added, then what is dropped by name.
///
/// # Errors
/// [`CapabilityError`] with the first unknown name.
pub fn effective_capabilities(add: &[String], drop: &[String]) -> Result<Vec<String>, CapabilityError> {
    let (add_all, add) = parse(add)?;
    let (drop_all, drop) = parse(drop)?;
    let has = |name: &&str| {
        let given = add_all || add.contains(name) || (!drop_all && DEFAULT.contains(name));
        given && !drop.contains(name)
    };
    Ok(ALL.iter().copied().filter(has).map(str::to_owned).collect())
}

fn parse(names: &[String]) -> Result<(bool, Vec<&'static str>), CapabilityError> {
    let mut all = false;
    let mut known = Vec::new();
    for name in names {
        let upper = name.to_ascii_uppercase();
        let bare = upper.strip_prefix("CAP_").unwrap_or(&upper);
        if bare == ALL_CAPABILITIES {
            all = true;
            continue;
        }
        let found = ALL.iter().find(|known| known.strip_prefix("CAP_") == Some(bare));
        known.push(*found.ok_or_else(|| CapabilityError { name: name.clone() })?);
    }
    Ok((all, known))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn effective(add: &[&str], drop: &[&str]) -> Vec<String> {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        effective_capabilities(&owned(add), &owned(drop)).unwrap()
    }

    #[test]
    fn default_set_is_changed_by_name() {
        assert_eq!(effective(&[], &[]).len(), 14);
        assert!(effective(&["net_admin"], &[]).contains(&"CAP_NET_ADMIN".to_owned()));
        assert!(!effective(&[], &["CAP_CHOWN"]).contains(&"CAP_CHOWN".to_owned()));
        assert_eq!(effective(&["KILL"], &["KILL"]).len(), 13);
    }

    #[test]
    fn all_means_all_but_those_named_on_the_other_side() {
        assert_eq!(effective(&["ALL"], &[]).len(), ALL.len());
        assert_eq!(effective(&["ALL"], &["SYS_ADMIN"]).len(), ALL.len() - 1);
        assert!(effective(&[], &["all"]).is_empty());
        assert_eq!(effective(&["CHOWN"], &["ALL"]), ["CAP_CHOWN"]);
        assert_eq!(effective(&["ALL"], &["ALL"]).len(), ALL.len());
        assert_eq!(effective(&["CHOWN", "KILL"], &["ALL", "KILL"]), ["CAP_CHOWN"]);
    }

    #[test]
    fn unknown_names_are_refused() {
        let error = effective_capabilities(&["NOPE".to_owned()], &[]).unwrap_err();
        assert_eq!(error.name, "NOPE");
    }
}
