//! Names of members. They are keys of a map and are not used as paths on this machine. A name that leads out of the archive is
//! refused all the same, because no tool that writes images makes one.

/// The longest name that is taken: Linux's PATH_MAX.
const NAME_LIMIT_BYTES: usize = 4096;

/// The name of a member as `a/b/c`, relative to `base`; `None` when it leaves the archive or is no text.
pub(super) fn clean(name: &[u8], base: &str) -> Option<String> {
    if name.len() > NAME_LIMIT_BYTES || name.starts_with(b"/") || name.contains(&0) {
        return None;
    }
    let text = std::str::from_utf8(name).ok()?;
    let mut parts: Vec<&str> = base.split('/').filter(|part| !part.is_empty()).collect();
    for part in text.split('/') {
        match part {
            "" | "." => {}
            // Only a link may climb, and not above the root.
            ".." if !base.is_empty() => {
                parts.pop()?;
            }
            ".." => return None,
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_cannot_leave_the_archive() {
        assert_eq!(clean(b"./a//b/./c", "").unwrap(), "a/b/c");
        assert_eq!(clean(b"../x/layer.tar", "y").unwrap(), "x/layer.tar");
        for (name, base) in [
            ("/etc/passwd", ""),
            ("../x", ""),
            ("a/../../x", ""),
            ("a/../x", ""),
            ("../../x", "y"),
            ("/x", "y"),
            ("a\0b", ""),
        ] {
            assert_eq!(clean(name.as_bytes(), base), None, "{name}");
        }
        assert_eq!(clean(b"\xff", ""), None);
        assert_eq!(clean(&[b'a'; NAME_LIMIT_BYTES + 1], ""), None);
    }

    proptest! {
        #[test]
        fn cleaned_names_have_no_dots(name in "[a-z./]{0,30}", base in "[a-z]{0,3}(/[a-z]{1,3})?") {
            if let Some(clean) = clean(name.as_bytes(), &base) {
                let harmless = clean.split('/').all(|part| part != ".." && part != ".");
                prop_assert!(harmless && !clean.starts_with('/'), "{}", clean);
            }
        }

        #[test]
        fn arbitrary_names_never_panic(name in proptest::collection::vec(any::<u8>(), 0..64), base in "[a-z/]{0,8}") {
            let _ = clean(&name, &base);
        }
    }
}
