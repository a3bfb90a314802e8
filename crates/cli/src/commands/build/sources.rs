//! Where the Dockerfile and the context are: what the arguments of `build` mean.

use std::io;
use std::path::Path;

use container_build::{Address, ContextSource, DockerfileSource};

use crate::error::CommandError;

/// Standard input, where a path is asked for.
const STANDARD_INPUT: &str = "-";
/// An address of a repository without a scheme, as Docker's tools still take it; a directory of this name comes first.
const GITHUB: &str = "github.com/";

/// The context and the Dockerfile. `-` is standard input.
///
/// A Dockerfile is a file of this machine, unless the context comes from elsewhere: then a relative path is one within the context.
pub(super) fn sources(context: &Path, file: Option<&Path>) -> Result<(ContextSource, DockerfileSource), CommandError> {
    let context_is_input = is_standard_input(context);
    let address = match context_is_input {
        true => None,
        false => address(context)?,
    };
    let is_elsewhere = context_is_input || address.is_some();
    let dockerfile = match file {
        None => DockerfileSource::default(),
        Some(file) if is_standard_input(file) && context_is_input => {
            return Err(CommandError::usage(
                "the context and the Dockerfile cannot both be standard input",
            ));
        }
        Some(file) if is_standard_input(file) => DockerfileSource::Stream(Box::new(io::stdin())),
        Some(file) => match address_of_file(file)? {
            Some(address) => DockerfileSource::Address(address),
            None if is_elsewhere && !file.is_absolute() => DockerfileSource::InContext(text(file)?.to_owned()),
            None => DockerfileSource::File(file.to_owned()),
        },
    };
    let context = match address {
        Some(address) => ContextSource::Address(address),
        None if context_is_input => ContextSource::Stream(Box::new(io::stdin())),
        None => ContextSource::Directory(context.to_owned()),
    };
    Ok((context, dockerfile))
}

/// What the context is the address of.
fn address(context: &Path) -> Result<Option<Address>, CommandError> {
    // A path that is no text is no address.
    let Some(text) = context.to_str() else { return Ok(None) };
    if text.starts_with(GITHUB) && !context.is_dir() {
        return parse(&format!("https://{}", with_suffix(text)));
    }
    match parse(text)? {
        None if text.contains("://") => Err(CommandError::usage(format!(
            "{text} is no address of a context: http://, https://, git://, ssh:// and user@host:path are"
        ))),
        // A directory may be called like an address without a scheme.
        Some(Address::Git(_)) if !text.contains("://") && context.is_dir() => Ok(None),
        address => Ok(address),
    }
}

fn address_of_file(file: &Path) -> Result<Option<container_build::WebAddress>, CommandError> {
    let Some(text) = file.to_str() else { return Ok(None) };
    match container_build::WebAddress::parse(text) {
        None if text.contains("://") => Err(CommandError::usage(format!(
            "{text} is no address of a Dockerfile: http:// and https:// are"
        ))),
        address => Ok(address),
    }
}

fn parse(text: &str) -> Result<Option<Address>, CommandError> {
    Address::parse(text).map_err(|error| CommandError::usage(error.to_string()))
}

/// `github.com/a/b#main` as `github.com/a/b.git#main`.
fn with_suffix(text: &str) -> String {
    let end = text.find(['#', '?']).unwrap_or(text.len());
    let (path, rest) = text.split_at(end);
    match path.ends_with(".git") {
        true => text.to_owned(),
        false => format!("{}.git{rest}", path.trim_end_matches('/')),
    }
}

fn is_standard_input(path: &Path) -> bool {
    path.as_os_str() == STANDARD_INPUT
}

/// A name within a context.
fn text(path: &Path) -> Result<&str, CommandError> {
    path.to_str()
        .ok_or_else(|| CommandError::usage(format!("the name of the Dockerfile {} is not UTF-8", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(context: &str, file: Option<&str>) -> String {
        let (context, dockerfile) = sources(Path::new(context), file.map(Path::new)).unwrap();
        let context = match context {
            ContextSource::Empty => "empty".to_owned(),
            ContextSource::Directory(path) => path.display().to_string(),
            ContextSource::Stream(_) => "stream".to_owned(),
            ContextSource::Address(Address::Git(address)) => format!("git {}", address.text),
            ContextSource::Address(Address::Web(address)) => format!("web {}", address.as_str()),
        };
        let dockerfile = match dockerfile {
            DockerfileSource::InContext(name) => format!("in {name}"),
            DockerfileSource::File(path) => path.display().to_string(),
            DockerfileSource::Stream(_) => "stream".to_owned(),
            DockerfileSource::Address(address) => format!("web {}", address.as_str()),
        };
        format!("{context} | {dockerfile}")
    }

    #[test]
    fn contexts_and_dockerfiles_are_paths_streams_and_addresses() {
        for (context, file, expected) in [
            (".", None, ". | in Dockerfile"),
            (".", Some("x/D"), ". | x/D"),
            (".", Some("-"), ". | stream"),
            (".", Some("https://h/D"), ". | web https://h/D"),
            ("-", None, "stream | in Dockerfile"),
            ("-", Some("D"), "stream | in D"),
            ("-", Some("/D"), "stream | /D"),
            ("https://h/a.git#v1:d", None, "git https://h/a.git#v1:d | in Dockerfile"),
            ("https://h/a.git", Some("D"), "git https://h/a.git | in D"),
            ("https://h/a.tar.gz", Some("/D"), "web https://h/a.tar.gz | /D"),
            ("git@h:a", Some("-"), "git git@h:a | stream"),
            ("github.com/a/b", None, "git https://github.com/a/b.git | in Dockerfile"),
            (
                "github.com/a/b.git#x",
                None,
                "git https://github.com/a/b.git#x | in Dockerfile",
            ),
        ] {
            assert_eq!(shown(context, file), expected, "{context} {file:?}");
        }
    }

    #[test]
    fn what_cannot_be_fetched_is_refused() {
        for (context, file, expected) in [
            ("-", Some("-"), "cannot both be standard input"),
            ("ftp://h/a", None, "no address of a context"),
            ("file:///a.git", None, "no address of a context"),
            (".", Some("ssh://h/D"), "no address of a Dockerfile"),
            ("https://h/a.git?x=y", None, "unexpected query"),
        ] {
            let error = sources(Path::new(context), file.map(Path::new)).map(drop).unwrap_err();
            let error = format!("{error:?}");
            assert!(error.contains(expected), "{context}: {error}");
        }
    }
}
