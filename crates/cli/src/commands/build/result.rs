//! What a build prints at its end, as Apple's tool does: the names of its image, or where its files are.

use std::path::{Path, PathBuf};

use container_build::{BuildOutput, BuiltImage, OutputTarget};

use super::values::ProgressMode;
use crate::error::CommandError;
use crate::output;

/// How the end of a build is told.
pub(super) struct ShownResult {
    /// Where files without an image go.
    places: Vec<PathBuf>,
    /// Whether standard output is taken by what was built.
    has_stream: bool,
    /// Whether standard error is read by people.
    tells_digest: bool,
}

impl ShownResult {
    /// That of a build with these outputs.
    pub(super) fn of(outputs: &[BuildOutput], mode: ProgressMode) -> Self {
        Self {
            places: outputs.iter().filter_map(place).map(absolute).collect(),
            has_stream: outputs.iter().any(BuildOutput::is_stream),
            tells_digest: !matches!(mode, ProgressMode::Quiet | ProgressMode::Rawjson),
        }
    }

    /// Prints what there is now.
    pub(super) fn print(&self, image: Option<&BuiltImage>) -> Result<(), CommandError> {
        if let Some(image) = image
            && self.tells_digest
            // Else it is what standard output has.
            && (self.has_stream || !image.names.is_empty())
        {
            output::note(&format!("digest: {}", image.descriptor.digest));
        }
        if !self.has_stream {
            for line in self.lines(image) {
                output::line(&line)?;
            }
        }
        Ok(())
    }

    fn lines(&self, image: Option<&BuiltImage>) -> Vec<String> {
        match image {
            Some(image) if image.names.is_empty() => vec![image.descriptor.digest.to_string()],
            Some(image) => image.names.iter().map(ToString::to_string).collect(),
            None => self.places.iter().map(|path| path.display().to_string()).collect(),
        }
    }
}

/// Where an output goes that is no image.
fn place(output: &BuildOutput) -> Option<&Path> {
    match output {
        BuildOutput::Local { directory, .. } => Some(directory),
        BuildOutput::Tar {
            target: OutputTarget::Path(path),
            ..
        } => Some(path),
        _ => None,
    }
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_come_before_a_digest_and_files_have_their_place() {
        let digest = format!("sha256:{}", "1".repeat(64));
        let descriptor = json!({ "mediaType": "a", "digest": digest, "size": 7 });
        let image = |names: &[&str]| BuiltImage {
            descriptor: serde_json::from_value(descriptor.clone()).unwrap(),
            config_digest: None,
            names: names.iter().map(|name| name.parse().unwrap()).collect(),
        };
        let local = |directory: &str| BuildOutput::Local {
            directory: directory.into(),
            splits_platforms: None,
        };
        let shown = ShownResult::of(&[local("/a"), BuildOutput::default(), local("/b")], ProgressMode::Plain);
        assert_eq!(
            shown.lines(Some(&image(&["a", "b:1"]))),
            ["docker.io/library/a:latest", "docker.io/library/b:1"]
        );
        assert_eq!(shown.lines(Some(&image(&[]))), [digest]);
        assert_eq!(shown.lines(None), ["/a", "/b"]);
    }
}
