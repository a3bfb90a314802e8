//! What commands see of containers, one command at a time.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod fixture;

use std::convert::Infallible;
use std::path::Path;
use std::time::Duration;

use container_model::{ContainerQuery, Health, HealthStatus, LastRun, OomKill, Phase, Standing};
use container_require::require;
use container_state::{
    ContainerLock, ContainerStore, CreateError, DeleteError, FindError, LoadError, OwnError, ReserveError,
};
use fixture::{Root, config};
use time::OffsetDateTime;

fn running() -> Phase {
    Phase::Running {
        started: OffsetDateTime::UNIX_EPOCH,
        paused: false,
    }
}

#[test]
fn what_checks_have_found_stays_at_the_end_and_goes_at_a_start() {
    let root = Root::new();
    let (store, id) = (root.store(), root.create("web", 1));
    let found = |status| {
        Some(Health {
            status,
            ..Health::default()
        })
    };
    let on_record = || store.load(&id).unwrap().state.health;
    let mut owned = store.own(&id).unwrap();
    owned.write_phase(Phase::Starting { after: None }).unwrap();
    owned.note_health(found(HealthStatus::Starting));
    owned.write_health().unwrap();
    assert_eq!(on_record(), None, "it does not run");
    owned.write_phase(running()).unwrap();
    assert_eq!(on_record(), found(HealthStatus::Starting));
    owned.note_health(found(HealthStatus::Healthy));
    assert_eq!(on_record(), found(HealthStatus::Starting));
    owned.write_paused(true).unwrap();
    assert_eq!(on_record(), found(HealthStatus::Healthy));
    owned.note_health(found(HealthStatus::Unhealthy));
    owned.write_health().unwrap();
    assert_eq!(on_record(), found(HealthStatus::Unhealthy));
    // Its launcher is killed.
    drop(owned);
    assert!(matches!(store.load(&id).unwrap().state.phase, Phase::Stopped { .. }));
    assert_eq!(on_record(), found(HealthStatus::Unhealthy));

    let mut owned = store.own(&id).unwrap();
    owned.write_phase(Phase::Starting { after: None }).unwrap();
    assert_eq!(on_record(), None);
    owned.note_health(found(HealthStatus::Healthy));
    let stopped = Phase::Stopped {
        started: None,
        finished: None,
        exit: None,
        reason: None,
    };
    owned.write_last_phase(stopped).unwrap();
    assert_eq!(on_record(), found(HealthStatus::Healthy));
}

#[test]
fn what_the_kernel_has_killed_is_counted_until_somebody_starts_the_container() {
    let root = Root::new();
    let (store, id) = (root.store(), root.create("web", 1));
    let kill = |process: &str| OomKill {
        at: OffsetDateTime::UNIX_EPOCH,
        process: Some(process.to_owned()),
        pid: None,
        resident_bytes: None,
    };
    let on_record = || {
        let kills = store.load(&id).unwrap().state.oom_kills;
        kills.map(|kills| (kills.count, kills.last.process.unwrap()))
    };
    let owned = store.own(&id).unwrap();
    owned.write_phase(Phase::Starting { after: None }).unwrap();
    owned.write_phase(running()).unwrap();
    owned.write_oom_kills(2, kill("dd")).unwrap();
    assert_eq!(on_record(), Some((2, "dd".to_owned())));
    let after = Some(LastRun::default());
    owned.write_phase(Phase::Starting { after }).unwrap();
    owned.write_phase(running()).unwrap();
    owned.write_oom_kills(1, kill("awk")).unwrap();
    // Its launcher is killed.
    drop(owned);
    assert!(matches!(store.load(&id).unwrap().state.phase, Phase::Stopped { .. }));
    assert_eq!(on_record(), Some((3, "awk".to_owned())));

    let owned = store.own(&id).unwrap();
    owned.write_phase(Phase::Starting { after: None }).unwrap();
    assert_eq!(on_record(), None);
}

#[test]
fn a_container_appears_whole_and_goes_whole() {
    let root = Root::new();
    let store = root.store();
    let bundle = store
        .create(&config("web", 1), |directory| {
            std::fs::write(directory.join("rootfs.ext4"), b"disk")
        })
        .unwrap();
    assert!(bundle.root_disk().exists());
    let container = store.load(bundle.id()).unwrap();
    assert_eq!(container.config, config("web", 1));
    assert_eq!(container.state.phase, Phase::Created);
    store.delete(bundle.id()).unwrap();
    assert_eq!(root.entries(), Vec::<String>::new());
    assert!(matches!(store.load(bundle.id()), Err(LoadError::NotFound { .. })));
    assert!(matches!(
        store.delete(bundle.id()),
        Err(DeleteError::Own(OwnError::NotFound { .. }))
    ));
}

#[test]
fn a_taken_name_is_refused_and_nothing_is_left() {
    let root = Root::new();
    let store = root.store();
    root.create("web", 1);
    let again = store.create(&config("web", 2), |_| Ok::<_, Infallible>(()));
    assert!(matches!(
        again,
        Err(CreateError::Reserve(ReserveError::NameTaken { .. }))
    ));
    assert_eq!(root.entries(), ["web"]);
    assert_eq!(store.load(&"web".parse().unwrap()).unwrap().config, config("web", 1));
}

#[test]
fn failed_preparation_leaves_nothing() {
    let root = Root::new();
    let failed = root
        .store()
        .create(&config("web", 1), |_| Err(std::io::Error::other("no space")));
    assert!(matches!(failed, Err(CreateError::Prepare(_))));
    assert_eq!(root.entries(), Vec::<String>::new());
}

#[test]
fn who_wants_a_container_that_has_ended_waits_for_its_launcher() {
    let root = Root::new();
    let store = root.store();
    let id = root.create("web", 1);
    let owned = store.own(&id).unwrap();
    let stopped = Phase::Stopped {
        started: None,
        finished: None,
        exit: None,
        reason: None,
    };
    owned.write_phase(stopped).unwrap();
    // Longer than a repair may take.
    let letting_go = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(700));
        drop(owned);
    });
    store.delete(&id).unwrap();
    letting_go.join().unwrap();
    assert_eq!(root.entries(), Vec::<String>::new());
}

#[test]
fn a_dead_launcher_is_noticed_by_the_next_look() {
    let root = Root::new();
    let store = root.store();
    let id = root.create("web", 1);
    let owned = store.own(&id).unwrap();
    owned.write_phase(running()).unwrap();
    let socket = root.path().join("0.sock");
    std::fs::write(&socket, b"").unwrap();
    std::os::unix::fs::symlink(&socket, owned.bundle().control_link()).unwrap();
    assert_eq!(store.load(&id).unwrap().state.phase, running());
    assert!(matches!(
        store.delete(&id),
        Err(DeleteError::Own(OwnError::Taken { .. }))
    ));
    drop(owned);
    let Phase::Stopped {
        started,
        finished: None,
        exit: None,
        reason: Some(reason),
    } = store.load(&id).unwrap().state.phase
    else {
        panic!("not repaired")
    };
    assert_eq!(started, Some(OffsetDateTime::UNIX_EPOCH));
    assert!(reason.contains("launcher"), "{reason}");
    assert!(!socket.exists());
    store.delete(&id).unwrap();
}

#[test]
fn restarts_are_counted_and_who_ended_it_is_known_until_the_next_start() {
    let root = Root::new();
    let store = root.store();
    let id = root.create("web", 1);
    let mut owned = store.own(&id).unwrap();
    let last = LastRun {
        started: Some(OffsetDateTime::UNIX_EPOCH),
        ..LastRun::default()
    };
    let observed = |owned: &ContainerLock| {
        let state = owned.state().unwrap();
        (state.restart_count, state.stopped_by_user, state.ended_with_host)
    };
    owned.write_phase(Phase::Starting { after: None }).unwrap();
    for count in 1..3 {
        owned.write_phase(running()).unwrap();
        let after = Some(last.clone());
        owned.write_phase(Phase::Starting { after }).unwrap();
        assert_eq!(observed(&owned), (count, false, false));
    }
    owned.note_ended_with_host();
    owned.write_phase(running()).unwrap();
    assert_eq!(observed(&owned), (2, false, true));
    owned.note_stopped_by_user();
    owned.write_last_phase(running()).unwrap();
    assert_eq!(observed(&owned), (2, true, true));
    // It is on record however the launcher ends.
    drop(owned);
    let found = store.load(&id).unwrap().state;
    assert_eq!(
        (found.restart_count, found.stopped_by_user, found.ended_with_host),
        (2, true, true)
    );
    let owned = store.own(&id).unwrap();
    owned.write_phase(Phase::Starting { after: None }).unwrap();
    assert_eq!(observed(&owned), (0, false, false));
}

#[test]
fn a_dead_launcher_takes_its_temporary_container_along() {
    let root = Root::new();
    let store = root.store();
    let mut config = config("web", 1);
    config.options.auto_remove = true;
    store.create(&config, |_| Ok::<_, Infallible>(())).unwrap();
    assert_eq!(store.list().unwrap().containers.len(), 1, "made but not started yet");
    store
        .own(&config.id)
        .unwrap()
        .write_phase(Phase::Starting { after: None })
        .unwrap();
    assert_eq!(store.list().unwrap().containers.len(), 0);
    assert_eq!(root.entries(), Vec::<String>::new());
}

#[test]
fn damage_of_one_container_stays_its_own() {
    let root = Root::new();
    let store = root.store();
    let (bad, moved, odd) = (root.create("bad", 1), root.create("moved", 2), root.create("odd", 3));
    root.create("good", 4);
    std::fs::write(store.bundle(&bad).config(), b"{").unwrap();
    std::fs::copy(store.bundle(&odd).config(), store.bundle(&moved).config()).unwrap();
    std::fs::write(store.bundle(&odd).state(), b"\0\0").unwrap();
    let listing = store.list().unwrap();
    let names: Vec<_> = listing.containers.iter().map(|c| c.config.id.as_str()).collect();
    assert_eq!(names, ["odd", "good"]);
    assert!(matches!(
        &listing.containers[0].state.phase,
        Phase::Stopped { reason: Some(_), .. }
    ));
    assert_eq!(
        listing.damaged.iter().map(|d| d.id.as_str()).collect::<Vec<_>>(),
        ["bad", "moved"]
    );
    store.delete(&bad).unwrap();
}

#[test]
fn what_dead_commands_left_is_collected_but_not_what_lives() {
    let root = Root::new();
    let store = root.store();
    let containers = store.paths().containers();
    root.create("web", 1);
    for (name, locked) in [
        ("dead", true),
        ("empty", false),
        (".trash-dead", true),
        (".trash-late", false),
    ] {
        std::fs::create_dir(containers.join(name)).unwrap();
        if locked {
            std::fs::write(containers.join(name).join("lock"), b"").unwrap();
        }
    }
    for name in ["dead", ".trash-late"] {
        std::fs::write(containers.join(name).join("rootfs.ext4"), b"x").unwrap();
    }
    store
        .create(&config("db", 2), |directory| {
            assert_eq!(store.list().unwrap().containers.len(), 1);
            assert!(directory.exists());
            Ok::<_, Infallible>(())
        })
        .unwrap();
    assert_eq!(root.entries(), ["db", "web"]);
}

#[test]
fn the_words_of_a_user_are_a_name_or_a_unique_beginning() {
    let root = Root::new();
    let store = root.store();
    for name in ["web", "web-1", "db-1"] {
        root.create(name, 1);
    }
    let find = |words: &str| store.find(&ContainerQuery::typed(words));
    assert_eq!(find("web").unwrap().as_str(), "web");
    assert_eq!(find("d").unwrap().as_str(), "db-1");
    assert!(matches!(find("we"), Err(FindError::Ambiguous { .. })));
    for missing in ["", "x", "../web", "web/"] {
        let error = find(missing).unwrap_err();
        assert!(matches!(error, FindError::NotFound { .. }), "{missing:?}");
        assert_eq!(error.to_string(), format!("container {missing:?} not found"));
    }
}

#[test]
fn an_id_never_means_a_container_that_only_begins_with_it() {
    let root = Root::new();
    let store = root.store();
    let id = root.create("web", 1);
    root.create("web-1", 1);
    store.delete(&id).unwrap();
    assert!(matches!(store.load(&id), Err(LoadError::NotFound { .. })));
    assert!(matches!(store.own(&id), Err(OwnError::NotFound { .. })));
    assert!(matches!(
        store.delete(&id),
        Err(DeleteError::Own(OwnError::NotFound { .. }))
    ));
    assert_eq!(root.entries(), ["web-1"]);
}

#[test]
fn listing_is_in_order_of_creation() {
    let root = Root::new();
    for (age, name) in ["cc", "aa", "bb"].into_iter().enumerate() {
        root.create(name, i64::try_from(age).unwrap());
    }
    let store: ContainerStore = root.store();
    let names: Vec<_> = store
        .list()
        .unwrap()
        .containers
        .into_iter()
        .map(|c| c.config.id.to_string())
        .collect();
    assert_eq!(names, ["cc", "aa", "bb"]);
}

/// So often a listing may read for each container: two small files, each in one go, and their ends.
const READS_OF_A_CONTAINER: u64 = 4;

/// How often this thread has read from a file so far (proc(5)); `None` where the system does not say.
fn reads() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/thread-self/io").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("syscr: "))?;
    line.parse().ok()
}

#[test]
fn listing_reads_little_of_each_container() {
    require!(reads().is_some(), "/proc/thread-self/io");
    let root = Root::new();
    let store: ContainerStore = root.store();
    let mut listed = 0;
    let mut reads_of = |count: usize| {
        while listed < count {
            root.create(&format!("c{listed}"), i64::try_from(listed).unwrap());
            listed += 1;
        }
        let before = reads().unwrap();
        assert_eq!(store.list().unwrap().containers.len(), count);
        reads().unwrap() - before
    };
    let (few, many) = (reads_of(10), reads_of(50));
    eprintln!("{few} reads for 10, {many} for 50");
    // The record and, where there is one, the state, each read once to its end.
    assert!(many - few <= 40 * READS_OF_A_CONTAINER, "{few} {many}");
    assert!(few <= 12 * READS_OF_A_CONTAINER, "{few}");
}

#[test]
fn a_phase_of_a_newer_program_is_live_while_its_lock_is_held_and_stays_as_it_is() {
    let root = Root::new();
    let store = root.store();
    let mut config = config("web", 1);
    config.options.auto_remove = true;
    store.create(&config, |_| Ok::<_, Infallible>(())).unwrap();
    let text = r#"{"version":1,"phase":{"name":"restarting","attempt":{"of":3}},"health":"ok"}"#;
    let state = store.bundle(&config.id).state();
    std::fs::write(&state, text).unwrap();
    let standing = || {
        let container = store.load(&config.id).unwrap();
        assert_eq!(container.state.phase.label(), "restarting");
        assert_eq!(store.list().unwrap().containers[0].standing, container.standing);
        container.standing
    };
    let owned = store.own(&config.id).unwrap();
    assert_eq!(standing(), Standing::Live);
    drop(owned);
    assert_eq!(standing(), Standing::NotUnderstood);
    assert_eq!(std::fs::read_to_string(&state).unwrap(), text);
    store.delete(&config.id).unwrap();
    assert_eq!(root.entries(), Vec::<String>::new());
}

/// The files were written by a program that knew only version 1.
#[test]
fn containers_of_the_previous_format_are_read_and_written_as_the_current_one() {
    let root = Root::new();
    let store = root.store();
    let files = Path::new(env!("CARGO_MANIFEST_DIR")).join("../model/tests/version1");
    let id = root.create("ended", 1);
    for name in ["config.json", "state.json"] {
        std::fs::copy(files.join("ended").join(name), store.bundle(&id).directory().join(name)).unwrap();
    }
    let with_unknown = std::fs::read_to_string(store.bundle(&id).config()).unwrap().replacen(
        '{',
        r#"{"health": [{"name": "default"}],"#,
        1,
    );
    std::fs::write(store.bundle(&id).config(), with_unknown).unwrap();
    let old = store.load(&id).unwrap();
    assert_eq!(old.standing, Standing::AtRest);
    assert!(matches!(&old.state.phase, Phase::Stopped { exit: Some(exit), .. } if exit.exit_code == 3));

    store.delete(&id).unwrap();
    store.create(&old.config, |_| Ok::<_, Infallible>(())).unwrap();
    assert_eq!(store.load(&id).unwrap().config, old.config);
    let text = std::fs::read_to_string(store.bundle(&id).config()).unwrap();
    let written: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (&written["version"], &written["health"][0]["name"]),
        (&2.into(), &"default".into())
    );
}

#[test]
fn a_record_of_a_newer_format_is_not_touched() {
    let root = Root::new();
    let store = root.store();
    let id = root.create("web", 1);
    let newer = r#"{"version":3,"id":7}"#;
    std::fs::write(store.bundle(&id).config(), newer).unwrap();
    let listing = store.list().unwrap();
    assert!(listing.damaged[0].error.to_string().contains("use a newer `container`"));
    assert_eq!(std::fs::read_to_string(store.bundle(&id).config()).unwrap(), newer);
    store.delete(&id).unwrap();
}
