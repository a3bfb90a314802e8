//! Seccomp profiles of the user's.

use std::fs;
use std::path::Path;

use container_e2e::{BUSYBOX, Home};

/// Everything is allowed but some calls, which fail with this error number.
fn profile(directory: &Path, names: &[&str], errno: u32) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
    let text = format!(
        r#"{{"defaultAction":"SCMP_ACT_ALLOW","archMap":[{{"architecture":"SCMP_ARCH_X86_64"}},{{"architecture":"SCMP_ARCH_AARCH64"}}],
            "syscalls":[{{"names":[{}],"action":"SCMP_ACT_ERRNO","errnoRet":{errno}}}]}}"#,
        names.join(",")
    );
    let file = directory.join(format!("profile-{errno}.json"));
    fs::write(&file, text).unwrap();
    format!("--security-opt=seccomp={}", file.display())
}

#[test]
fn a_profile_decides_for_the_program_and_for_exec_and_is_on_record() {
    let home = Home::new();
    let directory = tempfile::tempdir().unwrap();
    let option = profile(directory.path(), &["mkdir", "mkdirat"], 28);
    home.run(["run", "-d", "--name=strict", &option, BUSYBOX, "sleep", "600"])
        .success();
    // The file is read once, when the container is made.
    drop(directory);
    let outcome = home.run(["exec", "strict", "mkdir", "/made"]);
    assert!(outcome.stderr.contains("No space left on device"), "{}", outcome.stderr);
    let shown = home.run(["inspect", "strict"]).success().json();
    let configuration = &shown[0]["configuration"];
    assert_eq!(configuration["seccompProfile"]["defaultAction"], "SCMP_ACT_ALLOW");
    let mode = home.run(["exec", "strict", "grep", "Seccomp:", "/proc/self/status"]);
    assert_eq!(mode.success().text(), "Seccomp:\t2");
    home.run(["restart", "-t", "0", "strict"]).success();
    let outcome = home.run(["exec", "strict", "mkdir", "/made"]);
    assert!(outcome.stderr.contains("No space left on device"), "{}", outcome.stderr);
}

#[test]
fn without_new_privileges_a_profile_need_not_allow_what_changes_the_user() {
    let home = Home::new();
    let directory = tempfile::tempdir().unwrap();
    let option = profile(directory.path(), &["setresuid", "setuid", "capset"], 1);
    let with = ["run", "--rm", "--security-opt=no-new-privileges", &option, "-u", "1000"];
    let outcome = home.run(with.iter().chain(&[BUSYBOX, "id", "-u"])).success();
    assert_eq!(outcome.text(), "1000");
    let outcome = home.run(["run", "--rm", &option, "-u", "1000", BUSYBOX, "id", "-u"]);
    assert_ne!(outcome.code, 0);
    assert!(outcome.stderr.contains("not permitted"), "{}", outcome.stderr);
}

#[test]
fn what_is_no_profile_is_told_with_its_file_and_leaves_nothing() {
    let home = Home::new();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("bad.json");
    let missing = format!("--security-opt=seccomp={}", file.display());
    let message = format!(
        "cannot read the seccomp profile {}: file or directory not found",
        file.display()
    );
    home.run(["run", &missing, BUSYBOX, "true"]).failure(125, &[&message]);
    for (text, message) in [
        ("{", "not a seccomp profile in JSON"),
        (r#"{"defaultAction":"ALLOW"}"#, "action \"ALLOW\" is not known"),
        (
            r#"{"defaultAction":"SCMP_ACT_NOTIFY"}"#,
            "asks another process about system calls",
        ),
    ] {
        fs::write(&file, text).unwrap();
        let option = format!("--security-opt=seccomp={}", file.display());
        let outcome = home.run(["create", &option, BUSYBOX, "true"]);
        assert_ne!(outcome.code, 0, "{text}");
        let path = file.display().to_string();
        assert!(
            outcome.stderr.contains(message) && outcome.stderr.contains(&path),
            "{}",
            outcome.stderr
        );
    }
    assert_eq!(home.run(["list", "-a", "-q"]).success().text(), "");
}
