//! `RUN --mount`: what a command sees while it runs.

use std::sync::Arc;

use container_build_cache::CacheMountClaim;
use container_build_context::SelectedKind;
use container_dockerfile::{CacheMount, Mount, MountOwner, SecretMount, SshMount};
use container_engine::{Secret, StepMount, StepOwner, StepTree};
use container_oci::Digest;
use container_rootfs::ArchiveOptions;
use container_tar::{Entry, EntryKind, Timestamp, Writer};

use super::Execution;
use super::key::SourceKey;
use super::machine::Running;
use super::pipe::{Piped, piped};
use super::stage::StepContext;
use super::view::{RootDisks, blocking};
use crate::files::{Dress, LayerWriter, copy_context};
use crate::plan::{FileOrigin, RunScript, RunStep};
use crate::{FilesError, StepError};

/// What a file is called in its archive that is mounted alone: its own name may be no text, and nobody sees it.
const MOUNTED_FILE: &str = "file";
/// Where secrets are unless their mount says otherwise.
const SECRETS: &str = "/run/secrets";
/// Where sockets of agents are, with a number behind it.
const SSH_AGENT: &str = "/run/buildkit/ssh_agent";
/// The agent that is meant without a name.
const DEFAULT_AGENT: &str = "default";
/// The variable by which programs find the agent.
const SSH_AUTH_SOCK: &str = "SSH_AUTH_SOCK";
const CACHE_MODE: u32 = 0o755;
const SECRET_MODE: u32 = 0o400;
const SOCKET_MODE: u32 = 0o600;
const SCRIPT_MODE: u16 = 0o755;

/// Mounts, variables that belong to them, and what has to be held while the command runs.
type Mounted = (Vec<StepMount>, Vec<String>, Vec<CacheMountClaim>);

impl Execution<'_> {
    pub(super) async fn mounts(
        &self,
        running: &mut Running,
        context: &StepContext<'_>,
        step: &RunStep,
        counted: &[SourceKey],
    ) -> Result<Mounted, StepError> {
        let (mut mounts, mut variables, mut claims) = (Vec::new(), Vec::new(), Vec::new());
        if let Some(script) = &step.script {
            mounts.push(self.script(running, script).await?);
        }
        let mut sockets = 0;
        for (mount, counted) in step.mounts.iter().zip(counted) {
            match &mount.mount {
                Mount::Bind(bind) => {
                    let files = self.mounted_files(context, mount.origin.as_ref(), bind.source.as_deref(), counted);
                    let (archive, source) = files.await?;
                    mounts.push(StepMount::Tree {
                        tree: add_tree(running, archive).await?,
                        source,
                        target: bind.target.clone(),
                        is_read_only: bind.readonly,
                    });
                }
                Mount::Cache(cache) => {
                    claims.extend(running.caches.claim(cache).await?);
                    mounts.extend(self.cache(running, context, cache, mount.origin.as_ref()).await?);
                }
                Mount::Tmpfs(tmpfs) => mounts.push(StepMount::Tmpfs {
                    target: tmpfs.target.clone(),
                    size_bytes: tmpfs.size_bytes,
                }),
                Mount::Secret(secret) => {
                    if let Some(content) = self.secret(secret).await? {
                        if let Some(name) = &secret.env {
                            let value = std::str::from_utf8(&content);
                            let value = value.map_err(|_| StepError::SecretNoText { id: secret.id.clone() })?;
                            variables.push(format!("{name}={value}"));
                        }
                        mounts.extend(secret_file(secret, content));
                    }
                }
                Mount::Ssh(ssh) => {
                    if let Some(mount) = self.agent(ssh, sockets)? {
                        if let (0, StepMount::Socket { target, .. }) = (sockets, &mount) {
                            variables.push(format!("{SSH_AUTH_SOCK}={target}"));
                        }
                        sockets += 1;
                        mounts.push(mount);
                    }
                }
            }
        }
        Ok((mounts, variables, claims))
    }

    /// The digest of what a mount of the context shows.
    pub(super) async fn mounted_digest(&self, origin: &FileOrigin, source: Option<&str>) -> Result<Digest, StepError> {
        let (sources, origin) = (Arc::clone(&self.sources), origin.clone());
        let source = source.unwrap_or("/").to_owned();
        blocking(move || {
            let selection = sources.select(&origin, &[&source], &[], false)?;
            Ok(sources.digest(&selection)?)
        })
        .await
    }

    async fn cache(
        &self,
        running: &mut Running,
        context: &StepContext<'_>,
        cache: &CacheMount,
        origin: Option<&FileOrigin>,
    ) -> Result<Option<StepMount>, StepError> {
        let Some(place) = running.caches.place(cache) else {
            return Ok(None);
        };
        let initial = match origin {
            Some(_) => {
                let files = self.mounted_files(context, origin, cache.source.as_deref(), &SourceKey::None);
                let (archive, path) = files.await?;
                Some((add_tree(running, archive).await?, path))
            }
            None => None,
        };
        let source = match initial {
            Some(_) => String::new(),
            None => cache.source.as_deref().unwrap_or_default().trim_matches('/').to_owned(),
        };
        Ok(Some(StepMount::Cache {
            cache: place,
            source,
            target: cache.target.clone(),
            is_read_only: cache.readonly,
            owner: owner(cache.owner, CACHE_MODE),
            initial,
        }))
    }

    /// An archive of all that `source` names, or of everything, and the path in it: that of a file, or empty for a directory. Files of a context have to be
    /// what `counted` says, where that says anything.
    async fn mounted_files(
        &self,
        context: &StepContext<'_>,
        origin: Option<&FileOrigin>,
        source: Option<&str>,
        counted: &SourceKey,
    ) -> Result<(std::io::Result<Piped>, String), StepError> {
        let source = source.unwrap_or("/").to_owned();
        match origin {
            None | Some(FileOrigin::Scratch) => Ok((no_files(), String::new())),
            Some(origin @ (FileOrigin::Context | FileOrigin::NamedContext(_))) => {
                let counted = match counted {
                    SourceKey::Content(digest) => Some(*digest),
                    SourceKey::None | SourceKey::Layers(_) => None,
                };
                self.files_of_context(origin.clone(), source, counted).await
            }
            Some(origin) => {
                let disks = self.disks(&self.root_of(context, origin).await?).await?;
                files_of_root(disks, source).await
            }
        }
    }

    async fn files_of_context(
        &self,
        origin: FileOrigin,
        source: String,
        counted: Option<Digest>,
    ) -> Result<(std::io::Result<Piped>, String), StepError> {
        let (sources, asked) = (Arc::clone(&self.sources), (origin.clone(), source.clone()));
        let is_file = blocking(move || {
            let (origin, source) = asked;
            let selection = sources.select(&origin, &[&source], &[], false)?;
            let selected: Vec<_> = selection.selected().collect();
            Ok(matches!(selected.as_slice(), [one] if one.kind == SelectedKind::File))
        });
        let name = if is_file.await? { MOUNTED_FILE } else { "" };
        let sources = Arc::clone(&self.sources);
        let archive = piped(move |output| {
            let selection = sources.select(&origin, &[&source], &[], false)?;
            let mut layer = LayerWriter::new(None, output, Dress::default());
            copy_context(&mut layer, &selection, &format!("/{name}"), false)?;
            if let Some(counted) = counted {
                sources.check(&selection, &counted)?;
            }
            layer.finish()?;
            Ok(())
        });
        Ok((archive, name.to_owned()))
    }

    /// A script that is executed as a file.
    async fn script(&self, running: &mut Running, script: &RunScript) -> Result<StepMount, StepError> {
        let (directory, name) = script.path.rsplit_once('/').unwrap_or(("", &script.path));
        let (entry_name, content) = (name.to_owned(), script.content.clone());
        let created = self.created();
        let tree = add_tree(
            running,
            piped(move |output| {
                let mut tar = Writer::new(output);
                let entry = script_entry(entry_name.into_bytes(), content.len() as u64, created);
                tar.begin(&entry).map_err(FilesError::from)?;
                tar.content(content.as_bytes()).map_err(FilesError::from)?;
                tar.finish().map_err(FilesError::from)?;
                Ok(())
            }),
        );
        Ok(StepMount::Tree {
            tree: tree.await?,
            source: String::new(),
            target: directory.to_owned(),
            is_read_only: true,
        })
    }

    /// The content of a secret, if it was given.
    async fn secret(&self, secret: &SecretMount) -> Result<Option<Vec<u8>>, StepError> {
        let failed = |source| StepError::Secret {
            id: secret.id.clone(),
            source,
        };
        match self.request.secrets.get(&secret.id) {
            Some(source) => source.read().await.map(Some).map_err(failed),
            None if secret.required => Err(StepError::Missing {
                what: "secret",
                id: secret.id.clone(),
            }),
            None => Ok(None),
        }
    }

    /// The socket of an agent, if it was given.
    fn agent(&self, ssh: &SshMount, number: usize) -> Result<Option<StepMount>, StepError> {
        let id = ssh.id.as_deref().unwrap_or(DEFAULT_AGENT);
        match self.request.ssh_agents.get(id) {
            Some(source) => Ok(Some(StepMount::Socket {
                source: source.clone(),
                target: ssh.target.clone().unwrap_or_else(|| format!("{SSH_AGENT}.{number}")),
                owner: owner(ssh.owner, SOCKET_MODE),
            })),
            None if ssh.required => Err(StepError::Missing {
                what: "ssh",
                id: id.to_owned(),
            }),
            None => Ok(None),
        }
    }
}

fn no_files() -> std::io::Result<Piped> {
    piped(|output| {
        Writer::new(output).finish().map_err(FilesError::from)?;
        Ok(())
    })
}

/// An archive of what is at `source` in a root, and the name of a file in it.
async fn files_of_root(disks: RootDisks, source: String) -> Result<(std::io::Result<Piped>, String), StepError> {
    let opened = disks.clone();
    let located = blocking(move || {
        let missing = || FilesError::NotFound {
            path: source.clone().into_bytes(),
        };
        let root = opened.open()?.ok_or_else(missing)?;
        let located = root.locate(source.as_bytes(), true).map_err(FilesError::from)?;
        let entry = located.entry.as_ref().ok_or_else(missing)?;
        let name = if entry.is_directory() { "" } else { MOUNTED_FILE };
        Ok((located.path(), name))
    });
    let (path, name) = located.await?;
    let archive = piped(move |output| {
        let mut tar = Writer::new(output);
        if let Some(root) = disks.open()? {
            let options = ArchiveOptions { follows_link: true };
            root.archive(&path, name.as_bytes(), options, &mut tar)
                .map_err(FilesError::from)?;
        }
        tar.finish().map_err(FilesError::from)?;
        Ok(())
    });
    Ok((archive, name.to_owned()))
}

async fn add_tree(running: &mut Running, archive: std::io::Result<Piped>) -> Result<StepTree, StepError> {
    let archive = archive.map_err(FilesError::from)?;
    Ok(running.machine.add_tree(archive).await?)
}

/// The file of a secret; none where it is only a variable.
fn secret_file(secret: &SecretMount, content: Vec<u8>) -> Option<StepMount> {
    let target = match (&secret.target, &secret.env) {
        (Some(target), _) => target.clone(),
        (None, Some(_)) => return None,
        (None, None) => format!("{SECRETS}/{}", secret.id),
    };
    Some(StepMount::Secret {
        target,
        content: Secret(content),
        owner: owner(secret.owner, SECRET_MODE),
    })
}

fn owner(owner: MountOwner, mode: u32) -> StepOwner {
    StepOwner {
        uid: owner.uid.unwrap_or_default(),
        gid: owner.gid.unwrap_or_default(),
        mode: owner.mode.unwrap_or(mode),
    }
}

fn script_entry(path: Vec<u8>, size_bytes: u64, modified: Timestamp) -> Entry {
    Entry {
        path,
        kind: EntryKind::File {
            size_bytes,
            regions: None,
        },
        mode: SCRIPT_MODE,
        uid: 0,
        gid: 0,
        modified,
        xattrs: Vec::new(),
    }
}
