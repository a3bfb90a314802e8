//! The Dockerfile and the contexts, from where they are.

mod contexts;
mod dockerfile;

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use container_build_context::{Context, Ignore, SelectOptions, Selection, StatCache};
use container_oci::Digest;

use crate::place::DockerfileText;
use crate::plan::FileOrigin;
use crate::remote::Remotes;
use crate::request::{ContextSource, DEFAULT_NAME, DockerfileSource};
use crate::{BuildError, FilesError};
pub(crate) use contexts::LocalContext;
use contexts::Opened;

/// Where digests of files that were read before are, below the app root.
const STAT_CACHE: &str = "build-cache/stat-cache";
/// Where a tar is kept while the build lasts, below the app root.
const SCRATCH: &str = "content/ingest";

/// The files of a build.
#[derive(Debug)]
pub(crate) struct Sources {
    context: Context,
    named: BTreeMap<String, Context>,
    stat_cache: Mutex<StatCache>,
}

/// What was loaded.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) dockerfile: DockerfileText,
    pub(crate) sources: Sources,
    /// When the context was made, in seconds since 1970: the time of its commit, that of its server, or that of the newest entry of its tar.
    pub(crate) context_unix_seconds: Option<i64>,
}

/// What is to be loaded, all of it on this machine.
pub(crate) struct Local {
    dockerfile: LocalDockerfile,
    context: LocalContext,
}

/// A Dockerfile on this machine.
enum LocalDockerfile {
    InContext(String),
    File(PathBuf),
    Stream(Box<dyn Read + Send>),
}

impl Local {
    /// Fetches what is on other machines. `keeps_git_dir` is for repositories whose address does not say whether `.git` is kept.
    pub(crate) async fn fetch(
        dockerfile: DockerfileSource,
        context: ContextSource,
        (remotes, keeps_git_dir): (&Remotes, bool),
    ) -> Result<Self, BuildError> {
        let dockerfile = match dockerfile {
            DockerfileSource::InContext(name) => LocalDockerfile::InContext(name),
            DockerfileSource::File(path) => LocalDockerfile::File(path),
            DockerfileSource::Stream(stream) => LocalDockerfile::Stream(stream),
            DockerfileSource::Address(address) => {
                LocalDockerfile::Stream(Box::new(remotes.file(&address, None).await?.reader()))
            }
        };
        Ok(Self {
            dockerfile,
            context: LocalContext::of(context, remotes, keeps_git_dir).await?,
        })
    }
}

/// Reads the Dockerfile, which was named so, and what is ignored, and opens the contexts. This blocks.
pub(crate) fn load(local: Local, mut name: String, app_root: &Path) -> Result<Loaded, BuildError> {
    let scratch = app_root.join(SCRATCH);
    let told = local.context.unix_seconds();
    let (context, dockerfile) = match local.context.open(&scratch)? {
        Opened::EmptyStream(_) if matches!(local.dockerfile, LocalDockerfile::InContext(_)) => {
            return Err(BuildError::EmptyContextStream);
        }
        Opened::Context(context) | Opened::EmptyStream(context) => (context, local.dockerfile),
        Opened::Dockerfile(stream) => {
            let is_default = matches!(&local.dockerfile, LocalDockerfile::InContext(name) if name == DEFAULT_NAME);
            if !is_default {
                return Err(BuildError::TwoDockerfiles);
            }
            (contexts::empty(&scratch)?, LocalDockerfile::Stream(stream))
        }
    };
    let context_unix_seconds = told.or_else(|| context.newest().map(|newest| newest.seconds));
    let (dockerfile, ignore) = match dockerfile {
        LocalDockerfile::InContext(asked) => match dockerfile::in_context(&context, &asked)? {
            Some(found) => found,
            None if asked == DEFAULT_NAME => {
                let second = dockerfile::in_context(&context, dockerfile::SECOND_NAME)?;
                dockerfile::SECOND_NAME.clone_into(&mut name);
                second.ok_or(BuildError::NoDockerfile { name: asked })?
            }
            None => return Err(BuildError::NoDockerfile { name: asked }),
        },
        LocalDockerfile::File(path) => dockerfile::of_file(&context, &path)?,
        LocalDockerfile::Stream(stream) => dockerfile::of_stream(&context, stream)?,
    };
    Ok(Loaded {
        dockerfile: DockerfileText::new(name, dockerfile),
        sources: Sources {
            context: context.ignoring(ignore),
            named: BTreeMap::new(),
            stat_cache: Mutex::new(StatCache::open(&app_root.join(STAT_CACHE))),
        },
        context_unix_seconds,
    })
}

/// Opens a named context. What it ignores is in it itself. This blocks.
pub(crate) fn open_named(context: LocalContext, app_root: &Path) -> Result<Context, BuildError> {
    let scratch = app_root.join(SCRATCH);
    let context = match context.open(&scratch)? {
        Opened::Context(context) | Opened::EmptyStream(context) => context,
        // A Dockerfile has no files.
        Opened::Dockerfile(_) => contexts::empty(&scratch)?,
    };
    let ignore = context.find_ignore(None)?;
    Ok(context.ignoring(ignore))
}

impl Sources {
    /// Adds a named context.
    pub(crate) fn insert_named(&mut self, name: String, context: Context) {
        self.named.insert(name, context);
    }

    /// What the sources of a copy name in a context.
    pub(crate) fn select(
        &self,
        origin: &FileOrigin,
        sources: &[&str],
        excludes: &[String],
        keeps_parents: bool,
    ) -> Result<Selection<'_>, FilesError> {
        let context = match origin {
            FileOrigin::NamedContext(name) => self.named.get(name).unwrap_or(&self.context),
            _ => &self.context,
        };
        let options = SelectOptions {
            exclude: excludes.to_vec(),
            parents: keeps_parents,
        };
        Ok(context.select(sources, &options)?)
    }

    /// The digest of a selection. Files that were read before are not read again.
    pub(crate) fn digest(&self, selection: &Selection<'_>) -> Result<Digest, FilesError> {
        let mut stat_cache = self.stat_cache.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(selection.digest(&mut stat_cache)?)
    }

    /// Makes sure that what was just read of a selection is what its step counts by in the cache: somebody may have written to it since that was told.
    pub(crate) fn check(&self, selection: &Selection<'_>, counted: &Digest) -> Result<(), FilesError> {
        match self.digest(selection)? == *counted {
            true => Ok(()),
            false => Err(FilesError::Changed),
        }
    }

    /// What is ignored of the context.
    pub(crate) fn ignore(&self) -> &Ignore {
        self.context.ignore()
    }

    /// Keeps what was learnt of files, for later builds.
    pub(crate) fn keep_stat_cache(&self) {
        let mut stat_cache = self.stat_cache.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = stat_cache.store() {
            tracing::warn!(%error, "cannot keep what is known of the context's files");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An app root, and a context with one file.
    fn places(file: &str, content: &str) -> (tempfile::TempDir, PathBuf, PathBuf) {
        let root = tempfile::tempdir().unwrap();
        let (context, app_root) = (root.path().join("context"), root.path().join("app"));
        std::fs::create_dir_all(app_root.join("content/ingest")).unwrap();
        std::fs::create_dir(&context).unwrap();
        std::fs::write(context.join(file), content).unwrap();
        (root, context, app_root)
    }

    fn local(dockerfile: LocalDockerfile, context: &Path) -> Local {
        Local {
            dockerfile,
            context: LocalContext::Directory(context.to_owned()),
        }
    }

    #[test]
    fn a_containerfile_is_found_where_no_dockerfile_was_named() {
        let (_root, context, app_root) = places("Containerfile", "FROM scratch\nRUN x\n");
        let asked = |name: &str| {
            let dockerfile = LocalDockerfile::InContext(name.to_owned());
            load(local(dockerfile, &context), name.to_owned(), &app_root)
        };
        let loaded = asked(DEFAULT_NAME).unwrap();
        let range = container_dockerfile::Dockerfile::parse(loaded.dockerfile.bytes())
            .unwrap()
            .stages[0]
            .source
            .range;
        assert_eq!(loaded.dockerfile.place(range).file, "Containerfile");
        for (name, file) in [("other", "other"), (DEFAULT_NAME, "Containerfile")] {
            let _ = std::fs::remove_file(context.join(file));
            let missing = asked(name);
            assert!(matches!(missing, Err(BuildError::NoDockerfile { name: found }) if found == name));
        }
    }

    #[test]
    fn files_that_changed_after_they_were_counted_are_no_result_of_the_step() {
        let (_root, context, app_root) = places("file", "as it was");
        let dockerfile = LocalDockerfile::Stream(Box::new(&b"FROM scratch\n"[..]));
        let local = local(dockerfile, &context);
        let sources = load(local, DEFAULT_NAME.to_owned(), &app_root).unwrap().sources;
        let select = || sources.select(&FileOrigin::Context, &["file"], &[], false).unwrap();
        let counted = sources.digest(&select()).unwrap();
        sources.check(&select(), &counted).unwrap();
        // As long as before.
        std::fs::write(context.join("file"), "as it is!").unwrap();
        let changed = sources.check(&select(), &counted);
        assert!(matches!(changed, Err(FilesError::Changed)), "{changed:?}");
    }
}
