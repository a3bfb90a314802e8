//! Processes that create, own, list and delete at once and are killed at random points: no command ever sees half a container.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod fixture;

use std::hash::{BuildHasher as _, RandomState};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use container_model::{Phase, Standing};
use container_state::{CreateError, DeleteError, LoadError, OwnError, ReserveError};
use fixture::{Root, config, store_at};
use time::OffsetDateTime;

const ROOT_VARIABLE: &str = "CONTAINER_STATE_TEST_ROOT";
const NAMES: [&str; 3] = ["aa", "bb", "cc"];
const DISK: &[u8] = &[7; 100_000];

/// One of the processes: does what commands and launchers do, until killed.
#[test]
#[ignore = "run by `kill_at_any_moment_leaves_whole_containers` as a process of its own"]
fn actor() {
    let Some(root) = std::env::var_os(ROOT_VARIABLE) else {
        return;
    };
    let store = store_at(&PathBuf::from(root));
    let mut round = RandomState::new().hash_one(std::process::id());
    loop {
        round = round
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let mut config = config(NAMES[usize::try_from(round >> 33).unwrap() % NAMES.len()], 1);
        config.options.auto_remove = round >> 40 & 3 == 0;
        match round >> 45 & 3 {
            0 => match store.create(&config, |directory| std::fs::write(directory.join("rootfs.ext4"), DISK)) {
                Ok(_) | Err(CreateError::Reserve(ReserveError::NameTaken { .. })) => {}
                Err(error) => panic!("create: {error}"),
            },
            1 => match store.own(&config.id) {
                Ok(owned) => {
                    owned.write_phase(Phase::Starting { after: None }).unwrap();
                    owned
                        .write_phase(Phase::Running {
                            started: OffsetDateTime::UNIX_EPOCH,
                            paused: false,
                        })
                        .unwrap();
                }
                Err(OwnError::NotFound { .. } | OwnError::Taken { .. }) => {}
                Err(error) => panic!("own: {error}"),
            },
            2 => match store.delete(&config.id) {
                Ok(()) | Err(DeleteError::Own(OwnError::NotFound { .. } | OwnError::Taken { .. })) => {}
                Err(error) => panic!("delete: {error}"),
            },
            _ => assert_eq!(store.list().unwrap().damaged.len(), 0),
        }
    }
}

fn spawn_actor(root: &Root) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "actor", "--ignored", "--nocapture"])
        .env(ROOT_VARIABLE, root.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn kill_at_any_moment_leaves_whole_containers() {
    let root = Root::new();
    let mut actors: Vec<_> = (0..4).map(|_| spawn_actor(&root)).collect();
    let end = Instant::now() + Duration::from_secs(4);
    let mut round = 0_usize;
    while Instant::now() < end {
        std::thread::sleep(Duration::from_micros(7_000 + (round as u64 * 7_919) % 30_000));
        let victim = round % actors.len();
        assert!(
            actors[victim].try_wait().unwrap().is_none(),
            "an actor failed by itself"
        );
        actors[victim].kill().unwrap();
        actors[victim].wait().unwrap();
        actors[victim] = spawn_actor(&root);
        round += 1;
        for name in NAMES {
            match root.store().load(&name.parse().unwrap()) {
                Ok(_) | Err(LoadError::NotFound { .. }) => {}
                Err(error) => panic!("load: {error}"),
            }
        }
    }
    for mut actor in actors {
        actor.kill().unwrap();
        actor.wait().unwrap();
    }
    let listing = root.store().list().unwrap();
    assert_eq!(listing.damaged.len(), 0);
    for container in &listing.containers {
        assert_eq!(container.standing, Standing::AtRest, "{:?}", container.state);
        assert_eq!(
            std::fs::metadata(container.bundle.root_disk()).unwrap().len(),
            DISK.len() as u64
        );
    }
    let names: Vec<_> = listing.containers.iter().map(|c| c.config.id.to_string()).collect();
    let mut entries = root.entries();
    entries.retain(|entry| !names.contains(entry));
    assert_eq!(entries, Vec::<String>::new(), "left behind");
}
