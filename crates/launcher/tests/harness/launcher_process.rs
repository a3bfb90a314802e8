//! A launcher in a process of its own: the test program once more, of which only the test `launcher_process` runs.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use container_hypervisor::fake::{Guest, Outcome, Process};
use container_launcher::control::{self, ControlClient};
use container_launcher::{Launch, LauncherProcess, Limits, Restarts, execute, wait_for_starter};
use container_state::{AppPaths, ContainerStore};

use super::{PATIENCE, Source, World};

/// What the test program is started with.
pub(crate) const ARGUMENTS: [&str; 4] = ["--exact", "launcher_process", "--ignored", "--nocapture"];

/// The test `launcher_process`. Returns at once when nothing started it as a launcher.
pub(crate) fn become_launcher() {
    let Some(root) = std::env::var_os("CONTAINER_APP_ROOT").map(PathBuf::from) else {
        return;
    };
    wait_for_starter();
    let guest = Guest::running(|_| Process::ends(Outcome::UntilSignal { ignores: Vec::new() }));
    let paths = AppPaths::new(&root, root.join("run"));
    let log = ContainerStore::new(paths.clone())
        .bundle(&"web".parse().unwrap())
        .launcher_log();
    execute(&log, |control| Launch {
        paths,
        id: "web".parse().unwrap(),
        control: Some(control),
        machines: Box::new(Source::new(&guest)),
        policy: Box::new(Restarts),
        limits: Limits::default(),
        ssh_agent: None,
    });
}

pub(crate) fn launcher() -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(ARGUMENTS);
    command
}

pub(crate) fn spawn(world: &World) -> ControlClient {
    control::client(LauncherProcess::spawn_command(launcher(), &world.paths(), world.id()).unwrap())
}

/// Waits until no launcher has the container.
pub(crate) async fn until_free(world: &World) {
    let bundle = world.store().bundle(world.id());
    let freed = async {
        while bundle.has_owner() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, freed).await.expect("the launcher ends");
}
