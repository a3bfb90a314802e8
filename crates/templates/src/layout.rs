//! Names in the directory of templates, and in that of each.

use std::io;
use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::TemplateKey;

/// Name of the lock under which templates become visible one after the other, so that they keep within the limit together.
pub(crate) const STORE_LOCK_FILE: &str = ".lock";
/// Prefix of a directory with a template that is being made; the key follows, so that two makers of one template meet.
const MAKING_PREFIX: &str = ".making-";
/// Prefix of a note that a template does not work; the key follows.
const FAILED_PREFIX: &str = ".failed-";
/// Prefix of a directory on its way out.
const TRASH_PREFIX: &str = ".trash-";

/// Name of the lock in a template's directory: held alone by its maker and by who removes it, shared by who starts from it. Its time of
/// modification is that of the last use.
pub(crate) const LOCK_FILE: &str = "lock";
/// Name of the directory of disks that a template's machine had and the template has not.
pub(crate) const BLANK_DISKS: &str = "blank";
/// Name of the manifest.
pub(crate) const MANIFEST_FILE: &str = "manifest.json";
/// Name of the record of what was verified.
pub(crate) const VERIFIED_FILE: &str = "verified.json";

/// Where a maker of the template works.
pub(crate) fn making(templates: &Path, key: &TemplateKey) -> PathBuf {
    templates.join(format!("{MAKING_PREFIX}{key}"))
}

/// Where a template is.
pub(crate) fn finished(templates: &Path, key: &TemplateKey) -> PathBuf {
    templates.join(key.to_string())
}

/// Where it is noted that a template does not work.
pub(crate) fn failed(templates: &Path, key: &TemplateKey) -> PathBuf {
    templates.join(format!("{FAILED_PREFIX}{key}"))
}

/// Whether a path is that of such a note.
pub(crate) fn is_failed(path: &Path) -> bool {
    begins_with(path, FAILED_PREFIX)
}

/// Whether a path is that of a template being made, whose maker may be dead.
pub(crate) fn is_making(path: &Path) -> bool {
    begins_with(path, MAKING_PREFIX)
}

/// Whether a path is that of a template being removed, by somebody who may be dead.
pub(crate) fn is_trash(path: &Path) -> bool {
    begins_with(path, TRASH_PREFIX)
}

fn begins_with(path: &Path, prefix: &str) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| name.starts_with(prefix))
}

/// Renames a directory of templates so that nobody finds it any more; `None` when it is gone already.
pub(crate) fn move_away(directory: &Path) -> io::Result<Option<PathBuf>> {
    let trash = directory.with_file_name(format!("{TRASH_PREFIX}{}", Uuid::new_v4().simple()));
    match std::fs::rename(directory, &trash) {
        Ok(()) => Ok(Some(trash)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
