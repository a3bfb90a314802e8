//! What the sources of a `COPY --from` name in the root of a stage or an image.

use container_build_context::{Glob, Ignore};
use container_rootfs::{Located, RootError, RootView};

use super::FilesError;
use super::target::{absolute, joined};

/// What is copied, in order.
pub(crate) struct RootSelection {
    pub(crate) selected: Vec<SelectedRoot>,
    excludes: Option<Ignore>,
}

/// One thing that a source names.
pub(crate) struct SelectedRoot {
    /// What it is called as a copy.
    pub(crate) name: Vec<u8>,
    pub(crate) located: Located,
    pub(crate) kind: SelectedRootKind,
}

/// What of a selected thing is copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SelectedRootKind {
    /// Anything but a directory.
    File,
    /// What is in a directory.
    DirectoryContent,
    /// All of it, below the directories that lead to it from where `--parents` counts.
    Parents(Vec<Vec<u8>>),
}

impl RootSelection {
    /// Finds what the sources name. A pattern may match nothing as long as something is named at all.
    pub(crate) fn find(
        root: Option<&RootView>,
        sources: &[&str],
        excludes: &[String],
        keeps_parents: bool,
    ) -> Result<Self, FilesError> {
        let excludes = match excludes.is_empty() {
            true => None,
            false => Some(
                Ignore::parse(excludes.join("\n").as_bytes()).map_err(|_| FilesError::BadPattern {
                    pattern: excludes.join(", "),
                })?,
            ),
        };
        let mut selected = Vec::new();
        for source in sources {
            match root {
                Some(root) if keeps_parents => with_parents(root, source, &mut selected)?,
                Some(root) => plain(root, source, &mut selected)?,
                None if !source.trim_matches('/').trim_matches('.').is_empty() => {
                    return Err(FilesError::NotFound {
                        path: source.as_bytes().to_vec(),
                    });
                }
                None => {}
            }
        }
        if let Some(first) = sources.first().filter(|_| selected.is_empty() && root.is_some()) {
            return Err(FilesError::NotFound { path: cleaned(first) });
        }
        Ok(Self { selected, excludes })
    }

    /// Whether a path below what a source names is left out.
    pub(crate) fn excludes(&self, path: &[u8]) -> bool {
        !path.is_empty() && self.excludes.as_ref().is_some_and(|excludes| excludes.covers(path))
    }
}

/// A source whose links are followed.
fn plain(root: &RootView, source: &str, selected: &mut Vec<SelectedRoot>) -> Result<(), FilesError> {
    for path in matches(root, &cleaned(source), true)? {
        let located = locate(root, &path, true)?;
        let kind = match located
            .entry
            .as_ref()
            .is_some_and(container_rootfs::Entry::is_directory)
        {
            true => SelectedRootKind::DirectoryContent,
            false => SelectedRootKind::File,
        };
        let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default().to_vec();
        selected.push(SelectedRoot { name, located, kind });
    }
    Ok(())
}

/// A source of `--parents`, which counts from the root or from its `/./`.
fn with_parents(root: &RootView, source: &str, selected: &mut Vec<SelectedRoot>) -> Result<(), FilesError> {
    let (pivot, pattern) = source.split_once("/./").unwrap_or(("/", source));
    let pivot = locate(root, &cleaned(pivot), true)?.path();
    let pattern = cleaned(pattern);
    let whole = [pivot.as_slice(), pattern.as_slice()].concat();
    let base_names = pivot
        .split(|byte| *byte == b'/')
        .filter(|name| !name.is_empty())
        .count();
    for path in matches(root, &whole, false)? {
        let located = locate(root, &path, false)?;
        let names = path
            .split(|byte| *byte == b'/')
            .filter(|name| !name.is_empty())
            .skip(base_names);
        let kind = SelectedRootKind::Parents(names.map(<[u8]>::to_vec).collect());
        selected.push(SelectedRoot {
            name: Vec::new(),
            located,
            kind,
        });
    }
    Ok(())
}

/// The paths that a pattern stands for, in the order of their bytes; of what is no pattern, itself, which has to be there.
fn matches(root: &RootView, pattern: &[u8], follows: bool) -> Result<Vec<Vec<u8>>, FilesError> {
    let names: Vec<&[u8]> = pattern
        .split(|byte| *byte == b'/')
        .filter(|name| !name.is_empty())
        .collect();
    let Some(first) = names.iter().position(|name| Glob::is_pattern(name)) else {
        let path = names
            .iter()
            .fold(Vec::new(), |path, name| joined(&path, &unescaped(name)));
        locate(root, &absolute(&path), follows)?;
        return Ok(vec![absolute(&path)]);
    };
    let start = names[..first]
        .iter()
        .fold(Vec::new(), |path, name| joined(&path, &unescaped(name)));
    let mut found = vec![start];
    for (place, name) in names.iter().enumerate().skip(first) {
        let glob = Glob::parse(name).map_err(|_| FilesError::BadPattern {
            pattern: String::from_utf8_lossy(pattern).into_owned(),
        })?;
        let mut next = Vec::new();
        for directory in &found {
            // Only what leads to the first pattern goes through links.
            let located = match root.locate(&absolute(directory), place == first) {
                Ok(located) => located,
                Err(RootError::NotFound { .. } | RootError::NotADirectory { .. }) => continue,
                Err(error) => return Err(error.into()),
            };
            let names = root.names(&located)?;
            let matching = names.iter().filter(|name| glob.matches(name));
            next.extend(matching.map(|name| joined(directory, name)));
        }
        found = next;
    }
    found.sort();
    Ok(found.iter().map(|path| absolute(path)).collect())
}

fn locate(root: &RootView, path: &[u8], follows: bool) -> Result<Located, FilesError> {
    let missing = || FilesError::NotFound { path: path.to_vec() };
    match root.locate(path, follows) {
        Ok(located) if located.entry.is_some() => Ok(located),
        Ok(_) | Err(RootError::NotFound { .. } | RootError::NotADirectory { .. }) => Err(missing()),
        Err(error) => Err(error.into()),
    }
}

/// The path from the root, without `..` and empty names.
fn cleaned(source: &str) -> Vec<u8> {
    crate::plan::cleaned(source).into_bytes()
}

/// A name without the backslashes that take the meaning off `*`, `?` and `[`.
fn unescaped(name: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(name.len());
    let mut bytes = name.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => out.extend(bytes.next()),
            byte => out.push(*byte),
        }
    }
    out
}
