//! Proves what builds can copy from: addresses, repositories, archives, contexts that come from elsewhere; and that a hostile one reaches nothing.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use container_e2e::{Answer, BUSYBOX, Home, Layer, Outcome, Server, Started, context, write_files};
use container_require::{is_installed, require};
use sha2::{Digest as _, Sha256};

/// When commits of the tests' repositories are made.
const COMMIT_UNIX_SECONDS: i64 = 1_234_567_890;

/// A server of the files that a test gives it.
struct Files {
    server: Server,
    content: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
}

impl Files {
    fn start() -> Self {
        let content: Arc<Mutex<BTreeMap<String, Vec<u8>>>> = Arc::default();
        let served = Arc::clone(&content);
        let server = Server::start(move |request| {
            let Some(bytes) = served.lock().unwrap().get(&request.path).cloned() else {
                return Answer::status("404 Not Found");
            };
            let tag = format!("\"{}\"", hex(&bytes));
            match request.header("if-none-match") == Some(&tag) {
                true => Answer::status("304 Not Modified"),
                false => Answer::ok("application/octet-stream", bytes)
                    .header("ETag", tag)
                    .header("Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT"),
            }
        });
        Self { server, content }
    }

    /// Serves `bytes`; the address.
    fn put(&self, path: &str, bytes: impl Into<Vec<u8>>) -> String {
        self.content.lock().unwrap().insert(path.to_owned(), bytes.into());
        self.server.url(path)
    }

    /// Serves a directory, as a server that knows nothing of repositories does.
    fn put_directory(&self, path: &str, directory: &Path) -> String {
        for entry in fs::read_dir(directory).unwrap() {
            let entry = entry.unwrap();
            let below = format!("{path}/{}", entry.file_name().to_str().unwrap());
            match entry.file_type().unwrap().is_dir() {
                true => drop(self.put_directory(&below, &entry.path())),
                false => drop(self.put(&below, fs::read(entry.path()).unwrap())),
            }
        }
        self.server.url(path)
    }
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A repository with a commit of these files, served; its address.
fn repository(home: &Home, files: &Files, name: &str, content: &[(&str, &str)]) -> String {
    let directory = home.file(name);
    fs::create_dir(&directory).unwrap();
    write_files(&directory, content);
    for arguments in [
        &["init", "--quiet", "--initial-branch=main"][..],
        &["add", "--all"],
        &["commit", "--quiet", "--message=first"],
        &["repack", "-a", "-d", "--quiet"],
        &["update-server-info"],
    ] {
        let done = Command::new("git")
            .current_dir(&directory)
            .args(["-c", "user.name=n", "-c", "user.email=e", "-c", "commit.gpgSign=false"])
            .args(arguments)
            .env("HOME", "/nonexistent")
            .env("GIT_COMMITTER_DATE", format!("{COMMIT_UNIX_SECONDS} +0200"))
            .status()
            .unwrap();
        assert!(done.success(), "{arguments:?}");
    }
    files.put_directory(&format!("/{name}.git"), &directory.join(".git"))
}

/// Builds with these arguments; what is in the image, as `path mode uid:gid content`, and of a directory `path/ mode uid:gid`.
fn built(home: &Home, arguments: &[&OsStr]) -> (Outcome, Vec<String>) {
    let tar = home.file("result.tar");
    let output = format!("type=tar,dest={}", tar.display());
    let words = [OsStr::new("build"), OsStr::new("--output"), OsStr::new(&output)];
    let outcome = home.run(words.iter().chain(arguments)).success();
    let mut archive = tar::Archive::new(File::open(&tar).unwrap());
    let mut found: Vec<String> = archive
        .entries()
        .unwrap()
        .map(|entry| {
            let mut entry = entry.unwrap();
            let path = String::from_utf8_lossy(&entry.path_bytes())
                .trim_start_matches("./")
                .to_owned();
            let header = entry.header();
            let (mode, uid, gid) = (header.mode().unwrap(), header.uid().unwrap(), header.gid().unwrap());
            let mut text = String::new();
            let _ = entry.read_to_string(&mut text);
            format!("{path} {:o} {uid}:{gid} {text}", mode & 0o7777)
                .trim_end()
                .to_owned()
        })
        .filter(|line| !line.starts_with('/') && !line.starts_with(' '))
        .collect();
    found.sort();
    (outcome, found)
}

fn words<'a>(arguments: &'a [&'a str]) -> Vec<&'a OsStr> {
    arguments.iter().map(OsStr::new).collect()
}

#[test]
fn files_at_addresses_are_added_and_fetched_again_only_when_they_changed() {
    let home = Home::new();
    let files = Files::start();
    let plain = files.put("/dir/plain.txt", "one");
    let archive = Layer::default().file("inside", 0o640, b"packed").into_bytes();
    let packed = files.put("/packed.tar", archive.clone());
    let dockerfile = format!(
        "FROM scratch\nADD {plain} /a/\nADD --chown=5:6 --chmod=644 {plain}?x=1 /b\nADD --checksum=sha256:{} {packed} /c/\n\
         ADD --unpack {packed} /d/\nADD --unpack {plain} /e/\n",
        hex(&archive)
    );
    let context = context(&home, &dockerfile, &[]);
    let arguments = [context.as_os_str()];
    let (_, found) = built(&home, &arguments);
    assert!(found.contains(&"a/plain.txt 600 0:0 one".to_owned()), "{found:?}");
    assert!(found.contains(&"b 644 5:6 one".to_owned()), "{found:?}");
    assert!(
        found.iter().any(|line| line.starts_with("c/packed.tar 600 0:0")),
        "{found:?}"
    );
    assert!(found.contains(&"d/inside 640 0:0 packed".to_owned()), "{found:?}");
    assert!(found.contains(&"e/plain.txt 600 0:0 one".to_owned()), "{found:?}");
    let (again, _) = built(&home, &arguments);
    assert_eq!(again.stderr.matches("CACHED").count(), 5, "{}", again.stderr);
    files.put("/dir/plain.txt", "two");
    let (_, found) = built(&home, &arguments);
    assert!(found.contains(&"a/plain.txt 600 0:0 two".to_owned()), "{found:?}");
    files.put("/packed.tar", "another");
    let dockerfile = dockerfile.replace("/c/", "/cc/");
    fs::write(
        context.join("Dockerfile"),
        dockerfile.replace(&hex(&archive), &"0".repeat(64)),
    )
    .unwrap();
    let failed = home.run([OsStr::new("build"), context.as_os_str()]);
    failed.failure(1, &["Dockerfile:4", "digest mismatch of", "(--checksum)"]);
}

#[test]
fn what_cannot_be_fetched_says_why() {
    let home = Home::new();
    let files = Files::start();
    let missing = files.server.url("/none");
    for (source, expected) in [
        (missing.as_str(), "no such file (status 404)"),
        ("http://127.0.0.1:1/x", "connection to 127.0.0.1:1 refused"),
    ] {
        let context = context(&home, &format!("FROM scratch\nADD {source} /\n"), &[]);
        home.run([OsStr::new("build"), context.as_os_str()])
            .failure(1, &["Dockerfile:2", "cannot fetch http://127.0.0.1", expected]);
    }
    let without_git = home.file("bin");
    fs::create_dir(&without_git).unwrap();
    let context = context(&home, "FROM scratch\nADD https://host.invalid/a.git /\n", &[]);
    let mut command = home.command([OsStr::new("build"), context.as_os_str()]);
    command.env("PATH", &without_git);
    Started::spawn(command, None)
        .wait()
        .failure(1, &["git is needed for https://host.invalid/a.git"]);
}

#[test]
fn repositories_are_added_at_the_commit_that_they_have() {
    require!(is_installed("git"), "git");
    let home = Home::new();
    let files = Files::start();
    let url = repository(
        &home,
        &files,
        "repo",
        &[("one", "1"), ("docs/two", "2"), ("docs/.hidden", "h")],
    );
    let dockerfile = format!(
        "FROM scratch\nADD {url} /all\nADD --exclude=.hidden --chown=7:7 {url}#main:docs /docs/\nADD --keep-git-dir {url}?branch=main /kept\n"
    );
    let context = context(&home, &dockerfile, &[]);
    let arguments = [context.as_os_str()];
    let (_, found) = built(&home, &arguments);
    for line in [
        "all/one 644 0:0 1",
        "all/docs/two 644 0:0 2",
        "docs/two 644 7:7 2",
        "kept/one 644 0:0 1",
    ] {
        assert!(found.contains(&line.to_owned()), "{line}: {found:?}");
    }
    assert!(!found.iter().any(|line| line.starts_with("docs/.hidden")), "{found:?}");
    assert!(!found.iter().any(|line| line.starts_with("all/.git")), "{found:?}");
    assert!(
        found.iter().any(|line| line.starts_with("kept/.git/HEAD ")),
        "{found:?}"
    );
    let (again, _) = built(&home, &arguments);
    assert_eq!(again.stderr.matches("CACHED").count(), 3, "{}", again.stderr);
}

#[test]
fn contexts_come_from_addresses_repositories_and_standard_input() {
    require!(is_installed("git"), "git");
    let home = Home::new();
    let files = Files::start();
    let dockerfile = "FROM scratch\nCOPY . /c/\n";
    let sources = [
        ("sub/Dockerfile", dockerfile),
        ("sub/.dockerignore", "no\n"),
        ("sub/yes", "y"),
        ("sub/no", "n"),
    ];
    let git = repository(&home, &files, "repo", &sources);
    let (_, found) = built(&home, &words(&[&format!("{git}#main:sub")]));
    assert!(found.contains(&"c/yes 644 0:0 y".to_owned()), "{found:?}");
    assert!(!found.iter().any(|line| line.starts_with("c/no")), "{found:?}");
    let whole = repository(&home, &files, "whole", &[("Dockerfile", dockerfile), ("a", "a")]);
    for (value, is_kept) in [("0", false), ("1", true)] {
        let switch = format!("BUILDKIT_CONTEXT_KEEP_GIT_DIR={value}");
        let (_, found) = built(&home, &words(&["--build-arg", &switch, &whole]));
        assert!(found.contains(&"c/a 644 0:0 a".to_owned()), "{found:?}");
        let has_git = found.iter().any(|line| line.starts_with("c/.git/HEAD "));
        assert_eq!(has_git, is_kept, "{found:?}");
    }
    let tar = Layer::default()
        .file("Dockerfile", 0o644, dockerfile.as_bytes())
        .file("other.Dockerfile", 0o644, b"FROM scratch\nCOPY in /other\n")
        .file("in", 0o644, b"tar");
    let tar = files.put("/context.tar", tar.into_bytes());
    let (_, found) = built(&home, &words(&[&tar]));
    assert!(found.contains(&"c/in 644 0:0 tar".to_owned()), "{found:?}");
    let (_, found) = built(&home, &words(&["-f", "other.Dockerfile", &tar]));
    assert!(found.contains(&"other 644 0:0 tar".to_owned()), "{found:?}");
    let alone = files.put("/Dockerfile", "FROM scratch\nCOPY <<EOF /heredoc\ntext\nEOF\n");
    let (_, found) = built(&home, &words(&[&alone]));
    assert!(found.contains(&"heredoc 644 0:0 text".to_owned()), "{found:?}");
    let context = context(&home, dockerfile, &[("here", "h")]);
    let (_, found) = built(&home, &[OsStr::new("-f"), OsStr::new(&alone), context.as_os_str()]);
    assert!(found.contains(&"heredoc 644 0:0 text".to_owned()), "{found:?}");
    home.run_with_input(
        ["build", "--output", "type=cacheonly", "-"],
        "FROM scratch\nCOPY <<EOF /x\nx\nEOF\n",
    )
    .success();
    home.run_with_input(["build", "-"], "FROM scratch\nCOPY x /x\n")
        .failure(1, &["\"/x\": not found"]);
}

#[test]
fn the_time_of_a_build_can_be_that_of_its_context() {
    require!(is_installed("git"), "git");
    let home = Home::new();
    let files = Files::start();
    let dockerfile = "FROM scratch\nARG SOURCE_DATE_EPOCH=none\nCOPY <<EOF /told\n$SOURCE_DATE_EPOCH\nEOF\n";
    let sources = [("Dockerfile", dockerfile), ("sub/Dockerfile", dockerfile)];
    let git = repository(&home, &files, "repo", &sources);
    let layer = || Layer::default().file("Dockerfile", 0o644, dockerfile.as_bytes());
    let tar = files.put("/context.tar", layer().into_bytes());
    let directory = context(&home, dockerfile, &[]);
    let directory = directory.to_str().unwrap();
    let of_context = ["--build-arg", "SOURCE_DATE_EPOCH=context"];
    let of_commit = COMMIT_UNIX_SECONDS.to_string();
    for (context, expected) in [
        (git.as_str(), of_commit.as_str()),
        // The second time it is in the cache.
        (git.as_str(), &of_commit),
        (&format!("{git}#main:sub"), &of_commit),
        // What `Files` says.
        (&tar, "784111777"),
        (directory, "none"),
    ] {
        let (_, found) = built(&home, &words(&[of_context[0], of_context[1], context]));
        assert_eq!(found, [format!("told 644 0:0 {expected}")], "{context}");
    }
    let global = format!("ARG SOURCE_DATE_EPOCH=context\n{}", dockerfile.replace("=none", ""));
    let global = repository(&home, &files, "global", &[("Dockerfile", &global)]);
    let (_, found) = built(&home, &words(&[&global]));
    assert_eq!(found, [format!("told 644 0:0 {of_commit}")]);
    home.run(["build", "--build-arg", "SOURCE_DATE_EPOCH=stage", directory])
        .failure(1, &["SOURCE_DATE_EPOCH is \"stage\"", "or \"context\""]);
}

#[test]
fn named_contexts_are_directories_addresses_repositories_and_layouts() {
    require!(is_installed("git"), "git");
    let home = Home::new();
    let files = Files::start();
    let git = repository(&home, &files, "repo", &[("one", "1"), ("docs/two", "2")]);
    let file = files.put("/file.bin", "bytes");
    let layout = home.file("layout");
    home.run([
        OsStr::new("image"),
        OsStr::new("save"),
        OsStr::new("--format"),
        OsStr::new("oci-dir"),
        OsStr::new("--output"),
        layout.as_os_str(),
        OsStr::new(BUSYBOX),
    ])
    .success();
    let dockerfile = "FROM scratch\nCOPY --from=git . /git/\nCOPY --from=web context /web\nCOPY --from=layout /bin/busybox /busybox\n";
    let context = context(&home, dockerfile, &[]);
    let before = home.run(["image", "list"]).success().text();
    let named = [
        format!("git={git}#:docs"),
        format!("web={file}"),
        format!("layout=oci-layout://{}", layout.display()),
    ];
    let mut arguments: Vec<&OsStr> = Vec::new();
    for named in &named {
        arguments.extend([OsStr::new("--build-context"), OsStr::new(named)]);
    }
    arguments.push(context.as_os_str());
    let (_, found) = built(&home, &arguments);
    for line in ["git/two 644 0:0 2", "web 600 0:0 bytes"] {
        assert!(found.contains(&line.to_owned()), "{line}: {found:?}");
    }
    assert!(
        found.iter().any(|line| line.starts_with("busybox 755 0:0")),
        "{found:?}"
    );
    // The names of the layout were given to nothing.
    let after = home.run(["image", "list"]).success().text();
    assert!(before.lines().all(|line| after.contains(line)), "{before}\n{after}");
    let missing = format!("layout=oci-layout://{}:no-such-tag", layout.display());
    write_files(
        &context,
        &[("Dockerfile", "FROM scratch\nCOPY --from=layout /bin/busybox /busybox\n")],
    );
    home.run([
        OsStr::new("build"),
        OsStr::new("--build-context"),
        OsStr::new(&missing),
        context.as_os_str(),
    ])
    .failure(1, &["has no image \"no-such-tag\""]);
}

#[test]
fn what_was_fetched_is_part_of_the_cache_and_is_taken_away_with_it() {
    require!(is_installed("git"), "git");
    let home = Home::new();
    let files = Files::start();
    let git = repository(&home, &files, "repo", &[("one", "1")]);
    let file = files.put("/file.bin", "bytes");
    let context = context(&home, &format!("FROM scratch\nADD {git} /git\nADD {file} /\n"), &[]);
    let arguments = [context.as_os_str()];
    let (_, first) = built(&home, &arguments);
    let kept = || -> Vec<(String, String)> {
        let listed = home.run(["builder", "df", "--format", "json"]).success().text();
        let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
        let records = listed.as_array().unwrap().iter();
        let told = records.map(|record| {
            assert!(
                record["sizeInBytes"].as_u64() > Some(0) && record["reclaimable"] == true,
                "{record}"
            );
            let text = |key: &str| record[key].as_str().unwrap().to_owned();
            (text("type"), text("description"))
        });
        told.filter(|(kind, _)| kind.starts_with("source.")).collect()
    };
    let listed = kept();
    assert!(
        listed.contains(&("source.http".to_owned(), format!("file {file}"))),
        "{listed:?}"
    );
    let is_tree = |(kind, description): &(String, String)| kind == "source.git.checkout" && description.ends_with(&git);
    assert!(listed.len() == 2 && listed.iter().any(is_tree), "{listed:?}");
    home.run(["builder", "prune", "--filter", "type=source.http"]).success();
    let listed = kept();
    assert!(listed.len() == 1 && listed.iter().any(is_tree), "{listed:?}");
    home.run(["builder", "prune"]).success();
    assert!(kept().is_empty());
    for place in ["files", "trees"] {
        let left = fs::read_dir(home.app_root().join("build-cache").join(place)).unwrap();
        assert_eq!(left.count(), 0, "{place}");
    }
    let (_, again) = built(&home, &arguments);
    assert_eq!((again, kept().len()), (first, 2));
}

#[test]
fn named_contexts_that_the_target_does_not_need_are_not_looked_at() {
    let home = Home::new();
    let dockerfile = "FROM layout AS of-layout\nFROM scratch AS of-web\nCOPY --from=web context /web\nFROM scratch\nCOPY --from=dir f /f\n";
    let context = context(&home, dockerfile, &[("dir/f", "f")]);
    let dir = format!("dir={}", context.join("dir").display());
    let mut arguments = Vec::new();
    for named in [
        "layout=oci-layout:///nonexistent",
        "web=http://127.0.0.1:1/x",
        "unused=/nonexistent",
        &dir,
    ] {
        arguments.extend(["--build-context", named]);
    }
    arguments.push(context.to_str().unwrap());
    let (_, found) = built(&home, &words(&arguments));
    assert_eq!(found, ["f 644 0:0 f"]);
    for (target, expected) in [
        ("of-layout", "cannot read the OCI layout /nonexistent"),
        ("of-web", "connection to 127.0.0.1:1 refused"),
    ] {
        let build = ["build", "--target", target];
        home.run(build.iter().chain(&arguments)).failure(1, &[expected]);
    }
}

#[test]
fn nothing_outside_of_the_context_is_read() {
    let home = Home::new();
    let secret = home.file("secret");
    fs::create_dir(&secret).unwrap();
    fs::write(secret.join("key"), "secret").unwrap();
    let context = context(&home, "FROM scratch\n", &[("inside", "i")]);
    symlink(&secret, context.join("absolute")).unwrap();
    symlink("../secret", context.join("relative")).unwrap();
    symlink("../secret/key", context.join("file")).unwrap();
    for source in [
        "absolute/key",
        "relative/key",
        "file",
        "../secret/key",
        "/../secret/key",
        "absolute/../key",
    ] {
        fs::write(context.join("Dockerfile"), format!("FROM scratch\nCOPY {source} /x\n")).unwrap();
        home.run([OsStr::new("build"), context.as_os_str()])
            .failure(1, &["Dockerfile:2", "not found"]);
    }
    // What a directory has is copied as it is: links as links.
    fs::write(context.join("Dockerfile"), "FROM scratch\nCOPY . /c/\n").unwrap();
    let (_, found) = built(&home, &[context.as_os_str()]);
    assert!(!found.iter().any(|line| line.contains("secret")), "{found:?}");
    assert!(found.iter().any(|line| line.starts_with("c/absolute 777")), "{found:?}");
}

#[test]
fn archives_that_lead_out_are_refused_and_nothing_is_written() {
    let home = Home::new();
    let context = context(&home, "FROM scratch\nADD a.tar /d/\n", &[]);
    for name in ["../out", "a/../../out"] {
        let archive = Layer::default().file(name, 0o644, b"x").into_bytes();
        fs::write(context.join("a.tar"), &archive).unwrap();
        home.run([OsStr::new("build"), context.as_os_str()])
            .failure(1, &["Dockerfile:2", "leads out of the archive"]);
        home.run_with_input(["build", "-"], archive)
            .failure(1, &["leads out of the build context"]);
    }
    assert!(!home.file("out").exists());
}

#[test]
fn what_has_no_end_or_no_sense_is_refused() {
    let home = Home::new();
    let context = context(&home, "FROM scratch\nCOPY a /\n", &[("a", "a")]);
    let dockerfile = context.join("Dockerfile");
    let refused = |expected: &str| {
        home.run([OsStr::new("build"), context.as_os_str()])
            .failure(1, &[expected]);
    };
    fs::write(&dockerfile, format!("FROM scratch\n{}", "RUN x\n".repeat(1_000_000))).unwrap();
    refused("more than 10000 instructions");
    fs::write(&dockerfile, "FROM scratch\nRUN ").unwrap();
    File::options()
        .write(true)
        .open(&dockerfile)
        .unwrap()
        .set_len(1 << 30)
        .unwrap();
    refused("has more than 16777216 bytes");
    let line = home.file("line");
    fs::write(&line, format!("FROM scratch\nRUN {}\n", "x".repeat(100_000))).unwrap();
    home.run([
        OsStr::new("build"),
        OsStr::new("-f"),
        line.as_os_str(),
        context.as_os_str(),
    ])
    .failure(1, &["line:2", "65535"]);
    fs::write(&dockerfile, "FROM scratch\nCOPY a /\n").unwrap();
    let ignore = File::create(context.join(".dockerignore")).unwrap();
    ignore.set_len(1 << 40).unwrap();
    refused("has more than 4194304 bytes");
    fs::remove_file(context.join(".dockerignore")).unwrap();
    let endless = |device: &str| {
        let mut command = home.command(["build", "-"]);
        command.stdin(Stdio::from(File::open(device).unwrap()));
        command.output().unwrap()
    };
    // Zeros are the end of an archive, over and over.
    let zeros = endless("/dev/zero");
    let said = String::from_utf8_lossy(&zeros.stderr).into_owned();
    assert!(
        !zeros.status.success() && said.contains("there is no Dockerfile"),
        "{said}"
    );
    let noise = endless("/dev/urandom");
    assert!(!noise.status.success(), "{}", String::from_utf8_lossy(&noise.stderr));
}

#[test]
fn names_that_are_no_text_are_copied_and_mounted() {
    let home = Home::new();
    let dockerfile = format!(
        "FROM {BUSYBOX}\nCOPY . /c/\nRUN --mount=type=bind,source=dir,target=/m test \"$(cat /m/*)\" = content && test \"$(ls /m)\" = \"$(ls /c/dir)\"\n\
         RUN --mount=type=bind,source=plain,target=/one test \"$(cat /one)\" = alone\n"
    );
    let context = context(&home, &dockerfile, &[("plain", "alone")]);
    let name = OsString::from_vec(b"\xff\xfe name".to_vec());
    fs::create_dir(context.join("dir")).unwrap();
    fs::write(context.join("dir").join(&name), "content").unwrap();
    assert_eq!(name.as_bytes().len(), 7);
    home.run([
        OsStr::new("build"),
        OsStr::new("-t"),
        OsStr::new("localhost/names:1"),
        context.as_os_str(),
    ])
    .success();
}

#[test]
fn a_mount_of_a_part_of_a_stage_counts_by_what_is_in_it() {
    let home = Home::new();
    let dockerfile = format!(
        "FROM scratch AS made\nCOPY used /used/\nCOPY unused /\nFROM {BUSYBOX}\nRUN --mount=type=bind,from=made,source=used,target=/m cat /m/* > /out\n"
    );
    let context = context(&home, &dockerfile, &[("used/a", "one"), ("unused", "x")]);
    let build = || {
        home.run([
            OsStr::new("build"),
            OsStr::new("-t"),
            OsStr::new("localhost/part:1"),
            context.as_os_str(),
        ])
        .success()
        .stderr
    };
    build();
    fs::write(context.join("unused"), "y").unwrap();
    let again = build();
    // The base, the first copy and the command; only the second copy was done again.
    assert_eq!(again.matches("CACHED").count(), 3, "{again}");
}
