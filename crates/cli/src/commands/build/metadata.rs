//! Files about an image, for programs: `--iidfile` and `--metadata-file`, as Docker writes them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use container_build::{BuildOutcome, BuiltImage};
use serde_json::{Map, Value, json};

use crate::error::{CommandError, cannot};

/// Where to write what.
pub(super) struct ImageFiles {
    pub(super) id: Option<PathBuf>,
    pub(super) metadata: Option<PathBuf>,
}

impl ImageFiles {
    /// Removes what an earlier build has written, so that nobody takes it for this one's.
    pub(super) fn clear(&self) -> Result<(), CommandError> {
        for path in [&self.id, &self.metadata].into_iter().flatten() {
            match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(cannot(format!("remove {}", path.display()), error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Writes what was asked for. Without an image there is no id.
    pub(super) fn write(&self, outcome: &BuildOutcome) -> Result<(), CommandError> {
        if let (Some(path), Some(image)) = (&self.id, &outcome.image) {
            write(path, &image.id().to_string())?;
        }
        match &self.metadata {
            Some(path) => {
                let metadata = metadata(outcome.image.as_ref());
                write(path, &format!("{metadata:#}"))
            }
            None => Ok(()),
        }
    }
}

fn metadata(image: Option<&BuiltImage>) -> Value {
    let mut metadata = Map::new();
    if let Some(image) = image {
        if let Some(config) = image.config_digest {
            metadata.insert("containerimage.config.digest".to_owned(), json!(config));
        }
        metadata.insert("containerimage.descriptor".to_owned(), json!(image.descriptor));
        metadata.insert("containerimage.digest".to_owned(), json!(image.descriptor.digest));
        if !image.names.is_empty() {
            let names: Vec<String> = image.names.iter().map(ToString::to_string).collect();
            metadata.insert("image.name".to_owned(), json!(names.join(",")));
        }
    }
    Value::Object(metadata)
}

fn write(path: &Path, text: &str) -> Result<(), CommandError> {
    fs::write(path, text).map_err(|error| cannot(format!("write {}", path.display()), error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use container_oci::Digest;

    #[test]
    fn metadata_has_the_keys_that_docker_gives() {
        let digest = Digest::Sha256([1; 32]);
        let mut image = BuiltImage {
            descriptor: serde_json::from_value(json!({ "mediaType": "a", "digest": digest, "size": 7 })).unwrap(),
            config_digest: Some(Digest::Sha256([2; 32])),
            names: vec!["a:1".parse().unwrap(), "localhost/b".parse().unwrap()],
        };
        let written = metadata(Some(&image));
        assert_eq!(written["containerimage.digest"], json!(digest));
        assert_eq!(written["containerimage.descriptor"]["size"], 7);
        assert_eq!(written["containerimage.config.digest"], json!(Digest::Sha256([2; 32])));
        assert_eq!(written["image.name"], "docker.io/library/a:1,localhost/b:latest");
        assert_eq!(image.id(), Digest::Sha256([2; 32]));
        image.config_digest = None;
        assert_eq!(image.id(), digest);
        assert!(metadata(Some(&image)).get("containerimage.config.digest").is_none());
        assert_eq!(metadata(None), json!({}));
    }
}
