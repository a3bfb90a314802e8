//! A launcher in a PID namespace of its own, as in a container or a CI job that was entered from outside: the leader of the caller's session has no
//! number there.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod harness;

use std::process::Command;

use container_launcher::LauncherProcess;
use container_launcher::control;
use container_launcher::control::v1::{StartRequest, StopRequest};
use container_require::{may_mount_in_a_namespace, require};
use harness::World;
use harness::launcher_process::{ARGUMENTS, become_launcher, until_free};

/// The launcher process of the test below.
#[test]
#[ignore = "started by the other test as a process of its own"]
fn launcher_process() {
    become_launcher();
}

#[tokio::test]
async fn launcher_starts_where_the_session_was_begun_outside_of_the_pid_namespace() {
    require!(may_mount_in_a_namespace(), "namespaces of one's own, with unshare(1)");
    let world = World::new(|_| {});
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--pid", "--fork"]);
    command.arg(std::env::current_exe().unwrap()).args(ARGUMENTS);
    let stream = LauncherProcess::spawn_command(command, &world.paths(), world.id()).unwrap();
    let mut client = control::client(stream);
    let started = client.start(StartRequest {}).await;
    let log = std::fs::read_to_string(world.store().bundle(world.id()).launcher_log());
    started.unwrap_or_else(|error| panic!("{error}: {log:?}"));
    let stop = StopRequest {
        signal: 0,
        timeout_ms: 5000,
    };
    client.stop(stop).await.unwrap();
    until_free(&world).await;
}
