//! Templates as everybody who saves and restores machines may rely on them, with the fake backend.
#![cfg(feature = "fake")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use container_hypervisor::fake::{FakeHypervisor, Guest};
use container_hypervisor::{
    ConfigError, CreateError, GuestMemory, Hypervisor as _, Machine, MachineConfig, MachineError, MachineExit,
    ShareAccess, ShareName, ShareOwner, SharedDirectory,
};

struct Fixture {
    root: tempfile::TempDir,
    hypervisor: FakeHypervisor,
}

impl Fixture {
    fn new() -> Self {
        Self {
            root: tempfile::tempdir().unwrap(),
            hypervisor: FakeHypervisor::new(Guest::default()).with_templates("this host"),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn config(&self, memory: GuestMemory) -> MachineConfig {
        let console = tempfile::tempfile().unwrap();
        MachineConfig {
            memory,
            ..MachineConfig::new("fake", self.hypervisor.kernel(), "/dev/null", console)
        }
    }

    fn template(&self) -> GuestMemory {
        GuestMemory::Template {
            path: self.path("memory"),
            for_shares: false,
        }
    }

    fn restored(&self) -> GuestMemory {
        GuestMemory::Restored {
            memory: self.path("memory"),
            state: self.path("state"),
        }
    }

    async fn create(&self, memory: GuestMemory) -> Result<Machine, CreateError> {
        self.hypervisor.create(self.config(memory)).await
    }

    async fn save(&self) {
        let machine = self.create(self.template()).await.unwrap();
        machine.start().await.unwrap();
        machine.as_template().unwrap().save(&self.path("state")).await.unwrap();
        machine.kill().await.unwrap();
    }
}

#[tokio::test]
async fn one_template_continues_in_any_number_of_machines_at_once() {
    let fixture = Fixture::new();
    assert!(fixture.create(GuestMemory::Own).await.unwrap().as_template().is_none());
    fixture.save().await;
    for name in ["memory", "state"] {
        let mode = fixture.path(name).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    let first = fixture.create(fixture.restored()).await.unwrap();
    let second = fixture.create(fixture.restored()).await.unwrap();
    first.start().await.unwrap();
    second.start().await.unwrap();
    assert!(first.as_template().is_none());
    assert_eq!(fixture.hypervisor.restored_count(), 2);
    assert!(fixture.create(fixture.template()).await.is_err(), "there is a file");
}

#[tokio::test]
async fn a_restore_that_fails_is_the_end_of_the_machine() {
    let fixture = Fixture::new();
    fixture.save().await;
    std::fs::write(fixture.path("state"), "something else").unwrap();
    let machine = fixture.create(fixture.restored()).await.unwrap();
    let error = machine.start().await.unwrap_err();
    assert!(
        matches!(
            error,
            MachineError::Restore {
                step: "loading the state",
                ..
            }
        ),
        "{error}"
    );
    assert!(matches!(machine.exit().now(), Some(MachineExit::Failed { .. })));

    let fixture = Fixture::new();
    fixture.save().await;
    let refusing = fixture.hypervisor.clone().refusing_to_restore("a test says so");
    let machine = refusing.create(fixture.config(fixture.restored())).await.unwrap();
    let error = machine.start().await.unwrap_err().to_string();
    assert_eq!(error, "cannot restore the machine: loading the state: a test says so");
}

#[tokio::test]
async fn what_is_shared_with_one_machine_cannot_be_in_a_template() {
    let fixture = Fixture::new();
    let able = fixture.hypervisor.clone().with_shares_in_templates();
    fixture.save().await;
    for (memory, hypervisor, is_possible) in [
        (fixture.template(), &able, false),
        (fixture.restored(), &fixture.hypervisor, false),
        (fixture.restored(), &able, true),
    ] {
        let mut config = fixture.config(memory);
        config.shares = vec![SharedDirectory {
            name: ShareName::new("share").unwrap(),
            path: fixture.root.path().to_owned(),
            access: ShareAccess::ReadOnly,
            owner: ShareOwner::Named,
            records: None,
        }];
        let error = hypervisor.create(config).await.err();
        let is_refused = matches!(error, Some(CreateError::Config(ConfigError::Unavailable { .. })));
        assert_eq!((is_refused, error.is_none()), (!is_possible, is_possible), "{error:?}");
    }
    let without = FakeHypervisor::new(Guest::default());
    assert!(without.create(fixture.config(fixture.template())).await.is_err());
}
