//! POSIX ACLs: from the form of the system calls to the shorter one on EXT4 disks (`fs/ext4/acl.h`) and back.

/// POSIX_ACL_XATTR_VERSION: the form of the system calls, eight bytes an entry.
const SYSCALL_VERSION: u32 = 2;
/// EXT4_ACL_VERSION: four bytes an entry, eight where it names a user or a group.
const DISK_VERSION: u32 = 1;
/// ACL_USER and ACL_GROUP, the tags that name somebody.
const TAGS_WITH_ID: [u16; 2] = [0x02, 0x08];
/// ACL_UNDEFINED_ID
const NOBODY: [u8; 4] = [0xff; 4];
/// ACL_USER_OBJ, ACL_GROUP_OBJ, ACL_MASK, ACL_OTHER.
const TAGS_WITHOUT_ID: [u16; 4] = [0x01, 0x04, 0x10, 0x20];

/// Converts a value of `system.posix_acl_access` or `_default`; `None` when it is malformed.
pub(crate) fn to_disk(value: &[u8]) -> Option<Vec<u8>> {
    let (version, entries) = value.split_first_chunk::<4>()?;
    if u32::from_le_bytes(*version) != SYSCALL_VERSION || entries.len() % 8 != 0 {
        return None;
    }
    let mut disk = Vec::with_capacity(value.len());
    disk.extend_from_slice(&DISK_VERSION.to_le_bytes());
    for entry in entries.chunks_exact(8) {
        let tag = u16::from_le_bytes([entry[0], entry[1]]);
        if TAGS_WITH_ID.contains(&tag) {
            disk.extend_from_slice(entry);
        } else if TAGS_WITHOUT_ID.contains(&tag) {
            disk.extend_from_slice(&entry[..4]);
        } else {
            return None;
        }
    }
    Some(disk)
}

/// Converts a value from the disk back; `None` when it is malformed.
pub(crate) fn from_disk(disk: &[u8]) -> Option<Vec<u8>> {
    let (version, mut entries) = disk.split_first_chunk::<4>()?;
    if u32::from_le_bytes(*version) != DISK_VERSION {
        return None;
    }
    let mut value = SYSCALL_VERSION.to_le_bytes().to_vec();
    while let Some((entry, rest)) = entries.split_first_chunk::<4>() {
        let tag = u16::from_le_bytes([entry[0], entry[1]]);
        let (id, rest) = match rest.split_first_chunk::<4>() {
            Some((id, rest)) if TAGS_WITH_ID.contains(&tag) => (*id, rest),
            _ if TAGS_WITHOUT_ID.contains(&tag) => (NOBODY, rest),
            _ => return None,
        };
        value.extend_from_slice(entry);
        value.extend_from_slice(&id);
        entries = rest;
    }
    entries.is_empty().then_some(value)
}

#[cfg(test)]
mod tests {
    use super::{from_disk, to_disk};

    #[test]
    fn entries_without_an_id_shrink() {
        let value = [2, 0, 0, 0, 1, 0, 6, 0, 255, 255, 255, 255, 2, 0, 4, 0, 232, 3, 0, 0];
        assert_eq!(
            to_disk(&value).unwrap(),
            [1, 0, 0, 0, 1, 0, 6, 0, 2, 0, 4, 0, 232, 3, 0, 0]
        );
        assert_eq!(from_disk(&to_disk(&value).unwrap()).unwrap(), value);
    }

    #[test]
    fn malformed_lists_are_refused() {
        assert_eq!(to_disk(&[]), None);
        assert_eq!(to_disk(&[1, 0, 0, 0]), None);
        assert_eq!(to_disk(&[2, 0, 0, 0, 1, 0]), None);
        assert_eq!(from_disk(&[1, 0, 0, 0, 1, 0]), None);
        assert_eq!(from_disk(&[1, 0, 0, 0, 2, 0, 4, 0, 232, 3]), None);
        assert_eq!(to_disk(&[2, 0, 0, 0, 3, 0, 6, 0, 0, 0, 0, 0]), None);
    }
}
