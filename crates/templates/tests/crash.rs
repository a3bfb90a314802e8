//! Processes that make, use and remove templates at once and are killed at random points: nobody ever gets half a template, and nothing is left behind.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod fixture;

use std::fs::File;
use std::hash::{BuildHasher as _, RandomState};
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Barrier;
use std::time::{Duration, Instant};

use container_templates::{NewTemplate, Opened, Template, TemplateKey, TemplateStore};
use fixture::{Root, TOKEN, fill, image, is_absent, key, store_at};

const ROOT_VARIABLE: &str = "CONTAINER_TEMPLATES_TEST_ROOT";
const NAMES: [&str; 3] = ["a", "b", "c"];
const MEMORY_BYTES: u64 = 8 << 20;

/// Writes files that tell whose they are.
fn fill_as(new: &NewTemplate, name: &str) {
    let tag = name.as_bytes()[0];
    let memory = File::create_new(new.memory()).unwrap();
    memory.set_len(MEMORY_BYTES).unwrap();
    memory.write_all_at(&[tag; 100_000], MEMORY_BYTES / 2).unwrap();
    std::fs::write(new.state(), [tag; 10_000]).unwrap();
    std::fs::write(new.disk(), [tag; 50_000]).unwrap();
}

fn check(template: &Template, name: &str) {
    let tag = name.as_bytes()[0];
    let memory = std::fs::read(template.memory()).unwrap();
    let middle = memory.len() / 2;
    assert!(memory.len() as u64 == MEMORY_BYTES && memory[middle..middle + 100_000].iter().all(|byte| *byte == tag));
    assert_eq!(std::fs::read(template.state()).unwrap(), [tag; 10_000]);
    assert_eq!(std::fs::read(template.disk()).unwrap(), [tag; 50_000]);
    assert_eq!(*template.token(), [tag; 32]);
}

/// One of the processes: does what launchers and commands do, until killed.
#[test]
#[ignore = "run by `kill_at_any_moment_leaves_whole_templates` as a process of its own"]
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
        let name = NAMES[usize::try_from(round >> 33).unwrap() % NAMES.len()];
        match round >> 45 & 7 {
            0..=3 => {
                if let Some(new) = store.begin(&key(name), &image(name)).unwrap() {
                    fill_as(&new, name);
                    new.publish([name.as_bytes()[0]; 32]).unwrap();
                }
            }
            4 | 5 => match store.open(&key(name)).unwrap() {
                Opened::Found(template) => check(&template, name),
                Opened::Absent => {}
                discarded @ Opened::Discarded { .. } => panic!("{discarded:?}"),
            },
            6 => drop(store.prune_to(200_000).unwrap()),
            _ => drop(store.retain(|of| *of != image(name)).unwrap()),
        }
    }
}

fn spawn_actor(root: &Root) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "actor", "--ignored", "--nocapture"])
        .env(ROOT_VARIABLE, root.directory.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn kill_at_any_moment_leaves_whole_templates() {
    let root = Root::new();
    let mut actors: Vec<_> = (0..4).map(|_| spawn_actor(&root)).collect();
    let end = Instant::now() + Duration::from_secs(4);
    let mut round = 0_usize;
    let mut found = 0;
    while Instant::now() < end || found == 0 {
        // Longer and longer, for on a busy host a process may need long to get so far as to make one.
        let longer = 1 + round as u64 / 50;
        std::thread::sleep(Duration::from_micros(
            (7_000 + (round as u64 * 7_919) % 60_000) * longer,
        ));
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
            match root.store.open(&key(name)).unwrap() {
                Opened::Found(template) => {
                    found += 1;
                    check(&template, name);
                }
                Opened::Absent => {}
                discarded @ Opened::Discarded { .. } => panic!("{discarded:?}"),
            }
        }
    }
    for mut actor in actors {
        actor.kill().unwrap();
        actor.wait().unwrap();
    }
    assert!(found > 0);
    root.store.sweep();
    let left: Vec<_> = NAMES.iter().map(|name| key(name).to_string()).collect();
    assert!(
        root.names().iter().all(|name| left.contains(name)),
        "{:?}",
        root.names()
    );
    for template in root.store.list().unwrap() {
        assert!(template.image.is_some() && !template.is_in_use, "{template:?}");
    }
    // Whatever was left half-made stands in nobody's way.
    for name in NAMES {
        if is_absent(&root.store, &key(name)) {
            let new = root.store.begin(&key(name), &image(name)).unwrap().unwrap();
            fill_as(&new, name);
            new.publish(TOKEN).unwrap();
        }
    }
}

/// A maker that is killed before it has published: waits for that with all files written.
#[test]
#[ignore = "run by `what_a_killed_maker_leaves_goes_and_another_takes_over` as a process of its own"]
fn maker() {
    let Some(root) = std::env::var_os(ROOT_VARIABLE) else {
        return;
    };
    let new = store_at(&PathBuf::from(root))
        .begin(&key("a"), &image("a"))
        .unwrap()
        .unwrap();
    fill(&new);
    println!("filled");
    std::thread::sleep(Duration::from_secs(600));
}

#[test]
fn what_a_killed_maker_leaves_goes_and_another_takes_over() {
    use std::io::{BufRead as _, BufReader};
    for takes_over in [false, true] {
        let root = Root::new();
        let mut maker = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "maker", "--ignored", "--nocapture"])
            .env(ROOT_VARIABLE, root.directory.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(maker.stdout.take().unwrap()).lines();
        assert!(lines.map_while(Result::ok).any(|line| line.ends_with("filled")));
        assert!(
            root.store.begin(&key("a"), &image("a")).unwrap().is_none(),
            "it is being made"
        );
        root.store.sweep();
        assert_eq!(root.names(), [format!(".making-{}", key("a"))]);
        maker.kill().unwrap();
        maker.wait().unwrap();
        if takes_over {
            fixture::make(&root.store, "a");
            assert_eq!(root.names(), [key("a").to_string()]);
        } else {
            root.store.sweep();
            assert!(root.names().is_empty());
        }
    }
}

#[test]
fn of_makers_that_begin_at_once_one_makes_it() {
    let root = Root::new();
    let start = Barrier::new(8);
    let (publish, published) = (Barrier::new(8), TemplateKey::of(&[("name", "a".to_owned())]));
    let makers: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let store: TemplateStore = root.store.clone();
                    start.wait();
                    let new = store.begin(&key("a"), &image("a")).unwrap();
                    publish.wait();
                    new.map(|new| {
                        fill(&new);
                        new.publish(TOKEN).unwrap();
                    })
                })
            })
            .collect();
        threads.into_iter().filter_map(|thread| thread.join().unwrap()).count()
    });
    assert_eq!(makers, 1);
    fixture::found(&root.store, &published);
    assert_eq!(root.names(), [published.to_string()]);
}
