//! What can go wrong with images.

use std::error::Error;
use std::fmt;

use container_image::{
    CatalogError, CollectError, CommitError, ContentError, DeleteError, DiskError, LoadError, PullError, PullFailure,
    PushError, PushFailure, ResolveError, SaveError, SelectionError,
};
use container_oci::ReferenceError;
use container_registry::RegistryError;

use super::{Cause, FailureClass, InUseError};

/// An operation on images failed. It shows as what failed, on what and why; [`ImageError::kind`] is what programs look at.
#[derive(Debug)]
pub struct ImageError {
    kind: ImageErrorKind,
    cause: Cause,
}

/// What kind of failure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageErrorKind {
    /// What was written can be no name of an image.
    Name,
    /// No image here has this name or digest.
    NotFound,
    /// Several images here have a digest that begins so, or the image has several names and one has to be chosen.
    Ambiguous,
    /// The image is not made for the platform, or is not here for it.
    Platform,
    /// Some of what was asked for of the image is not here.
    Incomplete,
    /// Containers use the image.
    InUse,
    /// What was asked for contradicts itself, or what the image is.
    Request,
    /// The registry has no such image.
    NotInRegistry,
    /// The registry does not allow it to this user, or wants to know who is asking.
    Denied,
    /// The registry failed otherwise, or the way to it.
    Registry,
    /// The archive is damaged or cannot be read.
    Archive,
    /// The disk is full.
    DiskFull,
    /// A file of the store, or one that was to be written, failed otherwise.
    Store,
}

impl ImageError {
    fn new(kind: ImageErrorKind, cause: impl Error + Send + Sync + 'static) -> Self {
        Self {
            kind,
            cause: Cause::new(cause),
        }
    }

    /// What kind of failure it is.
    #[must_use]
    pub fn kind(&self) -> ImageErrorKind {
        self.kind
    }

    /// What decides the exit code.
    #[must_use]
    pub fn class(&self) -> FailureClass {
        match self.kind {
            ImageErrorKind::Name => FailureClass::Usage,
            ImageErrorKind::NotFound => FailureClass::NotFound,
            _ => FailureClass::Other,
        }
    }
}

impl fmt::Display for ImageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cause.fmt(f)
    }
}

impl Error for ImageError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.source()
    }
}

impl From<ReferenceError> for ImageError {
    fn from(error: ReferenceError) -> Self {
        Self::new(ImageErrorKind::Name, error)
    }
}

impl From<ContentError> for ImageError {
    fn from(error: ContentError) -> Self {
        Self::new(of_content(&error), error)
    }
}

impl From<InUseError> for ImageError {
    fn from(error: InUseError) -> Self {
        Self::new(ImageErrorKind::Store, error)
    }
}

impl From<CatalogError> for ImageError {
    fn from(error: CatalogError) -> Self {
        Self::new(of_catalog(&error), error)
    }
}

impl From<CollectError<InUseError>> for ImageError {
    fn from(error: CollectError<InUseError>) -> Self {
        let kind = match error.is_full_disk() {
            true => ImageErrorKind::DiskFull,
            false => ImageErrorKind::Store,
        };
        Self::new(kind, error)
    }
}

impl From<DeleteError> for ImageError {
    fn from(error: DeleteError) -> Self {
        let kind = match &error {
            DeleteError::Catalog(error) => of_catalog(error),
            DeleteError::InUse { .. } => ImageErrorKind::InUse,
            DeleteError::SeveralNames { .. } => ImageErrorKind::Ambiguous,
        };
        Self::new(kind, error)
    }
}

impl From<ResolveError> for ImageError {
    fn from(error: ResolveError) -> Self {
        Self::new(of_resolve(&error), error)
    }
}

impl From<PullError> for ImageError {
    fn from(error: PullError) -> Self {
        let kind = match &error.source {
            PullFailure::Registry(error) => of_registry(error),
            PullFailure::Content(error) => of_content(error),
            PullFailure::Catalog(error) => of_catalog(error),
            PullFailure::Platform { .. } => ImageErrorKind::Platform,
            PullFailure::EndlessIndex { .. } | PullFailure::LayerCount { .. } => ImageErrorKind::Registry,
            PullFailure::Disk(_) => ImageErrorKind::Store,
        };
        Self::new(kind, error)
    }
}

impl From<PushError> for ImageError {
    fn from(error: PushError) -> Self {
        let kind = match &error.source {
            PushFailure::Registry(error) => of_registry(error),
            PushFailure::Content(error) => of_content(error),
            PushFailure::Selection(error) => of_selection(error),
            PushFailure::OtherDigest { .. } => ImageErrorKind::Request,
        };
        Self::new(kind, error)
    }
}

impl From<SaveError> for ImageError {
    fn from(error: SaveError) -> Self {
        let kind = match &error {
            SaveError::Selection(error) => of_selection(error),
            SaveError::Content(error) => of_content(error),
            SaveError::DirectoryNeedsPath | SaveError::SeveralPlatforms { .. } | SaveError::NotPlain { .. } => {
                ImageErrorKind::Request
            }
            SaveError::Layer { .. } | SaveError::Write { .. } | SaveError::Encode(_) => ImageErrorKind::Store,
        };
        Self::new(kind, error)
    }
}

impl From<DiskError> for ImageError {
    fn from(error: DiskError) -> Self {
        let kind = match &error {
            DiskError::Content(error) => of_content(error),
            _ => ImageErrorKind::Store,
        };
        Self::new(kind, error)
    }
}

impl From<CommitError> for ImageError {
    fn from(error: CommitError) -> Self {
        let kind = match &error {
            CommitError::BaseGone { .. } => ImageErrorKind::Incomplete,
            CommitError::Content(error) => of_content(error),
            CommitError::Catalog(error) => of_catalog(error),
            CommitError::Layer(_) | CommitError::Disk(_) => ImageErrorKind::Store,
        };
        Self::new(kind, error)
    }
}

impl From<LoadError> for ImageError {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Archive(reason) => Self::new(ImageErrorKind::Archive, reason),
            LoadError::Catalog(error) => error.into(),
            LoadError::Content(ref content) => Self::new(of_content(content), error),
            LoadError::Disk(_) => Self::new(ImageErrorKind::Store, error),
        }
    }
}

fn of_content(error: &ContentError) -> ImageErrorKind {
    match error {
        ContentError::NoSpace { .. } => ImageErrorKind::DiskFull,
        _ => ImageErrorKind::Store,
    }
}

fn of_catalog(error: &CatalogError) -> ImageErrorKind {
    match error {
        CatalogError::NotFound { .. } | CatalogError::NoDigest { .. } => ImageErrorKind::NotFound,
        CatalogError::Ambiguous { .. } => ImageErrorKind::Ambiguous,
        CatalogError::OtherDigest { .. } => ImageErrorKind::Request,
        CatalogError::Content(error) => of_content(error),
        CatalogError::Record(_) | CatalogError::Busy { .. } => ImageErrorKind::Store,
    }
}

fn of_resolve(error: &ResolveError) -> ImageErrorKind {
    match error {
        ResolveError::Catalog(error) => of_catalog(error),
        ResolveError::Content { source, .. } => of_content(source),
        ResolveError::PlatformNotHere { .. } | ResolveError::Platform { .. } => ImageErrorKind::Platform,
        ResolveError::Disk { .. } | ResolveError::LayerCount { .. } => ImageErrorKind::Store,
    }
}

fn of_selection(error: &SelectionError) -> ImageErrorKind {
    match error {
        SelectionError::Catalog(error) => of_catalog(error),
        SelectionError::Content { source, .. } => of_content(source),
        SelectionError::Platform(error) => of_resolve(error),
        SelectionError::PlatformIncomplete { .. }
        | SelectionError::Incomplete { .. }
        | SelectionError::Several { .. } => ImageErrorKind::Incomplete,
    }
}

fn of_registry(error: &RegistryError) -> ImageErrorKind {
    match error {
        RegistryError::NotFound { .. } => ImageErrorKind::NotInRegistry,
        RegistryError::Unauthorized { .. }
        | RegistryError::Denied { .. }
        | RegistryError::BadCredentials { .. }
        | RegistryError::NeedsPassword { .. } => ImageErrorKind::Denied,
        _ => ImageErrorKind::Registry,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_shows_as_what_the_store_says_and_is_told_apart_by_its_kind() {
        let missing = || CatalogError::NotFound {
            reference: "alpine:3.99".parse().unwrap(),
        };
        let error = ImageError::from(ResolveError::Catalog(missing()));
        assert_eq!(error.to_string(), missing().to_string());
        assert_eq!(
            (error.kind(), error.class()),
            (ImageErrorKind::NotFound, FailureClass::NotFound)
        );
        assert_eq!(ImageError::from(missing()).kind(), ImageErrorKind::NotFound);
    }

    #[test]
    fn a_registry_that_refuses_is_none_that_fails() {
        let kind = |source: RegistryError| {
            let reference = "alpine".parse().unwrap();
            let source = source.into();
            ImageError::from(PullError { reference, source }).kind()
        };
        let name = || "ghcr.io".to_owned();
        assert_eq!(
            kind(RegistryError::NotFound { what: name() }),
            ImageErrorKind::NotInRegistry
        );
        assert_eq!(
            kind(RegistryError::NeedsPassword { name: name() }),
            ImageErrorKind::Denied
        );
        assert_eq!(kind(RegistryError::Timeout { host: name() }), ImageErrorKind::Registry);
    }
}
