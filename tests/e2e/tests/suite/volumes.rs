//! Proves that volumes outlive their containers and whatever is killed, that one running container at a time writes to them, and that they
//! get what the image has.

use std::path::{Path, PathBuf};
use std::process::Command;

use container_e2e::{BUSYBOX, COMMAND_LIMIT, Home, Image, Process, eventually};
use serde_json::json;

/// Runs a script in a container that is removed at its end.
#[track_caller]
fn shell(home: &Home, mounts: &[&str], script: &str) -> String {
    let line = [&["run", "--rm"], mounts, &[BUSYBOX, "sh", "-c", script]].concat();
    home.run(line).success().text()
}

fn names(home: &Home) -> Vec<String> {
    let listed = home.run(["volume", "list", "-q"]).success().text();
    listed.lines().map(str::to_owned).collect()
}

fn image(home: &Home, volume: &str) -> PathBuf {
    home.app_root().join("volumes").join(volume).join("volume.img")
}

/// Replays the journal of a volume's disk and checks that nothing else is wrong with it. The totals of free blocks and inodes in the superblock
/// are not in the journal, and a volume has no directory for what a repair finds until a repair makes it.
#[track_caller]
pub(crate) fn assert_clean(image: &Path) {
    const EXPECTED: [&str; 3] = [
        "Free blocks count wrong (",
        "Free inodes count wrong (",
        "/lost+found not found.",
    ];
    let check = |flags: &str| Command::new("e2fsck").arg(flags).arg(image).output().unwrap();
    let replayed = check("-fy");
    let said = String::from_utf8_lossy(&replayed.stdout);
    // 1 says that something was written, e2fsck(8).
    assert!(matches!(replayed.status.code(), Some(0 | 1)), "{said}");
    let lines: Vec<&str> = said.lines().filter(|line| !line.is_empty()).collect();
    for (index, line) in lines.iter().enumerate().filter(|(_, line)| line.ends_with("? yes")) {
        let what = lines[index.saturating_sub(usize::from(*line == "Fix? yes"))];
        assert!(EXPECTED.iter().any(|expected| what.starts_with(expected)), "{said}");
    }
    let checked = check("-fn");
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stdout));
}

#[test]
fn data_outlives_the_container_and_read_only_is_read_only() {
    let home = Home::new();
    // Made on the way, and kept although its container is removed as soon as it has ended.
    shell(
        &home,
        &["-v", "data:/d"],
        "echo kept >/d/file; mkdir -p /d/sub/dir; echo deep >/d/sub/dir/file; chown 7:8 /d",
    );
    assert_eq!(names(&home), ["data"]);
    let script =
        "cat /d/file; stat -c %u:%g /d; echo x 2>/dev/null >/d/new || echo refused; cat /s/file; ls /own | wc -l";
    let mounts = [
        "--mount",
        "type=volume,source=data,target=/d,readonly",
        "--mount",
        "type=volume,src=data,dst=/s,volume-subpath=sub/dir,ro",
        "-v",
        "/own",
    ];
    assert_eq!(shell(&home, &mounts, script), "kept\n7:8\nrefused\ndeep\n0");
    let line = [
        "run",
        "--rm",
        "--mount",
        "type=volume,source=data,target=/d,volume-subpath=none",
        BUSYBOX,
        "true",
    ];
    home.run(line)
        .failure(125, &["cannot mount the directory \"none\" of the volume on /d"]);
    assert_eq!(names(&home), ["data"], "anonymous volumes go with --rm");
    assert_clean(&image(&home, "data"));
}

#[test]
fn a_volume_gets_what_the_image_has_unless_it_must_not() {
    let home = Home::new();
    let count = "find /bin ! -type d | wc -l; stat -c %i /bin/busybox /bin/sh | sort -u | wc -l";
    let of_image = shell(&home, &[], count);
    assert_eq!(shell(&home, &["-v", "filled:/bin"], count), of_image);
    assert_eq!(
        shell(&home, &["-v", "filled:/v:ro"], &count.replace("/bin", "/v")),
        of_image
    );
    // The first use may be one that only reads.
    assert_eq!(shell(&home, &["-v", "read:/bin:ro"], count), of_image);
    assert_eq!(
        shell(
            &home,
            &["-v", "empty:/etc:nocopy"],
            "ls /etc | grep -v -e hosts -e hostname -e resolv.conf | wc -l"
        ),
        "0"
    );
    assert_clean(&image(&home, "filled"));

    // As if the machine had been killed while the volume was being filled.
    shell(&home, &["-v", "half:/d"], "mkdir /d/sub; echo half >/d/sub/file");
    let marked = Command::new("debugfs")
        .args(["-w", "-R", "ea_set / trusted.container.filling 1"])
        .arg(image(&home, "half"))
        .output()
        .unwrap();
    assert!(marked.status.success(), "{marked:?}");
    assert_eq!(shell(&home, &["-v", "half:/bin"], count), of_image);
    assert_eq!(
        shell(&home, &["-v", "half:/d"], "ls -d /d/sub 2>/dev/null || echo gone"),
        "gone"
    );
}

#[test]
fn volumes_of_images_and_of_other_containers_are_mounted() {
    let home = Home::new();
    let archive = home.file("archive.tar");
    Image::busybox("localhost/with-volume:1")
        .config(json!({ "Cmd": ["sh"], "Volumes": { "/var/lib/data": {} } }))
        .write(&archive);
    home.run(["image", "load", "-i", archive.to_str().unwrap()]).success();
    let script = "echo shared >/var/lib/data/file";
    let line = [
        "run",
        "--name",
        "first",
        "-v",
        "named:/n",
        "localhost/with-volume:1",
        "sh",
        "-c",
        script,
    ];
    home.run(line).success();
    let mounts = home.run(["inspect", "first"]).success().json()[0]["configuration"]["mounts"].clone();
    assert_eq!(
        (mounts[0]["destination"].clone(), mounts[1]["destination"].clone()),
        (json!("/n"), json!("/var/lib/data"))
    );
    assert_eq!(mounts[0]["type"]["volume"]["name"], "named");
    assert_eq!(names(&home).len(), 2);
    let script = "cat /var/lib/data/file; touch /var/lib/data/x 2>/dev/null || echo refused; test -d /n && echo named";
    assert_eq!(
        shell(&home, &["--volumes-from", "first:ro"], script),
        "shared\nrefused\nnamed"
    );
    home.run(["run", "--volumes-from", "nobody", BUSYBOX, "true"])
        .failure(125, &["nobody"]);
    home.run(["volume", "delete", "named", "lost"]).failure(
        1,
        &[
            "volume named cannot be deleted: container first uses it",
            "volume \"lost\" not found",
        ],
    );
    home.run(["delete", "--volumes", "first"]).success();
    assert_eq!(names(&home), ["named"]);
    let pruned = home.run(["volume", "prune"]).success();
    assert!(
        pruned.text() == "named" && pruned.stderr.contains("Reclaimed"),
        "{pruned:?}"
    );
    assert!(names(&home).is_empty());
}

#[test]
fn a_second_writer_is_refused_and_told_who_has_the_volume() {
    let home = Home::new();
    let wait = "trap 'exit 0' TERM; while :; do sleep 1 & wait $!; done";
    let start =
        |name: &str, mount: &str| home.run(["run", "-d", "--name", name, "-v", mount, BUSYBOX, "sh", "-c", wait]);
    start("writer", "data:/d").success();
    for mount in ["data:/d", "data:/d:ro"] {
        home.run(["run", "--rm", "-v", mount, BUSYBOX, "true"]).failure(
            125,
            &[
                "volume data is in use by container writer",
                "volume create --opt type=shared",
                "container stop writer",
            ],
        );
    }
    home.run(["stop", "writer"]).success();
    start("reader", "data:/d:ro").success();
    assert_eq!(shell(&home, &["-v", "data:/d:ro"], "echo both"), "both");
    home.run(["run", "--rm", "-v", "data:/d", BUSYBOX, "true"])
        .failure(125, &["volume data is in use by container reader"]);
    home.run(["kill", "reader"]).success();
}

#[test]
fn a_volume_survives_kill_of_the_launcher_and_of_the_hypervisor_while_it_is_written_to() {
    let home = Home::new();
    let script = "echo before >/d/file; sync; i=0; while :; do mkdir /d/$i; echo $i >/d/$i/f; rm -rf /d/$((i-5)); i=$((i+1)); \
                  if [ $i = 50 ]; then sync; echo writing; fi; done";
    let writer = [
        "run", "-d", "--name", "writer", "-v", "data:/d", BUSYBOX, "sh", "-c", script,
    ];
    home.run(writer).success();
    for (starts, is_victim) in [
        (1, Process::is_launcher as fn(&Process) -> bool),
        (2, Process::is_hypervisor),
    ] {
        eventually("it writes", COMMAND_LIMIT, || {
            home.run(["logs", "writer"]).text().matches("writing").count() == starts
        });
        let victims: Vec<_> = home.processes().into_iter().filter(is_victim).collect();
        victims.iter().for_each(Process::kill);
        eventually("it is on record", COMMAND_LIMIT, || {
            home.status("writer")["state"] == "stopped"
        });
        // Only reads, and has to replay the journal for that.
        let seen = shell(
            &home,
            &["-v", "data:/d:ro"],
            "cat /d/file; test -d /d/49 && echo last || ls /d | wc -l",
        );
        assert!(seen.starts_with("before\n"), "{seen}");
        assert_clean(&image(&home, "data"));
        home.run(["start", "writer"]).success();
    }
    home.run(["delete", "--force", "writer"]).success();
    assert_clean(&image(&home, "data"));
}

#[test]
fn volumes_are_shown_in_the_shapes_of_apple_s_tool() {
    let home = Home::new();
    let line = [
        "volume",
        "create",
        "-s",
        "64m",
        "--opt",
        "journal=ordered:8m",
        "--label",
        "a=b",
        "data",
    ];
    assert_eq!(home.run(line).success().text(), "data");
    home.run(line).failure(1, &["volume data exists already"]);
    home.run(["volume", "create", "--opt", "type=tmpfs", "x"])
        .failure(64, &["no type \"tmpfs\""]);
    home.run(["volume", "create", "../x"]).with_code(64);
    let shown = home.run(["volume", "inspect", "data"]).success().json()[0].clone();
    let configuration = &shown["configuration"];
    assert_eq!(
        (&shown["id"], &configuration["sizeInBytes"]),
        (&json!("data"), &json!(64 << 20))
    );
    assert_eq!(
        configuration["options"],
        json!({ "size": "64m", "journal": "ordered:8m" })
    );
    assert_eq!(configuration["source"], json!(image(&home, "data")));
    let table = home.run(["volume", "ls"]).success().text();
    assert!(
        table.contains("data  named  local   journal=ordered:8m,size=64m"),
        "{table}"
    );
    let usage = home.run(["system", "df", "--format", "json"]).success().json();
    assert_eq!(
        (&usage["volumes"]["total"], &usage["volumes"]["active"]),
        (&json!(1), &json!(0))
    );
    home.run(["volume", "rm", "--all"]).success();
    assert!(names(&home).is_empty());
}
