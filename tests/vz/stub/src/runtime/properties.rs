//! Properties: values that an object keeps under a name, with accessors that take the name from the message.

use super::autorelease::autorelease;
use super::object::{Flag, Id, with_payload};
use super::ownership::Strong;
use super::selector::Selector;
use std::collections::BTreeMap;
use std::ptr;

/// The values of one object.
#[derive(Default)]
struct Properties {
    objects: BTreeMap<String, Strong>,
    numbers: BTreeMap<String, u64>,
}

/// The name of the property that a message gets or sets: `setCPUCount:` and `CPUCount` mean `CPUCount`, `setShare:` and `share` mean `share`,
/// `isReadOnly` means `readOnly`.
pub(super) fn name(selector: &str) -> String {
    let stripped = selector
        .strip_prefix("set")
        .and_then(|rest| rest.strip_suffix(':'))
        .or_else(|| selector.strip_prefix("is"))
        .filter(|rest| rest.starts_with(|first: char| first.is_ascii_uppercase()));
    let Some(rest) = stripped else {
        return selector.to_owned();
    };
    let is_acronym = rest.chars().nth(1).is_some_and(|second| second.is_ascii_uppercase());
    let mut characters = rest.chars();
    match characters.next() {
        Some(first) if !is_acronym => first.to_ascii_lowercase().to_string() + characters.as_str(),
        _ => rest.to_owned(),
    }
}

/// The object that is kept under `name`.
pub(crate) unsafe fn object(owner: Id, name: &str) -> Option<Strong> {
    with_payload(owner, |properties: &mut Properties| {
        properties.objects.get(name).cloned()
    })
}

/// Keeps `value` under `name`; nil stands for nothing.
pub(crate) unsafe fn set_object(owner: Id, name: &str, value: Id) {
    let before = with_payload(owner, |properties: &mut Properties| {
        if value.is_null() {
            properties.objects.remove(name)
        } else {
            properties.objects.insert(name.to_owned(), Strong::share(value))
        }
    });
    // Outside of the lock, because an object may end here.
    drop(before);
}

/// The number that is kept under `name`, else 0.
pub(crate) unsafe fn unsigned(owner: Id, name: &str) -> u64 {
    with_payload(owner, |properties: &mut Properties| {
        properties.numbers.get(name).copied().unwrap_or_default()
    })
}

/// Keeps a number under `name`.
pub(crate) unsafe fn set_unsigned(owner: Id, name: &str, value: u64) {
    with_payload(owner, |properties: &mut Properties| {
        properties.numbers.insert(name.to_owned(), value);
    });
}

/// Is the number that is kept under `name` not 0?
pub(crate) unsafe fn flag(owner: Id, name: &str) -> bool {
    unsigned(owner, name) != 0
}

pub(super) unsafe extern "C-unwind" fn get_object(owner: Id, selector: Selector) -> Id {
    object(owner, &name(selector.name())).map_or(ptr::null_mut(), autorelease)
}

pub(super) unsafe extern "C-unwind" fn put_object(owner: Id, selector: Selector, value: Id) {
    set_object(owner, &name(selector.name()), value);
}

pub(super) unsafe extern "C-unwind" fn get_unsigned(owner: Id, selector: Selector) -> u64 {
    unsigned(owner, &name(selector.name()))
}

pub(super) unsafe extern "C-unwind" fn put_unsigned(owner: Id, selector: Selector, value: u64) {
    set_unsigned(owner, &name(selector.name()), value);
}

pub(super) unsafe extern "C-unwind" fn get_flag(owner: Id, selector: Selector) -> Flag {
    Flag::from(flag(owner, &name(selector.name())))
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn getters_and_setters_mean_the_same_property() {
        for (selector, property) in [
            ("bootLoader", "bootLoader"),
            ("setBootLoader:", "bootLoader"),
            ("CPUCount", "CPUCount"),
            ("setCPUCount:", "CPUCount"),
            ("isReadOnly", "readOnly"),
            ("setNestedVirtualizationEnabled:", "nestedVirtualizationEnabled"),
            ("settings", "settings"),
            ("issue", "issue"),
        ] {
            assert_eq!(name(selector), property);
        }
    }
}
