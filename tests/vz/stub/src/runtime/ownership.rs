//! Owners of objects: taking a share, letting go of it, and the end when the last one goes.

use super::block;
use super::message;
use super::object::{self, Id};
use super::selector::Selector;
use super::weak;
use crate::breach::breach;
use std::sync::atomic::Ordering;

#[unsafe(no_mangle)]
pub(crate) unsafe extern "C-unwind" fn objc_retain(object: Id) -> Id {
    if object.is_null() {
        return object;
    }
    if object::is_block(object) {
        return block::_Block_copy(object.cast()).cast();
    }
    if object::is_instance(object) {
        object::check_life(object, "retained");
        object::header(object).owners.fetch_add(1, Ordering::Relaxed);
    }
    object
}

#[unsafe(no_mangle)]
unsafe extern "C-unwind" fn objc_retainBlock(object: Id) -> Id {
    objc_retain(object)
}

#[unsafe(no_mangle)]
pub(crate) unsafe extern "C-unwind" fn objc_release(object: Id) {
    if object.is_null() {
        return;
    }
    if object::is_block(object) {
        return block::_Block_release(object.cast());
    }
    if !object::is_instance(object) {
        return;
    }
    object::check_life(object, "released");
    let before = object::header(object).owners.fetch_sub(1, Ordering::AcqRel);
    if before == 0 {
        let class = object::class_of(object).name();
        breach(format_args!("{class} is released more often than it was retained"));
    }
    if before == 1 && object::begin_end(object) {
        let selector = Selector::named(c"dealloc");
        let code = message::implementation(object, selector);
        let dealloc: unsafe extern "C-unwind" fn(Id, Selector) = std::mem::transmute(code.0);
        dealloc(object, selector);
    }
}

/// What `-[NSObject dealloc]` does.
pub(crate) unsafe fn destroy(object: Id) {
    weak::clear(object);
    object::end(object);
}

/// A share of an object that is held here.
pub(crate) struct Strong(Id);

// SAFETY: counting owners is atomic; where an object may be used and ended is checked at every message.
unsafe impl Send for Strong {}
// SAFETY: as above.
unsafe impl Sync for Strong {}

impl Strong {
    /// Takes a share of `object`, which may be nil.
    pub(crate) unsafe fn share(object: Id) -> Self {
        Self(objc_retain(object))
    }

    /// Takes over the share that the caller has.
    pub(crate) unsafe fn adopt(object: Id) -> Self {
        Self(object)
    }

    /// The object.
    pub(crate) fn id(&self) -> Id {
        self.0
    }

    /// The object together with the share, which the caller must release.
    pub(crate) fn into_id(self) -> Id {
        let id = self.0;
        std::mem::forget(self);
        id
    }
}

impl Clone for Strong {
    fn clone(&self) -> Self {
        // SAFETY: the object has not ended, because it is owned here.
        unsafe { Self::share(self.0) }
    }
}

impl Drop for Strong {
    fn drop(&mut self) {
        // SAFETY: the share that is held here.
        unsafe { objc_release(self.0) };
    }
}
