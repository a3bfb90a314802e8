//! Names of extended attributes: those that EXT4 can hold, and the numbers that it stores for their prefixes (`fs/ext4/xattr.h`).

/// "e_name_index" with the prefix it stands for.
const PREFIXES: [(u8, &[u8]); 3] = [(1, b"user."), (4, b"trusted."), (6, b"security.")];
/// POSIX ACLs have an index of their own and no name.
const ACLS: [(u8, &[u8]); 2] = [(2, b"system.posix_acl_access"), (3, b"system.posix_acl_default")];

/// The index of the name's prefix and the rest of the name; `None` for a name EXT4 cannot hold.
pub(crate) fn split_name(name: &[u8]) -> Option<(u8, &[u8])> {
    if let Some((index, _)) = ACLS.iter().find(|(_, acl)| *acl == name) {
        return Some((*index, b""));
    }
    let (index, rest) = PREFIXES
        .iter()
        .find_map(|(index, prefix)| Some((*index, name.strip_prefix(*prefix)?)))?;
    (!rest.is_empty() && rest.len() <= 255 && !rest.contains(&0)).then_some((index, rest))
}

/// The whole name of an attribute; the reverse of [`split_name`].
pub(crate) fn full_name(index: u8, rest: &[u8]) -> Option<Vec<u8>> {
    let of_index =
        |names: &[(u8, &'static [u8])]| names.iter().find(|(found, _)| *found == index).map(|(_, name)| *name);
    match of_index(&ACLS) {
        Some(name) => rest.is_empty().then(|| name.to_vec()),
        None => of_index(&PREFIXES).map(|prefix| [prefix, rest].concat()),
    }
}

/// Whether a name is a POSIX ACL, whose value has a form of its own on disk.
pub(crate) fn is_acl(name: &[u8]) -> bool {
    ACLS.iter().any(|(_, acl)| *acl == name)
}
