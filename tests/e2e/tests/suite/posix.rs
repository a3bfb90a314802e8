//! Proves that a share, a volume of type shared and the container's own root answer what programs do with files as a plain file system of Linux does
//! in the same container: each difference is in a list here, with its reason.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use container_e2e::{Home, Image, Layer, eventually, guest_architecture, host_architecture};
use container_require::require;

/// The program that does it, and its place in the image.
const PROGRAM: &str = env!("CARGO_BIN_EXE_posix_cases");
/// It takes a minute on each file system where machines are emulated.
const LIMIT: Duration = Duration::from_secs(600);
const IMAGE: &str = "localhost/posix-cases:1";

/// Ends of the names of cases, and why shares answer otherwise.
const DIFFERENCES_OF_SHARES: [(&str, &str); 4] = [
    (
        "a device node",
        "an ordinary user makes none on the host, and what a file server opens must be no device",
    ),
    (
        "a file without a name",
        "the file server has no request for it; programs fall back to a name",
    ),
    (
        "an extended attribute",
        "the guest's kernel would ask for a file's capabilities before each write",
    ),
    ("an extended attribute of root's", "the same"),
];

/// The same for the container's root.
const DIFFERENCES_OF_ROOT: [(&str, &str); 0] = [];

/// An image with the program and what it is linked with.
fn write_image(path: &Path) {
    let mut layer = Layer::default().file("posix-cases", 0o755, &fs::read(PROGRAM).unwrap());
    let listed = Command::new("ldd").arg(PROGRAM).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    // `name => /path (address)`, or `/path (address)` of the loader.
    for library in listed.split_whitespace().filter(|word| word.starts_with('/')) {
        layer = layer.file(library.trim_start_matches('/'), 0o755, &fs::read(library).unwrap());
    }
    Image::busybox(IMAGE).layer(layer.into_bytes()).write(path);
}

/// Answers by case.
fn answers(home: &Home, directory: &str) -> BTreeMap<String, String> {
    let file = format!("/root/{}", directory.trim_start_matches('/'));
    let said = home.run(["exec", "cases", "cat", &file]).success().text();
    let lines = said
        .lines()
        .map(|line| line.split_once('\t').expect("a case and its answer"));
    lines
        .map(|(case, answer)| (case.to_owned(), answer.to_owned()))
        .collect()
}

/// Cases that are answered otherwise, except those that are to be, and those that are to be and are not.
fn unexpected(
    plain: &BTreeMap<String, String>,
    seen: &BTreeMap<String, String>,
    expected: &[(&str, &str)],
) -> Vec<String> {
    let is_expected = |case: &str| expected.iter().any(|(name, _)| case.ends_with(name));
    let is_different = |case: &str| plain.get(case) != seen.get(case);
    let unlisted = plain.keys().filter(|case| is_different(case) && !is_expected(case));
    let unlisted =
        unlisted.map(|case| format!("{case}\n  plain: {:?}\n  seen:  {:?}", plain.get(case), seen.get(case)));
    let same = expected
        .iter()
        .filter(|(name, _)| !plain.keys().any(|case| case.ends_with(name) && is_different(case)));
    unlisted
        .chain(same.map(|(name, _)| format!("{name}: no difference any more")))
        .collect()
}

/// Tries all cases on a volume, which is a plain file system, and on `compared`, of which `mounts` are the options; fails with those that are answered otherwise
/// and are not on the list beside the directory, and those that are on it and are not.
fn compare(home: &Home, mounts: &[&str], compared: &[(&str, &[(&str, &str)])]) {
    let archive = home.file("posix.tar");
    write_image(&archive);
    home.run(["image", "load", "-i", archive.to_str().unwrap()]).success();
    let directories: Vec<&str> = compared.iter().map(|(directory, _)| *directory).collect();
    // Answers on each file system, in a file for each.
    let script = format!(
        "mkdir /overlay; for d in /plain {}; do /posix-cases $d >/root$d 2>&1; done; echo complete; sleep 10000",
        directories.join(" ")
    );
    let line = ["run", "-d", "--name", "cases", "--cap-add", "ALL", "-v", "plain:/plain"];
    home.run([&line, mounts, &[IMAGE, "sh", "-c", &script]].concat())
        .success();
    eventually("all cases were tried", LIMIT, || {
        home.run(["logs", "cases"]).text().contains("complete")
    });
    let plain = answers(home, "/plain");
    assert!(plain.len() > 900, "{}", plain.len());
    let mut wrong = Vec::new();
    for (directory, expected) in compared {
        let differences = unexpected(&plain, &answers(home, directory), expected);
        wrong.extend(
            differences
                .into_iter()
                .map(|difference| format!("{directory}: {difference}")),
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn shared_files_are_as_on_a_plain_file_system() {
    require!(
        guest_architecture() == host_architecture(),
        "guests run programs of the host"
    );
    let home = Home::new().with("CONTAINER_BACKEND", "qemu");
    let bound = home.file("bound");
    fs::create_dir(&bound).unwrap();
    home.run(["volume", "create", "--opt", "type=shared", "both"]).success();
    let bind = format!("{}:/bound", bound.display());
    compare(
        &home,
        &["-v", &bind, "-v", "both:/both"],
        &[("/bound", &DIFFERENCES_OF_SHARES), ("/both", &DIFFERENCES_OF_SHARES)],
    );
}

#[test]
fn files_of_the_root_are_as_on_a_plain_file_system() {
    require!(
        guest_architecture() == host_architecture(),
        "guests run programs of the host"
    );
    let home = Home::new().with("CONTAINER_BACKEND", "qemu");
    compare(&home, &[], &[("/overlay", &DIFFERENCES_OF_ROOT)]);
}
