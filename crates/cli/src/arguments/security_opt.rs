//! `--security-opt`.

use std::path::PathBuf;
use std::str::FromStr;

/// One option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SecurityOption {
    /// Whether programs gain no rights by being executed.
    NoNewPrivileges(bool),
    /// Whether the usual profile of system calls applies.
    Seccomp(bool),
    /// The file of another profile.
    SeccompFile(PathBuf),
    /// No path is hidden or protected.
    SystemPathsUnconfined,
    /// It asks for less than there is.
    AsItIs,
}

const KNOWN: &str = "no-new-privileges, seccomp=FILE, seccomp=unconfined and systempaths=unconfined";

impl FromStr for SecurityOption {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // Docker takes a colon as well.
        let (name, value) = match text.find(['=', ':']) {
            Some(end) => (&text[..end], Some(&text[end + 1..])),
            None => (text, None),
        };
        match (name, value) {
            ("no-new-privileges", None | Some("true")) => Ok(Self::NoNewPrivileges(true)),
            ("no-new-privileges", Some("false")) => Ok(Self::NoNewPrivileges(false)),
            ("seccomp", Some("unconfined")) => Ok(Self::Seccomp(false)),
            ("seccomp", Some("builtin")) => Ok(Self::Seccomp(true)),
            ("seccomp", Some("")) => Err("a file, builtin or unconfined is needed".to_owned()),
            ("seccomp", Some(file)) => Ok(Self::SeccompFile(file.into())),
            ("systempaths", Some("unconfined")) => Ok(Self::SystemPathsUnconfined),
            // Nothing of the kind confines a container.
            ("apparmor", Some("unconfined")) | ("label", Some("disable")) => Ok(Self::AsItIs),
            ("apparmor", Some(_)) => Err(missing("AppArmor", "apparmor=unconfined")),
            ("label", Some(_)) => Err(missing("SELinux", "label=disable")),
            _ => Err(format!("there is no such option; there are {KNOWN}")),
        }
    }
}

fn missing(what: &str, accepted: &str) -> String {
    format!(
        "the machine's kernel has no {what}, so that the container would be confined less than asked for; \
         its machine keeps it from the host: leave the option out, or write {accepted}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_written_as_in_docker() {
        for (text, option) in [
            ("no-new-privileges", SecurityOption::NoNewPrivileges(true)),
            ("no-new-privileges:true", SecurityOption::NoNewPrivileges(true)),
            ("no-new-privileges=false", SecurityOption::NoNewPrivileges(false)),
            ("seccomp=unconfined", SecurityOption::Seccomp(false)),
            ("seccomp=builtin", SecurityOption::Seccomp(true)),
            ("seccomp=/a:b=c.json", SecurityOption::SeccompFile("/a:b=c.json".into())),
            ("systempaths=unconfined", SecurityOption::SystemPathsUnconfined),
            ("apparmor=unconfined", SecurityOption::AsItIs),
            ("label:disable", SecurityOption::AsItIs),
        ] {
            assert_eq!(text.parse(), Ok(option));
        }
    }

    #[test]
    fn what_would_confine_less_than_asked_for_is_refused() {
        for (text, reason) in [
            ("seccomp=", "a file, builtin or unconfined"),
            ("apparmor=docker-default", "no AppArmor"),
            ("label=type:svirt_t", "no SELinux"),
            ("systempaths=all", "no such option"),
            ("no-new-privileges=yes", "no such option"),
            ("", "no such option"),
        ] {
            let error = text.parse::<SecurityOption>().unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
    }
}
