//! Symbolic links of an archive that lead to other entries of it.

use std::collections::{BTreeMap, VecDeque};

use container_tar::EntryKind;

use super::super::target::joined;

/// As many links as Linux follows on one way, path_resolution(7).
const MAX_FOLLOWED: usize = 40;

/// The links that an archive has made, by their paths in the layer.
#[derive(Debug, Default)]
pub(super) struct ArchiveLinks(BTreeMap<Vec<u8>, Vec<u8>>);

impl ArchiveLinks {
    /// Notes what the archive has put at a path.
    pub(super) fn put(&mut self, path: &[u8], kind: &EntryKind) {
        match kind {
            EntryKind::Symlink { target } => self.0.insert(path.to_vec(), target.clone()),
            _ => self.0.remove(path),
        };
    }

    /// Where the directory is that `names` lead to from `base`, which is the root of everything for the archive: no link leads out of it. `None` where links
    /// lead in a circle.
    pub(super) fn follow(&self, base: &[u8], names: &[&[u8]]) -> Option<Vec<u8>> {
        let mut left: VecDeque<&[u8]> = names.iter().copied().collect();
        let mut ends = vec![base.len()];
        let mut at = base.to_vec();
        let mut followed = 0;
        while let Some(name) = left.pop_front() {
            if name == b".." {
                if ends.len() > 1 {
                    ends.pop();
                }
                at.truncate(ends.last().copied().unwrap_or_default());
                continue;
            }
            let next = joined(&at, name);
            let Some(target) = self.0.get(&next) else {
                ends.push(next.len());
                at = next;
                continue;
            };
            followed += 1;
            if followed > MAX_FOLLOWED {
                return None;
            }
            if target.starts_with(b"/") {
                ends.truncate(1);
                at.truncate(base.len());
            }
            let names = target.split(|byte| *byte == b'/');
            for name in names.filter(|name| !matches!(*name, b"" | b".")).rev() {
                left.push_front(name);
            }
        }
        Some(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn followed(links: &[(&str, &str)], base: &str, way: &str) -> Option<String> {
        let mut made = ArchiveLinks::default();
        for (path, target) in links {
            let target = target.as_bytes().to_vec();
            made.put(path.as_bytes(), &EntryKind::Symlink { target });
        }
        let names: Vec<&[u8]> = way.split('/').map(str::as_bytes).collect();
        made.follow(base.as_bytes(), &names)
            .map(|path| String::from_utf8(path).unwrap())
    }

    #[test]
    fn links_lead_within_the_archive() {
        for (target, expected) in [
            ("..", "d/etc"),
            ("../../..", "d/etc"),
            ("/", "d/etc"),
            ("/x/./y", "d/x/y/etc"),
            ("a/../b", "d/b/etc"),
        ] {
            let links = [("d/link", target)];
            assert_eq!(followed(&links, "d", "link/etc").as_deref(), Some(expected), "{target}");
        }
        assert_eq!(followed(&[("link", "..")], "", "link/etc").as_deref(), Some("etc"));
        assert_eq!(followed(&[], "d", "a/b").as_deref(), Some("d/a/b"));
    }

    #[test]
    fn circles_are_seen_and_what_was_replaced_is_no_link() {
        let links = [("d/a", "b"), ("d/b", "a")];
        assert_eq!(followed(&links, "d", "a/x"), None);
        let mut made = ArchiveLinks::default();
        made.put(b"a", &EntryKind::Symlink { target: b"b".to_vec() });
        made.put(b"a", &EntryKind::Directory);
        assert_eq!(made.follow(b"", &[b"a"]), Some(b"a".to_vec()));
    }
}
