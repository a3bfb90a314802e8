//! POSIX ACLs in the text form of star and GNU tar (`SCHILY.acl.access`, `SCHILY.acl.default`), made into what `getxattr(2)` returns.

/// POSIX_ACL_XATTR_VERSION
const VERSION: u32 = 2;
/// ACL_UNDEFINED_ID
const NOBODY: u32 = u32::MAX;
/// ACL_USER_OBJ, ACL_USER, ACL_GROUP_OBJ, ACL_GROUP, ACL_MASK, ACL_OTHER.
const USER_OBJ: u16 = 0x01;
const USER: u16 = 0x02;
const GROUP_OBJ: u16 = 0x04;
const GROUP: u16 = 0x08;
const MASK: u16 = 0x10;
const OTHER: u16 = 0x20;

/// A list that says more than the mode does, as the value of an attribute. Users and groups must be given by number, alone or as star's fourth field.
///
/// `None` for one that does not parse, that gives a user or group by name only (there is no user database to look it up in), or that only repeats the mode: the kernel would not
/// store the last either.
pub(crate) fn parse(text: &[u8], access: bool) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(text).ok()?;
    let mut entries: Vec<(u16, u32, u16)> = Vec::new();
    for entry in text.split([',', '\n']) {
        let entry = entry.split('#').next().unwrap_or_default().trim();
        if !entry.is_empty() {
            entries.push(parse_entry(entry)?);
        }
    }
    // The order that the kernel wants.
    entries.sort_unstable();
    let has = |wanted: u16| entries.iter().filter(|(tag, ..)| *tag == wanted).count();
    let named = has(USER) + has(GROUP) > 0;
    let complete = [USER_OBJ, GROUP_OBJ, OTHER].iter().all(|tag| has(*tag) == 1) && has(MASK) <= 1;
    let unique = entries
        .windows(2)
        .all(|pair| pair[0].0 != pair[1].0 || pair[0].1 != pair[1].1);
    if !complete || !unique || (named && has(MASK) == 0) || (access && !named && has(MASK) == 0) {
        return None;
    }
    let mut value = VERSION.to_le_bytes().to_vec();
    for (tag, id, permissions) in entries {
        value.extend_from_slice(&tag.to_le_bytes());
        value.extend_from_slice(&permissions.to_le_bytes());
        value.extend_from_slice(&id.to_le_bytes());
    }
    Some(value)
}

fn parse_entry(entry: &str) -> Option<(u16, u32, u16)> {
    let mut fields = entry.split(':').map(str::trim);
    let (tag, qualifier, permissions) = (fields.next()?, fields.next()?, fields.next()?);
    let mut id = || fields.next().unwrap_or(qualifier).parse().ok();
    let (tag, id) = match (tag, qualifier) {
        ("user" | "u", "") => (USER_OBJ, NOBODY),
        ("user" | "u", _) => (USER, id()?),
        ("group" | "g", "") => (GROUP_OBJ, NOBODY),
        ("group" | "g", _) => (GROUP, id()?),
        ("mask" | "m", "") => (MASK, NOBODY),
        ("other" | "o", "") => (OTHER, NOBODY),
        _ => return None,
    };
    let bits = permissions.chars().try_fold(0, |bits, letter| match letter {
        'r' => Some(bits | 4),
        'w' => Some(bits | 2),
        'x' => Some(bits | 1),
        '-' => Some(bits),
        _ => None,
    });
    Some((tag, id, bits?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::parse;

    #[test]
    fn a_list_becomes_what_the_kernel_returns() {
        let value = parse(
            b"user::rw-,user:1000:r--,group::r--,mask::r-x\nother::--- # nobody\n",
            true,
        )
        .unwrap();
        let none = [255; 4];
        let expected = [
            &[2, 0, 0, 0, 1, 0, 6, 0][..],
            &none,
            &[2, 0, 4, 0, 232, 3, 0, 0, 4, 0, 4, 0],
            &none,
            &[16, 0, 5, 0],
            &none,
            &[32, 0, 0, 0],
            &none,
        ];
        assert_eq!(value, expected.concat());
        let star = parse(
            b"user::rw-,user:somebody:r--:1000,group::r--,mask::r-x,other::---",
            true,
        );
        assert_eq!(star, Some(value));
    }

    #[test]
    fn what_the_kernel_would_not_store_is_left_out() {
        assert_eq!(parse(b"user::rwx,group::r-x,other::r-x", true), None);
        assert!(parse(b"user::rwx,group::r-x,other::r-x", false).is_some());
        for wrong in [
            &b""[..],
            b"user::rwx",
            b"user::rwx,user:name:r--,group::r--,mask::r--,other::---",
            b"user::rwx,user:1:r--,group::r--,other::---",
            b"user::rwx,user:1:r--,user:1:rw-,group::r--,mask::r--,other::---",
            b"user::rwz,group::r--,other::---",
            b"\xff",
        ] {
            assert_eq!(parse(wrong, false), None, "{}", wrong.escape_ascii());
        }
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in "[ugmo:rwx0-9,\n# -]{0,80}") {
            let _ = parse(text.as_bytes(), true);
        }
    }
}
