//! As much of Foundation as the bindings of the framework and its users touch.

pub(crate) mod array;
pub(crate) mod constants;
pub(crate) mod data;
pub(crate) mod dictionary;
pub(crate) mod error;
pub(crate) mod file_handle;
mod root;
pub(crate) mod string;
pub(crate) mod url;

use crate::runtime::ClassDescription;

/// The classes, superclasses first.
pub(crate) fn descriptions() -> Vec<ClassDescription> {
    vec![
        root::description(),
        string::description(),
        data::description(),
        array::description(),
        dictionary::description(),
        url::description(),
        error::description(),
        file_handle::description(),
    ]
}
