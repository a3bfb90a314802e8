//! `NSArray`. What it hands out is kept by it alone, as with the original.

use crate::breach::breach;
use crate::runtime::{ClassDescription, Id, Strong, allocate, autorelease, class_named, objc_class, with_payload};
use std::ffi::c_ulong;
use std::ptr;

#[derive(Default)]
struct Items(Vec<Strong>);

/// `NSRange`.
#[repr(C)]
#[derive(Clone, Copy)]
struct Range {
    location: usize,
    length: usize,
}

/// `NSFastEnumerationState`.
#[repr(C)]
pub(super) struct EnumerationState {
    state: c_ulong,
    items: *mut Id,
    mutations: *mut c_ulong,
    extra: [c_ulong; 5],
}

pub(super) fn description() -> ClassDescription {
    objc_class!("NSArray": "NSObject" {
        + "array" (_this) -> Id { autorelease(new(&[])) }
        - "initWithObjects:count:" (this, objects: *const Id, count: usize) -> Id {
            set(this, shares(objects, count));
            this
        }
        - "count" (this) -> usize { with_payload(this, |items: &mut Items| items.0.len()) }
        - "objectAtIndex:" (this, index: usize) -> Id { at(this, index) }
        - "firstObject" (this) -> Id { items(this).first().map_or(ptr::null_mut(), Strong::id) }
        - "lastObject" (this) -> Id { items(this).last().map_or(ptr::null_mut(), Strong::id) }
        - "getObjects:range:" (this, objects: *mut Id, range: Range) {
            for (index, item) in items(this).iter().skip(range.location).take(range.length).enumerate() {
                *objects.add(index) = item.id();
            }
        }
        - "countByEnumeratingWithState:objects:count:" (
            this, state: *mut EnumerationState, objects: *mut Id, count: usize
        ) -> usize {
            enumerate(&items(this), state, objects, count)
        }
    })
}

/// A share of each of `count` objects.
pub(super) unsafe fn shares(objects: *const Id, count: usize) -> Vec<Strong> {
    (0..count).map(|index| Strong::share(*objects.add(index))).collect()
}

/// Hands out the next objects of an enumeration, as many as `objects` has room for.
pub(super) unsafe fn enumerate(
    items: &[Strong],
    state: *mut EnumerationState,
    objects: *mut Id,
    count: usize,
) -> usize {
    let begin = (*state).state as usize;
    let now = items.iter().skip(begin).take(count);
    let handed = now
        .enumerate()
        .map(|(index, item)| *objects.add(index) = item.id())
        .count();
    (*state).items = objects;
    (*state).mutations = &raw mut (*state).extra[0];
    (*state).state = (begin + handed) as c_ulong;
    handed
}

unsafe fn set(array: Id, values: Vec<Strong>) {
    with_payload(array, |items: &mut Items| items.0 = values);
}

unsafe fn at(array: Id, index: usize) -> Id {
    match items(array).get(index) {
        Some(item) => item.id(),
        None => breach(format_args!(
            "NSRangeException: index {index} is beyond the end of an array"
        )),
    }
}

/// A new array.
pub(crate) fn new(items: &[Strong]) -> Strong {
    // SAFETY: the object is new and ours.
    unsafe {
        let array = allocate(class_named("NSArray"));
        set(array, items.to_vec());
        Strong::adopt(array)
    }
}

/// What an array holds.
pub(crate) unsafe fn items(array: Id) -> Vec<Strong> {
    with_payload(array, |items: &mut Items| items.0.clone())
}
