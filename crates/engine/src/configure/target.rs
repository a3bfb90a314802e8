//! Places in a container.

use crate::error::RequestError;

/// An absolute path without empty parts, so that equal places are equal texts.
pub(super) fn normal(target: &str) -> Result<String, RequestError> {
    let refuse = |reason| {
        Err(RequestError::MountTarget {
            target: target.to_owned(),
            reason,
        })
    };
    if !target.starts_with('/') {
        return refuse("it is not absolute");
    }
    let mut normal = String::new();
    for part in target.split('/').filter(|part| !matches!(*part, "" | ".")) {
        if part == ".." || part.contains('\0') {
            return refuse("\"..\" and zero bytes lead elsewhere");
        }
        normal.push('/');
        normal.push_str(part);
    }
    match normal.as_str() {
        "" => refuse("it is the root of the container"),
        _ => Ok(normal),
    }
}
