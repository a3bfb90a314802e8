//! Strings that Foundation and the framework export.

use super::string;
use crate::runtime::{Id, exempt_from_leaks};
use std::sync::atomic::{AtomicPtr, Ordering};

/// A symbol that holds a string from the start of the process to its end.
#[repr(transparent)]
struct Constant(AtomicPtr<std::ffi::c_void>);

macro_rules! constants {
    ($($name:ident = $text:literal;)*) => {
        $(
            #[unsafe(no_mangle)]
            static $name: Constant = Constant(AtomicPtr::new(std::ptr::null_mut()));
        )*

        /// Gives every constant its string.
        pub(crate) fn initialize() {
            $($name.set($text);)*
        }
    };
}

constants! {
    NSCocoaErrorDomain = "NSCocoaErrorDomain";
    NSLocalizedDescriptionKey = "NSLocalizedDescription";
    NSLocalizedFailureReasonErrorKey = "NSLocalizedFailureReason";
    NSMultipleUnderlyingErrorsKey = "NSMultipleUnderlyingErrorsKey";
    NSOSStatusErrorDomain = "NSOSStatusErrorDomain";
    NSPOSIXErrorDomain = "NSPOSIXErrorDomain";
    NSUnderlyingErrorKey = "NSUnderlyingError";
    VZErrorDomain = "VZErrorDomain";
}

impl Constant {
    fn set(&self, text: &str) {
        let string: Id = string::new(text).into_id();
        exempt_from_leaks(string as usize);
        self.0.store(string.cast(), Ordering::Release);
    }
}
