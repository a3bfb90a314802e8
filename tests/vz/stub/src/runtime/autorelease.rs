//! Autorelease pools: objects whose share is let go of when the innermost pool of the thread ends.

use super::object::{self, Id};
use super::ownership::{Strong, objc_release, objc_retain};
use std::cell::RefCell;

thread_local! {
    /// What the pools of this thread hold, the innermost last. A pool is known by how much there was when it began.
    static HELD: RefCell<Vec<Id>> = const { RefCell::new(Vec::new()) };
}

/// Hands a share over to the innermost pool and returns the object.
pub(crate) fn autorelease(share: Strong) -> Id {
    let object = share.into_id();
    // Without a pool, and in a thread that is past its thread-local storage, it leaks as with Apple's runtime.
    let _ = HELD.try_with(|held| held.borrow_mut().push(object));
    object
}

#[unsafe(no_mangle)]
unsafe extern "C" fn objc_autorelease(object: Id) -> Id {
    if object.is_null() {
        return object;
    }
    if object::is_instance(object) {
        object::check_life(object, "autoreleased");
    }
    autorelease(Strong::adopt(object))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn objc_autoreleaseReturnValue(object: Id) -> Id {
    objc_autorelease(object)
}

#[unsafe(no_mangle)]
unsafe extern "C-unwind" fn objc_retainAutorelease(object: Id) -> Id {
    objc_autorelease(objc_retain(object))
}

#[unsafe(no_mangle)]
unsafe extern "C-unwind" fn objc_retainAutoreleasedReturnValue(object: Id) -> Id {
    objc_retain(object)
}

#[unsafe(no_mangle)]
pub(crate) extern "C" fn objc_autoreleasePoolPush() -> usize {
    HELD.try_with(|held| held.borrow().len()).unwrap_or(0)
}

#[unsafe(no_mangle)]
pub(crate) unsafe extern "C-unwind" fn objc_autoreleasePoolPop(pool: usize) {
    let last = || {
        HELD.try_with(|held| {
            let mut held = held.borrow_mut();
            if held.len() > pool { held.pop() } else { None }
        })
        .unwrap_or(None)
    };
    // One at a time and without the borrow: an object that ends may use the pool.
    while let Some(object) = last() {
        objc_release(object);
    }
}
