//! The image of a container that is to be made: here, and kept until the container's record names it.

use container_image::{CatalogError, Lease};
use container_oci::{Platform, Reference};

use super::{ImageProgress, PlatformChoice, PullRequest};
use crate::{ConfiguredEngine, CreateRequest, EngineError, PullPolicy};

impl ConfiguredEngine {
    /// Finds the image that a container is to be made of, and pulls it when it is not here, or not for the platform that the request
    /// names, unless its policy says otherwise. `progress` is called for when something is to be pulled, and dropped when that has ended.
    ///
    /// The lease keeps the image until the container's record names it.
    pub(crate) async fn ensure_image<P: ImageProgress>(
        &self,
        request: &CreateRequest,
        progress: impl FnOnce() -> P,
    ) -> Result<Lease, EngineError> {
        let reference = &request.image;
        match (self.images().lease(reference), request.pull_policy) {
            (_, PullPolicy::Always) => {}
            // Whether it is here for the platform is seen when it is looked into.
            (Ok(lease), PullPolicy::Never) => return Ok(lease),
            (Err(error), PullPolicy::Never) => return Err(unusable(reference, error)),
            (Ok(lease), PullPolicy::Missing) if self.is_here_for(reference, request.platform.as_ref())? => {
                return Ok(lease);
            }
            (Ok(_) | Err(CatalogError::NotFound { .. }), PullPolicy::Missing) => {}
            (Err(error), PullPolicy::Missing) => return Err(unusable(reference, error)),
        }
        let platforms = request.platform.clone();
        let pull = PullRequest {
            image: reference.clone(),
            platforms: platforms.map_or(PlatformChoice::Default, PlatformChoice::Only),
            options: request.pull.clone(),
        };
        Ok(self.pull(pull, &progress()).await?.lease)
    }

    /// Whether the image is here for the platform. An image is only looked into when there is a platform to look for: every start
    /// of a container comes by here.
    fn is_here_for(&self, reference: &Reference, platform: Option<&Platform>) -> Result<bool, EngineError> {
        let Some(platform) = platform else { return Ok(true) };
        match self.images().inspect(reference) {
            Ok(image) => Ok(image
                .variants
                .iter()
                .any(|variant| platform.is_same_machine(&variant.platform))),
            Err(CatalogError::NotFound { .. }) => Ok(false),
            Err(error) => Err(unusable(reference, error)),
        }
    }
}

fn unusable(reference: &Reference, error: CatalogError) -> EngineError {
    EngineError::UnusableImage {
        image: reference.familiar(),
        source: error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Engine, ImageEvent, LoadRequest, LoadSource, PruneScope};
    use container_image::archive::write_oci_archive;
    use std::cell::Cell;
    use std::path::Path;
    use std::sync::Arc;
    use tokio::sync::Notify;

    const NAME: &str = "localhost:1/app:1";

    /// Hears that a pull has begun.
    struct Heard(Arc<Notify>);

    impl ImageProgress for Heard {
        fn event(&self, event: ImageEvent) {
            if let ImageEvent::Pulling { .. } = event {
                self.0.notify_one();
            }
        }
    }

    fn request(platform: Option<&str>) -> CreateRequest {
        let mut request = CreateRequest::new(NAME.parse().unwrap());
        request.platform = platform.map(|text| text.parse().unwrap());
        request
    }

    async fn engine_with_image(root: &Path) -> ConfiguredEngine {
        let engine = Engine::for_tests(root);
        let archive = root.join("app.tar");
        let platform = "linux/arm64".parse().unwrap();
        write_oci_archive(&archive, NAME, &platform, &[], Default::default()).unwrap();
        let load = LoadRequest {
            source: LoadSource::Path(archive),
            skips_unsafe_members: false,
        };
        let silent = Heard(Arc::default());
        engine.load_images(load, &silent).await.unwrap();
        engine
    }

    #[tokio::test]
    async fn an_image_that_is_here_is_kept_until_its_lease_ends() {
        let root = tempfile::tempdir().unwrap();
        let engine = engine_with_image(root.path()).await;
        for platform in [None, Some("linux/arm64")] {
            let nothing_to_pull = || -> Heard { panic!("the image is here for {platform:?}") };
            let lease = engine.ensure_image(&request(platform), nothing_to_pull).await.unwrap();
            assert!(
                engine
                    .prune_images(PruneScope::Unused)
                    .await
                    .unwrap()
                    .untagged
                    .is_empty()
            );
            drop(lease);
        }
        let report = engine.prune_images(PruneScope::Unused).await.unwrap();
        assert_eq!(report.untagged, [NAME.parse().unwrap()]);
    }

    #[tokio::test]
    async fn an_image_that_is_not_here_or_not_for_the_platform_is_pulled() {
        let root = tempfile::tempdir().unwrap();
        let engine = engine_with_image(root.path()).await;
        let elsewhere = tempfile::tempdir().unwrap();
        let empty = Engine::for_tests(elsewhere.path());
        for (engine, platform) in [(&engine, Some("linux/s390x")), (&empty, None)] {
            let (begun, is_asked) = (Arc::new(Notify::new()), Cell::new(false));
            let progress = || {
                is_asked.set(true);
                Heard(begun.clone())
            };
            let request = request(platform);
            tokio::select! {
                biased;
                () = begun.notified() => {}
                ended = engine.ensure_image(&request, progress) => {
                    // Nothing answers at this registry: it may fail in the same moment.
                    assert!(matches!(ended, Err(EngineError::Image(_))), "{ended:?}");
                }
            }
            assert!(is_asked.get(), "{platform:?}");
        }
    }

    #[tokio::test]
    async fn an_image_is_always_pulled_or_never_as_asked() {
        let root = tempfile::tempdir().unwrap();
        let engine = engine_with_image(root.path()).await;
        let mut request = request(None);
        request.pull_policy = PullPolicy::Always;
        let begun = Arc::new(Notify::new());
        let pulled = engine.ensure_image(&request, || Heard(begun.clone())).await;
        // Nothing answers at this registry.
        assert!(matches!(pulled, Err(EngineError::Image(_))), "{pulled:?}");
        request.pull_policy = PullPolicy::Never;
        let nothing_to_pull = || -> Heard { panic!("it is not to be pulled") };
        engine.ensure_image(&request, nothing_to_pull).await.unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        let refused = Engine::for_tests(elsewhere.path())
            .ensure_image(&request, nothing_to_pull)
            .await;
        assert!(refused.unwrap_err().to_string().contains("not found"));
    }
}
