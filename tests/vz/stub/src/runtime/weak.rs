//! Weak references: places that become nil when the object that they lead to ends.

use super::object::{self, Id};
use std::collections::HashMap;
use std::ptr;
use std::sync::atomic::Ordering;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

/// What each place leads to, both as addresses.
static PLACES: LazyLock<Mutex<HashMap<usize, usize>>> = LazyLock::new(Mutex::default);

fn places() -> MutexGuard<'static, HashMap<usize, usize>> {
    PLACES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes all places that lead to `object` nil.
pub(super) unsafe fn clear(object: Id) {
    places().retain(|place, target| {
        let leads_here = *target == object as usize;
        if leads_here {
            *(*place as *mut Id) = ptr::null_mut();
        }
        !leads_here
    });
}

/// Takes a share of `object` unless its last owner has gone.
unsafe fn share(object: Id) -> Id {
    let owners = &object::header(object).owners;
    let taken = owners.fetch_update(Ordering::AcqRel, Ordering::Acquire, |count| {
        (count > 0).then_some(count + 1)
    });
    if taken.is_ok() { object } else { ptr::null_mut() }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn objc_storeWeak(place: *mut Id, object: Id) -> Id {
    let mut places = places();
    if object.is_null() {
        places.remove(&(place as usize));
    } else {
        object::check_life(object, "weakly referred to");
        places.insert(place as usize, object as usize);
    }
    *place = object;
    object
}

#[unsafe(no_mangle)]
unsafe extern "C" fn objc_initWeak(place: *mut Id, object: Id) -> Id {
    objc_storeWeak(place, object)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn objc_destroyWeak(place: *mut Id) {
    objc_storeWeak(place, ptr::null_mut());
}

#[unsafe(no_mangle)]
unsafe extern "C" fn objc_copyWeak(to: *mut Id, from: *mut Id) {
    let mut places = places();
    let target = places.get(&(from as usize)).copied();
    if let Some(target) = target {
        places.insert(to as usize, target);
    }
    *to = target.map_or(ptr::null_mut(), |target| target as Id);
}

#[unsafe(no_mangle)]
unsafe extern "C" fn objc_loadWeakRetained(place: *mut Id) -> Id {
    let places = places();
    match places.get(&(place as usize)) {
        Some(target) => share(*target as Id),
        None => ptr::null_mut(),
    }
}

/// A weak reference that the stand-in itself holds.
pub(crate) struct WeakReference(Box<Id>);

// SAFETY: the place is guarded by the lock of all places; what is loaded from it obeys the rules of objects.
unsafe impl Send for WeakReference {}
// SAFETY: as above.
unsafe impl Sync for WeakReference {}

impl WeakReference {
    /// One that leads to `object`, which may be nil.
    pub(crate) unsafe fn to(object: Id) -> Self {
        let mut place = Box::new(ptr::null_mut());
        objc_storeWeak(&raw mut *place, object);
        Self(place)
    }

    /// The object with one more owner, which the caller must release; nil if it has ended.
    pub(crate) fn load(&self) -> Id {
        // SAFETY: the place is ours.
        unsafe { objc_loadWeakRetained((&raw const *self.0).cast_mut()) }
    }
}

impl Drop for WeakReference {
    fn drop(&mut self) {
        // SAFETY: as above.
        unsafe { objc_destroyWeak(&raw mut *self.0) };
    }
}
