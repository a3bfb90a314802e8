//! What the result of a step depends on.
//!
//! A step depends on the layers below it, by their digests, and on what it does. Files that it takes from elsewhere count by the layers that they come from
//! ([`SourceKey::Layers`]), which is quick to tell, and by their content, which keeps a result when other layers have equal files. Labels, names of
//! stages, comments, secrets and what a cache holds are in no key.

use container_build_cache::CacheKey;
use container_dockerfile::{CacheSharing, Mount, Network, Security};
use container_oci::{Digest, Platform};
use serde::Serialize;

use crate::files::Owner;
use crate::plan::{CopySource, CopyStep, RunStep, WorkdirStep};

/// Files that a step takes from elsewhere.
#[derive(Debug, Clone, Serialize)]
pub(crate) enum SourceKey {
    /// Nothing.
    None,
    /// What is selected in the root of these layers.
    Layers(Vec<Digest>),
    /// Files with this digest.
    Content(Digest),
}

/// Something that a step fetches from other machines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) enum FetchedKey {
    /// A file with this name and this content. Its time is that of the first build that copied it.
    File {
        name: String,
        digest: Digest,
        unpacks: bool,
    },
    /// The files of a commit.
    Tree {
        commit: String,
        subdirectory: String,
        keeps_git_dir: bool,
        skips_submodules: bool,
    },
}

#[derive(Serialize)]
enum StepKey<'a> {
    Run(RunKey<'a>),
    Copy(CopyKey<'a>),
    Clamped {
        layer: &'a Digest,
        latest: i64,
    },
    Workdir {
        below: &'a [Digest],
        path: &'a str,
        uid: u32,
        gid: u32,
        epoch: Option<i64>,
    },
}

#[derive(Serialize)]
struct RunKey<'a> {
    below: &'a [Digest],
    platform: String,
    arguments: &'a [String],
    script: Option<(&'a str, &'a str)>,
    environment: &'a [(String, String)],
    directory: &'a str,
    user: &'a str,
    network: &'static str,
    is_insecure: bool,
    hosts: &'a [&'a str],
    mounts: Vec<MountKey<'a>>,
}

#[derive(Serialize)]
enum MountKey<'a> {
    Bind {
        target: &'a str,
        source: Option<&'a str>,
        is_read_only: bool,
        files: &'a SourceKey,
    },
    Cache {
        target: &'a str,
        id: Option<&'a str>,
        source: Option<&'a str>,
        sharing: &'static str,
    },
    Tmpfs {
        target: &'a str,
        size_bytes: Option<u64>,
    },
}

#[derive(Serialize)]
struct CopyKey<'a> {
    below: &'a [Digest],
    files: &'a SourceKey,
    /// Of what is selected in layers; the digest of content tells it already.
    paths: Vec<&'a str>,
    excludes: &'a [String],
    documents: Vec<(&'a str, &'a str)>,
    fetched: &'a [FetchedKey],
    destination: &'a str,
    owner: Option<(u32, u32)>,
    mode: Option<String>,
    keeps_parents: bool,
    unpacks: bool,
    epoch: Option<i64>,
}

/// The key of a command. `files` has one entry for each mount.
pub(super) fn of_run(
    step: &RunStep,
    below: &[Digest],
    platform: &Platform,
    (default_is_none, hosts): (bool, &[&str]),
    files: &[SourceKey],
) -> Result<CacheKey, serde_json::Error> {
    let mounts = step
        .mounts
        .iter()
        .zip(files)
        .filter_map(|(mount, files)| match &mount.mount {
            Mount::Bind(bind) => Some(MountKey::Bind {
                target: &bind.target,
                source: bind.source.as_deref(),
                is_read_only: bind.readonly,
                files,
            }),
            Mount::Cache(cache) => Some(MountKey::Cache {
                target: &cache.target,
                id: cache.id.as_deref(),
                source: cache.source.as_deref(),
                sharing: match cache.sharing {
                    CacheSharing::Shared => "shared",
                    CacheSharing::Private => "private",
                    CacheSharing::Locked => "locked",
                },
            }),
            Mount::Tmpfs(tmpfs) => Some(MountKey::Tmpfs {
                target: &tmpfs.target,
                size_bytes: tmpfs.size_bytes,
            }),
            Mount::Secret(_) | Mount::Ssh(_) => None,
        });
    CacheKey::of(&StepKey::Run(RunKey {
        below,
        platform: platform.to_string(),
        arguments: &step.arguments,
        script: step
            .script
            .as_ref()
            .map(|script| (script.path.as_str(), script.content.as_str())),
        environment: &step.environment,
        directory: &step.directory,
        user: &step.user,
        network: match step.network {
            Network::Default if default_is_none => "none",
            Network::Default => "default",
            Network::None => "none",
            Network::Host => "host",
        },
        is_insecure: step.security == Security::Insecure,
        hosts,
        mounts: mounts.collect(),
    }))
}

/// The key of a copy.
pub(super) fn of_copy(
    step: &CopyStep,
    below: &[Digest],
    files: &SourceKey,
    fetched: &[FetchedKey],
    owner: Option<Owner>,
    epoch: Option<i64>,
) -> Result<CacheKey, serde_json::Error> {
    let (mut paths, mut documents) = (Vec::new(), Vec::new());
    for source in &step.sources {
        match source {
            CopySource::Path(path) => paths.push(path.as_str()),
            CopySource::Document { name, content } => documents.push((name.as_str(), content.as_str())),
            CopySource::Url { .. } | CopySource::Git { .. } => {}
        }
    }
    if matches!(files, SourceKey::Content(_)) {
        paths.clear();
    }
    CacheKey::of(&StepKey::Copy(CopyKey {
        below: if step.is_linked { &[] } else { below },
        files,
        paths,
        excludes: &step.excludes,
        documents,
        fetched,
        destination: &step.destination,
        owner: owner.map(|owner| (owner.uid, owner.gid)),
        mode: step.mode.as_ref().map(ToString::to_string),
        keeps_parents: step.keeps_parents,
        unpacks: step.unpacks,
        epoch,
    }))
}

/// The key of a layer whose files are no newer than `latest`, in seconds since 1970.
pub(crate) fn of_clamped(layer: &Digest, latest: i64) -> Result<CacheKey, serde_json::Error> {
    CacheKey::of(&StepKey::Clamped { layer, latest })
}

/// The key of a directory.
pub(super) fn of_workdir(
    step: &WorkdirStep,
    below: &[Digest],
    owner: Owner,
    epoch: Option<i64>,
) -> Result<CacheKey, serde_json::Error> {
    CacheKey::of(&StepKey::Workdir {
        below,
        path: &step.path,
        uid: owner.uid,
        gid: owner.gid,
        epoch,
    })
}

#[cfg(test)]
mod tests;
