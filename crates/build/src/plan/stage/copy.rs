//! `COPY` and `ADD`.

use container_dockerfile::{Add, Copy, FileSource, Instruction, Located, Word};
use container_oci::Digest;

use super::super::{CopySource, CopyStep, FileOrigin, Operation, OwnerName, PlanProblem, paths};
use super::instruct::Instructions;
use crate::address::{Address, GitAddress};

/// What both instructions have.
struct Flags<'a> {
    destination: &'a Word,
    chown: Option<&'a Word>,
    chmod: Option<&'a Word>,
    excludes: &'a [Word],
    is_linked: bool,
    keeps_parents: bool,
}

impl Instructions<'_, '_> {
    pub(super) fn copy(&mut self, copy: &Copy, located: &Located<Instruction>) -> Result<(), PlanProblem> {
        let origin = match &copy.from {
            Some(name) => self.outline.origin(name, self.id)?,
            None => FileOrigin::Context,
        };
        let sources = self.sources(&copy.sources, |path, address| {
            let what = match address {
                None => return Ok(CopySource::Path(path)),
                Some(Address::Web(_)) => "URL",
                Some(Address::Git(_)) => "git ref",
            };
            Err(PlanProblem::RemoteCopy {
                what,
                source_path: path,
            })
        })?;
        let flags = Flags {
            destination: &copy.destination,
            chown: copy.chown.as_ref(),
            chmod: copy.chmod.as_ref(),
            excludes: &copy.excludes,
            is_linked: copy.link,
            keeps_parents: copy.parents,
        };
        self.files("COPY", origin, sources, &flags, false, located)
    }

    pub(super) fn add(&mut self, add: &Add, located: &Located<Instruction>) -> Result<(), PlanProblem> {
        let checksum = add.checksum.as_ref().map(|word| self.expand(word)).transpose()?;
        let unpacks_loaded = add.unpack.unwrap_or(false);
        let sources = self.sources(&add.sources, |path, address| {
            Ok(match address {
                None => CopySource::Path(path),
                Some(Address::Git(address)) => repository(address, checksum.as_deref(), add.keep_git_dir)?,
                Some(Address::Web(address)) => CopySource::Url {
                    name: address.file_name(),
                    address,
                    checksum: checksum.as_deref().map(sha256).transpose()?,
                    unpacks: unpacks_loaded,
                },
            })
        })?;
        let has_checksum = |source: &CopySource| matches!(source, CopySource::Url { .. } | CopySource::Git { .. });
        if checksum.is_some() && !(sources.len() == 1 && sources.iter().all(has_checksum)) {
            return Err(PlanProblem::Checksum);
        }
        let flags = Flags {
            destination: &add.destination,
            chown: add.chown.as_ref(),
            chmod: add.chmod.as_ref(),
            excludes: &add.excludes,
            is_linked: add.link,
            keeps_parents: false,
        };
        let unpacks = add.unpack.unwrap_or(true);
        self.files("ADD", FileOrigin::Context, sources, &flags, unpacks, located)
    }

    /// Sources in the order in which they are copied: documents behind the others.
    fn sources(
        &self,
        written: &[FileSource],
        of_path: impl Fn(String, Option<Address>) -> Result<CopySource, PlanProblem>,
    ) -> Result<Vec<CopySource>, PlanProblem> {
        let (mut sources, mut documents) = (Vec::new(), Vec::new());
        for source in written {
            match source {
                FileSource::Path(word) => {
                    let path = self.expand(word)?;
                    let address = Address::parse(&path)?;
                    sources.push(of_path(path, address)?);
                }
                FileSource::Heredoc(heredoc) => documents.push(CopySource::Document {
                    name: heredoc.name.clone(),
                    content: heredoc.expand(&self.variables.all)?,
                }),
            }
        }
        sources.append(&mut documents);
        Ok(sources)
    }

    fn files(
        &mut self,
        keyword: &'static str,
        origin: FileOrigin,
        sources: Vec<CopySource>,
        flags: &Flags<'_>,
        unpacks: bool,
        located: &Located<Instruction>,
    ) -> Result<(), PlanProblem> {
        let written = self.expand(flags.destination)?;
        let destination = paths::destination(self.directory(), &written);
        if sources.len() > 1 && !destination.ends_with('/') {
            return Err(PlanProblem::DestinationNotDirectory { keyword });
        }
        let chown = flags.chown.map(|word| self.expand(word)).transpose()?;
        let chmod = flags.chmod.map(|word| self.expand(word)).transpose()?;
        let mode = chmod.as_deref().map(|text| {
            let invalid = |_| PlanProblem::Mode { text: text.to_owned() };
            text.parse().map_err(invalid)
        });
        let excludes = flags.excludes.iter().map(|word| self.expand(word));
        let excludes = excludes.collect::<Result<_, _>>()?;
        let words = history(
            keyword,
            &sources,
            &written,
            [
                flags.keeps_parents.then(|| "--parents".to_owned()),
                chown.as_ref().map(|owner| format!("--chown={owner}")),
                chmod.as_ref().map(|mode| format!("--chmod={mode}")),
            ],
        );
        let step = CopyStep {
            origin,
            sources,
            destination,
            owner: chown.filter(|owner| !owner.is_empty()).as_deref().map(OwnerName::new),
            mode: mode.transpose()?,
            is_linked: flags.is_linked,
            keeps_parents: flags.keeps_parents,
            excludes,
            unpacks,
        };
        let label = self.shown(located);
        self.image.layer(&words);
        self.step(Operation::Copy(Box::new(step)), label, located.source.range);
        Ok(())
    }
}

/// `COPY --chown=1:2 a <<b /c`, as the history has it.
fn history(keyword: &str, sources: &[CopySource], destination: &str, flags: [Option<String>; 3]) -> String {
    let sources = sources.iter().map(|source| match source {
        CopySource::Path(path) => path.clone(),
        CopySource::Document { name, .. } => format!("<<{name}"),
        CopySource::Url { address, .. } => address.as_str().to_owned(),
        CopySource::Git { address, .. } => address.text.clone(),
    });
    let words = [keyword.to_owned()]
        .into_iter()
        .chain(flags.into_iter().flatten())
        .chain(sources);
    words.chain([destination.to_owned()]).collect::<Vec<_>>().join(" ")
}

/// A repository, of which flags and address say the same.
fn repository(
    mut address: GitAddress,
    checksum: Option<&str>,
    keeps_git_dir: Option<bool>,
) -> Result<CopySource, PlanProblem> {
    if let (Some(flag), Some(own)) = (keeps_git_dir, address.keeps_git_dir)
        && flag != own
    {
        return Err(PlanProblem::KeepGitDir);
    }
    let keeps_git_dir = address.keeps_git_dir.or(keeps_git_dir).unwrap_or(false);
    if let Some(flag) = checksum {
        match address.checksum.replace(flag.to_owned()) {
            Some(own) if own != flag => {
                return Err(PlanProblem::ChecksumTwice {
                    flag: flag.to_owned(),
                    address: own,
                });
            }
            _ => {}
        }
    }
    Ok(CopySource::Git { address, keeps_git_dir })
}

/// `--checksum` of a file.
fn sha256(text: &str) -> Result<Digest, PlanProblem> {
    match text.parse() {
        Ok(digest @ Digest::Sha256(_)) => Ok(digest),
        _ => Err(PlanProblem::ChecksumForm { text: text.to_owned() }),
    }
}
