//! Proves the names, formats, exit codes and streams of the image commands.

use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::path::PathBuf;

use container_e2e::{BUSYBOX, Home, Image, Layer, Pty};
use rustix::process::Signal;

/// A home with an image of a single file, and the archive that it was loaded from.
fn home_with(name: &str, content: &[u8]) -> (Home, PathBuf) {
    let home = Home::empty();
    let path = load(&home, name, content);
    (home, path)
}

fn load(home: &Home, name: &str, content: &[u8]) -> PathBuf {
    let path = home.file(&format!("{}.tar", content.len()));
    Image::new(name, Layer::default().file("data", 0o644, content)).write(&path);
    home.run(["image", "load", "--quiet", "-i", path.to_str().unwrap()])
        .success();
    path
}

fn id(home: &Home, name: &str) -> String {
    home.run(["image", "inspect", name]).success().json()[0]["id"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
fn lists_of_images_have_every_format() {
    let (home, _) = home_with("localhost/data:1", b"x");
    let verbose = home.run(["image", "list", "--verbose"]).success().text();
    let lines: Vec<Vec<&str>> = verbose.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(
        lines[0].join(" "),
        "NAME TAG INDEX DIGEST OS ARCH VARIANT FULL SIZE CREATED MANIFEST DIGEST"
    );
    assert_eq!((lines.len(), &lines[1][..2]), (2, &["localhost/data", "1"][..]));
    let json = home.run(["image", "ls", "--format", "json"]).success();
    assert_eq!(json.stdout.iter().filter(|byte| **byte == b'\n').count(), 1);
    assert_eq!(
        json.json(),
        home.run(["image", "inspect", "localhost/data:1"]).success().json()
    );
    let yaml = home.run(["i", "ls", "--format", "yaml"]).success().text();
    assert!(yaml.starts_with("- "), "{yaml}");
    let toml = home.run(["images", "--format", "toml"]).success().text();
    assert!(toml.contains("[[items]]"), "{toml}");
    let quiet = home.run(["image", "ls", "-q", "--format", "json"]).success();
    assert_eq!(quiet.stdout, json.stdout, "machines get everything");
    home.run(["image", "ls", "-q", "-v"]).with_code(64);
}

#[test]
fn an_image_is_found_by_the_beginning_of_its_digest() {
    let (home, _) = home_with("localhost/data:1", b"x");
    let id = id(&home, "localhost/data:1");
    for text in [
        &id[..6],
        &id[..12],
        &id,
        &format!("sha256:{id}"),
        &format!("localhost/data@sha256:{id}"),
    ] {
        let found = home.run(["image", "inspect", text]).success().json();
        assert_eq!(found[0]["id"], id.as_str(), "{text}");
    }
    home.run(["image", "inspect", "abcdef", "localhost/other"])
        .failure(1, &["abcdef", "localhost/other"]);
    home.run(["image", "inspect", "not an image"])
        .failure(64, &["not an image"]);
    assert_eq!(
        home.run(["tag", &id[..12], "second:2"]).success().text(),
        "docker.io/library/second:2"
    );
    home.run(["tag", "second:2", &format!("third@sha256:{id}")])
        .failure(64, &["digest"]);
}

#[test]
fn an_image_that_lost_its_name_has_none_until_it_is_pruned() {
    let (home, _) = home_with("localhost/data:1", b"old");
    let old = id(&home, "localhost/data:1");
    load(&home, "localhost/data:1", b"newer");
    let table = home.run(["image", "ls"]).success().text();
    let row = table
        .lines()
        .find(|line| line.contains("<none>"))
        .unwrap_or_else(|| panic!("{table}"));
    assert!(row.starts_with("localhost/data ") && row.ends_with(&old[..12]), "{row}");

    let pruned = home.run(["image", "prune"]).success();
    let lines: Vec<String> = pruned.text().lines().map(str::to_owned).collect();
    assert!(
        lines.contains(&format!("untagged localhost/data@sha256:{old}")),
        "{lines:?}"
    );
    assert!(lines.contains(&format!("deleted sha256:{old}")), "{lines:?}");
    assert!(pruned.stderr.starts_with("Reclaimed ") && pruned.stderr.ends_with(" in disk space\n"));

    let again = home.run(["image", "prune"]).success();
    assert_eq!(
        (again.text().as_str(), again.stderr.as_str()),
        ("", "Reclaimed 0 B in disk space\n")
    );
    assert_eq!(home.run(["image", "ls", "-q"]).success().text(), "localhost/data:1");
    let all = home.run(["image", "prune", "--all"]).success().text();
    assert!(all.contains("untagged localhost/data:1\n"), "{all}");
    assert!(home.run(["image", "ls", "-q"]).success().stdout.is_empty());
}

#[test]
fn deleting_names_what_went_and_what_did_not() {
    let (home, _) = home_with("localhost/data:1", b"x");
    home.run(["tag", "localhost/data:1", "localhost/data:2"]).success();
    let deleted = home
        .run(["image", "delete", "localhost/data:1", "nothing"])
        .with_code(1);
    assert_eq!(deleted.text(), "localhost/data:1");
    assert!(
        deleted.stderr.contains("Error: ") && deleted.stderr.contains("nothing"),
        "{}",
        deleted.stderr
    );
    home.run(["image", "delete"]).with_code(64);
    home.run(["image", "delete", "--all", "x"]).with_code(64);
    let forced = home.run(["rmi", "--force", "nothing"]).success();
    assert_eq!((forced.text().as_str(), forced.stderr.as_str()), ("", ""));
    let last = home.run(["rmi", "--all"]).success();
    assert_eq!(last.text(), "localhost/data:2");
    assert!(last.stderr.contains("Reclaimed "), "{}", last.stderr);
}

#[test]
fn the_last_name_of_a_used_image_stays() {
    let home = Home::new();
    home.run(["create", "--name", "user", BUSYBOX, "true"]).success();
    home.run(["image", "rm", BUSYBOX])
        .failure(1, &[BUSYBOX, "container", "--force"]);
    assert!(home.run(["image", "prune", "--all"]).success().stdout.is_empty());
    let df = home.run(["system", "df", "--format", "json"]).success().json();
    assert_eq!(
        (&df["images"]["total"], &df["images"]["active"]),
        (&1.into(), &1.into())
    );
    assert_eq!(df["containers"]["total"], 1);
    home.run(["image", "rm", "--force", BUSYBOX]).success();
    home.run(["start", "user"]).success();
}

#[test]
fn the_disk_is_counted() {
    let (home, _) = home_with("localhost/data:1", &[7; 1 << 20]);
    let table = home.run(["system", "df"]).success().text();
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(
        lines[0].split_whitespace().collect::<Vec<_>>().join(" "),
        "TYPE TOTAL ACTIVE SIZE RECLAIMABLE"
    );
    assert!(
        lines[1].starts_with("Images ")
            && lines[2].starts_with("Containers ")
            && lines[3].starts_with("Local Volumes ")
    );
    let images = &home.run(["s", "df", "--format", "json"]).success().json()["images"];
    assert_eq!((&images["total"], &images["active"]), (&1.into(), &0.into()));
    assert!(images["sizeInBytes"].as_u64().unwrap() >= 1 << 20, "{images}");
    assert!(images["reclaimable"].as_u64().unwrap() >= 1 << 20, "{images}");
    let yaml = home.run(["system", "df", "--format", "yaml"]).success().text();
    assert!(yaml.contains("sizeInBytes"), "{yaml}");
}

#[test]
fn history_has_a_line_for_each_layer() {
    let (home, _) = home_with("localhost/data:1", b"x");
    let table = home.run(["image", "history", "localhost/data:1"]).success().text();
    assert!(table.starts_with("IMAGE "), "{table}");
    assert_eq!(table.lines().count(), 2);
    let id = id(&home, "localhost/data:1");
    let quiet = home
        .run(["image", "history", "-q", "localhost/data:1"])
        .success()
        .text();
    assert_eq!(quiet, id[..12]);
    let whole = home
        .run(["image", "history", "-q", "--no-trunc", "localhost/data:1"])
        .success()
        .text();
    assert_eq!(whole, format!("sha256:{id}"));
    let json = home
        .run(["image", "history", "--format", "json", "localhost/data:1"])
        .success()
        .json();
    assert_eq!(json[0]["emptyLayer"], false);
}

#[test]
fn an_archive_goes_to_a_file_with_names_or_to_a_pipe_without() {
    let (home, _) = home_with("localhost/data:1", b"x");
    load(&home, "localhost/data:2", b"other");
    let path = home.file("saved.tar");
    let words = [
        "image",
        "save",
        "-o",
        path.to_str().unwrap(),
        "localhost/data:1",
        "localhost/data:2",
    ];
    assert_eq!(home.run(words).success().text(), "localhost/data:1\nlocalhost/data:2");
    let piped = home
        .run(["image", "save", "localhost/data:1", "localhost/data:2"])
        .success();
    assert_eq!(piped.stdout, fs::read(&path).unwrap());
    assert!(
        piped.stderr.ends_with("localhost/data:1\nlocalhost/data:2\n"),
        "{}",
        piped.stderr
    );

    let other = Home::empty();
    let loaded = other.run_with_input(["image", "load", "-q"], piped.stdout).success();
    assert_eq!(
        (loaded.text().as_str(), loaded.stderr.as_str()),
        ("localhost/data:1\nlocalhost/data:2", "")
    );
    let directory = home.file("layout");
    let words = [
        "image",
        "save",
        "--format",
        "oci-dir",
        "-o",
        directory.to_str().unwrap(),
        "localhost/data:1",
    ];
    home.run(words).success();
    assert!(directory.join("oci-layout").is_file());
}

#[test]
fn wrong_uses_of_save_and_load_are_explained() {
    let (home, archive) = home_with("localhost/data:1", b"x");
    home.run(["image", "save"]).with_code(64);
    home.run(["image", "save", "--format", "oci-dir", "localhost/data:1"])
        .failure(64, &["--output"]);
    home.run(["image", "save", "nothing:1"]).failure(1, &["nothing:1"]);
    home.run(["image", "save", "--platform", "linux/s390x", "localhost/data:1"])
        .failure(1, &["linux/s390x", "linux/"]);
    home.run([
        "image",
        "save",
        "--platform",
        "linux/s390x",
        "--all-platforms",
        "localhost/data:1",
    ])
    .with_code(64);
    home.run(["image", "save", "-o", "/no/such/directory/x.tar", "localhost/data:1"])
        .failure(1, &["/no/such/directory"]);
    home.run([
        "image",
        "load",
        "--quiet",
        "--progress",
        "plain",
        "-i",
        archive.to_str().unwrap(),
    ])
    .with_code(64);
    let mut terminal = Pty::spawn(&home.command(["image", "save", "localhost/data:1"]));
    terminal.expect("not written to a terminal");
    assert_eq!(terminal.wait(), 64);
}

#[test]
fn the_default_platform_is_used_with_a_warning_and_blamed_when_wrong() {
    let (home, _) = home_with("localhost/data:1", b"x");
    let home = home.with("CONTAINER_DEFAULT_PLATFORM", "linux/s390x");
    home.run(["image", "save", "localhost/data:1"]).failure(
        1,
        &["Warning: using platform linux/s390x from CONTAINER_DEFAULT_PLATFORM"],
    );
    let host = std::env::consts::ARCH;
    let by_flag = home
        .run(["image", "save", "--arch", host, "localhost/data:1"])
        .success();
    assert!(!by_flag.stderr.contains("Warning"), "{}", by_flag.stderr);
    let home = home.with("CONTAINER_DEFAULT_PLATFORM", "nonsense");
    home.run(["image", "pull", "localhost/data:1"])
        .failure(64, &["CONTAINER_DEFAULT_PLATFORM", "nonsense"]);
    home.run(["create", "localhost/data:1", "x"])
        .failure(64, &["CONTAINER_DEFAULT_PLATFORM"]);
}

#[test]
fn an_interrupted_pull_ends_without_a_word() {
    let home = Home::empty();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let name = format!("127.0.0.1:{}/slow:1", silent.local_addr().unwrap().port());
    let pull = home.spawn(["image", "pull", "--progress", "none", &name]);
    // The command has sent a request, so its signal handlers are installed.
    let (mut connection, _) = silent.accept().unwrap();
    assert!(connection.read(&mut [0; 1]).unwrap() > 0);
    pull.signal(Signal::INT);
    let outcome = pull.wait().with_code(130);
    assert_eq!((outcome.text().as_str(), outcome.stderr.as_str()), ("", ""));
}

#[test]
fn bars_leave_nothing_on_the_terminal() {
    let (home, archive) = home_with("localhost/data:1", b"x");
    let words = ["image", "load", "--progress", "ansi", "-i", archive.to_str().unwrap()];
    let mut terminal = Pty::spawn(&home.command(words));
    let seen = terminal.expect("localhost/data:1\r\n");
    let rest = seen.rsplit("\x1b[J").next().unwrap_or_default();
    assert_eq!(rest, "localhost/data:1\r\n", "{seen:?}");
    assert_eq!(terminal.wait(), 0);
}
