//! What the sources of a `COPY` name.

mod collect;
mod error;
mod matches;

pub use error::SelectError;

use collect::{Filters, collect};
use matches::matches;

use crate::directory::Directory;
use crate::found::{Detail, Found, Part, Selected, SelectedKind};
use crate::ignore::Ignore;
use crate::path::names_from_root;
use crate::pattern::{Glob, PatternList};
use crate::resolve::{Located, ResolveError, Target, resolve};

/// The flags of `COPY` and `ADD` that decide what is selected.
#[derive(Debug, Clone, Default)]
pub struct SelectOptions {
    /// `--exclude`: patterns in the language of ignore files, of paths below what each source names. A source that is a file is never excluded.
    pub exclude: Vec<String>,
    /// `--parents`: the directories on the way are selected too, from the root or from the source's `/./`.
    pub parents: bool,
}

/// Finds what each source names, in their order.
pub(crate) fn select(
    root: &dyn Directory,
    ignore: &Ignore,
    sources: &[&str],
    options: &SelectOptions,
) -> Result<Vec<Part>, SelectError> {
    let mut exclude = PatternList::default();
    for pattern in &options.exclude {
        add(&mut exclude, pattern)?;
    }
    let filters = Filters {
        ignore,
        exclude: &exclude,
        include: None,
    };
    let (mut parts, mut missing) = (Vec::new(), None::<SelectError>);
    for (index, text) in sources.iter().enumerate() {
        match Source::parse(index, text, options.parents).and_then(|source| source.parts(root, &filters)) {
            Ok(found) => parts.extend(found),
            // Of several that are not there BuildKit names the first one by name.
            Err(error) if error.missing().is_some() => {
                if missing.as_ref().is_none_or(|first| error.missing() < first.missing()) {
                    missing = Some(error);
                }
            }
            Err(error) => return Err(error),
        }
    }
    match missing {
        Some(error) => Err(error),
        None => Ok(parts),
    }
}

/// A source that has been read.
struct Source {
    index: usize,
    /// The path from the root, which may be a pattern.
    names: Vec<Vec<u8>>,
    /// Of `--parents`: what to select below that.
    include: Option<PatternList>,
    /// Of `--parents`: a path from the root that has to be there.
    required: Option<Vec<Vec<u8>>>,
}

impl Source {
    fn parse(index: usize, text: &str, parents: bool) -> Result<Self, SelectError> {
        if !parents {
            return Ok(Self {
                index,
                names: names_from_root(text.as_bytes()),
                include: None,
                required: None,
            });
        }
        let (base, below) = text.split_once("/./").unwrap_or(("", text));
        let names = names_from_root(base.as_bytes());
        let below = names_from_root(below.as_bytes());
        let pattern = below.join(&b'/');
        let mut include = PatternList::default();
        add(&mut include, &String::from_utf8_lossy(&pattern))?;
        let whole = [names.as_slice(), &below].concat();
        let is_pattern = whole.iter().any(|name| Glob::is_pattern(name));
        Ok(Self {
            index,
            names,
            // Nothing but a root means everything below it.
            include: (!pattern.is_empty()).then_some(include),
            required: (!is_pattern).then_some(whole),
        })
    }

    fn parts(&self, root: &dyn Directory, filters: &Filters<'_>) -> Result<Vec<Part>, SelectError> {
        let filters = Filters {
            include: self.include.as_ref(),
            ..*filters
        };
        let located = self.locate(root, filters.ignore)?;
        let part = |(name, located)| self.part(name, located, &filters);
        located.into_iter().map(part).collect()
    }

    /// What it names: one thing, or what its pattern matches, each with its name.
    fn locate<'a>(&self, root: &'a dyn Directory, ignore: &Ignore) -> Result<Vec<(Vec<u8>, Located<'a>)>, SelectError> {
        if let Some(required) = &self.required {
            resolve(root, ignore, required).map_err(|error| self.error(required, error))?;
        }
        let named = |names: &[Vec<u8>]| names.last().cloned().unwrap_or_default();
        let Some(first) = self.names.iter().position(|name| Glob::is_pattern(name)) else {
            let located = resolve(root, ignore, &self.names).map_err(|error| self.error(&self.names, error))?;
            return Ok(vec![(named(&self.names), located)]);
        };
        let (base, pattern) = self.names.split_at(first);
        let pattern = pattern.join(&b'/');
        let glob = Glob::parse(&pattern).map_err(|_| SelectError::BadPattern {
            pattern: lossy(&pattern),
        })?;
        let located = resolve(root, ignore, base).map_err(|error| self.error(base, error))?;
        let mut found = Vec::new();
        for path in matches(&located, &glob, ignore)? {
            let names = names_from_root(&path);
            match resolve(root, ignore, &names) {
                Ok(located) => found.push((named(&names), located)),
                // A directory of which nothing can be seen.
                Err(ResolveError::Missing { is_ignored: true }) => {}
                Err(error) => return Err(self.error(&names, error)),
            }
        }
        Ok(found)
    }

    fn part(&self, name: Vec<u8>, located: Located<'_>, filters: &Filters<'_>) -> Result<Part, SelectError> {
        let (kind, entries) = match &located.target {
            Target::File(status) => {
                let entry = Found {
                    path: name.clone(),
                    status: *status,
                    detail: match located.is_file() {
                        true => Detail::File,
                        false => Detail::Special,
                    },
                };
                (SelectedKind::File, vec![entry])
            }
            Target::Directory(directory) => {
                let kind = match self.include {
                    Some(_) => SelectedKind::Parents,
                    None => SelectedKind::DirectoryContent,
                };
                (kind, collect(directory.get(), &located.path, &located.hits, filters)?)
            }
        };
        Ok(Part {
            selected: Selected {
                source: self.index,
                name,
                kind,
            },
            base: located.path,
            entries,
        })
    }

    fn error(&self, names: &[Vec<u8>], error: ResolveError) -> SelectError {
        let path = || [b"/", names.join(&b'/').as_slice()].concat();
        match error {
            ResolveError::Missing { is_ignored } => SelectError::NotFound {
                source_index: self.index,
                source_path: lossy(&path()),
                is_ignored,
            },
            ResolveError::Loop => SelectError::Loop { path: path() },
            ResolveError::Read { path, source } => SelectError::Read { path, source },
        }
    }
}

fn add(patterns: &mut PatternList, text: &str) -> Result<(), SelectError> {
    patterns.add(text.as_bytes()).map_err(|_| SelectError::BadPattern {
        pattern: text.to_owned(),
    })
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests;
