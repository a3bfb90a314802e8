//! Package URLs of images, as statements name them: `pkg:docker/alpine@3.20?platform=linux%2Famd64`.

use container_oci::{Platform, Reference};

/// What every name in Docker's registry begins with, and no package URL has.
const DEFAULT_PLACES: [&str; 2] = ["docker.io/library/", "docker.io/"];

/// The image of a name for a platform.
pub(super) fn of_reference(reference: &Reference, platform: &Platform) -> String {
    let name = reference.name();
    let name = DEFAULT_PLACES
        .iter()
        .find_map(|place| name.strip_prefix(place))
        .unwrap_or(&name);
    let version = reference.tag().map(|tag| format!("@{tag}")).unwrap_or_default();
    let digest = reference
        .digest()
        .map(|digest| format!("digest={digest}&"))
        .unwrap_or_default();
    format!("pkg:docker/{name}{version}?{digest}{}", of_platform(platform))
}

/// The image of an OCI layout that a build knows by a name of its own.
pub(super) fn of_layout(name: &str, platform: &Platform) -> String {
    format!("pkg:oci/{name}?{}", of_platform(platform))
}

fn of_platform(platform: &Platform) -> String {
    format!("platform={}", platform.to_string().replace('/', "%2F"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_people_write() {
        let digest = format!("sha256:{}", "0".repeat(64));
        for (name, expected) in [
            ("alpine", "alpine@latest?"),
            ("alpine:3.20", "alpine@3.20?"),
            ("a/b", "a/b@latest?"),
            ("localhost:5000/a/b:1", "localhost:5000/a/b@1?"),
            (&format!("alpine@{digest}"), &format!("alpine?digest={digest}&")),
        ] {
            let url = of_reference(&name.parse().unwrap(), &"linux/arm/v7".parse().unwrap());
            assert_eq!(url, format!("pkg:docker/{expected}platform=linux%2Farm%2Fv7"));
        }
    }
}
