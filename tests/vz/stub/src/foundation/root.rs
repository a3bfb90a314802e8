//! `NSObject`.

use super::string;
use crate::runtime::{
    Class, ClassDescription, Flag, Id, Selector, Strong, allocate, autorelease, class_of, destroy, implementation,
    is_class, is_kind_of, objc_class, objc_release, objc_retain, responds_to,
};
use std::ffi::{CString, c_void};

pub(super) fn description() -> ClassDescription {
    objc_class!("NSObject" {
        + "alloc" (this) -> Id { allocate(&*this.cast::<Class>()) }
        + "allocWithZone:" (this, _zone: *mut c_void) -> Id { allocate(&*this.cast::<Class>()) }
        + "new" (this) -> Id { new(this) }
        + "class" (this) -> Id { this }
        - "init" (this) -> Id { this }
        - "dealloc" (this) { destroy(this) }
        - "class" (this) -> *const Class { class_of(this) }
        - "superclass" (this) -> *const Class { class_of(this).superclass().map_or(std::ptr::null(), std::ptr::from_ref) }
        - "self" (this) -> Id { this }
        - "retain" (this) -> Id { objc_retain(this) }
        - "release" (this) { objc_release(this) }
        - "autorelease" (this) -> Id { autorelease(Strong::adopt(this)) }
        - "copy" (this) -> Id { objc_retain(this) }
        - "copyWithZone:" (this, _zone: *mut c_void) -> Id { objc_retain(this) }
        - "isKindOfClass:" (this, class: *const Class) -> Flag { Flag::from(is_kind_of(class_of(this), class)) }
        - "isMemberOfClass:" (this, class: *const Class) -> Flag { Flag::from(std::ptr::eq(class_of(this), class)) }
        - "respondsToSelector:" (this, selector: Selector) -> Flag { Flag::from(responds_to(this, &c_name(selector))) }
        - "isEqual:" (this, other: Id) -> Flag { Flag::from(this == other) }
        - "hash" (this) -> usize { this as usize }
        - "description" (this) -> Id { autorelease(describe(this)) }
        - "debugDescription" (this) -> Id { autorelease(describe(this)) }
    })
}

unsafe fn new(class: Id) -> Id {
    let object = allocate(&*class.cast::<Class>());
    let selector = Selector::named(c"init");
    let init: unsafe extern "C-unwind" fn(Id, Selector) -> Id = std::mem::transmute(implementation(object, selector).0);
    init(object, selector)
}

unsafe fn describe(object: Id) -> Strong {
    let name = class_of(object).name();
    if is_class(object) {
        string::new(name)
    } else {
        string::new(&format!("<{name}: {object:p}>"))
    }
}

fn c_name(selector: Selector) -> CString {
    CString::new(selector.name()).unwrap_or_default()
}
