//! `--output`, `--push` and `--load`.

use std::io::{self, Write};
use std::path::PathBuf;
use std::str::FromStr;

use container_build::{BuildOutput, ImageForm, ImageOutput, OutputTarget};
use container_engine::{SaveFormat, Scheme};
use container_oci::Reference;

use super::attributes::Attributes;
use crate::error::CommandError;

/// Standard output, where a path is asked for.
const STANDARD_OUTPUT: &str = "-";

/// `type=TYPE[,KEY=VALUE…]`, a directory, or `-`
#[derive(Debug, Clone)]
pub(in super::super) struct OutputFlag(Wanted);

/// What becomes of the result.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Wanted {
    Image(WantedImage),
    Archive(SaveFormat, Place, WantedImage),
    Tar(Place, Option<bool>),
    Local(PathBuf, Option<bool>),
    CacheOnly,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct WantedImage {
    names: Vec<String>,
    push: Option<Scheme>,
    pushes_by_digest: bool,
    has_canonical_names: bool,
    form: ImageForm,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    Path(PathBuf),
    Stdout,
}

impl FromStr for OutputFlag {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if !text.contains('=') {
            return Ok(Self(match text {
                "" => return Err("a directory or a type is needed: type=TYPE".to_owned()),
                STANDARD_OUTPUT => Wanted::Tar(Place::Stdout, None),
                directory => Wanted::Local(PathBuf::from(directory), None),
            }));
        }
        let mut attributes = Attributes::parse(text)?;
        let kind = attributes.text("type").ok_or("a type is needed: type=TYPE")?;
        let wanted = match kind.as_str() {
            "image" => Wanted::Image(image(&mut attributes)?),
            "registry" => {
                let mut image = image(&mut attributes)?;
                image.push.get_or_insert(Scheme::Auto);
                Wanted::Image(image)
            }
            // As `docker load` would have it, unless it is to be a file.
            "docker" => match attributes.text("dest") {
                Some(dest) => Wanted::Archive(SaveFormat::DockerArchive, place(&dest), image(&mut attributes)?),
                None => Wanted::Image(image(&mut attributes)?),
            },
            "oci" => {
                let format = match attributes.flag("tar")? {
                    Some(false) => SaveFormat::OciDirectory,
                    _ => SaveFormat::OciArchive,
                };
                let place = place_or_stdout(&mut attributes);
                if format == SaveFormat::OciDirectory && place == Place::Stdout {
                    return Err("a directory needs a path: dest=PATH".to_owned());
                }
                Wanted::Archive(format, place, image(&mut attributes)?)
            }
            "tar" => Wanted::Tar(place_or_stdout(&mut attributes), attributes.flag("platform-split")?),
            "local" => match attributes.text("dest") {
                None => return Err("a directory is needed: dest=PATH".to_owned()),
                Some(dest) if dest == STANDARD_OUTPUT => {
                    return Err("a directory cannot go to the standard output: type=tar can".to_owned());
                }
                Some(dest) => Wanted::Local(PathBuf::from(dest), attributes.flag("platform-split")?),
            },
            "cacheonly" => Wanted::CacheOnly,
            other => {
                return Err(format!(
                    "{other:?} is no type: image, registry, local, tar, oci, docker and cacheonly are"
                ));
            }
        };
        attributes.finish(&kind)?;
        Ok(Self(wanted))
    }
}

fn place(dest: &str) -> Place {
    match dest {
        STANDARD_OUTPUT => Place::Stdout,
        path => Place::Path(PathBuf::from(path)),
    }
}

fn place_or_stdout(attributes: &mut Attributes) -> Place {
    place(attributes.text("dest").as_deref().unwrap_or(STANDARD_OUTPUT))
}

fn image(attributes: &mut Attributes) -> Result<WantedImage, String> {
    let names = attributes.text("name").unwrap_or_default();
    let pushes = attributes.flag("push")?.unwrap_or(false);
    let is_insecure = attributes.flag("registry.insecure")?.unwrap_or(false);
    Ok(WantedImage {
        names: names
            .split(',')
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect(),
        push: match (pushes, is_insecure) {
            (false, _) => None,
            (true, true) => Some(Scheme::Http),
            (true, false) => Some(Scheme::Auto),
        },
        pushes_by_digest: attributes.flag("push-by-digest")?.unwrap_or(false),
        has_canonical_names: attributes.flag("name-canonical")?.unwrap_or(false),
        form: ImageForm {
            rewrites_times: attributes.flag("rewrite-timestamp")?.unwrap_or(false),
            annotations: attributes.annotations()?,
        },
    })
}

/// What becomes of the result, as all flags together say, of an image that `tags` name.
pub(in super::super) fn outputs(
    flags: Vec<OutputFlag>,
    (pushes, loads, tags): (bool, bool, &[String]),
    reference: impl Fn(&str) -> Result<Reference, CommandError>,
) -> Result<Vec<BuildOutput>, CommandError> {
    let mut wanted: Vec<Wanted> = flags.into_iter().map(|flag| flag.0).collect();
    let has_image = wanted.iter().any(|wanted| matches!(wanted, Wanted::Image(_)));
    if (pushes || loads) && !has_image {
        wanted.push(Wanted::Image(WantedImage::default()));
    }
    for wanted in &mut wanted {
        if let Wanted::Image(image) = wanted
            && pushes
        {
            image.push.get_or_insert(Scheme::Auto);
        }
    }
    let image = |image: WantedImage| {
        let mut names = tags.iter().chain(&image.names);
        if image.push.is_some()
            && image.pushes_by_digest
            && let Some(tagged) = names.find(|name| !has_name_only(name))
        {
            let problem = format!("{tagged:?} has a tag or a digest, and is to be pushed by digest");
            return Err(CommandError::usage(problem).with_hint("give the name alone"));
        }
        let names = image.names.iter().map(|name| reference(name));
        Ok::<_, CommandError>(ImageOutput {
            names: names.collect::<Result<_, _>>()?,
            push: image.push,
            pushes_by_digest: image.pushes_by_digest,
            has_canonical_names: image.has_canonical_names,
            form: image.form,
        })
    };
    let outputs = wanted.into_iter().map(|wanted| {
        Ok(match wanted {
            Wanted::Image(wanted) => BuildOutput::Image(image(wanted)?),
            Wanted::Archive(format, place, wanted) => BuildOutput::Archive {
                format,
                target: target(place)?,
                image: image(wanted)?,
            },
            Wanted::Tar(place, splits_platforms) => BuildOutput::Tar {
                target: target(place)?,
                splits_platforms,
            },
            Wanted::Local(directory, splits_platforms) => BuildOutput::Local {
                directory,
                splits_platforms,
            },
            Wanted::CacheOnly => BuildOutput::CacheOnly,
        })
    });
    outputs.collect()
}

/// Whether a reference says neither a tag nor a digest.
fn has_name_only(reference: &str) -> bool {
    let last = reference.rsplit('/').next().unwrap_or(reference);
    !last.contains([':', '@'])
}

fn target(place: Place) -> Result<OutputTarget, CommandError> {
    match place {
        Place::Path(path) => Ok(OutputTarget::Path(path)),
        Place::Stdout if container_terminal::is_terminal(io::stdout()) => {
            Err(CommandError::usage("an archive is not written to a terminal").with_hint("dest=FILE, or a pipe"))
        }
        Place::Stdout => {
            let stdout: Box<dyn Write + Send> = Box::new(io::stdout());
            Ok(OutputTarget::Stream(stdout))
        }
    }
}

#[cfg(test)]
mod tests;
