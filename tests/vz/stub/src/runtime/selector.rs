//! Selectors: one address for every name of a method.

use std::collections::BTreeSet;
use std::ffi::{CStr, c_char};
use std::fmt;
use std::sync::{Mutex, PoisonError};

/// The name of a method; equal names have one address, which is that of the text.
#[repr(transparent)]
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Selector(*const c_char);

// SAFETY: it points to a text that is never changed nor freed.
unsafe impl Send for Selector {}
// SAFETY: as above.
unsafe impl Sync for Selector {}

impl Selector {
    /// The selector for `name`.
    pub(crate) fn named(name: &CStr) -> Self {
        static NAMES: Mutex<BTreeSet<&'static CStr>> = Mutex::new(BTreeSet::new());
        let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
        let text = names.get(name).copied().unwrap_or_else(|| {
            let text: &'static CStr = Box::leak(name.to_owned().into_boxed_c_str());
            names.insert(text);
            text
        });
        Self(text.as_ptr())
    }

    /// The name.
    pub(crate) fn name(self) -> &'static str {
        // SAFETY: selectors are made by `named` only, which keeps their texts.
        unsafe { CStr::from_ptr(self.0) }.to_str().unwrap_or("?")
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn sel_registerName(name: *const c_char) -> Selector {
    Selector::named(CStr::from_ptr(name))
}

#[unsafe(no_mangle)]
extern "C" fn sel_getName(selector: Selector) -> *const c_char {
    selector.0
}

#[unsafe(no_mangle)]
extern "C" fn sel_isEqual(left: Selector, right: Selector) -> u8 {
    u8::from(left == right)
}
