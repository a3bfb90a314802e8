//! From the layers of the targets to an image, or to whatever else was asked for.

mod attestation;
mod documents;
mod files;
mod images;
mod local;
mod made;
mod package_url;
mod provenance;
mod rewrite;
mod times;

use container_engine::{ImageEvent, ImageProgress, PlatformChoice, PushRequest, SaveFormat, SaveRequest, SaveTarget};
use container_oci::Reference;

pub(crate) use made::Made;

use crate::execute::Execution;
use crate::{BuildError, BuildOutcome, BuildOutput, BuildWarning, BuiltImage, OutputTarget};
use images::Images;

/// Refuses outputs that cannot come to a good end, before anything is done.
pub(crate) fn check(outputs: &[BuildOutput], tags: &[Reference]) -> Result<(), BuildError> {
    let is_nameless = outputs.iter().any(|output| match output {
        BuildOutput::Image(image) | BuildOutput::Archive { image, .. } => {
            image.push.is_some() && image.names.is_empty() && tags.is_empty()
        }
        _ => false,
    });
    if is_nameless {
        return Err(BuildError::PushNeedsName);
    }
    match outputs.iter().filter(|output| output.is_stream()).count() {
        0 | 1 => Ok(()),
        _ => Err(BuildError::SeveralStreams),
    }
}

/// Does all that was asked for. Trees of files come first, then images in the store, then what is made of those, and what others see comes last.
pub(crate) async fn finish(
    execution: &Execution<'_>,
    made: &[Made],
    outputs: Vec<BuildOutput>,
) -> Result<BuildOutcome, BuildError> {
    if execution.request.provenance.is_some() && outputs.iter().any(leaves_provenance_out) {
        execution.vertices.warn(BuildWarning::of_lost_provenance());
    }
    let mut images = Images::new(execution, made);
    let mut archives = Vec::new();
    let mut pushes = Vec::new();
    let mut last = None;
    let is_default = outputs.is_empty();
    let mut wanted = Vec::new();
    for output in outputs {
        match output {
            BuildOutput::CacheOnly => {}
            BuildOutput::Tar {
                target,
                splits_platforms,
            } => {
                let vertex = execution.vertices.start("exporting to client tarball");
                vertex.end(files::write(execution, made, target, splits_platforms).await)?;
            }
            BuildOutput::Local {
                directory,
                splits_platforms,
            } => {
                let vertex = execution.vertices.start("exporting to client directory");
                vertex.end(local::write(execution, made, directory, splits_platforms).await)?;
            }
            BuildOutput::Image(image) => wanted.push((image, None)),
            BuildOutput::Archive { format, target, image } => wanted.push((image, Some((format, target)))),
        }
    }
    if is_default {
        wanted.push(Default::default());
    }
    for (image, archive) in wanted {
        let built = images.named(&image).await?;
        if let Some((format, target)) = archive {
            archives.push((built.clone(), format, target));
        }
        if let Some(scheme) = image.push {
            pushes.push((built.names.clone(), scheme, image.pushes_by_digest));
        }
        last = Some(built);
    }
    for (built, format, target) in archives {
        let vertex = execution.vertices.start(match format {
            SaveFormat::DockerArchive => "exporting to docker image format",
            SaveFormat::OciArchive | SaveFormat::OciDirectory => "exporting to oci image format",
        });
        vertex.end(save(execution, built, format, target).await)?;
    }
    for (names, scheme, by_digest) in pushes {
        for image in names {
            let platforms = PlatformChoice::Default;
            let request = PushRequest {
                image,
                platforms,
                scheme,
                by_digest,
            };
            push(execution, request).await?;
        }
    }
    Ok(BuildOutcome { image: last })
}

/// Whether an output has no place for provenance.
fn leaves_provenance_out(output: &BuildOutput) -> bool {
    match output {
        BuildOutput::Tar { .. } | BuildOutput::Local { .. } => true,
        BuildOutput::Archive { format, .. } => *format == SaveFormat::DockerArchive,
        BuildOutput::Image(_) | BuildOutput::CacheOnly => false,
    }
}

/// Saves an image of the store.
async fn save(
    execution: &Execution<'_>,
    built: BuiltImage,
    format: SaveFormat,
    target: OutputTarget,
) -> Result<(), BuildError> {
    let images = match built.names.is_empty() {
        true => vec![images::nameless(&built.descriptor)?],
        false => built.names,
    };
    let request = SaveRequest {
        images,
        platforms: PlatformChoice::Default,
        format,
        target: match target {
            OutputTarget::Path(path) => SaveTarget::Path(path),
            OutputTarget::Stream(stream) => SaveTarget::Stream(stream),
        },
    };
    let saved = execution.engine.save_images(request, &Silent).await;
    saved.map(drop).map_err(|source| BuildError::Export(Box::new(source)))
}

/// Sends an image of the store to the registry in its name.
async fn push(execution: &Execution<'_>, request: PushRequest) -> Result<(), BuildError> {
    let name = match request.by_digest {
        true => request.image.name(),
        false => request.image.familiar(),
    };
    let vertex = execution.vertices.start(format!("pushing {name}"));
    let pushed = execution.engine.push_image(request, &Silent).await;
    vertex.end(pushed.map(drop).map_err(|source| BuildError::Export(Box::new(source))))
}

struct Silent;

impl ImageProgress for Silent {
    fn event(&self, _: ImageEvent) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ImageOutput;
    use container_engine::Scheme;

    #[test]
    fn what_cannot_be_sent_or_written_is_refused_before_anything_is_done() {
        let pushed = |names: &[&str]| {
            BuildOutput::Image(ImageOutput {
                names: names.iter().map(|name| name.parse().unwrap()).collect(),
                push: Some(Scheme::Auto),
                ..ImageOutput::default()
            })
        };
        let stream = || BuildOutput::Tar {
            target: OutputTarget::Stream(Box::new(Vec::new())),
            splits_platforms: None,
        };
        let tag = || vec!["app:1".parse().unwrap()];
        assert!(matches!(check(&[pushed(&[])], &[]), Err(BuildError::PushNeedsName)));
        assert!(check(&[pushed(&["a"])], &[]).is_ok() && check(&[pushed(&[])], &tag()).is_ok());
        assert!(check(&[stream()], &[]).is_ok());
        assert!(matches!(
            check(&[stream(), stream()], &[]),
            Err(BuildError::SeveralStreams)
        ));
    }
}
