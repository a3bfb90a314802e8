//! What a name of a host or a domain may look like.

/// Longest label, bytes (RFC 1035, 2.3.4).
const LABEL_MAX_LENGTH: usize = 63;
/// Longest name, bytes, without the root's point (RFC 1035, 2.3.4).
const DOMAIN_MAX_LENGTH: usize = 253;
/// Longest host name that the kernel keeps, bytes (`__NEW_UTS_LEN`, linux/utsname.h).
const HOST_NAME_MAX_LENGTH: usize = 64;

/// Text that is no name of a host or a domain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostNameError {
    /// It has a label of other characters, or none.
    #[error(
        "invalid name {name:?}: labels of 1 to {LABEL_MAX_LENGTH} letters, digits or \"-\" are needed, with \".\" between them, none beginning or ending with \"-\""
    )]
    Label {
        /// The name.
        name: String,
    },
    /// It is too long.
    #[error("invalid name {name:?}: it is longer than {limit} bytes")]
    Length {
        /// The name.
        name: String,
        /// The longest that is possible, bytes.
        limit: usize,
    },
}

/// Checks the name of a host (RFC 1123, 2.1), which may be one with its domain.
///
/// # Errors
/// [`HostNameError`].
pub fn check_host_name(name: &str) -> Result<(), HostNameError> {
    check(name, HOST_NAME_MAX_LENGTH, |byte| {
        byte.is_ascii_alphanumeric() || byte == b'-'
    })
}

/// Checks a name that is looked up: that of a domain, or one in `/etc/hosts`. Names of services and of containers have `_` as well.
///
/// # Errors
/// [`HostNameError`].
pub fn check_domain_name(name: &str) -> Result<(), HostNameError> {
    let is_sound = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    check(name, DOMAIN_MAX_LENGTH, is_sound)
}

fn check(name: &str, limit: usize, is_sound: impl Fn(u8) -> bool) -> Result<(), HostNameError> {
    let name_owned = || name.to_owned();
    let is_label = |label: &str| {
        (1..=LABEL_MAX_LENGTH).contains(&label.len())
            && label.bytes().all(&is_sound)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if name.len() > limit {
        return Err(HostNameError::Length {
            name: name_owned(),
            limit,
        });
    }
    match name.split('.').all(is_label) {
        true => Ok(()),
        false => Err(HostNameError::Label { name: name_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_labels_of_letters_digits_and_hyphens() {
        for good in ["web", "Web-1", "1", "web.example.com", &"a".repeat(63)] {
            assert_eq!(check_host_name(good), Ok(()), "{good}");
        }
        for bad in ["", ".", "a.", "-a", "a-", "a..b", "a b", "a_b", "ä", "a/b"] {
            assert!(
                matches!(check_host_name(bad), Err(HostNameError::Label { .. })),
                "{bad}"
            );
        }
        let long = ["a".repeat(40), "b".repeat(40)].join(".");
        assert!(matches!(
            check_host_name(&long),
            Err(HostNameError::Length { limit: 64, .. })
        ));
        assert_eq!(check_domain_name(&long), Ok(()));
        assert_eq!(check_domain_name("_http.my_app"), Ok(()));
    }
}
