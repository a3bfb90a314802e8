//! `--mount KEY=VALUE,…`.

use container_engine::{ShareMountRequest, VolumeMountRequest};
use container_model::Mount;

use super::without_effect::Written;
use super::{fields, tmpfs, volume};

/// What a container is to have mounted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum MountArgument {
    /// A file system in memory.
    Tmpfs(Mount),
    /// A volume.
    Volume(VolumeMountRequest),
    /// A directory or a file of the host.
    Share(ShareMountRequest),
}

/// The words of a mount, those that mean the same under one name.
#[derive(Default)]
struct Words<'a> {
    kind: Option<&'a str>,
    source: Option<&'a str>,
    target: Option<&'a str>,
    read_only: bool,
    no_copy: bool,
    subpath: Option<&'a str>,
    /// Options of tmpfs(5).
    tmpfs: Vec<String>,
    /// About caches, as they were written.
    without_effect: Vec<String>,
}

/// One mount, with the keys of Apple's tool and of Docker.
pub(crate) fn parse(text: &str) -> Result<Written<MountArgument>, String> {
    let fields = fields::split(text)?;
    let mut words = words(&fields)?;
    let without_effect = std::mem::take(&mut words.without_effect);
    let meant = argument(words)?;
    Ok(Written { meant, without_effect })
}

fn argument(words: Words<'_>) -> Result<MountArgument, String> {
    let target = words
        .target
        .ok_or("target= is needed: where it appears in the container")?;
    let of_tmpfs = words.tmpfs.first().filter(|_| words.kind != Some("tmpfs"));
    if let Some(option) = of_tmpfs {
        return Err(format!("{option} is for type=tmpfs only"));
    }
    if words.kind != Some("volume") && (words.no_copy || words.subpath.is_some()) {
        return Err("volume-nocopy and volume-subpath are for type=volume only".to_owned());
    }
    match words.kind {
        Some("tmpfs") => {
            let mut options = words.tmpfs;
            options.extend(words.read_only.then(|| "ro".to_owned()));
            tmpfs::parse(&format!("{target}:{}", options.join(","))).map(MountArgument::Tmpfs)
        }
        Some("volume") => {
            let name = words.source.map(volume::name).transpose()?;
            if !target.starts_with('/') {
                return Err(format!("{target:?} is no absolute path in the container"));
            }
            Ok(MountArgument::Volume(VolumeMountRequest {
                read_only: words.read_only,
                no_copy: words.no_copy,
                subpath: words.subpath.map(subpath).transpose()?,
                ..VolumeMountRequest::new(name, target)
            }))
        }
        // Apple's tool takes a mount without a type for one of these.
        None | Some("bind" | "virtiofs") => {
            let source = words.source.ok_or("source= is needed: what is shared of the host")?;
            if !target.starts_with('/') {
                return Err(format!("{target:?} is no absolute path in the container"));
            }
            Ok(MountArgument::Share(ShareMountRequest {
                source: source.into(),
                target: target.to_owned(),
                read_only: words.read_only,
            }))
        }
        Some(kind) => Err(format!(
            "there is no type {kind:?} of mounts; known are volume, tmpfs and bind"
        )),
    }
}

fn words(fields: &[String]) -> Result<Words<'_>, String> {
    let mut words = Words::default();
    for word in fields.iter().filter(|word| !word.is_empty()) {
        let (key, value) = match word.split_once('=') {
            Some((key, value)) => (key, Some(value)),
            None => (word.as_str(), None),
        };
        let needed = || value.ok_or_else(|| format!("{key} needs a value: {key}=…"));
        match key {
            "type" => words.kind = Some(needed()?),
            "source" | "src" => words.source = Some(needed()?),
            "target" | "dst" | "destination" => words.target = Some(needed()?),
            "readonly" | "ro" => words.read_only = switch(key, value)?,
            // How later mounts go to and fro, and what other tools cache: without effect here.
            "bind-propagation" => drop(needed()?),
            "consistency" => {
                needed()?;
                words.without_effect.push(word.clone());
            }
            "volume-nocopy" => words.no_copy = switch(key, value)?,
            "volume-subpath" => words.subpath = Some(needed()?),
            "size" | "tmpfs-size" => words.tmpfs.push(format!("size={}", needed()?)),
            "mode" | "tmpfs-mode" => words.tmpfs.push(format!("mode={}", needed()?)),
            _ => {
                return Err(format!(
                    "there is no key {key:?}; known are type, source, target, readonly, volume-nocopy, volume-subpath, size and mode"
                ));
            }
        }
    }
    Ok(words)
}

fn switch(key: &str, value: Option<&str>) -> Result<bool, String> {
    match value {
        None | Some("true" | "1") => Ok(true),
        Some("false" | "0") => Ok(false),
        Some(other) => Err(format!("{key}={other} is neither true nor false")),
    }
}

/// A path that stays within the volume.
fn subpath(path: &str) -> Result<String, String> {
    let is_outside = path.starts_with('/') || path.split('/').any(|part| part == "..") || path.contains('\0');
    match is_outside || path.is_empty() {
        true => Err(format!("volume-subpath={path:?} is no relative path without \"..\"")),
        false => Ok(path.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meant(text: &str) -> Result<MountArgument, String> {
        parse(text).map(|written| written.meant)
    }

    #[test]
    fn keys_of_apple_s_tool_and_of_docker_mean_the_same() {
        let expected = MountArgument::Volume(VolumeMountRequest {
            read_only: true,
            no_copy: true,
            subpath: Some("a/b".to_owned()),
            ..VolumeMountRequest::new(Some("data".parse().unwrap()), "/d")
        });
        for text in [
            "type=volume,source=data,target=/d,readonly,volume-nocopy,volume-subpath=a/b",
            "type=volume,src=data,dst=/d,ro=true,volume-nocopy=1,volume-subpath=a/b",
        ] {
            assert_eq!(meant(text).unwrap(), expected);
        }
        let own = VolumeMountRequest::new(None, "/d");
        assert_eq!(meant("type=volume,destination=/d"), Ok(MountArgument::Volume(own)));
        let memory = tmpfs::parse("/t:size=1m,mode=700,ro").map(MountArgument::Tmpfs);
        assert_eq!(meant("type=tmpfs,target=/t,size=1m,mode=700,readonly"), memory);
        assert_eq!(meant("type=tmpfs,target=/t,tmpfs-size=1m,tmpfs-mode=700,ro"), memory);
    }

    #[test]
    fn a_path_of_the_host_is_a_bind_mount() {
        let share = |read_only| {
            Ok(MountArgument::Share(ShareMountRequest {
                source: "./src".into(),
                target: "/d".to_owned(),
                read_only,
            }))
        };
        assert_eq!(meant("type=bind,source=./src,target=/d,readonly"), share(true));
        assert_eq!(
            meant("type=virtiofs,src=./src,dst=/d,bind-propagation=rslave"),
            share(false)
        );
        assert_eq!(meant("source=./src,target=/d"), share(false));
        let Ok(MountArgument::Share(quoted)) = meant("type=bind,\"source=./a,b\",target=/d") else {
            panic!("a quoted field");
        };
        assert_eq!(quoted.source, std::path::Path::new("./a,b"));
    }

    #[test]
    fn what_cannot_be_mounted_is_refused_in_words() {
        for (bad, said) in [
            ("type=bind,target=/d", "source= is needed"),
            ("type=bind,source=/host,target=d", "no absolute path"),
            ("type=volume,source=/host,target=/d", "/host is a path"),
            ("type=image,target=/d", "no type \"image\""),
            ("type=volume,source=data", "target= is needed"),
            ("type=volume,source=data,target=d", "no absolute path"),
            ("type=volume,target=/d,color=red", "no key \"color\""),
            ("type=volume,target=/d,size=1m", "type=tmpfs only"),
            ("type=tmpfs,target=/d,volume-nocopy", "type=volume only"),
            ("type=volume,target=/d,readonly=maybe", "neither true nor false"),
            ("type=volume,target=/d,volume-subpath=../x", "no relative path"),
            ("type=volume,target", "target needs a value"),
        ] {
            let error = meant(bad).unwrap_err();
            assert!(error.contains(said), "{bad}: {error}");
        }
    }
}
