//! Pushing, except for the bytes of blobs: whether a blob exists, mounting it from another repository, and manifests
//! (distribution-spec, "Push").

use bytes::Bytes;
use container_oci::{Digest, MediaType};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Method, StatusCode};

use super::digest::check_digest;
use super::{RegistryClient, Upload, header};
use crate::RegistryError;
use crate::http::{Payload, Request};

/// What came of mounting a blob from another repository.
pub enum Mount {
    /// The blob is in the repository now.
    Done,
    /// The registry has begun an upload for the blob instead.
    Refused(Upload),
}

impl RegistryClient {
    /// Whether the repository has the blob.
    ///
    /// # Errors
    /// [`RegistryError`].
    pub async fn blob_exists(&self, digest: &Digest) -> Result<bool, RegistryError> {
        let path = self.path(&format!("blobs/{digest}"));
        let request = Request::new(Method::HEAD, self.registry.url(&path)?);
        let answer = self.registry.exchange(&request, &self.scopes, self.access).await?;
        match answer.status() {
            StatusCode::NOT_FOUND => Ok(false),
            status if status.is_success() => Ok(true),
            // Storage behind a redirect may refuse HEAD requests. Sending the blob again does no harm.
            _ if !answer.is_from_origin => Ok(false),
            _ => Err(self.registry.failure(answer, &format!("blob {digest}")).await),
        }
    }

    /// Mounts a blob from another repository of the same registry, if it is there and may be read
    /// (distribution-spec, "Mounting a blob from another repository").
    ///
    /// # Errors
    /// [`RegistryError`].
    pub async fn mount_blob(&self, digest: &Digest, from: &str) -> Result<Mount, RegistryError> {
        let mut url = self.registry.url(&self.path("blobs/uploads/"))?;
        url.query_pairs_mut()
            .append_pair("mount", &digest.to_string())
            .append_pair("from", from);
        let request = Request::new(Method::POST, url);
        let scopes = self.scopes.and_pull(from);
        let answer = match self.registry.exchange(&request, &scopes, self.access).await {
            Ok(answer) => answer,
            // The user may lack access to that repository and still have it to this one.
            Err(
                RegistryError::Unauthorized { .. }
                | RegistryError::Denied { .. }
                | RegistryError::BadCredentials { .. },
            ) => return Ok(Mount::Refused(self.begin_upload().await?)),
            Err(error) => return Err(error),
        };
        match answer.status() {
            StatusCode::CREATED => Ok(Mount::Done),
            StatusCode::ACCEPTED => Ok(Mount::Refused(Upload::begun(&answer)?)),
            StatusCode::FORBIDDEN | StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => {
                Ok(Mount::Refused(self.begin_upload().await?))
            }
            _ => Err(self.registry.failure(answer, &format!("blob {digest} of {from}")).await),
        }
    }

    /// Pushes a manifest or index to the repository, as tag or digest `name`.
    ///
    /// # Errors
    /// [`RegistryError`]; among others when the registry answers with another digest than `digest`.
    pub async fn put_manifest(
        &self,
        name: &str,
        media_type: &MediaType,
        bytes: Bytes,
        digest: &Digest,
    ) -> Result<(), RegistryError> {
        let url = self.registry.url(&self.path(&format!("manifests/{name}")))?;
        let mut request = Request::new(Method::PUT, url);
        request.headers.insert(CONTENT_TYPE, header(media_type.as_ref())?);
        request.payload = Payload::Bytes(bytes);
        let what = format!("repository {}", self.repository);
        let answer = self
            .registry
            .request(&request, &self.scopes, self.access, &what)
            .await?;
        check_digest(answer.digest(), digest, &format!("manifest {name}"))
    }
}
