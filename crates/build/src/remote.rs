//! What is not on this machine: files at addresses and trees of repositories, fetched by the host.
//!
//! [`Remotes`] fetches each of them once for a build. What was fetched stays in the cache of builds; what a server says of its version then saves the next
//! transfer. Nothing that is fetched is trusted: sizes and times are bounded, a name in it never becomes a path here, and no program of a repository or of the
//! user's configuration is started.

mod error;
mod file;
mod git;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use container_build_cache::BuildCache;
use container_oci::Digest;
use container_registry::Downloads;
use tokio::sync::OnceCell;

use crate::address::{GitAddress, WebAddress, revision_uri};

pub use error::RemoteError;
pub(crate) use file::RemoteFile;
pub(crate) use git::{GitAccess, RemoteTree, Revision, TreeRequest};

/// What was fetched, for those who want to know what a build was made from. Addresses have no logins.
pub(crate) enum Fetched {
    /// A file.
    File {
        /// Where it was.
        url: String,
        /// Digest of its bytes.
        digest: Digest,
    },
    /// Files of a repository.
    Commit {
        /// The repository, and what of it was asked for.
        uri: String,
        /// The commit, in hexadecimal digits.
        commit: String,
    },
}

/// What of a build is fetched. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Remotes(Arc<Shared>);

struct Shared {
    cache: BuildCache,
    ca_files: Vec<PathBuf>,
    access: GitAccess,
    downloads: OnceCell<Downloads>,
    files: Once<(WebAddress, Option<Digest>), RemoteFile>,
    revisions: Once<(String, Option<String>), Revision>,
    trees: Once<TreeRequest, Arc<RemoteTree>>,
}

impl Remotes {
    /// Nothing is fetched yet; what is stays in `cache`. `ca_files` are certificate authorities that are trusted besides the system's.
    pub(crate) fn new(cache: BuildCache, ca_files: &[PathBuf], access: GitAccess) -> Self {
        Self(Arc::new(Shared {
            cache,
            ca_files: ca_files.to_vec(),
            access,
            downloads: OnceCell::new(),
            files: Once::default(),
            revisions: Once::default(),
            trees: Once::default(),
        }))
    }

    /// The file at an address; it has to be the one that is `expected`, if one is.
    pub(crate) async fn file(
        &self,
        address: &WebAddress,
        expected: Option<&Digest>,
    ) -> Result<RemoteFile, RemoteError> {
        let shared = &*self.0;
        let fetch = async || {
            let downloads = shared
                .downloads
                .get_or_try_init(async || Downloads::new(&shared.ca_files))
                .await
                .map_err(|error| RemoteError::of_file(address, error))?;
            file::fetch(downloads, &shared.cache, address, expected).await
        };
        shared.files.get((address.clone(), expected.copied()), fetch).await
    }

    /// All that was fetched so far.
    pub(crate) fn fetched(&self) -> Vec<Fetched> {
        let files = self
            .0
            .files
            .made()
            .into_iter()
            .map(|((address, _), file)| Fetched::File {
                url: address.without_login(),
                digest: file.digest,
            });
        let revisions = self.0.revisions.made().into_iter();
        let commits = revisions.map(|((remote, reference), revision)| Fetched::Commit {
            uri: revision_uri(&remote, reference.as_deref()),
            commit: revision.commit,
        });
        files.chain(commits).collect()
    }

    /// The commit that an address means now.
    pub(crate) async fn revision(&self, address: &GitAddress) -> Result<Revision, RemoteError> {
        let shared = &*self.0;
        let key = (address.remote.clone(), address.reference.clone());
        let revision = shared
            .revisions
            .get(key, async || git::resolve(address, &shared.access).await)
            .await?;
        revision.check(address)?;
        Ok(revision)
    }

    /// The files of a commit. They stay as long as the build.
    pub(crate) async fn tree(&self, address: &GitAddress, keeps_git_dir: bool) -> Result<Arc<RemoteTree>, RemoteError> {
        let shared = &*self.0;
        let revision = self.revision(address).await?;
        let request = TreeRequest {
            remote: address.remote.clone(),
            revision,
            keeps_git_dir,
            skips_submodules: address.skips_submodules,
        };
        let fetch = async || git::fetch(&request, &shared.cache, &shared.access).await.map(Arc::new);
        shared.trees.get(request.clone(), fetch).await
    }
}

impl std::fmt::Debug for Remotes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Remotes")
            .field("ca_files", &self.0.ca_files)
            .finish_non_exhaustive()
    }
}

/// Values that are made once, however many want them at the same time. A failure is no value.
struct Once<K, V>(Mutex<BTreeMap<K, Arc<OnceCell<V>>>>);

impl<K, V> Default for Once<K, V> {
    fn default() -> Self {
        Self(Mutex::new(BTreeMap::new()))
    }
}

impl<K: Ord + Clone, V: Clone> Once<K, V> {
    /// All values that there are.
    fn made(&self) -> Vec<(K, V)> {
        let cells = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let made = cells.iter().filter_map(|(key, cell)| Some((key, cell.get()?)));
        made.map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    async fn get(&self, key: K, make: impl AsyncFnOnce() -> Result<V, RemoteError>) -> Result<V, RemoteError> {
        let cell = {
            let mut cells = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(cells.entry(key).or_default())
        };
        cell.get_or_try_init(|| make()).await.cloned()
    }
}
