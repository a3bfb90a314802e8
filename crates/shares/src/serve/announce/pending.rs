//! What has happened and was not sent yet: each name once, in the order in which they were first told of.

use std::collections::{HashMap, VecDeque};

use crate::serve::changes::{Directory, HostEvent, Name, Watches};

/// More names than these are not kept: their directories are said to have changed.
const LIMIT: usize = 32 << 10;

/// So many directories are said to have changed when nobody knows which ones have, those that the machine looked up last.
const SUSPECTED: usize = 128;

/// Names to be sent.
#[derive(Default)]
pub(super) struct Pending {
    order: VecDeque<Name>,
    masks: HashMap<Name, u64>,
}

impl Pending {
    pub(super) fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// Takes what the host's kernel tells.
    pub(super) fn take(&mut self, events: Vec<HostEvent>, watches: &Watches) {
        for event in events {
            if event.mask & libc::FAN_Q_OVERFLOW != 0 {
                for directory in watches.latest(SUSPECTED) {
                    self.add(whole(directory), libc::FAN_MODIFY);
                }
            }
            if event.is_own {
                continue;
            }
            if let Some((handle, name)) = event.entry
                && name != b"."
            {
                for directory in watches.of(&handle) {
                    let name = name.clone();
                    self.add(Name { directory, name }, event.mask);
                }
            }
            // Of directories it is told twice.
            if let Some(file) = event.file
                && event.mask & libc::FAN_ONDIR == 0
            {
                for directory in watches.of(&file) {
                    self.add(whole(directory), event.mask);
                }
            }
        }
    }

    fn add(&mut self, name: Name, mask: u64) {
        let name = if self.order.len() >= LIMIT && !self.masks.contains_key(&name) {
            whole(name.directory)
        } else {
            name
        };
        let is_whole = name.name.is_empty();
        let told = self.masks.entry(name.clone()).or_insert_with(|| {
            self.order.push_back(name);
            0
        });
        *told |= if is_whole {
            mask & !libc::FAN_ONDIR | libc::FAN_MODIFY
        } else {
            mask
        };
    }

    /// Takes out the oldest names with what happened to them: at most `count`, and as long as `fits` says so.
    pub(super) fn next(&mut self, count: usize, mut fits: impl FnMut(&Name) -> bool) -> Vec<(Name, u64)> {
        let mut taken = Vec::new();
        while taken.len() < count
            && let Some(name) = self.order.pop_front_if(|name| fits(name))
        {
            let mask = self.masks.remove(&name).unwrap_or_default();
            taken.push((name, mask));
        }
        taken
    }
}

/// The directory itself, or the file that is all of its tree.
fn whole(directory: Directory) -> Name {
    Name {
        directory,
        name: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(node: u64, name: &str) -> Name {
        Name {
            directory: Directory { tree: 0, node },
            name: name.into(),
        }
    }

    #[test]
    fn each_name_is_sent_once_with_all_that_happened() {
        let mut pending = Pending::default();
        pending.add(name(1, "b"), libc::FAN_CREATE);
        pending.add(name(1, "a"), libc::FAN_CREATE);
        pending.add(name(1, "b"), libc::FAN_MODIFY);
        let both = libc::FAN_CREATE | libc::FAN_MODIFY;
        assert_eq!(pending.next(1, |_| true), [(name(1, "b"), both)]);
        assert_eq!(pending.next(9, |_| false), []);
        assert_eq!(pending.next(9, |_| true), [(name(1, "a"), libc::FAN_CREATE)]);
        assert!(pending.is_empty());
    }

    #[test]
    fn of_too_many_only_the_directories_are_sent() {
        let mut pending = Pending::default();
        for number in 0..2 * LIMIT {
            pending.add(name(1, &number.to_string()), libc::FAN_CREATE);
        }
        let taken = pending.next(usize::MAX, |_| true);
        assert_eq!(taken.len(), LIMIT + 1);
        assert_eq!(taken[LIMIT], (name(1, ""), libc::FAN_CREATE | libc::FAN_MODIFY));
    }
}
