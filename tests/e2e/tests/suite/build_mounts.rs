//! Proves what builds do with cache mounts, which are shared directories: that they are kept and in no image, that what platforms share runs once, and that no
//! machine is left after a failure or an interruption. Steps see by such a directory what others do.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use container_e2e::{BUSYBOX, COMMAND_LIMIT, Home, build, context, eventually};
use rustix::process::Signal;

use crate::build::assert_no_machine;

#[test]
fn commands_have_secrets_caches_and_files_of_the_context_and_leave_none_of_them_in_the_image() {
    let home = Home::new();
    let dockerfile = format!(
        "FROM {BUSYBOX} AS base\nARG ROUND\n\
         RUN --mount=type=secret,id=token --mount=type=cache,target=/kept --mount=type=bind,target=/in,source=in --mount=type=tmpfs,target=/quick \
         echo $ROUND >> /kept/rounds && cp /kept/rounds /rounds && wc -c < /run/secrets/token > /length && cat /in/a > /a && touch /quick/x\n\
         FROM base AS other\nRUN exit 1\n\
         FROM base AS wanted\nCMD [\"sh\", \"-c\", \"cat /rounds /length /a; ls -A /run /kept /in /quick\"]\n\
         FROM other\n"
    );
    let context = context(&home, &dockerfile, &[("in/a", "from a\n")]);
    let secret = home.file("token");
    fs::write(&secret, "hunter2").unwrap();
    for round in ["first", "second"] {
        let (round, secret) = (format!("ROUND={round}"), format!("id=token,src={}", secret.display()));
        let words = [
            "build",
            "-t",
            "localhost/mounts:1",
            "--target",
            "wanted",
            "--build-arg",
            &round,
            "--secret",
            &secret,
        ];
        home.run(words.map(OsStr::new).into_iter().chain([context.as_os_str()]))
            .success();
    }
    let seen = home.run(["run", "--rm", "localhost/mounts:1"]);
    assert!(seen.text().starts_with("first\nsecond\n7\nfrom a"), "{}", seen.text());
    for leftover in ["token", "rounds\nrounds", "quick/x"] {
        assert!(!seen.text().contains(leftover), "{}", seen.text());
    }
    let words = ["build", "--target", "wanted"].map(OsStr::new);
    let dockerfile = dockerfile.replace("id=token", "id=token,required");
    fs::write(context.join("Dockerfile"), dockerfile).unwrap();
    home.run(words.into_iter().chain([context.as_os_str()]))
        .failure(1, &["secret \"token\" was not given"]);
    assert_no_machine(&home);
}

#[test]
fn a_build_that_is_interrupted_leaves_no_machine() {
    let home = Home::new();
    let dockerfile =
        format!("FROM {BUSYBOX}\nRUN --mount=type=cache,target=/kept touch /kept/has-begun && sleep 1000\n");
    let context = context(&home, &dockerfile, &[]);
    for signal in [Signal::INT, Signal::KILL] {
        let build = home.spawn([OsStr::new("build"), context.as_os_str()]);
        let mark = || find(&home.app_root().join("build-cache"), "has-begun");
        eventually("the command runs", COMMAND_LIMIT, || mark().is_some());
        build.signal(signal);
        let ended = build.wait();
        assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
        assert_no_machine(&home);
        fs::remove_file(mark().unwrap()).unwrap();
    }
}

/// A file of this name below a directory.
fn find(directory: &Path, name: &str) -> Option<PathBuf> {
    fs::read_dir(directory).ok()?.flatten().find_map(|entry| {
        let path = entry.path();
        match path.is_dir() {
            true => find(&path, name),
            false => path.ends_with(name).then_some(path),
        }
    })
}

#[test]
fn platforms_are_built_side_by_side_and_what_they_share_runs_once() {
    let home = Home::new();
    let dockerfile = format!(
        "FROM --platform=$BUILDPLATFORM {BUSYBOX} AS made\n\
         RUN --mount=type=cache,target=/kept echo run >> /kept/runs && cp /kept/runs /runs\n\
         FROM scratch\nARG TARGETARCH\nCOPY --from=made /runs /runs\nCOPY <<EOF /arch\n$TARGETARCH\nEOF\n"
    );
    let context = context(&home, &dockerfile, &[]);
    let out = home.file("out");
    let text = out.display().to_string();
    let words = ["--no-cache", "--platform", "linux/amd64,linux/arm64", "-o", &text];
    build(&home, &context, &words).success();
    for architecture in ["amd64", "arm64"] {
        let root = out.join(format!("linux_{architecture}"));
        assert_eq!(fs::read_to_string(root.join("runs")).unwrap(), "run\n");
        assert_eq!(
            fs::read_to_string(root.join("arch")).unwrap(),
            format!("{architecture}\n")
        );
    }
    assert_no_machine(&home);
}

#[test]
fn a_failure_ends_the_machines_of_all_stages_before_the_command_ends() {
    let home = Home::new();
    let dockerfile = format!(
        "FROM {BUSYBOX} AS long\nRUN --mount=type=cache,target=/kept touch /kept/begun; sleep 1000\n\
         FROM {BUSYBOX} AS short\nRUN --mount=type=cache,target=/kept while ! test -e /kept/begun; do sleep 0.1; done; exit 3\n\
         FROM scratch\nCOPY --from=long / /\nCOPY --from=short / /\n"
    );
    let context = context(&home, &dockerfile, &[]);
    build(&home, &context, &[]).failure(1, &["exit code: 3"]);
    let records = fs::read_dir(home.app_root().join("containers")).unwrap();
    let left: Vec<_> = records
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    assert!(left.is_empty(), "{left:?}");
    assert_no_machine(&home);
}
