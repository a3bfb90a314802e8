//! Converts changes of shared files.

use container_agent_api::v1;
use container_workload::{ShareChange, ShareEntry};
use rustix::fs::FileType;
use tonic::Status;

/// The changes, if none of them leads out of a share.
pub(crate) fn changes(changes: Vec<v1::ShareChange>) -> Result<Vec<ShareChange>, Status> {
    changes.into_iter().map(change).collect()
}

fn change(change: v1::ShareChange) -> Result<ShareChange, Status> {
    use v1::ShareChangeKind as Kind;
    let kind = change.kind();
    let share = change.share;
    if share.is_empty() || share.contains(['/', '\0']) || share == "." || share == ".." {
        return Err(Status::invalid_argument("what has changed is in no share"));
    }
    let here = entry(&share, change.entry)?;
    let made = |here: ShareEntry, kind| named(here).map(|here| ShareChange::Made(here, kind));
    match kind {
        Kind::Unspecified => Err(Status::invalid_argument("it is not said what has changed")),
        Kind::Modified => Ok(ShareChange::Modified(here)),
        Kind::Written => Ok(ShareChange::Written(here)),
        Kind::Attributes => Ok(ShareChange::Attributes(here)),
        Kind::FileMade => made(here, FileType::RegularFile),
        Kind::DirectoryMade => made(here, FileType::Directory),
        Kind::LinkMade => made(here, FileType::Symlink),
        Kind::PipeMade => made(here, FileType::Fifo),
        Kind::SocketMade => made(here, FileType::Socket),
        Kind::Removed => named(here).map(ShareChange::Removed),
        Kind::DirectoryRemoved => named(here).map(ShareChange::DirectoryRemoved),
        Kind::Moved => Ok(ShareChange::Moved(named(here)?, named(entry(&share, change.to)?)?)),
    }
}

fn entry(share: &str, entry: Option<v1::ShareEntry>) -> Result<ShareEntry, Status> {
    let v1::ShareEntry { directory, name } = entry.unwrap_or_default();
    let leads_elsewhere = |name: &[u8]| matches!(name, b"." | b"..") || name.contains(&b'/');
    let is_below = directory.is_empty()
        || directory
            .split(|byte| *byte == b'/')
            .all(|part| !part.is_empty() && !leads_elsewhere(part));
    if !is_below || leads_elsewhere(&name) || name.contains(&0) || directory.contains(&0) {
        return Err(Status::invalid_argument("what has changed is in no share"));
    }
    Ok(ShareEntry {
        share: share.to_owned(),
        directory,
        name,
    })
}

fn named(entry: ShareEntry) -> Result<ShareEntry, Status> {
    if entry.name.is_empty() {
        return Err(Status::invalid_argument("what has changed has no name"));
    }
    Ok(entry)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tonic::Code;

    fn modified(share: &str, directory: &[u8], name: &[u8]) -> v1::ShareChange {
        v1::ShareChange {
            kind: v1::ShareChangeKind::Modified.into(),
            share: share.to_owned(),
            entry: Some(v1::ShareEntry {
                directory: directory.to_vec(),
                name: name.to_vec(),
            }),
            to: None,
        }
    }

    #[test]
    fn names_within_a_share_are_taken_and_others_refused() {
        for (directory, name) in [(&b""[..], &b"a"[..]), (b"a/b", b"\xff"), (b"a", b""), (b"", b"")] {
            assert!(
                changes(vec![modified("share-0", directory, name)]).is_ok(),
                "{directory:?} {name:?}"
            );
        }
        for (share, directory, name) in [
            ("", &b""[..], &b"a"[..]),
            ("..", b"", b"a"),
            ("a/b", b"", b"a"),
            ("share-0", b"/etc", b"a"),
            ("share-0", b"a/../..", b"a"),
            ("share-0", b"a/", b"a"),
            ("share-0", b"", b".."),
            ("share-0", b"", b"a/b"),
            ("share-0", b"", b"a\0"),
        ] {
            let refused = changes(vec![modified(share, directory, name)]).unwrap_err();
            assert_eq!(refused.code(), Code::InvalidArgument, "{share} {directory:?} {name:?}");
        }
    }

    #[test]
    fn what_is_made_or_removed_has_a_name_and_a_kind() {
        for kind in 0..13 {
            let change = v1::ShareChange {
                kind,
                ..modified("share-0", b"a", b"")
            };
            assert_eq!(changes(vec![change]).is_ok(), (1..=3).contains(&kind), "{kind}");
        }
    }
}
