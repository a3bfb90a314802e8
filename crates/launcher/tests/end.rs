//! What clients are told of a container's end, and what is put away after that.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod harness;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use container_hypervisor::fake::{Guest, Process};
use container_launcher::control::v1::attach_response::Response as Event;
use container_model::{ContainerConfig, Phase};
use container_state::{OwnError, VolumeRequest, VolumeStore};
use harness::{Launcher, PATIENCE, Source, World, owner};
use tokio::sync::watch;

/// A container whose machine cannot be killed before `true` is sent.
fn launch(world: &mut World, guest: &Guest) -> (Launcher, watch::Sender<bool>) {
    world.limits.kill = PATIENCE;
    let (killable, is_killable) = watch::channel(false);
    let source = Source {
        is_killable,
        ..Source::new(guest)
    };
    (world.launch_with(source), killable)
}

#[tokio::test]
async fn a_client_is_told_of_the_end_before_the_machine_is_gone_but_the_disk_is_written() {
    let mut world = World::new(|_| {});
    let guest = Guest::running(|_| Process::exits(7));
    let (launcher, killable) = launch(&mut world, &guest);
    assert_eq!(launcher.attach(owner()).await.finish().await.exit.unwrap().exit_code, 7);
    assert_eq!(guest.observed().shutdown_count, 1);
    assert!(matches!(world.phase(), Phase::Stopped { exit: Some(exit), .. } if exit.exit_code == 7));
    assert_eq!(world.socket_count(), 0);
    // Nobody has the disk while the machine may still be there.
    assert!(world.store().bundle(world.id()).has_owner());
    let (store, id) = (world.store(), world.id().clone());
    let next = tokio::task::spawn_blocking(move || store.own(&id).map(drop));
    killable.send_replace(true);
    next.await.unwrap().unwrap();
    launcher.ended().await;
    assert!(!world.store().bundle(world.id()).has_owner());
}

#[tokio::test]
async fn a_temporary_container_is_gone_before_its_machine_is_and_its_files_after_it() {
    let mut world = World::new(|config| config.options.auto_remove = true);
    let (launcher, killable) = launch(&mut world, &Guest::default());
    assert_eq!(launcher.attach(owner()).await.finish().await.exit.unwrap().exit_code, 0);
    assert!(world.is_gone() && world.store().list().unwrap().containers.is_empty());
    assert!(matches!(world.store().own(world.id()), Err(OwnError::NotFound { .. })));
    // The name is free, although a command that looked for what killed ones have left has left these files alone.
    let remade = world.store().create(&world.config, |_| Ok::<_, std::io::Error>(()));
    remade.unwrap_or_else(|error| panic!("{error}"));
    let entries = || std::fs::read_dir(world.paths().containers()).unwrap().count();
    assert_eq!(entries(), 2);
    killable.send_replace(true);
    launcher.ended().await;
    assert_eq!(entries(), 1);
    assert_eq!(world.phase(), Phase::Created);
}

fn with_volume(config: &mut ContainerConfig) {
    let mount = serde_json::json!({ "kind": "disk", "volume": "data", "target": "/data" });
    config.mounts = vec![serde_json::from_value(mount).unwrap()];
}

#[tokio::test]
async fn a_client_is_told_of_the_end_of_a_container_with_a_volume_when_the_volume_is_free() {
    let mut world = World::new(with_volume);
    let volumes = VolumeStore::new(&world.paths());
    let mut request = VolumeRequest::new("data".parse().unwrap());
    request.options.insert("size".to_owned(), "8m".to_owned());
    volumes.create(&request).unwrap();
    let (launcher, killable) = launch(&mut world, &Guest::default());
    let mut attached = launcher.attach(owner()).await;
    while !matches!(attached.next().await.unwrap(), Event::Exited(_)) {}
    let was_killable = Arc::new(AtomicBool::new(false));
    tokio::spawn({
        let was_killable = Arc::clone(&was_killable);
        async move {
            was_killable.store(true, Ordering::Relaxed);
            killable.send_replace(true);
        }
    });
    assert!(attached.next().await.is_none());
    assert!(was_killable.load(Ordering::Relaxed));
    assert!(volumes.lease(&request.name, true).unwrap().is_some());
    launcher.ended().await;
}
