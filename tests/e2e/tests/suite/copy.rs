//! Proves that files are copied in, out and across as Docker copies them, with everything that a file is, and never out of a root.

use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use container_e2e::{BUSYBOX, COMMAND_LIMIT, Home, Layer, eventually};
use rustix::process::Signal;

fn shell(home: &Home, name: &str, script: &str) -> String {
    home.run(["exec", name, "sh", "-c", script]).success().text()
}

/// Every file below `.` with kind, mode, size, number of names and time, and its content.
const LISTING: &str = "find . | sort | while read -r f; do stat -c '%n %F %a %s %h %Y' \"$f\"; done; \
                       find . -type f | sort | xargs sha256sum; find . -type l | sort | xargs -n1 readlink";

const TREE: &str = "mkdir -p /t/d/deep; cd /t; echo content >d/deep/file; echo program >p; chmod 4755 p; ln p d/hard; ln -s /nowhere l; \
                    mkfifo fifo; truncate -s 100M hole; echo end >>hole; chmod 2750 d; touch -d '2001-02-03 04:05:06' d/deep/file";

#[test]
fn a_tree_goes_out_and_in_and_across_unchanged() {
    let home = Home::new();
    home.start_sleeper("one");
    home.start_sleeper("two");
    shell(&home, "one", TREE);
    let inside = shell(&home, "one", &format!("cd /t; {LISTING}"));
    let out = home.file("out");
    let written = home.run(["cp", "one:/t", out.to_str().unwrap()]).success().text();
    assert_eq!(written.trim(), out.to_str().unwrap());
    let hole = fs::metadata(out.join("hole")).unwrap();
    assert!(hole.len() > 100 << 20 && hole.blocks() * 512 < 1 << 20, "{hole:?}");
    let program = fs::metadata(out.join("p")).unwrap();
    assert_eq!((program.mode() & 0o7777, program.nlink()), (0o4755, 2));
    assert!(fs::symlink_metadata(out.join("fifo")).unwrap().file_type().is_fifo());
    home.run(["copy", out.to_str().unwrap(), "two:/back"]).success();
    home.run(["copy", "one:/t", "two:/across"]).success();
    for path in ["/back", "/across"] {
        assert_eq!(shell(&home, "two", &format!("cd {path}; {LISTING}")), inside, "{path}");
        assert_eq!(
            shell(&home, "two", &format!("du -k {path}/hole | cut -f1"))
                .trim()
                .len(),
            1
        );
    }
}

/// Files of this size are read from the container's disks on the host, where these have them.
const LARGE_MIB: u32 = 40;

#[test]
fn a_large_file_comes_out_as_the_container_sees_it_wherever_it_is() {
    let home = Home::new();
    let mounts = ["--volume", "data:/data", "--tmpfs", "/memory"];
    let run = [
        &["run", "-d", "--name", "web"],
        &mounts[..],
        &[BUSYBOX, "sleep", "1000"],
    ]
    .concat();
    home.run(run).success();
    let make = format!(
        "dd if=/dev/urandom of=/f bs=1M count={LARGE_MIB} 2>&1; truncate -s 99M /f; chmod 4750 /f; touch -d '2001-02-03 04:05:06' /f; \
         ln -s f /link; cp -p /f /data; cp -p /f /memory; printf x | dd of=/memory/f bs=1 seek=5 conv=notrunc 2>&1; \
         touch -d '2001-02-03 04:05:06' /memory/f"
    );
    shell(&home, "web", &make);
    let out = home.file("out");
    let sum = |output: std::process::Output| String::from_utf8_lossy(&output.stdout)[..64].to_owned();
    for (path, source) in [
        ("/f", "/f"),
        ("/data/f", "/data/f"),
        ("/memory/f", "/memory/f"),
        ("/link", "/f"),
    ] {
        home.run(["cp", "-L", &format!("web:{path}"), out.to_str().unwrap()])
            .success();
        let copied = sum(Command::new("sha256sum").arg(&out).output().unwrap());
        let inside = shell(&home, "web", &format!("sha256sum {source}"));
        assert_eq!(copied, inside[..64], "{path}");
        let found = fs::metadata(&out).unwrap();
        assert_eq!((found.mode() & 0o7777, found.mtime()), (0o4750, 981_173_106), "{path}");
        fs::remove_file(&out).unwrap();
    }
    // The disks are not held still any longer, and one file that changes all the time is copied as well.
    shell(
        &home,
        "web",
        "while :; do date >>/f; done >/dev/null 2>&1 & echo goes on >/new",
    );
    home.run(["cp", "web:/f", out.to_str().unwrap()]).success();
    assert!(fs::metadata(&out).unwrap().len() > u64::from(LARGE_MIB) << 20);
}

#[test]
fn dockers_rules_decide_where_it_goes() {
    let home = Home::new();
    home.start_sleeper("web");
    let source = home.file("source");
    fs::create_dir_all(source.join("sub")).unwrap();
    fs::write(source.join("file"), "content").unwrap();
    fs::set_permissions(source.join("file"), fs::Permissions::from_mode(0o640)).unwrap();
    let path = |name: &str| source.join(name).to_str().unwrap().to_owned();
    let cp = |from: &str, to: &str| home.run(["cp", from, to]);
    shell(&home, "web", "mkdir /w /w/there; echo old >/w/old; ln -s old /w/link");
    cp(&path("file"), "web:/w/new").success();
    cp(&path("file"), "web:w/there").success();
    cp(&path("file"), "web:/w/link").success();
    cp(&path(""), "web:/w/made").success();
    cp(&path("."), "web:/w/there/").success();
    cp(&path("sub"), "web:/w/there").success();
    let found = shell(
        &home,
        "web",
        "cd /w; find . -type f | sort; cat old; readlink link; stat -c '%u:%g %a' new",
    );
    let expected = "./made/file\n./new\n./old\n./there/file\ncontentold\n0:0 640";
    assert_eq!(found, expected);
    cp(&path("file"), "web:/w/none/").failure(1, &["there is no directory web:/w/none/"]);
    cp(&path("file"), "web:/w/old/").failure(1, &["is not a directory"]);
    cp(&path("sub"), "web:/w/old").failure(1, &["is a file"]);
    cp(&path("file"), "web:/none/file").failure(1, &["/none: no such file or directory"]);
    cp(&path("none"), "web:/w").failure(1, &["there is no"]);
    cp("web:/none", &path("")).failure(1, &["there is no web:/none"]);
    shell(&home, "web", "mkdir /w/there/d");
    fs::write(source.join("d"), "").unwrap();
    cp(&path("d"), "web:/w/there").failure(1, &["cannot overwrite directory"]);
}

#[test]
fn links_owners_and_names_are_what_they_are() {
    let home = Home::new();
    home.start_sleeper("web");
    shell(
        &home,
        "web",
        "ln -s / /x; ln -s ../../../etc/hostname /up; echo inside >/etc/mark; ln -s mark /etc/to-mark; mkdir /own; chown 7:8 /own",
    );
    let out = home.file("out");
    fs::create_dir(&out).unwrap();
    let out_text = out.to_str().unwrap();
    home.run(["cp", "web:x/etc/mark", out_text]).success();
    assert_eq!(fs::read_to_string(out.join("mark")).unwrap(), "inside\n");
    home.run(["cp", "web:/etc/to-mark", out_text]).success();
    assert_eq!(fs::read_link(out.join("to-mark")).unwrap().to_str(), Some("mark"));
    let target = out.join("followed");
    home.run(["cp", "-L", "web:/etc/to-mark", target.to_str().unwrap()])
        .success();
    assert!(fs::symlink_metadata(&target).unwrap().is_file());
    let odd = out.join(OsStr::from_bytes(b"odd \xff name"));
    fs::write(&odd, "odd").unwrap();
    home.run([OsStr::new("cp"), odd.as_os_str(), OsStr::new("web:/odd-dir-less")])
        .success();
    home.run(["cp", out_text, "web:/names"]).success();
    assert_eq!(shell(&home, "web", "cat /names/odd*"), "odd");
    home.run(["cp", "-a", "web:/own", "web:/kept"]).success();
    home.run(["cp", "web:/own", "web:/roots"]).success();
    assert_eq!(shell(&home, "web", "stat -c %u:%g /kept /roots"), "7:8\n0:0");
}

#[test]
fn archives_go_through_the_standard_streams() {
    let home = Home::new();
    home.start_sleeper("web");
    shell(&home, "web", TREE);
    let archive = home.run(["cp", "web:/t", "-"]).success();
    assert!(archive.stdout.len() < 1 << 20, "{} bytes", archive.stdout.len());
    shell(&home, "web", "mkdir /in");
    home.run_with_input(["cp", "-", "web:/in"], archive.stdout).success();
    let listing = |path: &str| shell(&home, "web", &format!("cd {path}; {LISTING}"));
    assert_eq!(listing("/in/t"), listing("/t"));
    home.run_with_input(["cp", "-", "web:/in/t/p"], "")
        .failure(1, &["web:/in/t/p is not a directory"]);
    home.run_with_input(["cp", "-", "web:/in"], vec![b'x'; 600])
        .failure(1, &["no valid tar header"]);
}

#[test]
fn an_error_in_the_middle_is_told_and_the_container_goes_on() {
    let home = Home::new();
    home.run([
        "run",
        "-d",
        "--name",
        "web",
        "--tmpfs",
        "/small:size=1m",
        BUSYBOX,
        "sleep",
        "1000",
    ])
    .success();
    let big = home.file("big");
    fs::write(&big, vec![1; 4 << 20]).unwrap();
    home.run(["cp", big.to_str().unwrap(), "web:/small"])
        .failure(1, &["No space left"]);
    shell(&home, "web", "mknod /device b 7 0");
    home.run(["cp", "web:/device", home.file("device").to_str().unwrap()])
        .failure(1, &["is a device"]);
    assert_eq!(shell(&home, "web", "echo well"), "well");
}

/// The file of the container's own disk.
fn root_disk(home: &Home, name: &str) -> PathBuf {
    home.app_root().join("containers").join(name).join("rootfs.ext4")
}

fn check_disk(disk: &Path) {
    let checked = Command::new("e2fsck")
        .arg("-fn")
        .arg(disk)
        .output()
        .expect("e2fsck runs");
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stdout));
}

#[test]
fn a_container_that_does_not_run_is_copied_to_and_from() {
    let home = Home::new();
    home.run(["volume", "create", "--opt", "size=16m", "data"]).success();
    home.run(["create", "--name", "web", "-v", "data:/data", BUSYBOX, "sleep", "1000"])
        .success();
    let source = home.file("source");
    fs::create_dir_all(source.join("sub")).unwrap();
    fs::write(source.join("sub/file"), "content").unwrap();
    let source = source.to_str().unwrap();
    // Never started.
    home.run(["cp", source, "web:/etc/in"]).success();
    home.run(["cp", source, "web:/data"]).success();
    home.run(["cp", &format!("{source}/sub/file"), "web:/bin/over"])
        .success();
    home.run(["cp", "web:/etc/in", "web:/etc/again"]).success();
    check_disk(&root_disk(&home, "web"));
    home.run(["start", "web"]).success();
    let found = shell(
        &home,
        "web",
        "cat /etc/in/sub/file /data/source/sub/file /bin/over /etc/again/sub/file; stat -c %u:%g /etc/in; \
         rm -r /etc/in; echo changed >/data/source/sub/file; mkdir /own; chown 7:8 /own; ln -s /etc/hosts /own/link",
    );
    assert_eq!(found, "contentcontentcontentcontent0:0");
    home.start_sleeper("other");
    home.run(["stop", "-t", "0", "web"]).success();
    let out = home.file("out");
    let out_text = out.to_str().unwrap();
    home.run(["cp", "web:/data/source", out_text]).success();
    assert_eq!(fs::read_to_string(out.join("sub/file")).unwrap(), "changed\n");
    home.run(["cp", "web:/etc/in", out_text])
        .failure(1, &["there is no web:/etc/in"]);
    home.run(["cp", "-a", "web:/own", "other:/own"]).success();
    assert_eq!(
        shell(&home, "other", "stat -c %u:%g /own; readlink /own/link"),
        "7:8\n/etc/hosts"
    );
    home.run(["cp", "other:/own", "web:/etc/in"]).success();
    let archive = home.run(["cp", "web:/etc/again", "-"]).success();
    home.run_with_input(["cp", "-", "web:/data"], archive.stdout).success();
    home.run(["cp", source, "web:/bin/over"]).failure(1, &["is a file"]);
    home.run(["cp", source, "web:/none/there"]).failure(1, &["/none"]);
    check_disk(&root_disk(&home, "web"));
    check_disk(&home.app_root().join("volumes/data/volume.img"));
    home.run(["start", "web"]).success();
    let found = shell(
        &home,
        "web",
        "cat /data/again/sub/file /data/source/sub/file; readlink /etc/in/link",
    );
    assert_eq!(found, "contentchanged\n/etc/hosts");
}

#[test]
fn a_volume_that_another_container_has_is_not_copied_to() {
    let home = Home::new();
    home.run(["volume", "create", "--opt", "size=16m", "data"]).success();
    for name in ["one", "two"] {
        home.run(["create", "--name", name, "-v", "data:/data", BUSYBOX, "sleep", "1000"])
            .success();
    }
    home.run(["start", "one"]).success();
    let file = home.file("file");
    fs::write(&file, "").unwrap();
    home.run(["cp", file.to_str().unwrap(), "two:/data"])
        .failure(1, &["volume data is in use"]);
}

#[test]
fn what_cannot_be_written_in_a_container_that_does_not_run_is_told_and_changes_nothing() {
    let home = Home::new();
    home.run(["volume", "create", "--opt", "size=8m", "data"]).success();
    let words = [
        "create",
        "--name",
        "web",
        "--read-only",
        "-v",
        "data:/data",
        "-v",
        "data:/ro:ro",
    ];
    home.run(words.into_iter().chain([BUSYBOX, "true"])).success();
    let big = home.file("big");
    fs::write(&big, vec![1; 16 << 20]).unwrap();
    let big = big.to_str().unwrap();
    home.run(["cp", big, "web:/big"]).failure(1, &["root is read-only"]);
    home.run(["cp", big, "web:/ro"])
        .failure(1, &["volume data is read-only in the container"]);
    home.run(["cp", big, "web:/data"]).failure(1, &["No space left"]);
    home.run(["cp", "web:/data/big", "-"]).failure(1, &["there is no"]);
    let volume = home.app_root().join("volumes/data");
    assert_eq!(fs::read_dir(&volume).unwrap().count(), 3);
    check_disk(&volume.join("volume.img"));
    let directory = home.file("directory");
    fs::create_dir_all(directory.join("there")).unwrap();
    home.run(["cp", directory.to_str().unwrap(), "web:/data"]).success();
    let mount = "type=volume,source=data,target=/sub,volume-subpath=directory";
    home.run(["create", "--name", "sub", "--mount", mount, BUSYBOX, "true"])
        .success();
    home.run(["cp", "sub:/bin/busybox", "sub:/sub/there"]).success();
    home.run(["cp", "web:/data/directory/there/busybox", "-"]).success();
    fs::remove_dir(directory.join("there")).unwrap();
    fs::write(directory.join("there"), "").unwrap();
    home.run(["cp", directory.to_str().unwrap(), "web:/data"]).failure(
        1,
        &["cannot overwrite directory /data/directory/there with non-directory"],
    );
}

#[test]
fn a_killed_copy_leaves_a_container_that_does_not_run_as_it_was() {
    let home = Home::new();
    home.run(["create", "--name", "web", BUSYBOX, "sleep", "1000"])
        .success();
    let disk = root_disk(&home, "web");
    let before = fs::metadata(&disk).unwrap().ino();
    let files = || fs::read_dir(disk.parent().unwrap()).unwrap().count();
    let count = files();
    let big = home.file("big");
    // It cannot come to its end, however late it is killed: the rest of the archive does not come.
    let mut copy = home
        .command(["cp", "-", "web:/"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let archive = Layer::default().file("big", 0o644, &vec![1; 4 << 20]).into_bytes();
    let mut input = copy.stdin.take().unwrap();
    input.write_all(&archive[..2 << 20]).unwrap();
    eventually("the copy has begun", COMMAND_LIMIT, || files() > count);
    copy.kill().unwrap();
    copy.wait().unwrap();
    drop(input);
    assert_eq!(fs::metadata(&disk).unwrap().ino(), before);
    home.run(["cp", "web:/big", "-"]).failure(1, &["there is no web:/big"]);
    fs::write(&big, "small").unwrap();
    home.run(["cp", big.to_str().unwrap(), "web:/big"]).success();
    assert_eq!(files(), count);
    check_disk(&disk);
}

#[test]
fn a_killed_copy_leaves_the_container_well() {
    let home = Home::new();
    home.start_sleeper("web");
    let big = home.file("big");
    fs::write(&big, vec![1; 64 << 20]).unwrap();
    let copy = home.spawn(["cp", big.to_str().unwrap(), "web:/big"]);
    eventually("the copy has begun", COMMAND_LIMIT, || {
        shell(&home, "web", "test -s /big && echo begun || true") == "begun"
    });
    copy.signal(Signal::KILL);
    let _ = copy.wait();
    // The process in the guest ends as well, and the container is stopped without waiting for it.
    assert_eq!(shell(&home, "web", "rm /big; echo well"), "well");
    home.run(["stop", "web"]).success();
}
