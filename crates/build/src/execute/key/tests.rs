//! What changes a key, and what does not.

use container_dockerfile::{BindMount, SecretMount};

use super::*;
use crate::plan::{FileOrigin, OwnerName, ProxyVariables, RunMount};

fn digest(number: u8) -> Digest {
    Digest::Sha256([number; 32])
}

fn run() -> RunStep {
    RunStep {
        arguments: ["/bin/sh", "-c", "make"].map(str::to_owned).to_vec(),
        script: None,
        environment: vec![("A".to_owned(), "1".to_owned())],
        proxies: ProxyVariables::default(),
        directory: "/".to_owned(),
        user: String::new(),
        network: Network::Default,
        security: Security::Sandbox,
        mounts: Vec::new(),
    }
}

fn run_key(step: &RunStep, below: u8) -> CacheKey {
    let files = vec![SourceKey::None; step.mounts.len()];
    of_run(
        step,
        &[digest(below)],
        &"linux/amd64".parse().unwrap(),
        (false, &[]),
        &files,
    )
    .unwrap()
}

fn copy() -> CopyStep {
    CopyStep {
        origin: FileOrigin::Context,
        sources: vec![CopySource::Path("a".to_owned())],
        destination: "/b".to_owned(),
        owner: None,
        mode: None,
        is_linked: false,
        keeps_parents: false,
        excludes: Vec::new(),
        unpacks: false,
    }
}

fn copy_key(step: &CopyStep, below: u8, files: &SourceKey) -> CacheKey {
    of_copy(step, &[digest(below)], files, &[], None, None).unwrap()
}

#[test]
fn what_a_command_sees_is_in_its_key() {
    let key = run_key(&run(), 1);
    assert_eq!(run_key(&run(), 1), key);
    assert_ne!(run_key(&run(), 2), key);
    let changes: [fn(&mut RunStep); 6] = [
        |step| step.arguments[2] = "make all".to_owned(),
        |step| step.environment[0].1 = "2".to_owned(),
        |step| step.directory = "/x".to_owned(),
        |step| step.user = "web".to_owned(),
        |step| step.network = Network::None,
        |step| step.security = Security::Insecure,
    ];
    for change in changes {
        let mut step = run();
        change(&mut step);
        assert_ne!(run_key(&step, 1), key, "{step:?}");
    }
}

#[test]
fn proxies_and_secrets_are_in_no_key() {
    let key = run_key(&run(), 1);
    let mut step = run();
    step.proxies = ProxyVariables(vec![("HTTP_PROXY".to_owned(), "x".to_owned())]);
    let secret = SecretMount {
        id: "token".to_owned(),
        target: None,
        env: None,
        required: false,
        owner: Default::default(),
    };
    step.mounts.push(RunMount {
        mount: Mount::Secret(secret),
        origin: None,
    });
    assert_eq!(run_key(&step, 1), key);
}

#[test]
fn a_mount_counts_by_what_it_shows() {
    let mut step = run();
    let bind = BindMount {
        from: None,
        source: None,
        target: "/src".to_owned(),
        readonly: true,
    };
    step.mounts.push(RunMount {
        mount: Mount::Bind(bind),
        origin: Some(FileOrigin::Context),
    });
    let key = |content| {
        let files = [SourceKey::Content(digest(content))];
        of_run(&step, &[], &"linux/amd64".parse().unwrap(), (false, &[]), &files).unwrap()
    };
    assert_eq!(key(1), key(1));
    assert_ne!(key(1), key(2));
}

#[test]
fn a_copy_counts_by_the_content_of_what_it_copies() {
    let content = SourceKey::Content(digest(7));
    let key = copy_key(&copy(), 1, &content);
    let mut step = copy();
    step.sources = vec![CopySource::Path("./a".to_owned())];
    assert_eq!(copy_key(&step, 1, &content), key, "the digest tells what was named");
    assert_ne!(copy_key(&copy(), 1, &SourceKey::Content(digest(8))), key);
    assert_ne!(copy_key(&copy(), 2, &content), key);
    step.destination = "/c".to_owned();
    assert_ne!(copy_key(&step, 1, &content), key);
}

#[test]
fn what_is_fetched_counts_by_what_it_is() {
    let key = |fetched: FetchedKey| of_copy(&copy(), &[], &SourceKey::None, &[fetched], None, None).unwrap();
    let file = |content, unpacks| FetchedKey::File {
        name: "a.tar".to_owned(),
        digest: digest(content),
        unpacks,
    };
    assert_eq!(key(file(1, false)), key(file(1, false)));
    assert_ne!(key(file(1, false)), key(file(2, false)));
    assert_ne!(key(file(1, false)), key(file(1, true)));
    let tree = |commit: &str, keeps_git_dir| FetchedKey::Tree {
        commit: commit.to_owned(),
        subdirectory: String::new(),
        keeps_git_dir,
        skips_submodules: false,
    };
    assert_ne!(key(tree("1", false)), key(tree("2", false)));
    assert_ne!(key(tree("1", false)), key(tree("1", true)));
}

#[test]
fn a_linked_copy_does_not_depend_on_what_is_below() {
    let mut step = copy();
    step.is_linked = true;
    step.owner = Some(OwnerName::new("1:2"));
    let content = SourceKey::Content(digest(7));
    assert_eq!(copy_key(&step, 1, &content), copy_key(&step, 2, &content));
}
