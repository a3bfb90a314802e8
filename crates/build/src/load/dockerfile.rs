//! The Dockerfile, and what is ignored.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use container_build_context::{Context, Ignore, MAX_IGNORE_BYTES};

use crate::BuildError;

/// As much of a Dockerfile as has to be read to see that it is too large.
const READ_LIMIT_BYTES: u64 = container_dockerfile::LIMIT_BYTES as u64 + 1;
/// What stands for standard input in errors.
const STREAM: &str = "-";
/// What a file beside a Dockerfile that is not in the context ignores.
const IGNORE_EXTENSION: &str = ".dockerignore";

/// What the Dockerfile of a context may be called too, if none was named.
pub(super) const SECOND_NAME: &str = "Containerfile";

/// The Dockerfile `name` of a context, and what is ignored; `None` when there is none.
pub(super) fn in_context(context: &Context, name: &str) -> Result<Option<(Vec<u8>, Ignore)>, BuildError> {
    let text = context.read_file(name.as_bytes(), container_dockerfile::LIMIT_BYTES as u64)?;
    let Some(text) = text else { return Ok(None) };
    Ok(Some((text, context.find_ignore(Some(name.as_bytes()))?)))
}

/// A Dockerfile of the host, and what the file beside it ignores, else what the context says.
pub(super) fn of_file(context: &Context, path: &Path) -> Result<(Vec<u8>, Ignore), BuildError> {
    let text = File::open(path).and_then(read);
    let text = text.map_err(|source| BuildError::ReadDockerfile {
        path: path.to_owned(),
        source,
    })?;
    let ignore = match ignore_beside(path)? {
        Some(ignore) => ignore,
        None => context.find_ignore(None)?,
    };
    Ok((text, ignore))
}

/// A Dockerfile from a stream.
pub(super) fn of_stream(context: &Context, stream: impl Read) -> Result<(Vec<u8>, Ignore), BuildError> {
    let text = read(stream).map_err(|source| BuildError::ReadDockerfile {
        path: STREAM.into(),
        source,
    })?;
    Ok((text, context.find_ignore(None)?))
}

/// Reads a Dockerfile, of one that is too large only so much that this is seen.
fn read(stream: impl Read) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    stream.take(READ_LIMIT_BYTES).read_to_end(&mut text)?;
    Ok(text)
}

/// What `<dockerfile>.dockerignore` says, if there is one.
fn ignore_beside(dockerfile: &Path) -> Result<Option<Ignore>, BuildError> {
    let mut name = dockerfile.as_os_str().to_owned();
    name.push(IGNORE_EXTENSION);
    let failed = |source| BuildError::ReadIgnore {
        path: name.clone().into(),
        source,
    };
    let file = match File::open(&name) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let mut text = Vec::new();
    file.take(MAX_IGNORE_BYTES + 1).read_to_end(&mut text).map_err(failed)?;
    if text.len() as u64 > MAX_IGNORE_BYTES {
        let problem = format!("it has more than {MAX_IGNORE_BYTES} bytes");
        return Err(failed(io::Error::new(io::ErrorKind::FileTooLarge, problem)));
    }
    let ignore = Ignore::parse(&text).map_err(|source| BuildError::IgnoreBeside {
        path: name.clone().into(),
        source,
    })?;
    Ok(Some(ignore))
}

#[cfg(test)]
mod tests {
    use super::*;
    use container_dockerfile::Dockerfile;

    #[test]
    fn a_dockerfile_without_an_end_is_too_large_and_nothing_else() {
        let text = read(io::repeat(b'#')).unwrap();
        let error = Dockerfile::parse(&text).unwrap_err().to_string();
        assert!(error.contains("16"), "{error}");
    }

    #[test]
    fn a_huge_ignore_file_is_refused_before_it_is_read() {
        let root = tempfile::tempdir().unwrap();
        let dockerfile = root.path().join("Dockerfile");
        let ignore = File::create(root.path().join("Dockerfile.dockerignore")).unwrap();
        ignore.set_len(1 << 40).unwrap();
        let error = ignore_beside(&dockerfile).unwrap_err().to_string();
        assert!(
            error.contains("Dockerfile.dockerignore: it has more than 4194304 bytes"),
            "{error}"
        );
        ignore.set_len(0).unwrap();
        assert!(ignore_beside(&dockerfile).unwrap().is_some());
    }
}
