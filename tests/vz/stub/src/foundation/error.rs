//! `NSError`: a domain, a number within it, and texts.

use super::{array, dictionary, string};
use crate::runtime::{
    ClassDescription, Id, Strong, allocate, autorelease, class_named, objc_class, object, set_object, set_unsigned,
    unsigned,
};
use std::ptr;

/// `NSLocalizedDescriptionKey`.
const DESCRIPTION: &str = "NSLocalizedDescription";
/// `NSLocalizedFailureReasonErrorKey`.
const REASON: &str = "NSLocalizedFailureReason";
/// `NSUnderlyingErrorKey`.
const UNDERLYING: &str = "NSUnderlyingError";

pub(super) fn description() -> ClassDescription {
    objc_class!("NSError": "NSObject" {
        + "errorWithDomain:code:userInfo:" (_this, domain: Id, code: isize, user_info: Id) -> Id {
            autorelease(Strong::adopt(init(allocate(class_named("NSError")), domain, code, user_info)))
        }
        - "initWithDomain:code:userInfo:" (this, domain: Id, code: isize, user_info: Id) -> Id {
            init(this, domain, code, user_info)
        }
        - "code" (this) -> isize { code(this) }
        - "localizedDescription" (this) -> Id { autorelease(string::new(&text(this))) }
        - "localizedFailureReason" (this) -> Id { information(this, REASON).map_or(ptr::null_mut(), autorelease) }
        - "localizedRecoverySuggestion" (_this) -> Id { ptr::null_mut() }
        - "underlyingErrors" (this) -> Id {
            autorelease(array::new(information(this, UNDERLYING).as_slice()))
        }
    })
    .read_only_object("domain")
    .read_only_object("userInfo")
}

unsafe fn init(error: Id, domain: Id, code: isize, user_info: Id) -> Id {
    set_object(error, "domain", domain);
    set_unsigned(error, "code", code as u64);
    if user_info.is_null() {
        set_object(error, "userInfo", dictionary::new(&[]).id());
    } else {
        set_object(error, "userInfo", user_info);
    }
    error
}

unsafe fn code(error: Id) -> isize {
    unsigned(error, "code") as isize
}

unsafe fn information(error: Id, key: &str) -> Option<Strong> {
    dictionary::value(object(error, "userInfo")?.id(), key)
}

/// What `localizedDescription` says.
pub(crate) unsafe fn text(error: Id) -> String {
    match information(error, DESCRIPTION) {
        Some(text) => string::text(text.id()),
        None => {
            let domain = object(error, "domain").map_or_else(String::new, |domain| string::text(domain.id()));
            let code = code(error);
            format!("The operation couldn\u{2019}t be completed. ({domain} error {code}.)")
        }
    }
}

/// A new error.
pub(crate) fn new(domain: &str, code: isize, text: &str, reason: Option<&str>, underlying: Option<Strong>) -> Strong {
    let mut information = vec![(DESCRIPTION, string::new(text))];
    information.extend(reason.map(|reason| (REASON, string::new(reason))));
    information.extend(underlying.map(|underlying| (UNDERLYING, underlying)));
    // SAFETY: the object is new and ours.
    unsafe {
        let error = allocate(class_named("NSError"));
        init(
            error,
            string::new(domain).id(),
            code,
            dictionary::new(&information).id(),
        );
        Strong::adopt(error)
    }
}
