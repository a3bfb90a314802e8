//! Machines that do not come up.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod harness;

use std::time::Duration;

use container_agent_api::AGENT_TOKEN_BYTES;
use container_hypervisor::MachineExit;
use container_hypervisor::fake::{Boot, Channel, FakeHypervisor, Guest, Outcome, Process};
use container_launcher::control::v1::attach_response::Response as Event;
use container_launcher::control::v1::{FailureKind, StopRequest};
use container_model::Phase;
use harness::{PATIENCE, Source, World, owner};
use tokio::sync::watch;

async fn failure_of(guest: Guest) -> (String, World) {
    failure_in(World::new(|_| {}), guest).await
}

/// The failure of a guest that does not come up.
async fn given_up(guest: Guest) -> (String, World) {
    failure_in(World::new(|_| {}).with_short_boot(), guest).await
}

async fn failure_in(world: World, guest: Guest) -> (String, World) {
    let launcher = world.launch(&guest.with_console("boot line 1\n\u{1b}[31mKernel panic\n"));
    let seen = launcher.attach(owner()).await.finish().await;
    let failure = seen.failure.expect("a failure");
    assert_eq!(failure.kind(), FailureKind::Launch);
    assert!(!seen.running && seen.exit.is_none());
    launcher.ended().await;
    assert!(matches!(
        world.phase(),
        Phase::Stopped {
            started: None,
            exit: None,
            reason: Some(_),
            ..
        }
    ));
    assert_eq!(world.socket_count(), 0);
    (failure.message, world)
}

#[tokio::test]
async fn guest_that_hangs_in_boot_is_given_up_with_its_console() {
    let (message, _world) = given_up(Guest::booting(Boot::Hang)).await;
    assert!(message.contains("did not come up within 0.3 s"), "{message}");
    assert!(
        message.ends_with("\n  boot line 1\n  \u{fffd}[31mKernel panic"),
        "{message:?}"
    );
}

#[tokio::test]
async fn guest_that_dies_in_boot_is_noticed_at_once() {
    let exit = MachineExit::Failed {
        reason: "QEMU was killed by signal 9".to_owned(),
    };
    let (message, _world) = failure_of(Guest::booting(Boot::Die {
        after: Duration::from_millis(20),
        exit,
    }))
    .await;
    assert!(
        message.contains("killed by signal 9") && message.contains("Kernel panic"),
        "{message}"
    );
}

#[tokio::test]
async fn guest_that_sends_garbage_is_given_up() {
    let (message, _world) = failure_of(Guest::booting(Boot::Garbage(b"login: \x1b[2J".to_vec()))).await;
    assert!(message.contains("login") && !message.contains('\u{1b}'), "{message:?}");
}

#[tokio::test]
async fn a_mount_of_what_is_not_there_is_refused_before_there_is_a_machine() {
    for (mount, said) in [
        (
            serde_json::json!({ "kind": "share", "source": "/nowhere/at/all", "target": "/data" }),
            "cannot mount /nowhere/at/all at /data: ",
        ),
        (
            serde_json::json!({ "kind": "disk", "volume": "data", "target": "/data" }),
            "volume \"data\" not found",
        ),
    ] {
        let world = World::new(|config| config.mounts = vec![serde_json::from_value(mount).unwrap()]);
        let (message, _world) = failure_in(world, Guest::booting(Boot::Hang)).await;
        assert!(message.starts_with(said), "{message}");
    }
}

#[tokio::test]
async fn a_volume_is_free_once_its_container_has_ended() {
    let name = "data".parse().unwrap();
    let mount = serde_json::json!({ "kind": "disk", "volume": "data", "target": "/data" });
    let world = World::new(|config| config.mounts = vec![serde_json::from_value(mount).unwrap()]);
    let volumes = container_state::VolumeStore::new(&world.paths());
    let mut request = container_state::VolumeRequest::new(name);
    request.options.insert("size".to_owned(), "8m".to_owned());
    volumes.create(&request).unwrap();
    let (_, _world) = failure_in(world.with_short_boot(), Guest::booting(Boot::Hang)).await;
    assert!(volumes.lease(&request.name, true).unwrap().is_some());
}

#[tokio::test]
async fn a_machine_whose_agent_refuses_the_container_is_not_said_to_be_down() {
    let guest = Guest::default().refusing_the_container("the writable disk is damaged");
    let (message, _world) = failure_of(guest).await;
    let first = message.lines().next().unwrap();
    assert_eq!(
        first,
        "the guest could not set up the container: the writable disk is damaged"
    );
    assert!(message.contains("boot line 1"), "{message}");
}

#[tokio::test]
async fn guest_whose_connection_never_comes_about_is_given_up_with_its_console() {
    let guest = Guest::default().with_channel(Channel::Silent);
    let (message, _world) = given_up(guest.clone()).await;
    assert!(
        message.starts_with("the virtual machine did not come up within 0.3 s\n"),
        "{message}"
    );
    assert!(
        message.ends_with("\n  boot line 1\n  \u{fffd}[31mKernel panic"),
        "{message:?}"
    );
    assert_eq!(guest.observed().connect_count, 1, "one attempt that waits");
}

#[tokio::test]
async fn guest_that_refuses_connections_is_given_up_with_the_refusal() {
    let guest = Guest::default().with_channel(Channel::Refused { count: usize::MAX });
    let (message, _world) = given_up(guest.clone()).await;
    assert!(
        message.starts_with(
            "the virtual machine did not come up within 0.3 s: nothing takes connections to its agent: connection refused\n"
        ),
        "{message}"
    );
    assert!(guest.observed().connect_count > 1, "it was tried again");
}

#[tokio::test]
async fn guest_whose_connection_comes_late_or_after_refusals_runs() {
    let after = Duration::from_millis(150);
    for channel in [Channel::Late { after }, Channel::Refused { count: 7 }] {
        let world = World::new(|_| {});
        let guest = Guest::running(|_| Process::exits(4)).with_channel(channel);
        let launcher = world.launch(&guest);
        let seen = launcher.attach(owner()).await.finish().await;
        assert_eq!(seen.exit.map(|exit| exit.exit_code), Some(4), "{:?}", seen.failure);
        launcher.ended().await;
        let attempts = if channel == (Channel::Late { after }) { 1 } else { 8 };
        assert_eq!(guest.observed().connect_count, attempts, "{channel:?}");
    }
}

#[tokio::test]
async fn guest_that_dies_before_it_takes_a_connection_is_noticed_and_replaced() {
    let mut world = World::new(|_| {});
    world.limits.boot = 10 * PATIENCE;
    let exit = MachineExit::Failed {
        reason: "KVM internal error".to_owned(),
    };
    for channel in [Channel::Silent, Channel::Refused { count: usize::MAX }] {
        let after = Duration::from_millis(20);
        let broken = Guest::booting(Boot::Die {
            after,
            exit: exit.clone(),
        });
        let broken = FakeHypervisor::new(broken.with_channel(channel));
        let good = FakeHypervisor::new(Guest::running(|_| Process::exits(4)));
        let source = Source {
            hypervisor: broken.clone(),
            second: Some(good.clone()),
            ..Source::new(&Guest::default())
        };
        let launcher = world.launch_with(source);
        let seen = launcher.attach(owner()).await.finish().await;
        assert_eq!(seen.exit.map(|exit| exit.exit_code), Some(4), "{:?}", seen.failure);
        launcher.ended().await;
        assert_eq!((broken.created_count(), good.created_count()), (1, 1), "{channel:?}");
    }
}

#[tokio::test]
async fn stop_ends_a_boot_that_waits_for_its_connection() {
    let mut world = World::new(|_| {});
    world.limits.boot = 10 * PATIENCE;
    let guest = Guest::default().with_channel(Channel::Silent);
    let mut launcher = world.launch(&guest);
    let mut attached = launcher.attach(owner()).await;
    while guest.observed().connect_count == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    launcher.client.stop(StopRequest::default()).await.unwrap();
    let failure = attached.finish().await.failure.expect("a failure");
    assert_eq!(
        failure.message,
        "the container was stopped before its workload was started"
    );
    launcher.ended().await;
}

#[tokio::test]
async fn every_boot_has_a_token_of_its_own() {
    let world = World::new(|_| {});
    let guest = Guest::default();
    for _ in 0..2 {
        let launcher = world.launch(&guest);
        assert!(launcher.attach(owner()).await.finish().await.exit.is_some());
        launcher.ended().await;
    }
    let tokens: Vec<_> = guest.observed().hellos.into_iter().map(|hello| hello.token).collect();
    assert_eq!(tokens.len(), 2);
    assert!(tokens.iter().all(|token| token.len() == AGENT_TOKEN_BYTES));
    assert_ne!(tokens[0], tokens[1]);
}

#[tokio::test]
async fn temporary_container_that_does_not_boot_is_removed() {
    let world = World::new(|config| config.options.auto_remove = true).with_short_boot();
    let launcher = world.launch(&Guest::booting(Boot::Hang));
    assert!(launcher.attach(owner()).await.finish().await.failure.is_some());
    assert!(world.is_gone());
    launcher.ended().await;
}

#[tokio::test]
async fn a_container_that_its_maker_abandoned_is_removed_at_its_end() {
    for is_abandoned in [true, false] {
        let world = World::new(|_| {}).with_short_boot();
        let launcher = world.launch(&Guest::booting(Boot::Hang));
        let bundle = world.store().bundle(world.id());
        if is_abandoned {
            std::fs::write(bundle.maker(), b"").unwrap();
        }
        assert!(launcher.attach(owner()).await.finish().await.failure.is_some());
        launcher.ended().await;
        assert_eq!(!bundle.directory().exists(), is_abandoned);
    }
}

#[tokio::test]
async fn machine_that_ends_under_the_workload_leaves_a_truthful_record() {
    let world = World::new(|_| {});
    let guest = Guest::running(|_| Process::ends(Outcome::UntilSignal { ignores: Vec::new() }));
    let (doom, is_doomed) = watch::channel(false);
    let source = Source {
        is_doomed,
        ..Source::new(&guest)
    };
    let launcher = world.launch_with(source);
    let mut attached = launcher.attach(owner()).await;
    assert!(matches!(attached.next().await, Some(Event::Running(_))));
    doom.send_replace(true);
    let seen = attached.finish().await;
    assert_eq!(seen.exit.unwrap().exit_code, 137);
    let Phase::Stopped {
        exit: Some(exit),
        reason: Some(reason),
        ..
    } = world.phase()
    else {
        panic!("{:?}", world.phase())
    };
    assert_eq!(exit.exit_code, 137);
    assert!(
        reason.contains("ended unexpectedly: QEMU was killed by signal 9"),
        "{reason}"
    );
    drop(attached);
    launcher.ended().await;
}

#[tokio::test]
async fn agent_that_breaks_the_protocol_is_a_failure_of_ours() {
    let world = World::new(|_| {});
    let launcher = world.launch(&Guest::running(|_| Process::ends(Outcome::Vanish)));
    let failure = launcher.attach(owner()).await.finish().await.failure.unwrap();
    assert!(failure.message.contains("protocol"), "{failure:?}");
    launcher.ended().await;
}

#[tokio::test]
async fn damaged_record_is_answered() {
    let world = World::new(|_| {});
    let record = world.store().bundle(world.id()).config();
    let text = std::fs::read_to_string(&record).unwrap();
    let layer = world.config.image.layers[0].disk_id().to_string();
    std::fs::write(&record, text.replace(&layer, "sha256:../../etc/passwd")).unwrap();
    let launcher = world.launch(&Guest::default());
    let failure = launcher.attach(owner()).await.finish().await.failure.unwrap();
    assert!(failure.message.contains("damaged"), "{failure:?}");
    launcher.ended().await;
}

#[tokio::test]
async fn accelerator_that_fails_is_replaced_once() {
    let world = World::new(|_| {});
    let exit = MachineExit::Failed {
        reason: "KVM internal error".to_owned(),
    };
    let broken = FakeHypervisor::new(Guest::booting(Boot::Die {
        after: Duration::ZERO,
        exit,
    }));
    let good = FakeHypervisor::new(Guest::running(|_| Process::exits(4)));
    let source = Source {
        hypervisor: broken.clone(),
        second: Some(good.clone()),
        ..Source::new(&Guest::default())
    };
    let launcher = world.launch_with(source);
    assert_eq!(launcher.attach(owner()).await.finish().await.exit.unwrap().exit_code, 4);
    launcher.ended().await;
    assert_eq!((broken.created_count(), good.created_count()), (1, 1));
}

#[tokio::test]
async fn a_container_in_an_unknown_phase_is_not_started_and_its_state_stays() {
    let world = World::new(|_| {});
    let state = world.store().bundle(world.id()).state();
    let text = r#"{"version": 1, "phase": {"name": "hibernated", "image": "memory.img"}}"#;
    std::fs::write(&state, text).unwrap();
    let guest = Guest::default();
    let launcher = world.launch(&guest);
    let failure = launcher.attach(owner()).await.finish().await.failure.unwrap();
    assert_eq!(
        failure.message,
        "cannot start container web: its phase is \"hibernated\", which this version does not know: use a newer `container`"
    );
    launcher.ended().await;
    assert_eq!(std::fs::read_to_string(state).unwrap(), text);
    assert_eq!(guest.observed().connect_count, 0, "no machine was started");
}
