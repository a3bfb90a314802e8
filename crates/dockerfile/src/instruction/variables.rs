//! The variables that an instruction names.

use std::collections::BTreeSet;

use super::{FileSource, Instruction};
use crate::word::{ExpandError, Word};

impl Instruction {
    /// The names of all variables that are looked at when its words and heredocs are expanded. Commands have none: the shell expands them.
    ///
    /// # Errors
    /// [`ExpandError`] when a word is not well-formed.
    pub fn variables(&self) -> Result<BTreeSet<String>, ExpandError> {
        let mut names = BTreeSet::new();
        for word in self.words() {
            names.extend(word.variables()?);
        }
        for source in self.sources() {
            if let FileSource::Heredoc(heredoc) = source {
                names.extend(heredoc.variables()?);
            }
        }
        Ok(names)
    }

    fn sources(&self) -> &[FileSource] {
        match self {
            Self::Add(add) => &add.sources,
            Self::Copy(copy) => &copy.sources,
            _ => &[],
        }
    }

    fn words(&self) -> Vec<&Word> {
        let paths = self.sources().iter().filter_map(|source| match source {
            FileSource::Path(path) => Some(path),
            FileSource::Heredoc(_) => None,
        });
        match self {
            Self::Add(add) => {
                let flags = add
                    .chown
                    .iter()
                    .chain(&add.chmod)
                    .chain(&add.checksum)
                    .chain(&add.excludes);
                paths.chain(flags).chain([&add.destination]).collect()
            }
            Self::Copy(copy) => {
                let flags = copy.chown.iter().chain(&copy.chmod).chain(&copy.excludes);
                paths.chain(flags).chain([&copy.destination]).collect()
            }
            Self::Arg(arg) => {
                let declarations = arg.declarations.iter();
                let words =
                    declarations.flat_map(|declaration| std::iter::once(&declaration.name).chain(&declaration.default));
                words.collect()
            }
            Self::Env(env) => env
                .variables
                .iter()
                .flat_map(|pair| [&pair.name, &pair.value])
                .collect(),
            Self::Label(label) => label.labels.iter().flat_map(|pair| [&pair.name, &pair.value]).collect(),
            Self::Expose(expose) => expose.ports.iter().collect(),
            Self::Run(run) => {
                let fields = run.mounts.iter().flat_map(|mount| &mount.fields);
                fields.filter_map(|field| field.value.as_ref()).collect()
            }
            Self::Stopsignal(word) | Self::User(word) | Self::Workdir(word) => vec![word],
            Self::Volume(words) => words.iter().collect(),
            Self::Cmd(_)
            | Self::Entrypoint(_)
            | Self::Healthcheck(_)
            | Self::Maintainer(_)
            | Self::Onbuild(_)
            | Self::Shell(_) => Vec::new(),
        }
    }
}
