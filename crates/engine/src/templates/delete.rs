//! Removing templates with their images. They are made anew when they are missing, so that a failure is a matter for the log.

use container_templates::{Pruned, TemplateError};

use crate::Engine;

impl Engine {
    /// Removes the templates of images that are not here any more; the bytes that came back.
    pub(crate) fn delete_templates_without_image(&self) -> u64 {
        freed_bytes(self.templates.retain(|manifest| self.images().has(manifest)))
    }

    /// Removes the templates from which no container is being started; the bytes that came back.
    pub(crate) fn delete_unused_templates(&self) -> u64 {
        freed_bytes(self.templates.prune_unused())
    }
}

fn freed_bytes(pruned: Result<Pruned, TemplateError>) -> u64 {
    match pruned {
        Ok(pruned) => pruned.freed_bytes(),
        Err(error) => {
            tracing::warn!(%error, "templates that nobody needs are still there");
            0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PruneScope;

    /// The templates that are there, by their names.
    fn names(engine: &Engine) -> Vec<String> {
        let each = engine.usage_of_templates(&mut crate::Usage::default()).unwrap();
        each.iter().map(|template| template.key.clone()).collect()
    }

    #[tokio::test]
    async fn templates_go_with_their_images_and_all_of_them_when_asked() {
        let root = tempfile::tempdir().unwrap();
        let engine = Engine::for_tests(root.path());
        let (kept, kept_image) = engine.make_template("kept");
        let (gone, _) = engine.make_template("gone");
        let blobs = engine.app_root().join("content/blobs/sha256");
        std::fs::create_dir_all(&blobs).unwrap();
        std::fs::write(blobs.join(kept_image.hex()), "a manifest").unwrap();
        assert_eq!(names(&engine), [kept.to_string(), gone.to_string()]);

        let freed = engine.delete_templates_without_image();
        assert_eq!(names(&engine), [kept.to_string()]);
        assert!(freed > 0);
        // The manifest belongs to no image and goes.
        let report = engine.prune_images(PruneScope::Dangling).await.unwrap();
        assert!(names(&engine).is_empty() && report.reclaimed_bytes > freed);
    }

    #[tokio::test]
    async fn one_from_which_a_container_is_started_stays() {
        let root = tempfile::tempdir().unwrap();
        let engine = Engine::for_tests(root.path());
        let (used, _) = engine.make_template("used");
        engine.make_template("idle");
        let in_use = engine.templates.open(&used).unwrap();
        engine.prune_images(PruneScope::Unused).await.unwrap();
        assert_eq!(names(&engine), [used.to_string()]);
        drop(in_use);
        engine.prune_images(PruneScope::Unused).await.unwrap();
        assert!(names(&engine).is_empty());
    }
}
