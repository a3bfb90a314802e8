//! Messages: from an object and a selector to code.

use super::class::{Class, Method};
use super::object::{self, Id};
use super::selector::Selector;
use crate::breach::breach;
use std::ffi::CStr;

/// The only message of an object with a queue that may be sent from everywhere ("can be accessed from any queue or actor").
const FREE_MESSAGE: &str = "queue";

/// `struct objc_super`.
#[repr(C)]
struct Super {
    receiver: Id,
    class: *const Class,
}

/// The code for a message to `receiver`, which may get it.
pub(crate) unsafe fn implementation(receiver: Id, selector: Selector) -> Method {
    if object::is_instance(receiver) {
        object::check_life(receiver, format_args!("sent {selector}"));
        if selector.name() != FREE_MESSAGE {
            object::check_queue(receiver, selector);
        }
    }
    find(receiver, object::class_of(receiver), selector)
}

unsafe fn find(receiver: Id, class: &'static Class, selector: Selector) -> Method {
    class.method(selector).unwrap_or_else(|| {
        let sign = if object::is_class(receiver) { '+' } else { '-' };
        breach(format_args!(
            "{sign}[{} {selector}]: unrecognized selector; a new use of the framework needs an entry in tests/vz/stub",
            class.name()
        ))
    })
}

/// Does `receiver` answer this message?
pub(crate) unsafe fn responds_to(receiver: Id, selector: &CStr) -> bool {
    object::class_of(receiver).method(Selector::named(selector)).is_some()
}

#[unsafe(no_mangle)]
unsafe extern "C" fn objc_msg_lookup(receiver: Id, selector: Selector) -> Method {
    implementation(receiver, selector)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn objc_msg_lookup_super(target: *const Super, selector: Selector) -> Method {
    find((*target).receiver, &*(*target).class, selector)
}
