//! `--volume [SOURCE:]PATH[:OPTION,…]`, where a source with a slash is a path of the host, and `--volumes-from CONTAINER[:ro]`.

use container_engine::{ShareMountRequest, VolumeMountRequest, VolumesFromRequest};
use container_model::{ContainerQuery, VolumeName};

use super::without_effect::Written;

/// Options of other tools that change nothing here: the labels of SELinux and the caches of Docker Desktop, which are spoken of.
const LABELS_AND_CACHES: [&str; 5] = ["Z", "z", "cached", "delegated", "consistent"];

/// And whether mounts that come later are seen, which are not.
const PROPAGATION: [&str; 6] = ["private", "rprivate", "shared", "rshared", "slave", "rslave"];

/// What appears in a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum VolumeArgument {
    /// A volume by its name, or one of the container's own.
    Volume(VolumeMountRequest),
    /// A directory or a file of the host.
    Share(ShareMountRequest),
}

/// A volume or a path of the host, and where it appears.
pub(crate) fn parse(text: &str) -> Result<Written<VolumeArgument>, String> {
    let mut parts = text.splitn(3, ':');
    let first = parts.next().unwrap_or_default();
    let (source, target, options) = match (parts.next(), parts.next()) {
        (None, _) => (None, first, ""),
        // A path of the container's and its options.
        (Some(second), None) if first.starts_with('/') && !is_path(second) => (None, first, second),
        (Some(target), options) => (Some(first), target, options.unwrap_or_default()),
    };
    if !target.starts_with('/') {
        return Err(format!("{target:?} is no absolute path in the container"));
    }
    let (mut read_only, mut no_copy, mut without_effect) = (false, false, Vec::new());
    for option in options.split(',').filter(|option| !option.is_empty()) {
        match option {
            "ro" => read_only = true,
            "rw" => read_only = false,
            "nocopy" => no_copy = true,
            other if LABELS_AND_CACHES.contains(&other) => without_effect.push(other.to_owned()),
            other if PROPAGATION.contains(&other) => {}
            _ => return Err(format!("there is no option {option:?}; known are ro, rw and nocopy")),
        }
    }
    let meant = match source {
        Some(source) if is_path(source) => {
            if no_copy {
                return Err("nocopy is for volumes: nothing is copied into a directory of the host".to_owned());
            }
            VolumeArgument::Share(ShareMountRequest {
                source: source.into(),
                target: target.to_owned(),
                read_only,
            })
        }
        _ => VolumeArgument::Volume(VolumeMountRequest {
            read_only,
            no_copy,
            ..VolumeMountRequest::new(source.map(name).transpose()?, target)
        }),
    };
    Ok(Written { meant, without_effect })
}

/// The name of a volume.
pub(super) fn name(source: &str) -> Result<VolumeName, String> {
    if is_path(source) {
        return Err(format!(
            "{source} is a path, and the name of a volume has no slash; type=bind shares a directory"
        ));
    }
    source
        .parse()
        .map_err(|error: container_model::VolumeNameError| error.to_string())
}

fn is_path(source: &str) -> bool {
    source.contains('/') || matches!(source, "." | ".." | "~")
}

/// A container whose volumes are to appear as well.
pub(crate) fn parse_from(text: &str) -> Result<VolumesFromRequest, String> {
    let (container, read_only) = match text.split_once(':') {
        None | Some((_, "rw")) => (text.trim_end_matches(":rw"), false),
        Some((container, "ro")) => (container, true),
        Some((_, option)) => return Err(format!("there is no option {option:?}; known are ro and rw")),
    };
    match container {
        "" => Err("the name of a container is needed".to_owned()),
        _ => Ok(VolumesFromRequest {
            container: ContainerQuery::typed(container),
            read_only,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meant(text: &str) -> Result<VolumeArgument, String> {
        parse(text).map(|written| written.meant)
    }

    #[test]
    fn volumes_are_written_as_in_docker() {
        let named = |target: &str| VolumeMountRequest::new(Some("data".parse().unwrap()), target);
        let volume = |request| Ok(VolumeArgument::Volume(request));
        assert_eq!(meant("data:/var/lib"), volume(named("/var/lib")));
        assert_eq!(meant("/var/lib"), volume(VolumeMountRequest::new(None, "/var/lib")));
        let read_only = VolumeMountRequest {
            read_only: true,
            no_copy: true,
            ..named("/d")
        };
        assert_eq!(meant("data:/d:ro,nocopy,Z"), volume(read_only));
        let own = VolumeMountRequest {
            read_only: true,
            ..VolumeMountRequest::new(None, "/d")
        };
        assert_eq!(meant("/d:ro"), volume(own));
    }

    #[test]
    fn a_source_with_a_slash_is_a_path_of_the_host() {
        let share = |source: &str, read_only| {
            Ok(VolumeArgument::Share(ShareMountRequest {
                source: source.into(),
                target: "/d".to_owned(),
                read_only,
            }))
        };
        assert_eq!(meant("/host:/d"), share("/host", false));
        assert_eq!(meant("./src:/d:ro,z"), share("./src", true));
        assert_eq!(meant(".:/d:cached,slave"), share(".", false));
        assert_eq!(meant("/a b/ö:/d:rw,delegated"), share("/a b/ö", false));
    }

    #[test]
    fn what_is_no_volume_is_refused_in_words() {
        for (bad, said) in [
            ("/host:/d:nocopy", "nocopy is for volumes"),
            ("data", "\"data\" is no absolute path"),
            ("data:relative", "\"relative\" is no absolute path"),
            (":/d", "invalid volume name \"\""),
            ("da ta:/d", "invalid volume name"),
            ("data:/d:fast", "no option \"fast\""),
        ] {
            let error = meant(bad).unwrap_err();
            assert!(error.contains(said), "{bad}: {error}");
        }
    }

    #[test]
    fn volumes_of_another_container_may_be_read_only() {
        for (text, read_only) in [("db", false), ("db:rw", false), ("db:ro", true)] {
            let parsed = parse_from(text).unwrap();
            assert_eq!((parsed.container.as_str(), parsed.read_only), ("db", read_only));
        }
        assert!(parse_from("db:z").is_err() && parse_from("").is_err());
    }
}
