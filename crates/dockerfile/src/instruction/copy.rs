//! `COPY` and `ADD`.

use std::fmt;

use super::words::{self, Words};
use crate::error::{ParseError, ParseProblem};
use crate::flags;
use crate::heredoc::{Heredoc, Marker};
use crate::request::Request;
use crate::word::{self, Word};

/// `COPY [flags] source… destination`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copy {
    /// `--from=`: the name or number of a stage, a named context, or an image; the context without it. Names no variable.
    pub from: Option<String>,
    /// At least one.
    pub sources: Vec<FileSource>,
    /// Where to. A directory when it ends in `/`.
    pub destination: Word,
    /// `--chown=user[:group]`
    pub chown: Option<Word>,
    /// `--chmod=`: octal, or symbolic as in chmod(1).
    pub chmod: Option<Word>,
    /// `--link`: the copy is a layer of its own that does not depend on the base.
    pub link: bool,
    /// `--parents`: the directories of the source come along, from `/./` on.
    pub parents: bool,
    /// `--exclude=`, each a pattern of what is left out.
    pub excludes: Vec<Word>,
}

/// `ADD [flags] source… destination`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Add {
    /// At least one. A path within the context, `http://…`, `https://…`, or a Git repository; which one shows when it is expanded.
    pub sources: Vec<FileSource>,
    /// As of [`Copy::destination`].
    pub destination: Word,
    /// As of [`Copy::chown`].
    pub chown: Option<Word>,
    /// As of [`Copy::chmod`].
    pub chmod: Option<Word>,
    /// As of [`Copy::link`].
    pub link: bool,
    /// `--keep-git-dir`: the repository's `.git` is copied as well. `None` leaves it to the repository's address.
    pub keep_git_dir: Option<bool>,
    /// `--checksum=`: the digest of what is loaded over HTTP, or the commit of a repository.
    pub checksum: Option<Word>,
    /// `--unpack`: whether archives are unpacked. `None`: those of the context are, loaded ones are not.
    pub unpack: Option<bool>,
    /// As of [`Copy::excludes`].
    pub excludes: Vec<Word>,
}

/// One source of `COPY` or `ADD`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileSource {
    /// A path, pattern or address.
    Path(Word),
    /// A file with this content, named after the word that ends it.
    Heredoc(Heredoc),
}

impl Copy {
    pub(super) fn parse(request: &Request<'_>) -> Result<Self, ParseError> {
        const NAME: &str = "COPY";
        let known = ["from", "chown", "chmod", "link", "parents", "exclude"];
        let flags = request.flags(NAME, &known)?;
        let from = match flags.value("from")? {
            Some((value, range)) if word::names_variable(value) => {
                let option = "--from";
                let value = value.to_owned();
                return Err(ParseError::new(range, ParseProblem::VariableInFrom { option, value }));
            }
            other => other
                .map(|(value, _)| value.to_owned())
                .filter(|value| !value.is_empty()),
        };
        let (sources, destination) = files(request, NAME)?;
        Ok(Self {
            from,
            sources,
            destination,
            chown: flags.word("chown")?,
            chmod: flags.word("chmod")?,
            link: flags.switch("link")?.unwrap_or(false),
            parents: flags.switch("parents")?.unwrap_or(false),
            excludes: flags.words("exclude")?,
        })
    }
}

impl Add {
    pub(super) fn parse(request: &Request<'_>) -> Result<Self, ParseError> {
        const NAME: &str = "ADD";
        let known = [
            "chown",
            "chmod",
            "link",
            "keep-git-dir",
            "checksum",
            "unpack",
            "exclude",
        ];
        let flags = request.flags(NAME, &known)?;
        let (sources, destination) = files(request, NAME)?;
        Ok(Self {
            sources,
            destination,
            chown: flags.word("chown")?,
            chmod: flags.word("chmod")?,
            link: flags.switch("link")?.unwrap_or(false),
            keep_git_dir: flags.switch("keep-git-dir")?,
            checksum: flags.word("checksum")?,
            unpack: flags.switch("unpack")?,
            excludes: flags.words("exclude")?,
        })
    }
}

/// The sources and the destination.
fn files(request: &Request<'_>, instruction: &'static str) -> Result<(Vec<FileSource>, Word), ParseError> {
    let words = Words::parse(request)?;
    let is_json = words.is_json;
    let mut words = words.words;
    let destination = words.pop().filter(|_| !words.is_empty()).ok_or_else(|| {
        let expected = "at least two arguments: what to copy, and where to";
        request.error(ParseProblem::Arguments { instruction, expected })
    })?;
    if !is_json && Marker::read(destination.as_str()).is_some() {
        return Err(ParseError::new(
            destination.range(),
            ParseProblem::HeredocAsDestination { instruction },
        ));
    }
    let mut heredocs = request.heredocs.iter().peekable();
    let mut sources = Vec::with_capacity(words.len());
    for word in words {
        let marker = Marker::read(word.as_str()).filter(|_| !is_json);
        let heredoc = marker.and_then(|marker| heredocs.next_if(|heredoc| heredoc.name == marker.name));
        sources.push(match heredoc {
            Some(heredoc) => FileSource::Heredoc(heredoc.clone()),
            None => FileSource::Path(word),
        });
    }
    match heredocs.next() {
        None => Ok((sources, destination)),
        Some(other) => {
            let name = other.name.clone();
            Err(request.error(ParseProblem::HeredocNotSource { instruction, name }))
        }
    }
}

impl fmt::Display for Copy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("COPY")?;
        flags::write_value(f, "from", self.from.as_deref())?;
        write_word(f, "chown", self.chown.as_ref())?;
        write_word(f, "chmod", self.chmod.as_ref())?;
        flags::write_switch(f, "link", self.link.then_some(true))?;
        flags::write_switch(f, "parents", self.parents.then_some(true))?;
        self.excludes
            .iter()
            .try_for_each(|word| write_word(f, "exclude", Some(word)))?;
        write_files(f, &self.sources, &self.destination)
    }
}

impl fmt::Display for Add {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ADD")?;
        write_word(f, "chown", self.chown.as_ref())?;
        write_word(f, "chmod", self.chmod.as_ref())?;
        flags::write_switch(f, "link", self.link.then_some(true))?;
        flags::write_switch(f, "keep-git-dir", self.keep_git_dir)?;
        write_word(f, "checksum", self.checksum.as_ref())?;
        flags::write_switch(f, "unpack", self.unpack)?;
        self.excludes
            .iter()
            .try_for_each(|word| write_word(f, "exclude", Some(word)))?;
        write_files(f, &self.sources, &self.destination)
    }
}

fn write_word(f: &mut fmt::Formatter<'_>, flag: &str, word: Option<&Word>) -> fmt::Result {
    flags::write_value(f, flag, word.map(Word::as_str))
}

/// Writes the arguments, then the heredocs.
fn write_files(f: &mut fmt::Formatter<'_>, sources: &[FileSource], destination: &Word) -> fmt::Result {
    let mut texts = Vec::with_capacity(sources.len() + 1);
    let mut heredocs = Vec::new();
    let mut needs_json = false;
    for source in sources {
        texts.push(match source {
            FileSource::Path(word) => {
                needs_json |= Marker::read(word.as_str()).is_some();
                word.as_str().to_owned()
            }
            FileSource::Heredoc(heredoc) => {
                heredocs.push(heredoc);
                heredoc.to_string()
            }
        });
    }
    needs_json |= Marker::read(destination.as_str()).is_some();
    texts.push(destination.as_str().to_owned());
    words::write(f, &texts, needs_json && heredocs.is_empty())?;
    heredocs.into_iter().try_for_each(|heredoc| heredoc.write_body(f))
}
