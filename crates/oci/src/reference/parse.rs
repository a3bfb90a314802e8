//! The grammar of references (distribution `reference/regexp.go`), by hand: no backtracking, no allocation per try.

use super::{DEFAULT_NAMESPACE, DEFAULT_TAG, Reference, ReferenceError};
use crate::digest::Digest;
use crate::registry_host::{DEFAULT_REGISTRY, check_host};
use crate::shown::shown;

/// `NameTotalLengthMax` of distribution `reference/reference.go`.
const NAME_LIMIT_CHARS: usize = 255;
/// Length of a tag: `[\w][\w.-]{0,127}`.
const TAG_LIMIT_CHARS: usize = 128;

pub(super) fn error(text: &str, reason: &'static str) -> ReferenceError {
    ReferenceError {
        text: shown(text),
        reason,
    }
}

/// Reads a reference whose registry is `default_registry` when it names none.
pub(super) fn reference(text: &str, default_registry: &str) -> Result<Reference, &'static str> {
    if text.is_empty() {
        return Err("it is empty");
    }
    if text.contains("://") {
        return Err("it must not have a scheme");
    }
    let (rest, digest) = match text.split_once('@') {
        Some((rest, digest)) => {
            let digest: Digest = digest
                .parse()
                .map_err(|_| "the digest after @ must be sha256:<64 hex digits>")?;
            (rest, Some(digest))
        }
        None => (text, None),
    };
    // A colon before the last slash belongs to the registry's port.
    let name_start = rest.rfind('/').map_or(0, |slash| slash + 1);
    let (name, given_tag) = match rest[name_start..].split_once(':') {
        Some((last, tag)) => (&rest[..name_start + last.len()], Some(tag)),
        None => (rest, None),
    };
    if let Some(given) = given_tag {
        tag(given)?;
    }
    let (registry, repository) = split_registry(name, default_registry);
    check_host(registry)?;
    path(&repository)?;
    if registry.len() + 1 + repository.len() > NAME_LIMIT_CHARS {
        return Err("the name is longer than 255 characters");
    }
    if is_identifier(name) {
        return Err("64 hexadecimal digits are an id, not a name");
    }
    let tag = match (given_tag, &digest) {
        (Some(tag), _) => Some(tag.to_owned()),
        (None, None) => Some(DEFAULT_TAG.to_owned()),
        (None, Some(_)) => None,
    };
    Ok(Reference {
        registry: registry.to_owned(),
        repository,
        tag,
        digest,
    })
}

/// Whether the part before the first slash is a registry and not a namespace (distribution `splitDockerDomain`).
pub(super) fn has_registry(name: &str) -> bool {
    name.split_once('/').is_some_and(|(first, _)| {
        first == "localhost"
            || first
                .bytes()
                .any(|byte| matches!(byte, b'.' | b':') || byte.is_ascii_uppercase())
    })
}

/// Whether a name would be taken for the id of an image (`anchoredIdentifierRegexp` of distribution `reference/regexp.go`).
pub(super) fn is_identifier(name: &str) -> bool {
    name.len() == 64 && name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn split_registry<'a>(name: &'a str, default_registry: &'a str) -> (&'a str, String) {
    let (registry, repository) = match name.split_once('/') {
        Some((registry, repository)) if has_registry(name) => (registry, repository),
        _ => (default_registry, name),
    };
    match registry {
        "docker.io" | "index.docker.io" if !repository.contains('/') => {
            (DEFAULT_REGISTRY, format!("{DEFAULT_NAMESPACE}{repository}"))
        }
        "index.docker.io" => (DEFAULT_REGISTRY, repository.to_owned()),
        _ => (registry, repository.to_owned()),
    }
}

/// `path-component`: `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`, several of them with slashes between.
fn path(text: &str) -> Result<(), &'static str> {
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err("the repository name must be lower case");
    }
    if text.split('/').all(is_path_component) {
        Ok(())
    } else {
        Err("the repository name has a bad character or an empty part")
    }
}

fn is_path_component(component: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let mut separator = String::new();
    let mut after_word = false;
    for byte in component.bytes() {
        if is_word(byte) {
            let allowed =
                matches!(separator.as_str(), "" | "." | "_" | "__") || separator.bytes().all(|byte| byte == b'-');
            if !allowed || (!separator.is_empty() && !after_word) {
                return false;
            }
            separator.clear();
            after_word = true;
        } else if matches!(byte, b'.' | b'_' | b'-') {
            separator.push(char::from(byte));
        } else {
            return false;
        }
    }
    after_word && separator.is_empty()
}

/// `tag`: `[\w][\w.-]{0,127}`
pub(super) fn tag(text: &str) -> Result<(), &'static str> {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let mut bytes = text.bytes();
    let starts_well = bytes.next().is_some_and(is_word);
    if starts_well && text.len() <= TAG_LIMIT_CHARS && bytes.all(|byte| is_word(byte) || matches!(byte, b'.' | b'-')) {
        Ok(())
    } else {
        Err("a tag is up to 128 letters, digits, '_', '.' and '-', and starts with none of the last two")
    }
}
