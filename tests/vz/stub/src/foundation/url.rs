//! `NSURL`, for files only.

use super::string;
use crate::breach::breach;
use crate::runtime::{
    ClassDescription, Flag, Id, Strong, allocate, autorelease, class_named, objc_class, object, set_object,
};
use std::path::PathBuf;

pub(super) fn description() -> ClassDescription {
    objc_class!("NSURL": "NSObject" {
        + "fileURLWithPath:" (_this, path: Id) -> Id { autorelease(Strong::adopt(init(allocate(class_named("NSURL")), path))) }
        + "fileURLWithPath:isDirectory:" (_this, path: Id, _is_directory: Flag) -> Id {
            autorelease(Strong::adopt(init(allocate(class_named("NSURL")), path)))
        }
        - "initFileURLWithPath:" (this, path: Id) -> Id { init(this, path) }
        - "isFileURL" (_this) -> Flag { 1 }
    })
    .read_only_object("path")
}

unsafe fn init(url: Id, path: Id) -> Id {
    let given = PathBuf::from(string::text(path));
    // Like the original, which makes a relative path absolute when the URL is made.
    let path = std::path::absolute(&given).unwrap_or(given);
    set_object(url, "path", string::new(&path.to_string_lossy()).id());
    url
}

/// The path that a URL leads to.
pub(crate) unsafe fn path(url: Id) -> PathBuf {
    if url.is_null() {
        breach("a method was given nil for a URL");
    }
    match object(url, "path") {
        Some(path) => PathBuf::from(string::text(path.id())),
        None => breach("a URL without a path was given"),
    }
}
