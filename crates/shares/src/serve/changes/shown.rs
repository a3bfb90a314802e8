//! What the agent's requests are answered with: a name as the machine is to see it until its kernel has noticed what happened to it on the host.
//!
//! The agent makes or removes an entry in the machine, and the machine's kernel tells its watchers. Requests of its process are never passed on to the
//! host: they are answered from here, or refused. So one that comes too late does nothing.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A directory that the machine knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Directory {
    /// Index of its tree.
    pub(crate) tree: usize,
    /// The machine's number of it in the tree.
    pub(crate) node: u64,
}

/// An entry of a directory.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Name {
    pub(crate) directory: Directory,
    pub(crate) name: Vec<u8>,
}

/// What is seen there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    /// Nothing yet, or nothing any more.
    Absent,
    /// Still this node of the machine's, which is of this type (`S_IF*`).
    Node(u64, u32),
    /// Still something of this type (`S_IF*`), which the machine has not looked up before.
    Unknown(u32),
}

/// The names that are seen otherwise than the host has them.
#[derive(Debug, Default)]
pub(crate) struct ShownNames(Mutex<HashMap<Name, Shown>>);

impl ShownNames {
    fn names(&self) -> MutexGuard<'_, HashMap<Name, Shown>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Replaces all of them.
    pub(crate) fn replace(&self, names: HashMap<Name, Shown>) {
        *self.names() = names;
    }

    pub(crate) fn get(&self, name: &Name) -> Option<Shown> {
        self.names().get(name).copied()
    }

    /// A node has been made for what was unknown, or had been forgotten.
    pub(crate) fn looked_up(&self, name: &Name, node: u64) {
        if let Some(shown) = self.names().get_mut(name)
            && let Shown::Unknown(kind) | Shown::Node(_, kind) = *shown
        {
            *shown = Shown::Node(node, kind);
        }
    }

    /// The entry is being removed: the node that was there, if there was one to remove.
    pub(crate) fn remove(&self, name: &Name) -> Option<u64> {
        match self.names().get_mut(name) {
            Some(shown) => match std::mem::replace(shown, Shown::Absent) {
                Shown::Node(node, _) => Some(node),
                before => {
                    *shown = before;
                    None
                }
            },
            None => None,
        }
    }

    /// The entry is being made: whether it was to be. From now on it is what the host has.
    pub(crate) fn make(&self, name: &Name) -> bool {
        let mut names = self.names();
        let is_awaited = names.get(name) == Some(&Shown::Absent);
        if is_awaited {
            names.remove(name);
        }
        is_awaited
    }

    /// The entry is being moved to another name, which is what the host has from now on: the node that is moved, if it was to be.
    pub(crate) fn rename(&self, from: &Name, to: &Name) -> Option<u64> {
        let mut names = self.names();
        match names.get(from).copied() {
            Some(Shown::Node(node, _)) if names.contains_key(to) => {
                names.insert(from.clone(), Shown::Absent);
                names.remove(to);
                Some(node)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(name: &str) -> Name {
        Name {
            directory: Directory { tree: 0, node: 1 },
            name: name.into(),
        }
    }

    fn shown(names: &[(&str, Shown)]) -> ShownNames {
        let shown = ShownNames::default();
        shown.replace(names.iter().map(|(text, shown)| (name(text), *shown)).collect());
        shown
    }

    #[test]
    fn each_change_happens_once_and_only_if_it_was_to_happen() {
        let names = shown(&[("made", Shown::Absent), ("gone", Shown::Node(7, 1))]);
        assert!(names.make(&name("made")));
        assert!(!names.make(&name("made")) && !names.make(&name("gone")) && !names.make(&name("other")));
        assert_eq!(names.remove(&name("gone")), Some(7));
        assert_eq!(names.remove(&name("gone")), None);
        assert_eq!(names.remove(&name("other")), None);
    }

    #[test]
    fn what_is_replaced_is_removed_and_made_again() {
        let names = shown(&[("file", Shown::Unknown(1))]);
        assert_eq!(names.remove(&name("file")), None, "it has no node yet");
        names.looked_up(&name("file"), 9);
        assert!(!names.make(&name("file")), "it is still there");
        assert_eq!(names.remove(&name("file")), Some(9));
        assert!(names.make(&name("file")));
        assert_eq!(names.get(&name("file")), None);
    }

    #[test]
    fn a_name_is_moved_to_the_one_that_was_told() {
        let names = shown(&[
            ("from", Shown::Node(5, 1)),
            ("to", Shown::Absent),
            ("unknown", Shown::Unknown(1)),
        ]);
        assert_eq!(names.rename(&name("from"), &name("other")), None);
        assert_eq!(names.rename(&name("unknown"), &name("to")), None);
        assert_eq!(names.rename(&name("from"), &name("to")), Some(5));
        assert_eq!(names.get(&name("from")), Some(Shown::Absent));
        assert_eq!(names.rename(&name("from"), &name("to")), None);
    }

    #[test]
    fn nothing_is_left_of_an_earlier_batch() {
        let names = shown(&[("gone", Shown::Node(7, 1))]);
        names.replace(HashMap::new());
        assert_eq!(names.remove(&name("gone")), None);
    }
}
