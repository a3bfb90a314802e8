//! Mounts by type, with the values of their variables.

use super::MountFlag;
use super::key::MountKey;
use super::values::Values;
use crate::error::MountProblem;
use crate::suggest;
use crate::word::Variables;

/// A `--mount` whose variables are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mount {
    /// `type=bind`, and no type at all.
    Bind(BindMount),
    /// `type=cache`
    Cache(CacheMount),
    /// `type=tmpfs`
    Tmpfs(TmpfsMount),
    /// `type=secret`
    Secret(SecretMount),
    /// `type=ssh`
    Ssh(SshMount),
}

/// Files of the context, a stage or an image. What is written to them is thrown away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BindMount {
    /// As of [`MountFlag::from`]; the context without it.
    pub from: Option<String>,
    /// A path within it; all of it without one.
    pub source: Option<String>,
    /// Where it is; relative to `WORKDIR`, which it is itself when this is empty.
    pub target: String,
    /// Whether it cannot be written to, which is the default.
    pub readonly: bool,
}

/// A directory that outlives the build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheMount {
    /// Which one; the target without it.
    pub id: Option<String>,
    /// Where it is; relative to `WORKDIR`, which it is itself when this is empty.
    pub target: String,
    /// What it holds at first, as of [`MountFlag::from`]; nothing without it.
    pub from: Option<String>,
    /// A path within that.
    pub source: Option<String>,
    /// Whether it cannot be written to.
    pub readonly: bool,
    /// Who has it at the same time.
    pub sharing: CacheSharing,
    /// Of the directory when it is made; 0755 by default.
    pub owner: MountOwner,
}

/// Who has a cache at the same time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum CacheSharing {
    /// Everybody.
    #[default]
    Shared,
    /// Nobody else: a second one gets a directory of its own.
    Private,
    /// Nobody else: a second one waits.
    Locked,
}

/// An empty directory in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TmpfsMount {
    /// Where it is; relative to `WORKDIR`, which it is itself when this is empty.
    pub target: String,
    /// How much it may hold; as much as there is memory without it.
    pub size_bytes: Option<u64>,
}

/// Something secret, as a file, as a variable or as both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretMount {
    /// Which one: `source`, else `id`, else the last part of the target.
    pub id: String,
    /// The path of the file, by default `/run/secrets/` and the last part of the id; `None` when it is only a variable.
    pub target: Option<String>,
    /// The variable.
    pub env: Option<String>,
    /// Whether the build fails without it; otherwise there is no such file.
    pub required: bool,
    /// Of the file; 0400 by default.
    pub owner: MountOwner,
}

/// A socket of an SSH agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SshMount {
    /// Which one; `default` by default.
    pub id: Option<String>,
    /// The path of the socket; `/run/buildkit/ssh_agent.N` without it.
    pub target: Option<String>,
    /// Whether the build fails without it; otherwise there is no such socket.
    pub required: bool,
    /// Of the socket; 0600 by default.
    pub owner: MountOwner,
}

/// Whose a mount's file or directory is; `None` leaves a part to the kind of mount.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MountOwner {
    /// The permission bits.
    pub mode: Option<u32>,
    /// The user; 0 by default.
    pub uid: Option<u32>,
    /// The group; 0 by default.
    pub gid: Option<u32>,
}

/// The types, by the names in `type=`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bind,
    Cache,
    Tmpfs,
    Secret,
    Ssh,
}

const KINDS: [(&str, Kind); 5] = [
    ("bind", Kind::Bind),
    ("cache", Kind::Cache),
    ("tmpfs", Kind::Tmpfs),
    ("secret", Kind::Secret),
    ("ssh", Kind::Ssh),
];

const SHARINGS: [(&str, CacheSharing); 3] = [
    ("shared", CacheSharing::Shared),
    ("private", CacheSharing::Private),
    ("locked", CacheSharing::Locked),
];

/// The mount that a flag means.
pub(super) fn read(flag: &MountFlag, variables: &dyn Variables) -> Result<Mount, MountProblem> {
    let values = Values::expand(flag, variables)?;
    let kind = match values.text(MountKey::Type) {
        None => Kind::Bind,
        Some(name) => choice(name, MountKey::Type, &KINDS, "bind, cache, tmpfs, secret or ssh")?,
    };
    refuse_keys_of_others(&values, kind)?;
    // Everything is read before the type decides what counts, so that a wrong value is found in any case.
    let owner = MountOwner {
        mode: values.number(MountKey::Mode, 8, "permission bits in octal")?,
        uid: values.number(MountKey::Uid, 10, "the number of a user")?,
        gid: values.number(MountKey::Gid, 10, "the number of a group")?,
    };
    let sharing = match values.text(MountKey::Sharing) {
        None => CacheSharing::default(),
        Some(name) => choice(name, MountKey::Sharing, &SHARINGS, "shared, private or locked")?,
    };
    let is_readonly_by_default = !matches!(kind, Kind::Cache | Kind::Tmpfs);
    let readonly = values.readonly()?.unwrap_or(is_readonly_by_default);
    let required = values.switch(MountKey::Required)?.unwrap_or(false);
    let size_bytes = values.size()?;
    let target = values.owned(MountKey::Target);
    let (id, from, source) = (
        values.owned(MountKey::Id),
        values.owned(MountKey::From),
        values.owned(MountKey::Source),
    );
    Ok(match kind {
        Kind::Bind => Mount::Bind(BindMount {
            from,
            source,
            target: target.unwrap_or_default(),
            readonly,
        }),
        Kind::Cache => Mount::Cache(CacheMount {
            id,
            target: target.unwrap_or_default(),
            from,
            source,
            readonly,
            sharing,
            owner,
        }),
        Kind::Tmpfs => Mount::Tmpfs(TmpfsMount {
            target: target.unwrap_or_default(),
            size_bytes,
        }),
        Kind::Secret => {
            if id.is_some() && source.is_some() {
                return Err(MountProblem::SourceAndId);
            }
            let env = values.owned(MountKey::Env);
            let id = source.or(id).or_else(|| target.as_deref().map(last_part));
            let id = id.ok_or(MountProblem::NoSecret)?;
            let by_default = || env.is_none().then(|| format!("/run/secrets/{}", last_part(&id)));
            Mount::Secret(SecretMount {
                target: target.or_else(by_default),
                id,
                env,
                required,
                owner,
            })
        }
        Kind::Ssh => Mount::Ssh(SshMount {
            id,
            target,
            required,
            owner,
        }),
    })
}

fn choice<T: Copy>(
    name: &str,
    key: MountKey,
    choices: &[(&'static str, T)],
    expected: &'static str,
) -> Result<T, MountProblem> {
    let chosen = choices.iter().find(|(other, _)| name.eq_ignore_ascii_case(other));
    chosen.map(|(_, choice)| *choice).ok_or_else(|| MountProblem::Value {
        key: key.name(),
        value: name.to_owned(),
        expected,
        suggestion: suggest::nearest(name, choices.iter().map(|(name, _)| *name)),
    })
}

/// Keys that only some types have. The others are without effect where they make no sense, as everybody else has it.
fn refuse_keys_of_others(values: &Values, kind: Kind) -> Result<(), MountProblem> {
    use Kind::{Cache, Secret, Ssh, Tmpfs};
    let only_of: [(MountKey, &[Kind]); 7] = [
        (MountKey::Sharing, &[Cache]),
        (MountKey::Required, &[Secret, Ssh]),
        (MountKey::Size, &[Tmpfs]),
        (MountKey::Env, &[Secret]),
        (MountKey::Mode, &[Cache, Secret, Ssh]),
        (MountKey::Uid, &[Cache, Secret, Ssh]),
        (MountKey::Gid, &[Cache, Secret, Ssh]),
    ];
    let refused = only_of
        .iter()
        .filter(|(_, kinds)| !kinds.contains(&kind))
        .map(|(key, _)| *key);
    let from_of_secret = (kind == Secret).then_some(MountKey::From);
    match refused.chain(from_of_secret).find(|key| values.has(*key)) {
        None => Ok(()),
        Some(key) => Err(MountProblem::KeyOfOtherType {
            key: key.name(),
            kind: KINDS
                .iter()
                .find(|(_, other)| *other == kind)
                .map_or("", |(name, _)| *name),
        }),
    }
}

/// The part of a path behind the last `/`.
fn last_part(path: &str) -> String {
    let path = path.trim_end_matches('/');
    path.rsplit('/').next().unwrap_or(path).to_owned()
}
