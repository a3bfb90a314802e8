//! Where the files of a build come from.

mod error;

pub use error::{FindIgnoreError, OpenError, ReadFileError};

use std::io::Read;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use container_tar::Timestamp;

use crate::archive::{TarError, TarLimits, read};
use crate::cursor::Cursor;
use crate::directory::{Directory, DiskDirectory};
use crate::ignore::Ignore;
use crate::path::names_from_root;
use crate::resolve::{ResolveError, Target, resolve};
use crate::select::{SelectError, SelectOptions, select};
use crate::selection::Selection;

/// The largest ignore file: far more rules than anybody has.
pub const MAX_IGNORE_BYTES: u64 = 4 << 20;

/// The files that a build may copy.
///
/// It is read when it is asked, and not before.
#[derive(Debug)]
pub struct Context {
    root: Box<dyn Directory>,
    /// What it is called in the cache of digests. A tar is new every time.
    name: Option<Vec<u8>>,
    newest: Option<Timestamp>,
    ignore: Ignore,
}

impl Context {
    /// A directory, of which nothing is ignored yet. Symbolic links on the way to it, and it itself being one, are followed.
    ///
    /// # Errors
    /// [`OpenError`]
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let refused = |source| OpenError {
            path: path.to_owned(),
            source,
        };
        let name = std::path::absolute(path).map_err(refused)?;
        Ok(Self {
            root: Box::new(DiskDirectory::root(path).map_err(refused)?),
            name: Some(name.as_os_str().as_bytes().to_vec()),
            newest: None,
            ignore: Ignore::default(),
        })
    }

    /// The directory `path` within the directory `root`, whose files are somebody else's: no symbolic link leads from one to the other.
    ///
    /// # Errors
    /// [`OpenError`]
    pub fn open_inside(root: &Path, path: &str) -> Result<Self, OpenError> {
        let whole = root.join(path);
        let refused = |source| OpenError {
            path: whole.clone(),
            source,
        };
        let mut directory: Box<dyn Directory> = Box::new(DiskDirectory::root(root).map_err(refused)?);
        for name in names_from_root(path.as_bytes()) {
            directory = directory.enter(&name).map_err(refused)?;
        }
        let name = std::path::absolute(&whole).map_err(refused)?;
        Ok(Self {
            root: directory,
            name: Some(name.as_os_str().as_bytes().to_vec()),
            newest: None,
            ignore: Ignore::default(),
        })
    }

    /// A tar, plain or compressed with gzip, bzip2, xz or zstd, read to its end. It is told from its first bytes which.
    ///
    /// Its bytes go into one file without a name in `scratch`, which is gone with the context. No file gets a name from the tar, so that names
    /// such as `../x` could do no harm; they are refused all the same. Kinds, modes, devices and attributes are those of the tar, whatever the caller could
    /// make on a disk. An entry replaces an earlier one of its name, a directory is merged with an earlier one.
    ///
    /// # Errors
    /// [`TarError`]
    pub fn from_tar(stream: impl Read, scratch: &Path, limits: &TarLimits) -> Result<Self, TarError> {
        let (root, newest) = read(stream, scratch, limits)?;
        Ok(Self {
            root: Box::new(root),
            name: None,
            newest,
            ignore: Ignore::default(),
        })
    }

    /// The ignore rules of a build: those of `<dockerfile>.dockerignore`, where there is such a file in the context, else those of `.dockerignore`, else
    /// none. `dockerfile` is the Dockerfile's path within the context; `None` for one that comes from elsewhere, such as standard input, beside which a caller
    /// may look itself.
    ///
    /// # Errors
    /// [`FindIgnoreError`]
    pub fn find_ignore(&self, dockerfile: Option<&[u8]>) -> Result<Ignore, FindIgnoreError> {
        let own = dockerfile.map(|path| [path, b".dockerignore"].concat());
        for path in own.into_iter().chain([b".dockerignore".to_vec()]) {
            if let Some(text) = self.read_file(&path, MAX_IGNORE_BYTES)? {
                return Ignore::parse(&text).map_err(|source| FindIgnoreError::Parse { path, source });
            }
        }
        Ok(Ignore::default())
    }

    /// The same files without those that `ignore` covers.
    #[must_use]
    pub fn ignoring(self, ignore: Ignore) -> Self {
        Self { ignore, ..self }
    }

    /// The newest time of an entry of a tar; `None` without entries, and of a directory.
    #[must_use]
    pub fn newest(&self) -> Option<Timestamp> {
        self.newest
    }

    /// What is ignored.
    #[must_use]
    pub fn ignore(&self) -> &Ignore {
        &self.ignore
    }

    /// The content of a regular file, ignored or not: that is how the Dockerfile is read. Symbolic links are followed within the context. `None` when
    /// there is no such file.
    ///
    /// # Errors
    /// [`ReadFileError`]
    pub fn read_file(&self, path: &[u8], limit_bytes: u64) -> Result<Option<Vec<u8>>, ReadFileError> {
        let path_of = || path.to_vec();
        let located = match resolve(&*self.root, &Ignore::default(), &names_from_root(path)) {
            Ok(located) => located,
            Err(ResolveError::Missing { .. }) => return Ok(None),
            Err(ResolveError::Loop) => return Err(ReadFileError::Loop { path: path_of() }),
            Err(ResolveError::Read { path, source }) => return Err(ReadFileError::Read { path, source }),
        };
        if matches!(located.target, Target::Directory(_)) || !located.is_file() {
            return Err(ReadFileError::NoFile { path: path_of() });
        }
        let read_error = |source| ReadFileError::Read {
            path: path_of(),
            source,
        };
        let content = Cursor::new(&*self.root).open(&located.path).map_err(read_error)?;
        let mut bytes = Vec::new();
        content
            .take(limit_bytes.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(read_error)?;
        if bytes.len() as u64 > limit_bytes {
            return Err(ReadFileError::TooLarge {
                path: path_of(),
                limit_bytes,
            });
        }
        Ok(Some(bytes))
    }

    /// What the sources of one `COPY` or `ADD` name, without a look at any file's content.
    ///
    /// A source is a path from the context's root, after expansion of variables; what leads out of the root is cut to it, as BuildKit does. With `*`, `?` or
    /// `[` it is a pattern of Go's `filepath.Match`, which may match nothing.
    ///
    /// # Errors
    /// [`SelectError`]
    pub fn select(&self, sources: &[&str], options: &SelectOptions) -> Result<Selection<'_>, SelectError> {
        let parts = select(&*self.root, &self.ignore, sources, options)?;
        Ok(Selection::new(&*self.root, self.name.as_deref(), parts))
    }
}
