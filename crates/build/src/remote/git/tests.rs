//! Repositories of a server that only serves files, which is the least that `git` can fetch from.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use container_build_cache::BuildCache;
use container_build_context::SelectOptions;
use container_fixtures::{Answer, Server, reply};
use container_require::{is_installed, require};

use super::*;
use crate::remote::Remotes;

/// A repository that is served.
struct Served {
    root: tempfile::TempDir,
    server: Server,
}

impl Served {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let files = root.path().to_owned();
        // What a request names is joined name by name, so that a test cannot be served anything else.
        let server = Server::start(move |request| {
            let names = request.path.split('/').filter(|name| !matches!(*name, "" | "." | ".."));
            let path = names.fold(files.clone(), |path, name| path.join(name));
            match fs::read(path) {
                Ok(content) => Answer::ok("application/octet-stream", content),
                Err(_) => reply(404),
            }
        });
        Self { root, server }
    }

    fn directory(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// Makes a repository with one commit of these files; `prepare` changes it before.
    fn repository(&self, name: &str, files: &[(&str, &str)], prepare: impl Fn(&Path)) {
        let directory = self.directory(name);
        for (path, content) in files {
            let path = directory.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        git(&directory, &["init", "--quiet", "--initial-branch=main"]);
        git(&directory, &["add", "--all"]);
        prepare(&directory);
        git(&directory, &["commit", "--quiet", "--message=first"]);
        self.publish(name);
    }

    fn publish(&self, name: &str) {
        let directory = self.directory(name);
        git(&directory, &["repack", "-a", "-d", "--quiet"]);
        git(&directory, &["update-server-info"]);
    }

    fn address(&self, text: &str) -> GitAddress {
        GitAddress::parse(&self.server.url(text)).unwrap().unwrap()
    }
}

fn git(directory: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .arg("-C")
        .arg(directory)
        .args(["-c", "user.name=n", "-c", "user.email=e", "-c", "commit.gpgSign=false"])
        .args(arguments)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn remotes(root: &tempfile::TempDir) -> Remotes {
    Remotes::new(BuildCache::at(root.path()), &[], GitAccess::default())
}

/// Paths of a tree, as a copy of all of it sees them.
async fn paths(remotes: &Remotes, address: &GitAddress, keeps_git_dir: bool) -> Result<Vec<String>, RemoteError> {
    let tree = remotes.tree(address, keeps_git_dir).await?;
    let context = tree.open(&address.subdirectory)?;
    let selection = context.select(&["/"], &SelectOptions::default()).unwrap();
    let mut walk = selection.walk();
    let mut paths = Vec::new();
    while let Some(item) = walk.next_item().unwrap() {
        paths.push(String::from_utf8(item.entry.path.clone()).unwrap());
    }
    Ok(paths)
}

#[tokio::test]
async fn branches_tags_and_commits_have_their_files() {
    require!(is_installed("git"), "git");
    let served = Served::new();
    served.repository("a.git", &[("one", "1"), ("docs/two", "2")], |directory| {
        git(directory, &["update-index", "--chmod=+x", "one"]);
    });
    let directory = served.directory("a.git");
    let first = git(&directory, &["rev-parse", "HEAD"]);
    git(&directory, &["tag", "--annotate", "--message=m", "v1"]);
    fs::write(directory.join("three"), "3").unwrap();
    git(&directory, &["add", "three"]);
    git(&directory, &["commit", "--quiet", "--message=second"]);
    served.publish("a.git");
    let root = tempfile::tempdir().unwrap();
    for (address, expected) in [
        ("/a.git/.git", vec!["docs", "docs/two", "one", "three"]),
        ("/a.git/.git#main:docs", vec!["two"]),
        ("/a.git/.git?branch=main&subdir=docs", vec!["two"]),
        ("/a.git/.git#v1", vec!["docs", "docs/two", "one"]),
        ("/a.git/.git?tag=v1", vec!["docs", "docs/two", "one"]),
        (&format!("/a.git/.git#{first}"), vec!["docs", "docs/two", "one"]),
        (
            &format!("/a.git/.git?tag=v1&checksum={}", &first[..8]),
            vec!["docs", "docs/two", "one"],
        ),
    ] {
        let address = served.address(address);
        assert_eq!(
            paths(&remotes(&root), &address, false).await.unwrap(),
            expected,
            "{address:?}"
        );
    }
    let tree = remotes(&root)
        .tree(&served.address("/a.git/.git#v1"), false)
        .await
        .unwrap();
    let mode = |name: &str| fs::metadata(tree.held.path().join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("one"), mode("docs/two"), mode("docs")), (0o755, 0o644, 0o755));
}

#[tokio::test]
async fn what_a_repository_does_not_have_is_said() {
    require!(is_installed("git"), "git");
    let served = Served::new();
    served.repository("a.git", &[("one", "1")], |directory| {
        std::os::unix::fs::symlink("/etc", directory.join("link")).unwrap();
        git(directory, &["add", "link"]);
    });
    let root = tempfile::tempdir().unwrap();
    let none = "0".repeat(40);
    for (address, expected) in [
        ("/a.git/.git#nothing", "has no branch, tag or commit \"nothing\""),
        (&format!("/a.git/.git#{none}"), "has no branch, tag or commit"),
        ("/a.git/.git#main:docs", "has no directory \"docs\""),
        ("/a.git/.git#main:link", "has no directory \"link\""),
        ("/a.git/.git?branch=main&checksum=0123", "to begin with 0123"),
        ("/b/.git", "git ls-remote failed"),
    ] {
        let error = paths(&remotes(&root), &served.address(address), false)
            .await
            .unwrap_err()
            .to_string();
        assert!(error.contains(expected), "{address}: {error}");
    }
}

#[tokio::test]
async fn the_git_directory_is_kept_where_that_is_asked_for() {
    require!(is_installed("git"), "git");
    let served = Served::new();
    served.repository("a.git", &[("one", "1")], |_| {});
    git(&served.directory("a.git"), &["tag", "v1"]);
    served.publish("a.git");
    let root = tempfile::tempdir().unwrap();
    let address = served.address("/a.git/.git#v1");
    assert_eq!(paths(&remotes(&root), &address, false).await.unwrap(), ["one"]);
    let tree = remotes(&root).tree(&address, true).await.unwrap();
    assert_eq!(git(tree.held.path(), &["describe", "--tags"]), "v1");
    assert_eq!(git(tree.held.path(), &["status", "--porcelain"]), "");
    assert!(!tree.held.path().join(".git/FETCH_HEAD").exists());
}

#[tokio::test]
async fn submodules_come_along_unless_they_are_not_wanted() {
    require!(is_installed("git"), "git");
    let served = Served::new();
    served.repository("module.git", &[("inside", "i")], |_| {});
    let commit = git(&served.directory("module.git"), &["rev-parse", "HEAD"]);
    let modules = "[submodule \"m\"]\n\tpath = lib/m\n\turl = ../../module.git/.git\n";
    served.repository("a.git", &[("one", "1"), (".gitmodules", modules)], |directory| {
        let entry = format!("160000,{commit},lib/m");
        git(directory, &["update-index", "--add", "--cacheinfo", &entry]);
    });
    let root = tempfile::tempdir().unwrap();
    let all = paths(&remotes(&root), &served.address("/a.git/.git"), false)
        .await
        .unwrap();
    assert_eq!(all, [".gitmodules", "lib", "lib/m", "lib/m/inside", "one"]);
    let alone = served.address("/a.git/.git?submodules=false");
    let alone = paths(&remotes(&root), &alone, false).await.unwrap();
    assert_eq!(alone, [".gitmodules", "lib", "lib/m", "one"]);
}

#[tokio::test]
async fn no_program_of_a_repository_or_of_the_user_is_started() {
    require!(is_installed("git"), "git");
    let served = Served::new();
    let trap = served.directory("trap");
    // A submodule from this machine, one by a program, and attributes that name a filter.
    let modules = format!(
        "[submodule \"m\"]\n\tpath = m\n\turl = {}\n\tupdate = !touch {}\n",
        served.directory("secret").display(),
        trap.display()
    );
    served.repository("secret", &[("secret", "s")], |_| {});
    let commit = git(&served.directory("secret"), &["rev-parse", "HEAD"]);
    let files = [
        ("one", "1"),
        (".gitattributes", "* filter=trap\n"),
        (".gitmodules", modules.as_str()),
    ];
    served.repository("a.git", &files, |directory| {
        git(
            directory,
            &["update-index", "--add", "--cacheinfo", &format!("160000,{commit},m")],
        );
    });
    let root = tempfile::tempdir().unwrap();
    let error = paths(&remotes(&root), &served.address("/a.git/.git"), false)
        .await
        .unwrap_err();
    assert!(matches!(error, RemoteError::Git { .. }), "{error}");
    assert!(!trap.exists());
    let alone = served.address("/a.git/.git?submodules=0");
    let alone = paths(&remotes(&root), &alone, false).await.unwrap();
    assert_eq!(alone, [".gitattributes", ".gitmodules", "m", "one"]);
}

#[tokio::test]
async fn a_commit_that_is_here_is_not_fetched_again() {
    require!(is_installed("git"), "git");
    let served = Served::new();
    served.repository("a.git", &[("one", "1")], |_| {});
    let commit = git(&served.directory("a.git"), &["rev-parse", "HEAD"]);
    let root = tempfile::tempdir().unwrap();
    let address = served.address(&format!("/a.git/.git#{commit}"));
    paths(&remotes(&root), &address, false).await.unwrap();
    let requests = served.server.requests().len();
    assert_eq!(paths(&remotes(&root), &address, false).await.unwrap(), ["one"]);
    assert_eq!(served.server.requests().len(), requests);
}
