//! `--volume [SOURCE:]PATH[:OPTION,…]` and `--volumes-from CONTAINER[:ro]`.

use container_engine::{VolumeMountRequest, VolumesFromRequest};
use container_model::{ContainerQuery, VolumeName};

/// Options that say how a directory of the host is shared; they mean nothing for a volume.
const OF_SHARES: [&str; 10] = [
    "Z",
    "z",
    "cached",
    "delegated",
    "consistent",
    "private",
    "rprivate",
    "shared",
    "rshared",
    "rslave",
];

/// A volume by its name, or one of the container's own, and where it appears.
pub(crate) fn parse(text: &str) -> Result<VolumeMountRequest, String> {
    let mut parts = text.splitn(3, ':');
    let first = parts.next().unwrap_or_default();
    let (source, target, options) = match (parts.next(), parts.next()) {
        (None, _) => (None, first, ""),
        // A path of the container's and its options.
        (Some(second), None) if first.starts_with('/') && !is_path(second) => (None, first, second),
        (Some(target), options) => (Some(first), target, options.unwrap_or_default()),
    };
    let name = source.map(name).transpose()?;
    if !target.starts_with('/') {
        return Err(format!("{target:?} is no absolute path in the container"));
    }
    let mut request = VolumeMountRequest::new(name, target);
    for option in options.split(',').filter(|option| !option.is_empty()) {
        match option {
            "ro" => request.read_only = true,
            "rw" => request.read_only = false,
            "nocopy" => request.no_copy = true,
            share if OF_SHARES.contains(&share) => {}
            _ => return Err(format!("there is no option {option:?}; known are ro, rw and nocopy")),
        }
    }
    Ok(request)
}

/// The name of a volume. What looks like a path is one of the host's.
pub(super) fn name(source: &str) -> Result<VolumeName, String> {
    if is_path(source) {
        return Err(host_path(source));
    }
    source
        .parse()
        .map_err(|error: container_model::VolumeNameError| error.to_string())
}

/// What is said of directories and files of the host.
pub(super) fn host_path(source: &str) -> String {
    format!(
        "cannot share {source} with the container: bind mounts are not there yet; a volume is named without a slash"
    )
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

    #[test]
    fn volumes_are_written_as_in_docker() {
        let named = |target: &str| VolumeMountRequest::new(Some("data".parse().unwrap()), target);
        assert_eq!(parse("data:/var/lib"), Ok(named("/var/lib")));
        assert_eq!(parse("/var/lib"), Ok(VolumeMountRequest::new(None, "/var/lib")));
        let read_only = VolumeMountRequest {
            read_only: true,
            no_copy: true,
            ..named("/d")
        };
        assert_eq!(parse("data:/d:ro,nocopy,Z"), Ok(read_only));
        let own = VolumeMountRequest {
            read_only: true,
            ..VolumeMountRequest::new(None, "/d")
        };
        assert_eq!(parse("/d:ro"), Ok(own));
    }

    #[test]
    fn what_is_no_volume_is_refused_in_words() {
        for (bad, said) in [
            (
                "/host:/d",
                "cannot share /host with the container: bind mounts are not there yet",
            ),
            ("./src:/d", "bind mounts are not there yet"),
            ("..:/d", "bind mounts are not there yet"),
            ("data", "\"data\" is no absolute path"),
            ("data:relative", "\"relative\" is no absolute path"),
            (":/d", "invalid volume name \"\""),
            ("da ta:/d", "invalid volume name"),
            ("data:/d:fast", "no option \"fast\""),
        ] {
            let error = parse(bad).unwrap_err();
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
