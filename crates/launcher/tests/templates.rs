//! Containers that continue from templates.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod harness;

use std::fs;
use std::path::Path;
use std::time::Duration;

use container_hypervisor::fake::{FakeHypervisor, Guest, Process};
use container_launcher::control::v1::ExitStatus;
use container_launcher::{Restarts, TemplateUse};
use container_model::{ContainerConfig, ContainerId, Mount, Phase, TmpfsMount, UnknownFields};
use container_state::{VolumeRequest, VolumeStore};
use container_templates::TemplateStore;
use harness::{PATIENCE, Runs, Seen, Source, World, owner};

/// What distinguishes the disk of a container from that of a template, which the launcher makes.
const OWN_DISK: &[u8] = b"the container's own";

/// An app root that uses templates, with a container whose disk nobody has written to, and a backend that can save machines.
struct Templates {
    world: World,
    guest: Guest,
    source: Source,
}

impl Templates {
    fn new(change: impl FnOnce(&mut ContainerConfig)) -> Self {
        let mut world = World::new(|config| {
            config.resources.storage_bytes = Some(64 << 20);
            change(config);
        });
        world.templates = TemplateUse::On(TemplateStore::new(&world.paths()));
        // Nothing here waits for a machine that does not come up.
        world.limits.boot = PATIENCE;
        for layer in &world.config.image.layers {
            let disk = world.paths().layer_disk(layer);
            fs::create_dir_all(disk.parent().unwrap()).unwrap();
            fs::write(disk, b"a layer").unwrap();
        }
        let guest = Guest::running(|_| Process::exits(7));
        let source = Self::source_of(&guest, |hypervisor| hypervisor);
        let templates = Self { world, guest, source };
        templates.touch_nothing(templates.world.id());
        templates
    }

    fn source_of(guest: &Guest, change: impl FnOnce(FakeHypervisor) -> FakeHypervisor) -> Source {
        Source {
            hypervisor: change(FakeHypervisor::new(guest.clone()).with_templates("this host")),
            ..Source::new(guest)
        }
    }

    /// Gives a container a disk of its own that nobody has written to.
    fn touch_nothing(&self, id: &ContainerId) {
        let bundle = self.world.store().bundle(id);
        fs::write(bundle.root_disk(), OWN_DISK).unwrap();
        bundle.note_untouched_disk().unwrap();
    }

    /// Another container, like the first one but for `change`.
    fn add(&self, id: &str, change: impl FnOnce(&mut ContainerConfig)) -> ContainerId {
        let id = self.world.add(id, change);
        self.touch_nothing(&id);
        id
    }

    /// Starts a container and waits until its launcher has ended.
    async fn run(&self, id: &ContainerId, source: &Source) -> Seen {
        let launcher = self.world.launch_container(id, source.clone(), Restarts);
        let seen = launcher.attach(owner()).await.finish().await;
        launcher.ended().await;
        seen
    }

    fn disk(&self, id: &ContainerId) -> Vec<u8> {
        let bundle = self.world.store().bundle(id);
        assert!(!bundle.spare_root_disk().exists());
        fs::read(bundle.root_disk()).unwrap()
    }

    fn count(&self) -> usize {
        TemplateStore::new(&self.world.paths()).list().unwrap().len()
    }
}

fn exit_code(seen: &Seen) -> Option<u32> {
    seen.exit.as_ref().map(|ExitStatus { exit_code, .. }| *exit_code)
}

#[tokio::test]
async fn the_first_start_leaves_a_template_and_the_next_container_continues_from_it() {
    let templates = Templates::new(|_| ());
    let hypervisor = templates.source.hypervisor.clone();
    let first = templates.world.id().clone();
    assert_eq!(exit_code(&templates.run(&first, &templates.source).await), Some(7));
    assert_eq!(
        (
            templates.count(),
            hypervisor.created_count(),
            hypervisor.restored_count()
        ),
        (1, 2, 0)
    );
    let made: Vec<String> = templates
        .guest
        .observed()
        .containers
        .iter()
        .map(|made| made.hostname.clone())
        .collect();
    assert_eq!(made, ["web", "container"], "a template's container is nobody's");

    let second = templates.add("second", |_| ());
    assert_eq!(exit_code(&templates.run(&second, &templates.source).await), Some(7));
    assert_eq!(
        (
            templates.count(),
            hypervisor.created_count(),
            hypervisor.restored_count()
        ),
        (1, 3, 1)
    );
    let observed = templates.guest.observed();
    assert_eq!(observed.resumes.len(), 1);
    assert_eq!(
        (observed.resumes[0].hostname.as_str(), observed.resumes[0].entropy.len()),
        ("second", 32)
    );
    assert_eq!(observed.resumes[0].memory_limit_bytes, 256 << 20);
    let prepared: Vec<_> = observed.parks.iter().map(|park| park.device_addresses.len()).collect();
    assert_eq!(prepared, [0], "what interface its machine has is spare");

    assert_ne!(templates.disk(&second), OWN_DISK, "it has a copy of the template's");
    assert!(matches!(
        templates.world.store().load(&second).unwrap().state.phase,
        Phase::Stopped { .. }
    ));

    assert_eq!(exit_code(&templates.run(&second, &templates.source).await), Some(7));
    assert_eq!(hypervisor.restored_count(), 1, "its disk was written to");
}

#[tokio::test]
async fn a_container_that_has_run_continues_from_a_machine_without_a_container() {
    let templates = Templates::new(|_| ());
    let id = templates.world.id().clone();
    let hypervisor = &templates.source.hypervisor;
    templates.run(&id, &templates.source).await;
    templates.run(&id, &templates.source).await;
    assert_eq!((templates.count(), hypervisor.restored_count()), (2, 0));
    let made = templates.guest.observed().containers.len();
    assert_eq!(made, 3, "the second template was saved without a container");

    assert_eq!(exit_code(&templates.run(&id, &templates.source).await), Some(7));
    assert_eq!((templates.count(), hypervisor.restored_count()), (2, 1));
    let observed = templates.guest.observed();
    assert!(observed.resumes[0].without_container && observed.resumes[0].hostname.is_empty());
    assert_eq!(observed.resumes[0].entropy.len(), 32);
    let made: Vec<&str> = observed.containers.iter().map(|made| made.hostname.as_str()).collect();
    assert_eq!(made, ["web", "container", "web", "web"]);
    assert_eq!(templates.disk(&id), OWN_DISK, "nothing was exchanged");
}

#[tokio::test]
async fn a_container_with_something_of_its_own_mounted_continues_from_a_machine_without_a_container() {
    let templates = Templates::new(|config| {
        let mount = serde_json::json!({ "kind": "disk", "volume": "data", "target": "/data" });
        config.mounts = vec![serde_json::from_value(mount).unwrap()];
    });
    let volumes = VolumeStore::new(&templates.world.paths());
    let mut request = VolumeRequest::new("data".parse().unwrap());
    request.options.insert("size".to_owned(), "8m".to_owned());
    volumes.create(&request).unwrap();
    templates.run(templates.world.id(), &templates.source).await;
    let second = templates.add("second", |_| ());
    templates.run(&second, &templates.source).await;
    let hypervisor = &templates.source.hypervisor;
    assert_eq!((templates.count(), hypervisor.restored_count()), (1, 1));
    let observed = templates.guest.observed();
    assert_eq!(observed.containers.len(), 2);
    assert!(observed.containers[1].mounts[0].volume.is_some());
    // Another number of disks is another machine.
    let plain = templates.add("plain", |config| config.mounts.clear());
    templates.run(&plain, &templates.source).await;
    assert_eq!(hypervisor.restored_count(), 1);
}

/// A container for which a directory of the host is shared.
fn with_share(config: &mut ContainerConfig, source: &Path) {
    let mount = serde_json::json!({ "kind": "share", "source": source, "target": "/src", "readOnly": false });
    config.mounts = vec![serde_json::from_value(mount).unwrap()];
}

#[tokio::test]
async fn a_container_with_a_share_continues_from_a_machine_that_has_a_place_for_it() {
    let shared = tempfile::tempdir().unwrap();
    let templates = Templates::new(|config| with_share(config, shared.path()));
    let able = Templates::source_of(&templates.guest, FakeHypervisor::with_shares_in_templates);
    templates.run(templates.world.id(), &able).await;
    // Another share, which the template has never seen.
    let other = tempfile::tempdir().unwrap();
    let second = templates.add("second", |config| with_share(config, other.path()));
    templates.run(&second, &able).await;
    assert_eq!((templates.count(), able.hypervisor.restored_count()), (1, 1));
    let observed = templates.guest.observed();
    assert!(observed.resumes[0].without_container);
    assert_eq!(observed.containers.len(), 2);
    assert!(observed.containers.iter().all(|made| !made.shares_tag.is_empty()));
    // A machine without shares is another one.
    let plain = templates.add("plain", |config| config.mounts.clear());
    templates.run(&plain, &able).await;
    templates.run(&plain, &able).await;
    assert_eq!((templates.count(), able.hypervisor.restored_count()), (3, 1));
}

#[tokio::test]
async fn a_container_with_a_share_boots_where_its_machine_cannot_be_saved() {
    let shared = tempfile::tempdir().unwrap();
    let templates = Templates::new(|config| with_share(config, shared.path()));
    for _ in 0..2 {
        templates.run(templates.world.id(), &templates.source).await;
    }
    let hypervisor = &templates.source.hypervisor;
    assert_eq!((templates.count(), hypervisor.created_count()), (0, 2));
}

#[tokio::test]
async fn a_new_container_makes_do_with_a_machine_and_leaves_the_better_template() {
    let templates = Templates::new(|_| ());
    let (id, store) = (
        templates.world.id().clone(),
        TemplateStore::new(&templates.world.paths()),
    );
    templates.run(&id, &templates.source).await;
    let with_container = store.list().unwrap()[0].key;
    templates.run(&id, &templates.source).await;
    store.discard(&with_container).unwrap();

    let second = templates.add("second", |_| ());
    templates.run(&second, &templates.source).await;
    let hypervisor = &templates.source.hypervisor;
    assert_eq!((hypervisor.restored_count(), templates.count()), (1, 2));
    assert_eq!(templates.disk(&second), OWN_DISK);
    let third = templates.add("third", |_| ());
    templates.run(&third, &templates.source).await;
    assert_eq!(hypervisor.restored_count(), 2);
    assert_ne!(templates.disk(&third), OWN_DISK);
}

#[tokio::test]
async fn later_runs_of_a_launcher_continue_as_well() {
    let mut templates = Templates::new(|_| ());
    templates.world.templates = TemplateUse::Forced(TemplateStore::new(&templates.world.paths()));
    let runs = Runs {
        count: 3,
        pause: Duration::ZERO,
    };
    let id = templates.world.id().clone();
    let launcher = templates.world.launch_container(&id, templates.source.clone(), runs);
    let seen = launcher.attach(owner()).await.finish().await;
    launcher.ended().await;
    assert_eq!((exit_code(&seen), templates.count()), (Some(7), 2));
    let containers: Vec<bool> = templates
        .guest
        .observed()
        .resumes
        .iter()
        .map(|resume| resume.without_container)
        .collect();
    assert_eq!(containers, [false, true, true]);
}

#[tokio::test]
async fn a_container_that_cannot_be_made_is_no_fault_of_the_template() {
    let templates = Templates::new(|_| ());
    let id = templates.world.id().clone();
    templates.run(&id, &templates.source).await;
    templates.run(&id, &templates.source).await;
    let failing = Templates::source_of(
        &templates.guest.clone().refusing_the_container("no such mount"),
        |hypervisor| hypervisor,
    );
    let seen = templates.run(&id, &failing).await;
    assert!(seen.failure.unwrap().message.contains("no such mount"));
    assert_eq!(
        (failing.hypervisor.created_count(), failing.hypervisor.restored_count()),
        (2, 1)
    );
    assert_eq!(templates.count(), 2);
}

#[tokio::test]
async fn what_is_in_a_template_has_to_be_the_same() {
    let templates = Templates::new(|_| ());
    templates.run(templates.world.id(), &templates.source).await;
    let tmpfs = |config: &mut ContainerConfig| {
        config.mounts.push(Mount::Tmpfs(TmpfsMount {
            target: "/scratch".to_owned(),
            options: Vec::new(),
            unknown: UnknownFields::new(),
        }));
    };
    let others = [
        templates.add("tmpfs", tmpfs),
        templates.add("memory", |config| config.resources.memory_bytes = 512 << 20),
        templates.add("disk", |config| config.resources.storage_bytes = Some(65 << 20)),
        templates.add("sysctl", |config| {
            config.sysctls.insert("net.ipv4.ip_forward".to_owned(), "1".to_owned());
        }),
        templates.add("removed", |config| config.options.auto_remove = true),
    ];
    for (index, id) in others.iter().enumerate() {
        templates.run(id, &templates.source).await;
        assert_eq!(
            (templates.source.hypervisor.restored_count(), templates.count()),
            (0, index + 2),
            "{id}"
        );
    }
    let other_host = Templates::source_of(&templates.guest, |hypervisor| hypervisor.with_templates("another host"));
    templates.run(&templates.add("host", |_| ()), &other_host).await;
    assert_eq!(other_host.hypervisor.restored_count(), 0);
    // What only one container has is no part of it.
    let same = templates.add("same", |config| {
        config.hostname = Some("else".to_owned());
        config.process.environment.push("SECRET=1".to_owned());
    });
    templates.run(&same, &templates.source).await;
    assert_eq!(templates.source.hypervisor.restored_count(), 1);
}

/// What it is, and what makes the backend and the guest so.
type Case = (&'static str, fn(FakeHypervisor) -> FakeHypervisor, fn(Guest) -> Guest);

#[tokio::test]
async fn a_machine_that_cannot_continue_boots_and_its_template_is_discarded() {
    let cases: [Case; 2] = [
        (
            "the state is of another machine",
            |hypervisor| hypervisor.refusing_to_restore("bad state"),
            |guest| guest,
        ),
        (
            "the agent does not like it",
            |hypervisor| hypervisor,
            |guest| guest.refusing_to_resume("no"),
        ),
    ];
    for (case, hypervisor, guest) in cases {
        let templates = Templates::new(|_| ());
        let first = templates.world.id();
        templates.run(first, &templates.source).await;
        let failing = Templates::source_of(&guest(templates.guest.clone()), hypervisor);
        let second = templates.add("second", |_| ());
        assert_eq!(exit_code(&templates.run(&second, &failing).await), Some(7), "{case}");
        assert_eq!(failing.hypervisor.restored_count(), 1, "{case}");
        assert_eq!(templates.disk(&second), OWN_DISK, "{case}");
        assert_eq!(templates.count(), 0, "{case}");

        // So is one without a container.
        templates.run(first, &templates.source).await;
        assert_eq!(templates.count(), 1, "{case}");
        assert_eq!(exit_code(&templates.run(first, &failing).await), Some(7), "{case}");
        assert_eq!(
            (failing.hypervisor.restored_count(), templates.count()),
            (2, 0),
            "{case}"
        );
    }
}

#[tokio::test]
async fn the_disk_of_a_container_whose_launcher_was_killed_before_it_ran_is_put_back() {
    let templates = Templates::new(|_| ());
    let id = templates.world.id().clone();
    let bundle = templates.world.store().bundle(&id);
    fs::rename(bundle.root_disk(), bundle.spare_root_disk()).unwrap();
    fs::write(bundle.root_disk(), b"a template's").unwrap();
    templates.run(&id, &templates.source).await;
    assert_eq!(templates.disk(&id), OWN_DISK);
}

#[tokio::test]
async fn without_templates_every_machine_boots() {
    let mut templates = Templates::new(|_| ());
    templates.world.templates = TemplateUse::Off;
    templates.run(templates.world.id(), &templates.source).await;
    assert_eq!((templates.count(), templates.source.hypervisor.created_count()), (0, 1));
}

#[tokio::test]
async fn a_container_waits_for_its_template_when_it_is_told_to() {
    let mut templates = Templates::new(|_| ());
    templates.world.templates = TemplateUse::Forced(TemplateStore::new(&templates.world.paths()));
    let seen = templates.run(templates.world.id(), &templates.source).await;
    let hypervisor = &templates.source.hypervisor;
    assert_eq!(
        (
            exit_code(&seen),
            hypervisor.created_count(),
            hypervisor.restored_count()
        ),
        (Some(7), 2, 1)
    );
}
