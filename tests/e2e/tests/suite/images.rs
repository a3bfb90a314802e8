//! Proves that loaded images are listed, tagged and deleted, that damaged ones are refused, and that containers share the layers' disks.

use std::fs;

use container_e2e::{BUSYBOX, Home, Image, Layer};

#[test]
fn a_loaded_image_is_listed_inspected_tagged_and_deleted() {
    let home = Home::new();
    let table = home.run(["image", "list"]).success().text();
    let row: Vec<&str> = table.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!(&row[..2], ["localhost/busybox", "latest"]);
    assert_eq!(row[2].len(), 12);
    let image = &home.run(["i", "inspect", BUSYBOX]).success().json()[0];
    assert_eq!(image["configuration"]["name"], BUSYBOX);
    assert_eq!(image["variants"][0]["platform"]["os"], "linux");
    assert_eq!(
        home.run(["image", "tag", BUSYBOX, "other:v1"]).success().text(),
        "docker.io/library/other:v1"
    );
    assert_eq!(home.run(["image", "ls", "-q"]).success().text().lines().count(), 2);
    assert_eq!(
        home.run(["run", "--rm", "other:v1", "echo", "hi"]).success().text(),
        "hi"
    );
    home.run(["image", "rm", "other:v1"]).success();
    home.run(["image", "rm", "other:v1"]).failure(1, &["other:v1"]);
    home.run(["image", "rm", "--force", "other:v1"]).success();
    assert_eq!(home.run(["image", "ls", "-q"]).success().text(), BUSYBOX);
}

#[test]
fn an_archive_may_come_through_a_pipe() {
    let home = Home::empty();
    let path = home.file("image.tar");
    Image::new("localhost/tiny:1", Layer::default().file("hello", 0o644, b"x")).write(&path);
    let outcome = home
        .run_with_input(["image", "load"], fs::read(&path).unwrap())
        .success();
    assert_eq!(outcome.text(), "localhost/tiny:1");
}

#[test]
fn a_damaged_layer_is_refused_and_nothing_keeps_its_name() {
    let home = Home::empty();
    let path = home.file("image.tar");
    Image::new("localhost/bad:1", Layer::default().file("data", 0o644, &[7; 100_000]))
        .damaged()
        .write(&path);
    home.run(["image", "load", "-i", path.to_str().unwrap()])
        .failure(1, &["sha256:"]);
    assert!(home.run(["image", "ls", "-q"]).success().stdout.is_empty());
    assert_eq!(large_files(&home), 0);
}

#[test]
fn something_else_is_no_archive() {
    let home = Home::empty();
    home.run(["image", "load", "-i", "/etc/passwd"]).failure(1, &[]);
    home.run(["image", "load", "-i", "/no/such/file"])
        .failure(1, &["/no/such/file"]);
    home.run_with_input(["image", "load"], "").failure(1, &[]);
}

#[test]
fn an_image_may_have_no_program() {
    let home = Home::empty();
    let path = home.file("image.tar");
    Image::new("localhost/data:1", Layer::default().file("data", 0o644, b"x")).write(&path);
    home.run(["image", "load", "-i", path.to_str().unwrap()]).success();
    home.run(["run", "--rm", "localhost/data:1"]).failure(64, &["command"]);
    home.run(["run", "--rm", "localhost/data:1", "/data"])
        .failure(126, &["/data"]);
    home.run(["run", "--rm", "localhost/data:1", "sh"])
        .failure(127, &["sh"]);
}

#[test]
fn containers_share_the_disks_of_their_layers() {
    let home = Home::new();
    let before = disk_usage(&home);
    for _ in 0..5 {
        home.run(["create", BUSYBOX, "true"]).success();
    }
    assert!(
        disk_usage(&home) - before < 5 << 20,
        "{} bytes for five containers",
        disk_usage(&home) - before
    );
}

fn large_files(home: &Home) -> usize {
    files(home)
        .filter(|path| path.metadata().is_ok_and(|metadata| metadata.len() > 50_000))
        .count()
}

/// Bytes that the files of a home really take.
fn disk_usage(home: &Home) -> u64 {
    use std::os::unix::fs::MetadataExt;
    files(home)
        .filter_map(|path| path.metadata().ok())
        .map(|metadata| metadata.blocks() * 512)
        .sum()
}

fn files(home: &Home) -> impl Iterator<Item = std::path::PathBuf> {
    let mut directories = vec![home.app_root()];
    let mut files = Vec::new();
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap().flatten() {
            match entry.file_type().unwrap().is_dir() {
                true => directories.push(entry.path()),
                false => files.push(entry.path()),
            }
        }
    }
    files.into_iter()
}
