//! What every part that holds a handle of a machine may rely on, with the fake backend.
#![cfg(feature = "fake")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

use container_hypervisor::fake::{FakeHypervisor, Guest};
use container_hypervisor::{BootSource, Machine, MachineConfig, MachineError, MachineExit, MachineSource as _};

async fn create() -> Machine {
    let source = BootSource::new(
        Box::new(FakeHypervisor::new(Guest::default())),
        None,
        "/dev/null".into(),
    );
    let console = tempfile::tempfile().unwrap();
    let config = MachineConfig::new("fake", source.kernel(), source.initramfs(), console);
    source.create(config).await.unwrap()
}

async fn start() -> Machine {
    let machine = create().await;
    machine.start().await.unwrap();
    machine
}

#[tokio::test]
async fn a_machine_ends_with_its_last_handle_and_a_watch_does_not_keep_it() {
    let machine = start().await;
    let exit = machine.exit();
    let last = machine.clone();
    drop(machine);
    assert_eq!(exit.now(), None);
    drop(last);
    assert_eq!(exit.ended().await, MachineExit::Killed);
}

#[tokio::test]
async fn a_machine_that_was_never_started_ends_too() {
    let machine = create().await;
    let exit = machine.exit();
    drop(machine);
    assert_eq!(exit.ended().await, MachineExit::Killed);
}

#[tokio::test]
async fn several_wait_and_kill_at_once() {
    let machine = start().await;
    let waiters: Vec<_> = (0..3)
        .map(|_| {
            let machine = machine.clone();
            tokio::spawn(async move { machine.wait().await })
        })
        .collect();
    let (first, second) = tokio::join!(machine.kill(), machine.kill());
    assert!(first.is_ok() && second.is_ok());
    for waiter in waiters {
        assert_eq!(waiter.await.unwrap(), MachineExit::Killed);
    }
    assert_eq!(machine.wait().await, MachineExit::Killed, "also when it is asked late");
}

#[tokio::test]
async fn the_way_to_the_agent_is_given_once_and_not_before_the_start() {
    let machine = create().await;
    assert!(matches!(machine.agent_connector(), Err(MachineError::NotStarted)));
    machine.start().await.unwrap();
    let other = machine.clone();
    assert!(other.agent_connector().is_ok());
    assert!(matches!(machine.agent_connector(), Err(MachineError::StreamTaken)));
}

#[tokio::test]
async fn a_machine_starts_once_and_not_after_its_end() {
    let machine = start().await;
    assert!(matches!(machine.start().await, Err(MachineError::Start { .. })));
    assert_eq!(machine.exit().now(), None, "it goes on as it was");
    let ended = create().await;
    ended.kill().await.unwrap();
    assert!(matches!(ended.start().await, Err(MachineError::Start { .. })));
}
