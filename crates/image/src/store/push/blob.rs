//! The blobs of a push.

use std::sync::Arc;

use container_oci::Descriptor;
use container_registry::{BlobFile, Mount, Upload, retry};

use super::{PushFailure, Target};
use crate::content::{ContentError, open_blob};
use crate::progress::ProgressEvent;
use crate::store::worker::blocking;

/// Brings a blob into the repository: by leaving it there, by taking it from another one, or by sending it.
pub(super) async fn push(target: &Target<'_>, blob: &Descriptor) -> Result<(), PushFailure> {
    let digest = blob.digest;
    let what = format!("blob {digest}");
    let on_retry = |retry| target.progress.event(ProgressEvent::Retrying(retry));
    if retry(&what, on_retry, async || target.client.blob_exists(&digest).await).await? {
        target.progress.event(ProgressEvent::LayerOnRegistry { digest });
        return Ok(());
    }
    let mut begun: Option<Upload> = None;
    for repository in target.elsewhere.get(&digest).into_iter().flatten() {
        let mount = retry(&what, on_retry, async || {
            target.client.mount_blob(&digest, repository).await
        });
        match mount.await? {
            Mount::Done => {
                let repository = repository.clone();
                target
                    .progress
                    .event(ProgressEvent::LayerMounted { digest, repository });
                return Ok(());
            }
            Mount::Refused(upload) => begun = Some(upload),
        }
    }
    let content = open(target, blob).await?;
    let on_bytes = |sent_bytes| {
        target
            .progress
            .event(ProgressEvent::LayerPushing { digest, sent_bytes });
    };
    target
        .client
        .upload_blob(&digest, &content, begun, on_bytes, on_retry)
        .await?;
    target.progress.event(ProgressEvent::LayerPushed { digest });
    Ok(())
}

/// The blob's file; a file of another length would only be found out by the registry, after all of it has been sent.
async fn open(target: &Target<'_>, blob: &Descriptor) -> Result<BlobFile, ContentError> {
    let (paths, digest, expected_bytes) = (target.paths.clone(), blob.digest, blob.size_bytes);
    blocking(move || {
        let file = open_blob(&paths, &digest)?;
        let metadata = file
            .metadata()
            .map_err(|source| ContentError::io("examine", &paths.blob(&digest), source))?;
        let actual_bytes = metadata.len();
        if actual_bytes == expected_bytes {
            Ok(BlobFile {
                file: Arc::new(file),
                size_bytes: expected_bytes,
            })
        } else {
            Err(ContentError::SizeMismatch {
                digest,
                expected_bytes,
                actual_bytes,
            })
        }
    })
    .await?
}
