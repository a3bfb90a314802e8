//! Templates that could not be made, or from which nothing could be continued.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use super::TemplateStore;
use crate::TemplateKey;
use crate::layout::failed;

/// How long such a template is not tried again: every try costs as much as a start.
const REMEMBERED: Duration = Duration::from_secs(60 * 60);

impl TemplateStore {
    /// Notes that this template does not work. For an hour [`TemplateStore::begin`] begins none of this key.
    pub fn note_failure(&self, key: &TemplateKey) {
        // Without the note it is tried again, which is all.
        let _ = File::create(failed(&self.directory, key));
    }

    pub(super) fn has_failed(&self, key: &TemplateKey) -> bool {
        is_remembered(&failed(&self.directory, key))
    }
}

/// Whether a note counts still. One from the future does not, however it came about.
pub(super) fn is_remembered(note: &Path) -> bool {
    let written = std::fs::symlink_metadata(note).and_then(|metadata| metadata.modified());
    let age = written.ok().and_then(|written| written.elapsed().ok());
    age.is_some_and(|age| age < REMEMBERED)
}
