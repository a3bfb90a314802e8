//! A launcher in a process of its own: what is left when it is killed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod harness;

use std::process::Command;
use std::time::Duration;

use container_launcher::LauncherProcess;
use container_launcher::control::v1::{StartRequest, StatusRequest, StopRequest};
use container_launcher::control::{self, ConnectError};
use container_model::Phase;
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
    let resident_kib = resident_kib(pid(&client).await);
    eprintln!("{resident_kib} KiB resident");
    assert!(resident_kib < 20 << 10, "{resident_kib} KiB resident");
    drop((attached, client));
    until_free(&world).await;
}
