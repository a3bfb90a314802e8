//! A launcher in a process of its own: what is left when it is killed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod harness;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use container_launcher::LauncherProcess;
use container_launcher::control::v1::{StartRequest, StatusRequest, StopRequest};
use container_launcher::control::{self, ConnectError};
use container_model::Phase;
use container_state::previous_log;
use harness::launcher_process::{become_launcher, launcher, spawn, until_free};
use harness::{PATIENCE, World};

/// The launcher process of the tests below.
#[test]
#[ignore = "started by the other tests as a process of its own"]
fn launcher_process() {
    become_launcher();
}

async fn pid(client: &control::ControlClient) -> rustix::process::Pid {
    let pid = client
        .clone()
        .status(StatusRequest {})
        .await
        .unwrap()
        .into_inner()
        .launcher_pid;
    rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap()
}

/// Memory that a launcher may have for itself. What a container costs is this: the rest is shared by all launchers.
const PRIVATE_MAX_KIB: u64 = 4 << 10;

/// All of its memory. Most of it is the program's code, which is not optimised here, so that this says little of a release.
const RESIDENT_MAX_KIB: u64 = 20 << 10;

/// Memory that a process has for itself, where Linux's `/proc` says it.
fn private_kib(pid: rustix::process::Pid) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", pid.as_raw_nonzero())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

/// Memory of a process, as Linux's `/proc` says it, else as ps(1) does, which a small Linux system may lack.
fn resident_kib(pid: rustix::process::Pid) -> u64 {
    let pid = pid.as_raw_nonzero().to_string();
    if let Ok(status) = std::fs::read_to_string(format!("/proc/{pid}/status")) {
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        return line.trim().strip_suffix(" kB").unwrap().parse().unwrap();
    }
    let listed = Command::new("ps").args(["-o", "rss=", "-p", &pid]).output().unwrap();
    String::from_utf8(listed.stdout).unwrap().trim().parse().unwrap()
}

#[tokio::test]
async fn killed_launcher_leaves_a_record_that_the_next_look_repairs() {
    let world = World::new(|_| {});
    let mut client = spawn(&world);
    client.start(StartRequest {}).await.unwrap();
    let pid = pid(&client).await;
    assert_eq!(
        rustix::process::getsid(Some(pid)).unwrap(),
        pid,
        "it has a session of its own"
    );
    assert!(matches!(world.phase(), Phase::Running { .. }));
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    until_free(&world).await;
    assert!(matches!(
        world.phase(),
        Phase::Stopped {
            started: Some(_),
            exit: None,
            finished: None,
            reason: Some(_)
        }
    ));
    assert_eq!(world.socket_count(), 0);
    assert!(matches!(
        control::connect(&world.paths(), world.id()).await,
        Err(ConnectError::NotRunning { .. })
    ));
    // And it can be started again.
    let mut client = spawn(&world);
    client.start(StartRequest {}).await.unwrap();
    client
        .stop(StopRequest {
            signal: 0,
            timeout_ms: 5000,
        })
        .await
        .unwrap();
}

#[tokio::test]
async fn launcher_told_to_end_stops_its_container() {
    let world = World::new(|_| {});
    let mut client = spawn(&world);
    client.start(StartRequest {}).await.unwrap();
    rustix::process::kill_process(pid(&client).await, rustix::process::Signal::TERM).unwrap();
    until_free(&world).await;
    let phase = world.phase();
    assert!(
        matches!(&phase, Phase::Stopped { exit: Some(exit), .. } if exit.exit_code == 143),
        "{phase:?}"
    );
    // So the systems of hosts end what runs when they go down.
    let state = world.store().load(world.id()).unwrap().state;
    assert!(state.ended_with_host && !state.stopped_by_user, "{state:?}");
    // The last line comes after the lock is free.
    let path = world.store().bundle(world.id()).launcher_log();
    let complete = async {
        while !std::fs::read_to_string(&path).unwrap().contains("timings") {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, complete)
        .await
        .expect("the launcher logs its timings");
    let log = std::fs::read_to_string(&path).unwrap();
    assert!(log.contains("chose the accelerator"), "{log}");
}

#[tokio::test]
async fn the_log_of_a_launcher_goes_on_in_another_file_when_it_has_grown() {
    const BOUND_BYTES: u64 = 1 << 20;
    let world = World::new(|_| {});
    let log = world.store().bundle(world.id()).launcher_log();
    let earlier = b"what launchers had to say before\n".repeat(40_000);
    std::fs::write(&log, &earlier).unwrap();
    let mut client = spawn(&world);
    client.start(StartRequest {}).await.unwrap();
    let length = |path: &Path| std::fs::metadata(path).unwrap().len();
    assert!(std::fs::read(previous_log(&log)).unwrap().starts_with(&earlier));
    assert!(length(&log) < BOUND_BYTES);
    let text = std::fs::read_to_string(&log).unwrap();
    assert!(text.contains("chose the accelerator"), "{text}");
    if Path::new("/proc/self/fd").exists() {
        // A panic is told there as well.
        for descriptor in ["1", "2"] {
            let file = format!("/proc/{}/fd/{descriptor}", pid(&client).await);
            assert_eq!(std::fs::read_link(file).unwrap(), log.canonicalize().unwrap());
        }
    }
    client.stop(StopRequest::default()).await.unwrap();
    until_free(&world).await;
}

#[tokio::test]
async fn client_killed_before_it_asked_for_anything_leaves_nothing_running() {
    let world = World::new(|config| config.options.auto_remove = true);
    drop(LauncherProcess::spawn_command(launcher(), &world.paths(), world.id()));
    let gone = async {
        while !world.is_gone() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, gone).await.expect("the container goes");
}

#[tokio::test]
async fn launcher_is_small() {
    let world = World::new(|_| {});
    let client = spawn(&world);
    let mut attached = harness::attach(client.clone(), harness::owner()).await;
    attached.next().await.unwrap();
    let pid = pid(&client).await;
    let (private_kib, resident_kib) = (private_kib(pid), resident_kib(pid));
    let memory = format!("{private_kib:?} KiB private, {resident_kib} KiB resident");
    eprintln!("{memory}");
    let is_told = std::path::Path::new("/proc/self/status").exists();
    assert_eq!(private_kib.is_some(), is_told, "{memory}");
    assert!(
        private_kib.is_none_or(|private_kib| private_kib < PRIVATE_MAX_KIB),
        "{memory}"
    );
    assert!(resident_kib < RESIDENT_MAX_KIB, "{memory}");
    drop((attached, client));
    until_free(&world).await;
}
