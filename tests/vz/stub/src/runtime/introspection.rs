//! What programs ask classes, and how they build classes at run time.

use super::class::{self, Class, InstanceVariable, Method, Register};
use super::object::{self, Flag, Id};
use super::selector::Selector;
use crate::breach::breach;
use std::ffi::{CStr, c_char, c_uint, c_void};
use std::ptr;

unsafe fn class_at<'a>(class: *const Class) -> Option<&'a Class> {
    class.as_ref()
}

#[unsafe(no_mangle)]
unsafe extern "C" fn objc_getClass(name: *const c_char) -> *const Class {
    let name = CStr::from_ptr(name).to_str().unwrap_or_default();
    Register::find(name).map_or(ptr::null(), ptr::from_ref)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn objc_lookUpClass(name: *const c_char) -> *const Class {
    objc_getClass(name)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn object_getClass(object: Id) -> *const Class {
    if object.is_null() {
        return ptr::null();
    }
    if object::is_instance(object) {
        object::check_life(object, "asked for its class");
    }
    object::class_of(object)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn class_getName(class: *const Class) -> *const c_char {
    class_at(class).map_or(c"nil".as_ptr(), |class| class.c_name().as_ptr())
}

#[unsafe(no_mangle)]
unsafe extern "C" fn class_getSuperclass(class: *const Class) -> *const Class {
    class_at(class)
        .and_then(Class::superclass)
        .map_or(ptr::null(), ptr::from_ref)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn class_isMetaClass(class: *const Class) -> Flag {
    Flag::from(class_at(class).is_some_and(Class::is_metaclass))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn class_getInstanceSize(class: *const Class) -> usize {
    class_at(class).map_or(0, Class::instance_bytes)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn class_respondsToSelector(class: *const Class, selector: Selector) -> Flag {
    Flag::from(!class.is_null() && (*class).method(selector).is_some())
}

#[unsafe(no_mangle)]
unsafe extern "C" fn objc_allocateClassPair(
    superclass: *const Class,
    name: *const c_char,
    _extra_bytes: usize,
) -> *mut Class {
    if superclass.is_null() {
        breach("a class without a superclass is built");
    }
    let class = Class::build(CStr::from_ptr(name), &*superclass);
    (&raw const *class).cast_mut()
}

#[unsafe(no_mangle)]
unsafe extern "C" fn objc_registerClassPair(class: *mut Class) {
    class::register(&*class);
}

#[unsafe(no_mangle)]
unsafe extern "C" fn objc_disposeClassPair(class: *mut Class) {
    breach(format_args!("the class {} is disposed of", (*class).name()));
}

#[unsafe(no_mangle)]
unsafe extern "C" fn class_addMethod(
    class: *mut Class,
    selector: Selector,
    method: Method,
    _encoding: *const c_char,
) -> Flag {
    Flag::from((*class).add_method(selector, method))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn class_addIvar(
    class: *mut Class,
    name: *const c_char,
    size_bytes: usize,
    alignment_exponent: u8,
    encoding: *const c_char,
) -> Flag {
    let alignment_bytes = 1 << alignment_exponent;
    (*class).add_instance_variable(
        CStr::from_ptr(name),
        size_bytes,
        alignment_bytes,
        CStr::from_ptr(encoding),
    );
    1
}

#[unsafe(no_mangle)]
unsafe extern "C" fn class_getInstanceVariable(class: *const Class, name: *const c_char) -> *const InstanceVariable {
    (*class)
        .instance_variable(CStr::from_ptr(name))
        .map_or(ptr::null(), ptr::from_ref)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn ivar_getName(variable: *const InstanceVariable) -> *const c_char {
    (*variable).name.as_ptr()
}

#[unsafe(no_mangle)]
unsafe extern "C" fn ivar_getOffset(variable: *const InstanceVariable) -> isize {
    (*variable).offset_bytes
}

#[unsafe(no_mangle)]
unsafe extern "C" fn ivar_getTypeEncoding(variable: *const InstanceVariable) -> *const c_char {
    (*variable).encoding.as_ptr()
}

// Methods are not described and protocols not known: objc2 is built without its check of encodings (`disable-encoding-assertions`), and
// takes it for normal that a protocol that nobody uses at run time is missing.

#[unsafe(no_mangle)]
extern "C" fn class_getInstanceMethod(_class: *const Class, _selector: Selector) -> *const c_void {
    ptr::null()
}

#[unsafe(no_mangle)]
extern "C" fn class_getClassMethod(_class: *const Class, _selector: Selector) -> *const c_void {
    ptr::null()
}

#[unsafe(no_mangle)]
extern "C" fn method_getName(_method: *const c_void) -> *const c_char {
    ptr::null()
}

#[unsafe(no_mangle)]
extern "C" fn method_getTypeEncoding(_method: *const c_void) -> *const c_char {
    ptr::null()
}

#[unsafe(no_mangle)]
extern "C" fn objc_getProtocol(_name: *const c_char) -> *const c_void {
    ptr::null()
}

#[unsafe(no_mangle)]
extern "C" fn protocol_getName(_protocol: *const c_void) -> *const c_char {
    c"".as_ptr()
}

#[unsafe(no_mangle)]
extern "C" fn class_addProtocol(_class: *mut Class, _protocol: *const c_void) -> Flag {
    1
}

#[unsafe(no_mangle)]
extern "C" fn class_conformsToProtocol(_class: *const Class, _protocol: *const c_void) -> Flag {
    1
}

#[unsafe(no_mangle)]
unsafe extern "C" fn protocol_copyMethodDescriptionList(
    _protocol: *const c_void,
    _is_required: Flag,
    _is_instance: Flag,
    count: *mut c_uint,
) -> *const c_void {
    if !count.is_null() {
        *count = 0;
    }
    ptr::null()
}
