//! `NSDictionary`, with strings for keys.

use super::array::{self, EnumerationState};
use super::string;
use crate::breach::breach;
use crate::runtime::{ClassDescription, Id, Strong, allocate, autorelease, class_named, objc_class, with_payload};
use std::ptr;

#[derive(Default)]
struct Entries {
    keys: Vec<Strong>,
    values: Vec<Strong>,
}

pub(super) fn description() -> ClassDescription {
    objc_class!("NSDictionary": "NSObject" {
        - "initWithObjects:forKeys:count:" (this, objects: *const Id, keys: *const Id, count: usize) -> Id {
            set(this, array::shares(keys, count), array::shares(objects, count));
            this
        }
        - "count" (this) -> usize { with_payload(this, |entries: &mut Entries| entries.keys.len()) }
        - "objectForKey:" (this, key: Id) -> Id { value(this, &string::text(key)).map_or(ptr::null_mut(), |value| value.id()) }
        - "allKeys" (this) -> Id { autorelease(array::new(&parts(this).0)) }
        - "allValues" (this) -> Id { autorelease(array::new(&parts(this).1)) }
        - "getObjects:andKeys:count:" (this, objects: *mut Id, keys: *mut Id, count: usize) {
            for (index, (key, value)) in parts(this).0.iter().zip(&parts(this).1).take(count).enumerate() {
                if !keys.is_null() {
                    *keys.add(index) = key.id();
                }
                if !objects.is_null() {
                    *objects.add(index) = value.id();
                }
            }
        }
        - "countByEnumeratingWithState:objects:count:" (
            this, state: *mut EnumerationState, objects: *mut Id, count: usize
        ) -> usize {
            array::enumerate(&parts(this).0, state, objects, count)
        }
    })
}

unsafe fn set(dictionary: Id, keys: Vec<Strong>, values: Vec<Strong>) {
    if keys.iter().any(|key| !string::is_string(key.id())) {
        breach("a dictionary has a key that is no string, which this stand-in does not know");
    }
    with_payload(dictionary, |entries: &mut Entries| *entries = Entries { keys, values });
}

unsafe fn parts(dictionary: Id) -> (Vec<Strong>, Vec<Strong>) {
    with_payload(dictionary, |entries: &mut Entries| {
        (entries.keys.clone(), entries.values.clone())
    })
}

/// A new dictionary.
pub(crate) fn new(entries: &[(&str, Strong)]) -> Strong {
    // SAFETY: the object is new and ours.
    unsafe {
        let dictionary = allocate(class_named("NSDictionary"));
        let keys = entries.iter().map(|(key, _)| string::new(key)).collect();
        set(
            dictionary,
            keys,
            entries.iter().map(|(_, value)| value.clone()).collect(),
        );
        Strong::adopt(dictionary)
    }
}

/// The entries, sorted by key.
pub(crate) unsafe fn entries(dictionary: Id) -> Vec<(String, Strong)> {
    let (keys, values) = parts(dictionary);
    let keys = keys.iter().map(|key| string::text(key.id()));
    let mut entries: Vec<_> = keys.zip(values).collect();
    entries.sort_by(|(left, _), (right, _)| left.cmp(right));
    entries
}

/// What is under `key`.
pub(crate) unsafe fn value(dictionary: Id, key: &str) -> Option<Strong> {
    let mut entries = entries(dictionary).into_iter();
    entries.find_map(|(name, value)| (name == key).then_some(value))
}
