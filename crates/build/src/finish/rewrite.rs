//! `rewrite-timestamp`: layers whose files are no newer than the time that the build was given.

use std::io::{BufReader, Read, Write};

use container_build_cache::{CachedLayer, CachedStep};
use container_image::StoredLayer;
use container_tar::{EntryKind, Piece, Reader, Timestamp, Writer};
use time::OffsetDateTime;

use crate::execute::{Execution, key};
use crate::{BuildError, FilesError, StepError};

/// Rewrites all layers but the lowest `base_layers`, which are left alone. What was rewritten before is taken from the cache.
pub(super) async fn layers(
    execution: &Execution<'_>,
    layers: &[StoredLayer],
    base_layers: usize,
    latest: Timestamp,
) -> Result<Vec<StoredLayer>, BuildError> {
    let vertex = execution.vertices.start("rewriting times of layers");
    let (base, own) = layers.split_at_checked(base_layers).unwrap_or((layers, &[]));
    let mut rewritten = base.to_vec();
    for layer in own {
        match one(execution, layer, latest).await {
            Ok(layer) => rewritten.push(layer),
            Err(error) => return vertex.end(Err(BuildError::Rewrite(Box::new(error)))),
        }
    }
    vertex.end(Ok(rewritten))
}

async fn one(execution: &Execution<'_>, layer: &StoredLayer, latest: Timestamp) -> Result<StoredLayer, StepError> {
    let key = key::of_clamped(&layer.diff_id, latest.seconds)?;
    if let Some(step) = execution.cache.find(&key)? {
        let known = StoredLayer {
            descriptor: step.layer.descriptor,
            diff_id: step.layer.diff_id,
        };
        if execution.draft.keep(&known)? {
            return Ok(known);
        }
    }
    let tar = execution.draft.tar_of(layer)?;
    let clamped = execution
        .store_layer(move |output| Ok(clamp(tar, output, latest)?))
        .await?;
    let step = CachedStep {
        layer: CachedLayer {
            descriptor: clamped.descriptor.clone(),
            diff_id: clamped.diff_id,
        },
        description: format!("times of {} no later than {}", layer.diff_id, latest.seconds),
        created_unix_seconds: OffsetDateTime::now_utc().unix_timestamp(),
    };
    execution.cache.store(&key, step)?;
    Ok(clamped)
}

/// Copies a tar. Entries that are newer than `latest` get that time.
fn clamp(tar: impl Read, output: &mut dyn Write, latest: Timestamp) -> Result<(), FilesError> {
    let mut reader = Reader::new(BufReader::new(tar));
    let mut writer = Writer::new(output);
    while let Some(mut entry) = reader.next_entry()? {
        entry.modified = entry.modified.min(latest);
        writer.begin(&entry)?;
        if let EntryKind::File { size_bytes, regions } = &entry.kind {
            reader.each_piece(*size_bytes, regions.as_deref(), |piece| match piece {
                Piece::Bytes(bytes) => Ok(writer.content(bytes)?),
                // Only where the entry says so itself.
                Piece::Hole(_) => Ok::<_, FilesError>(()),
            })?;
        }
    }
    writer.finish()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use container_tar::Entry;

    #[test]
    fn newer_files_get_the_time_and_older_ones_keep_theirs() {
        let time = |seconds, nanoseconds| Timestamp { seconds, nanoseconds };
        let mut writer = Writer::new(Vec::new());
        for (name, modified) in [("old", time(5, 7)), ("new", time(100, 1)), ("same", time(50, 1))] {
            let entry = Entry {
                path: name.as_bytes().to_vec(),
                kind: EntryKind::File {
                    size_bytes: 3,
                    regions: None,
                },
                mode: 0o4755,
                uid: 1,
                gid: 2,
                modified,
                xattrs: vec![(b"user.a".to_vec(), b"b".to_vec())],
            };
            writer.begin(&entry).unwrap();
            writer.content(b"abc").unwrap();
        }
        let tar = writer.finish().unwrap();
        let mut clamped = Vec::new();
        clamp(tar.as_slice(), &mut clamped, time(50, 0)).unwrap();
        let mut reader = Reader::new(clamped.as_slice());
        let mut seen = Vec::new();
        while let Some(entry) = reader.next_entry().unwrap() {
            assert_eq!((entry.mode, entry.uid, entry.xattrs.len()), (0o4755, 1, 1));
            seen.push((String::from_utf8(entry.path).unwrap(), entry.modified));
        }
        let expected = [("old", time(5, 7)), ("new", time(50, 0)), ("same", time(50, 0))];
        assert_eq!(seen, expected.map(|(name, time)| (name.to_owned(), time)));
        let mut again = Vec::new();
        clamp(clamped.as_slice(), &mut again, time(50, 0)).unwrap();
        assert_eq!(again, clamped);
    }
}
