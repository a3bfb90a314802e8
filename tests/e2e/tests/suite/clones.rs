//! Proves that a container which continues from a template is like one that booted, unlike every other, and has nothing of an earlier one.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use container_e2e::{BUSYBOX, COMMAND_LIMIT, Home, Process, eventually};
use rustix::fs::SeekFrom;
use rustix::process::{Signal, kill_process};

use crate::binds;
use crate::volumes::assert_clean;

/// What random numbers, addresses and identities a fresh program sees.
const IDENTITY: &str = "cat /proc/sys/kernel/random/boot_id /proc/sys/kernel/random/uuid; \
     head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \\n'; echo; \
     grep -E 'stack|vdso' /proc/self/maps | cut -d- -f1 | tr '\\n' ' '; echo; hostname";

/// A home that uses templates, after a first start has left one for the busybox image.
fn with_template() -> Home {
    let home = Home::new().with("CONTAINER_TEMPLATES", "on");
    run(&home, "first", &[], "true");
    assert_template_left_by(&home, "first");
    home
}

/// Waits until this container's launcher has gone, which has to have left the home's template.
#[track_caller]
fn assert_template_left_by(home: &Home, name: &str) {
    home.assert_quiet();
    assert_eq!(templates(home).len(), 1, "{}", launcher_log(home, name));
}

/// What the launcher of a container has told so far.
fn launcher_log(home: &Home, name: &str) -> String {
    fs::read_to_string(home.app_root().join("containers").join(name).join("launcher.log")).unwrap()
}

/// The finished templates of a home.
fn templates(home: &Home) -> Vec<PathBuf> {
    let directory = fs::read_dir(home.app_root().join("templates"));
    let entries = directory.into_iter().flatten().flatten().map(|entry| entry.path());
    entries.filter(|path| path.join("manifest.json").exists()).collect()
}

/// What is in a file between its holes.
pub(crate) fn data_of(path: &Path) -> Vec<u8> {
    let file = fs::File::open(path).unwrap();
    let (mut data, mut position) = (Vec::new(), 0);
    while let Ok(start) = rustix::fs::seek(&file, SeekFrom::Data(position)) {
        let end = rustix::fs::seek(&file, SeekFrom::Hole(start)).unwrap();
        let mut extent = vec![0; usize::try_from(end - start).unwrap()];
        file.read_exact_at(&mut extent, start).unwrap();
        data.extend(extent);
        position = end;
    }
    data
}

/// Damages the middle of a file in place: as a whole, the memory of a machine is a long file with few data.
fn flip_a_bit(path: &Path) {
    let file = fs::OpenOptions::new().read(true).write(true).open(path).unwrap();
    let middle = file.metadata().unwrap().len() / 2;
    let mut byte = [0];
    file.read_exact_at(&mut byte, middle).unwrap();
    file.write_all_at(&[byte[0] ^ 0x40], middle).unwrap();
}

/// What became of a container.
struct Ran {
    text: String,
    is_restored: bool,
}

/// Runs a script in a new container of this name.
#[track_caller]
fn run(home: &Home, name: &str, flags: &[&str], script: &str) -> Ran {
    let mut words = vec!["run", "--name", name];
    words.extend(flags);
    words.extend([BUSYBOX, "sh", "-c", script]);
    let text = home.run(&words).success().stdout;
    Ran {
        text: String::from_utf8(text).unwrap(),
        is_restored: is_restored(home, name),
    }
}

/// Whether a container's last start continued from a template.
fn is_restored(home: &Home, name: &str) -> bool {
    let file = home.app_root().join("containers").join(name).join("timings.json");
    let timings: serde_json::Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    timings["is_restored"].as_bool().unwrap()
}

/// Checks that these words are nowhere in the files of a template.
#[track_caller]
fn assert_without(template: &Path, secret: &str) {
    for entry in fs::read_dir(template).unwrap().flatten() {
        let path = entry.path();
        let data = data_of(&path);
        let at = data
            .windows(secret.len())
            .position(|window| window == secret.as_bytes());
        assert_eq!(at, None, "{}", path.display());
    }
    // They would have been found.
    let memory = data_of(&template.join("memory"));
    assert!(memory.windows(5).any(|window| window == b"vmini"));
}

/// The output of a script in a new container, which has to continue from a template.
#[track_caller]
fn run_from_template(home: &Home, name: &str, flags: &[&str], script: &str) -> String {
    let ran = run(home, name, flags, script);
    assert!(ran.is_restored, "{}", launcher_log(home, name));
    ran.text
}

#[test]
fn the_second_start_of_an_image_continues_from_the_template_that_the_first_one_left() {
    let home = with_template();
    let script = "hostname; grep -c second /etc/hosts; touch /here; ls /here";
    assert_eq!(run_from_template(&home, "second", &[], script), "second\n2\n/here\n");
    // What the flags change of the machine or of the container is another template's.
    assert!(!run(&home, "small", &["-m", "300m"], "true").is_restored);
    assert!(!run(&home, "cold", &["--cold"], "true").is_restored);
}

#[test]
fn a_container_from_a_template_lives_and_starts_again_like_any_other() {
    let home = with_template();
    let script = "trap 'exit 3' TERM; echo up; echo kept > /kept; sync; while :; do sleep 1 & wait $!; done";
    home.run(["run", "-d", "--name", "lives", BUSYBOX, "sh", "-c", script])
        .success();
    eventually("it runs", COMMAND_LIMIT, || home.run(["logs", "lives"]).text() == "up");
    assert_eq!(home.run(["exec", "lives", "cat", "/kept"]).success().text(), "kept");
    home.run(["stop", "lives"]).success();
    assert_eq!(home.status("lives")["exitCode"], 3);
    home.run(["start", "lives"]).success();
    assert_eq!(home.run(["exec", "lives", "cat", "/kept"]).success().text(), "kept");
    home.run(["kill", "lives"]).success();
    let disk = home.app_root().join("containers/lives/rootfs.ext4");
    assert!(disk.exists() && !disk.with_file_name("rootfs.spare.ext4").exists());
}

#[test]
fn clones_are_no_twins() {
    let home = with_template();
    let mut seen = BTreeSet::new();
    for number in 0..10 {
        let text = run_from_template(&home, &format!("clone-{number}"), &[], IDENTITY);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 5, "{text}");
        for line in lines {
            assert!(seen.insert(line.to_owned()), "seen before: {line}");
        }
    }
}

#[test]
fn the_clock_of_a_clone_is_right() {
    let home = with_template();
    let now = || {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        now.unwrap().as_secs()
    };
    // The end of a container takes its time, so that its clock has to have shown a time between these.
    let before = now();
    let text = run_from_template(&home, "timely", &[], "date +%s; cut -d. -f1 /proc/uptime");
    let after = now();
    let numbers: Vec<u64> = text.lines().map(|line| line.parse().unwrap()).collect();
    let tolerance = 5;
    assert!(
        (before - tolerance..=after + tolerance).contains(&numbers[0]),
        "{text} {before} {after}"
    );
    assert!(numbers[1] < 600, "{text}");
}

#[test]
fn no_byte_of_a_container_is_in_a_template() {
    let home = Home::new().with("CONTAINER_TEMPLATES", "on");
    let secret = "canary-7c1f0e55";
    let variable = format!("SECRET={secret}");
    let script = format!("echo {secret}; echo {secret} > /file; sync");
    run(&home, secret, &["-e", &variable, "--hostname", secret], &script);
    assert_template_left_by(&home, secret);
    assert_without(&templates(&home)[0], secret);
}

#[test]
fn a_container_with_data_continues_from_a_machine_that_has_none() {
    let home = Home::new().with("CONTAINER_TEMPLATES", "on");
    let canary = "canary-51d0a7c3";
    let script = format!("cat /own /data/kept 2> /dev/null; echo {canary} > /own; echo {canary} > /data/kept");
    let first = run(&home, "keeps", &["-v", "data:/data"], &script);
    assert_eq!((first.text.as_str(), first.is_restored), ("", false));
    // Nothing of it is in a machine that is saved when all of this is on the disks.
    assert_template_left_by(&home, "keeps");
    assert_without(&templates(&home)[0], canary);

    let seen = home.run(["start", "--attach", "keeps"]).success().text();
    assert!(is_restored(&home, "keeps"), "{}", launcher_log(&home, "keeps"));
    assert_eq!(seen, format!("{canary}\n{canary}"));
    home.assert_quiet();
    for disk in ["containers/keeps/rootfs.ext4", "volumes/data/volume.img"] {
        assert_clean(&home.app_root().join(disk));
    }
    assert_eq!(templates(&home).len(), 1);
}

#[test]
fn a_container_with_a_shared_directory_continues_from_a_machine_that_has_never_seen_one() {
    let home = Home::new()
        .with("CONTAINER_TEMPLATES", "on")
        .with("CONTAINER_BACKEND", "qemu");
    let canary = "canary-2b96f8d4";
    let shared = home.file(canary);
    fs::create_dir(&shared).unwrap();
    fs::write(shared.join("file"), canary).unwrap();
    let bind = format!("{}:/d", shared.display());
    let script = format!("cat /d/file; echo {canary} > /d/{canary}");
    let first = run(&home, "first", &["-v", &bind], &script);
    assert_eq!((first.text.as_str(), first.is_restored), (canary, false));
    assert_template_left_by(&home, "first");
    assert_without(&templates(&home)[0], canary);

    let lives = ["run", "-d", "--name", "lives", "-v", &bind, BUSYBOX, "sleep", "1000"];
    home.run(lives).success();
    let script = format!("cat /d/{canary}; echo more > /d/more; chown 5:6 /d/more; stat -c %u:%g /d/more");
    let seen = home.run(["exec", "lives", "sh", "-c", &script]).success().text();
    assert_eq!(seen, format!("{canary}\n5:6"));
    assert_eq!(fs::read_to_string(shared.join("more")).unwrap(), "more\n");
    let servers = binds::file_servers(binds::launcher(&home));
    assert_eq!(servers.len(), 1);
    kill_process(servers[0], Signal::KILL).unwrap();
    eventually("the container has stopped", COMMAND_LIMIT, || {
        home.status("lives")["state"] == "stopped"
    });
    let said = home.status("lives")["reason"].as_str().unwrap().to_owned();
    assert!(said.contains("the file server ended by signal 9"), "{said}");
    assert_template_left_by(&home, "lives");
    assert!(is_restored(&home, "lives"), "{}", launcher_log(&home, "lives"));
}

#[test]
fn a_damaged_template_costs_a_boot_and_nothing_else() {
    for part in ["memory", "state"] {
        let home = with_template();
        flip_a_bit(&templates(&home)[0].join(part));
        let ran = run(&home, "second", &[], "echo right");
        assert_eq!((ran.text.trim(), ran.is_restored), ("right", false), "{part}");
        // It was built anew.
        assert_template_left_by(&home, "second");
        run_from_template(&home, "third", &[], "true");
    }
}

#[test]
fn a_hypervisor_that_is_killed_while_it_builds_leaves_no_template() {
    let home = Home::new().with("CONTAINER_TEMPLATES", "on");
    home.shell("true").success();
    eventually("a template is being built, or was", COMMAND_LIMIT, || {
        home.processes().iter().any(Process::is_hypervisor) || !templates(&home).is_empty()
    });
    home.processes().iter().for_each(Process::kill);
    home.assert_quiet();
    assert_eq!(home.shell("echo right").success().text(), "right");
    home.assert_quiet();
    assert_eq!(templates(&home).len(), 1);
}

#[test]
fn many_at_once_continue_from_one_template() {
    let home = with_template();
    let (home, counts) = (&home, 0..8);
    std::thread::scope(|scope| {
        for number in counts {
            scope.spawn(move || {
                let script = format!("echo {number}; sleep 1");
                let text = run_from_template(home, &format!("clone-{number}"), &[], &script);
                assert_eq!(text, format!("{number}\n"));
            });
        }
    });
    home.assert_quiet();
}
