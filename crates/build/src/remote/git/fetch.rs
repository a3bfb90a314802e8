//! From a commit to its files.

use std::fs;
use std::io;
use std::path::Path;

use container_build_cache::BuildCache;

use super::program::{Failed, Git, GitAccess};
use super::{RemoteTree, TreeRequest, limits};
use crate::remote::RemoteError;

const GIT_DIRECTORY: &str = ".git";
/// Where a submodule is said to come from.
const MODULES: &str = ".gitmodules";
/// What of `.git` says when it was made.
const TRACES: [&str; 3] = ["FETCH_HEAD", "ORIG_HEAD", "logs"];

/// Fetches the files of a commit, unless they are here.
pub(in crate::remote) async fn fetch(
    request: &TreeRequest,
    cache: &BuildCache,
    access: &GitAccess,
) -> Result<RemoteTree, RemoteError> {
    let claim = cache.claim_trees(&request.remote, || {}).await?;
    let name = request.name();
    let url = crate::address::without_login(&request.remote);
    if let Some(held) = claim.find(&name)? {
        return Ok(RemoteTree { held, url });
    }
    let new = claim.begin(&name)?;
    let directory = new.path().to_owned();
    let git = Git::new(url.clone(), &request.remote, access, &directory)?;
    let commit = request.revision.commit.as_str();
    git.run(&["init", "--quiet", "--template="]).await?;
    // Addresses of submodules may start from it. A login in it would be copied with the files.
    git.run(&["remote", "add", "origin", &url]).await?;
    fetch_commit(&git, request).await?;
    let found = git
        .run(&["rev-parse", "--verify", "--quiet", &format!("{commit}^{{commit}}")])
        .await;
    if !found.is_ok_and(|found| found.trim_ascii() == commit.as_bytes()) {
        return Err(match request.revision.name {
            Some(_) => RemoteError::Changed { url },
            None => RemoteError::NoReference {
                url,
                reference: commit.to_owned(),
            },
        });
    }
    limits::check(&git, &url, commit).await?;
    git.run(&["checkout", "--quiet", "--force", "--detach", commit]).await?;
    if !request.skips_submodules && has_modules(new.path()) {
        submodules(&git).await?;
    }
    let commit_unix_seconds = commit_time(&git, commit).await?;
    let keeps_git_dir = request.keeps_git_dir;
    let kept = tokio::task::spawn_blocking(move || {
        match keeps_git_dir {
            true => remove_traces(&new.path().join(GIT_DIRECTORY))?,
            false => remove_git(new.path())?,
        }
        let held = new.keep(&url, commit_unix_seconds)?;
        Ok::<_, RemoteError>(RemoteTree { held, url })
    });
    kept.await.map_err(|_| RemoteError::Interrupted)?
}

/// When a commit was made, in seconds since 1970. Times that do not fit count as 1970.
async fn commit_time(git: &Git<'_>, commit: &str) -> Result<i64, RemoteError> {
    let told = git
        .run(&["log", "-1", "--no-show-signature", "--format=%ct", commit, "--"])
        .await?;
    let told = String::from_utf8_lossy(&told);
    Ok(told.trim().parse().unwrap_or_default())
}

impl TreeRequest {
    /// The name of the tree among those of the repository.
    fn name(&self) -> String {
        let git = if self.keeps_git_dir { "-git" } else { "" };
        let submodules = if self.skips_submodules { "-alone" } else { "" };
        format!("{}{git}{submodules}", self.revision.commit)
    }

    /// What is asked for, and as what it is kept: so that programs find a tag or a branch in `.git`.
    fn refspec(&self) -> String {
        match self.revision.name.as_deref() {
            None => self.revision.commit.clone(),
            Some(name) => match (name.strip_prefix("refs/heads/"), name.starts_with("refs/tags/")) {
                (Some(branch), _) => format!("+{name}:refs/remotes/origin/{branch}"),
                (None, true) => format!("+{name}:{name}"),
                (None, false) => name.to_owned(),
            },
        }
    }
}

/// Fetches the commit alone; with its history from servers that cannot do otherwise, and with everything where a commit cannot be asked for.
async fn fetch_commit(git: &Git<'_>, request: &TreeRequest) -> Result<(), RemoteError> {
    let refspec = request.refspec();
    let alone = [
        "fetch",
        "--quiet",
        "--no-tags",
        "--depth=1",
        "--",
        &request.remote,
        &refspec,
    ];
    let Err(failed) = git.run(&alone).await else {
        return Ok(());
    };
    if !is_about_depth(&failed) && !is_about_commit(&failed) {
        return Err(failed.into());
    }
    let whole = ["fetch", "--quiet", "--no-tags", "--", &request.remote, &refspec];
    let Err(failed) = git.run(&whole).await else {
        return Ok(());
    };
    if request.revision.name.is_some() || !is_about_commit(&failed) {
        return Err(failed.into());
    }
    let everything = "+refs/heads/*:refs/remotes/origin/*";
    git.run(&["fetch", "--quiet", "--tags", "--", &request.remote, everything])
        .await?;
    Ok(())
}

/// The server cannot leave history out, as one that only serves files.
fn is_about_depth(failed: &Failed) -> bool {
    failed.said.contains("shallow") || failed.said.contains("--depth")
}

/// The server gives out what has a name only.
fn is_about_commit(failed: &Failed) -> bool {
    [
        "unadvertised object",
        "not our ref",
        "couldn't find remote ref",
        "Cannot obtain needed object",
    ]
    .iter()
    .any(|text| failed.said.contains(text))
}

fn has_modules(tree: &Path) -> bool {
    // A link may lead anywhere, and `git` takes none.
    tree.join(MODULES).symlink_metadata().is_ok_and(|found| found.is_file())
}

async fn submodules(git: &Git<'_>) -> Result<(), RemoteError> {
    let alone = ["submodule", "--quiet", "update", "--init", "--recursive", "--depth=1"];
    match git.run(&alone).await {
        Ok(_) => Ok(()),
        Err(failed) if is_about_depth(&failed) || is_about_commit(&failed) => {
            git.run(&["submodule", "--quiet", "update", "--init", "--recursive"])
                .await?;
            Ok(())
        }
        Err(failed) => Err(failed.into()),
    }
}

/// Removes what says when, and not what, was fetched.
fn remove_traces(git_directory: &Path) -> io::Result<()> {
    for name in TRACES {
        let path = git_directory.join(name);
        let removed = match path.is_dir() {
            true => fs::remove_dir_all(&path),
            false => fs::remove_file(&path),
        };
        match removed {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// Removes `.git`, also of submodules: no commit has a file of this name.
fn remove_git(tree: &Path) -> io::Result<()> {
    let mut pending = vec![tree.to_owned()];
    while let Some(directory) = pending.pop() {
        for entry in fs::read_dir(&directory)? {
            let entry = entry?;
            let is_directory = entry.file_type()?.is_dir();
            match (entry.file_name() == GIT_DIRECTORY, is_directory) {
                (true, true) => fs::remove_dir_all(entry.path())?,
                (true, false) => fs::remove_file(entry.path())?,
                (false, true) => pending.push(entry.path()),
                (false, false) => {}
            }
        }
    }
    Ok(())
}
