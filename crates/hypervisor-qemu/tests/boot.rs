//! Real machines: the built kernel and initial RAM file system, found through `CONTAINER_INSTALL_ROOT`, which `cargo
//! xtask test` sets.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use container_agent::{AgentClient, AgentError};
use container_agent_api::{AGENT_TOKEN_BYTES, AGENT_TOKEN_KEY, AgentToken};
use container_hypervisor::{
    ConnectError, CreateError, Disk, DiskAccess, DiskSerial, FlushPolicy, GuestArchitecture, Hypervisor, Machine,
    MachineConfig, MachineError, MachineExit,
};
use container_hypervisor_qemu::{Accelerator, QemuHypervisor, QemuOptions};

/// Far more than a boot takes, on a host busy with other tests.
const BOOT_TIMEOUT: Duration = Duration::from_secs(60);

struct Fixture {
    root: tempfile::TempDir,
    hypervisor: QemuHypervisor,
    config: MachineConfig,
    token: AgentToken,
}

/// Connects, again while nothing listens, and exchanges greetings.
async fn greet(machine: &Machine, token: &AgentToken) -> Result<AgentClient, AgentError> {
    let mut connector = machine.agent_connector().unwrap();
    let connected = async {
        loop {
            match connector.connect().await {
                Ok(stream) => return stream,
                Err(ConnectError::NotListening { .. }) => tokio::time::sleep(Duration::from_millis(5)).await,
                Err(error) => panic!("{error}"),
            }
        }
    };
    AgentClient::connect(bounded(connected).await, token, BOOT_TIMEOUT).await
}

impl Fixture {
    async fn new() -> Self {
        let install_root = std::env::var_os("CONTAINER_INSTALL_ROOT")
            .expect("CONTAINER_INSTALL_ROOT names the directory of share/container: run cargo xtask test");
        let assets = PathBuf::from(install_root).join("share/container");
        let root = tempfile::tempdir().unwrap();
        let options =
            QemuOptions::from_environment(GuestArchitecture::host(), vec![assets.clone()], root.path().to_owned())
                .unwrap();
        let hypervisor = QemuHypervisor::detect(options).await.unwrap();
        let console = std::fs::File::create(root.path().join("boot.log")).unwrap();
        let token = AgentToken::new([7; AGENT_TOKEN_BYTES]);
        let config = MachineConfig {
            kernel_arguments: vec![format!("{AGENT_TOKEN_KEY}={}", token.to_hex())],
            memory_bytes: 256 << 20,
            ..MachineConfig::new(
                root.path().display().to_string(),
                hypervisor.kernel(),
                assets.join(format!("initramfs-{}.cpio", std::env::consts::ARCH)),
                console,
            )
        };
        Self {
            root,
            hypervisor,
            config,
            token,
        }
    }

    fn disk(&self, name: &str, access: DiskAccess) -> Disk {
        let path = self.root.path().join(format!("{name},1.img"));
        std::fs::File::create(&path).unwrap().set_len(16 << 20).unwrap();
        Disk {
            serial: DiskSerial::new(name).unwrap(),
            path,
            access,
            flush: FlushPolicy::Fsync,
        }
    }

    async fn start(&self) -> Machine {
        let machine = self.hypervisor.create(self.config.clone()).await.unwrap();
        machine.start().await.unwrap();
        machine
    }

    async fn boot(&self) -> (Machine, AgentClient) {
        let machine = self.start().await;
        match greet(&machine, &self.token).await {
            Ok(client) => (machine, client),
            Err(error) => panic!("{error}\n{}", self.console()),
        }
    }

    fn console(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(self.root.path().join("boot.log")).unwrap()).into_owned()
    }
}

async fn bounded<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(BOOT_TIMEOUT, future).await.expect("in time")
}

#[tokio::test]
async fn a_machine_boots_answers_and_powers_off() {
    let mut fixture = Fixture::new().await;
    fixture.config.disks = vec![
        fixture.disk("layer-0", DiskAccess::ReadOnly),
        fixture.disk("writable", DiskAccess::ReadWrite),
    ];
    let started = Instant::now();
    let (machine, client) = fixture.boot().await;
    println!(
        "agent answered after {} ms: {:?}",
        started.elapsed().as_millis(),
        client.hello()
    );
    let started = Instant::now();
    for _ in 0..10 {
        assert!(client.signal("nobody", 0).await.is_err());
    }
    println!("ten calls took {} us", started.elapsed().as_micros());
    client.shutdown(BOOT_TIMEOUT).await.unwrap();
    assert_eq!(
        bounded(machine.wait()).await,
        MachineExit::PowerOff,
        "{}",
        fixture.console()
    );
    assert_eq!(machine.wait().await, MachineExit::PowerOff, "asked again");
}

#[tokio::test]
async fn an_agent_answers_nobody_without_its_token_and_its_machine_ends() {
    let fixture = Fixture::new().await;
    let machine = fixture.start().await;
    let other = AgentToken::new([8; AGENT_TOKEN_BYTES]);
    let error = greet(&machine, &other).await.unwrap_err();
    assert!(
        matches!(
            &error,
            AgentError::Refused {
                call: "Hello",
                code: tonic::Code::PermissionDenied,
                ..
            }
        ),
        "{error:?}\n{}",
        fixture.console()
    );
    assert_eq!(
        bounded(machine.wait()).await,
        MachineExit::PowerOff,
        "it has one channel, and that is wasted: {}",
        fixture.console()
    );
}

#[tokio::test]
async fn the_token_is_not_among_the_arguments_that_every_user_can_read() {
    let fixture = Fixture::new().await;
    let (machine, _client) = fixture.boot().await;
    let own = format!("{}\n", std::process::id());
    let arguments: Vec<Vec<u8>> = std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| {
            let process = entry.unwrap().path();
            let status = std::fs::read_to_string(process.join("status")).ok()?;
            let is_ours = status
                .lines()
                .any(|line| line.strip_prefix("PPid:\t") == Some(own.trim_end()));
            is_ours.then(|| std::fs::read(process.join("cmdline")).ok())?
        })
        .collect();
    let token = fixture.token.to_hex();
    let contains = |text: &[u8], needle: &[u8]| text.windows(needle.len()).any(|window| window == needle);
    assert!(
        arguments.iter().any(|line| contains(line, b"-readconfig")),
        "QEMU is among them"
    );
    assert!(!arguments.iter().any(|line| contains(line, token.as_bytes())));
    machine.kill().await.unwrap();
}

#[tokio::test]
async fn a_paused_machine_is_silent_and_goes_on_after_it() {
    let fixture = Fixture::new().await;
    let (machine, client) = fixture.boot().await;
    machine.as_pause().expect("QEMU pauses").pause().await.unwrap();
    let silent = tokio::time::timeout(Duration::from_millis(300), client.signal("nobody", 0)).await;
    assert!(silent.is_err(), "{silent:?}");
    machine.as_pause().expect("QEMU pauses").resume().await.unwrap();
    assert!(
        bounded(client.signal("nobody", 0)).await.is_err(),
        "there is no such process"
    );
    machine.kill().await.unwrap();
}

#[tokio::test]
async fn a_machine_without_disks_takes_them_while_it_runs() {
    let fixture = Fixture::new().await;
    let (machine, _client) = fixture.boot().await;
    let hotplug = machine.as_disk_hotplug().expect("a template has a controller");
    hotplug
        .add_disk(&fixture.disk("layer-0", DiskAccess::ReadOnly))
        .await
        .unwrap();
    hotplug
        .add_disk(&fixture.disk("writable", DiskAccess::ReadWrite))
        .await
        .unwrap();
    let missing = Disk {
        path: "/nonexistent/disk".into(),
        ..fixture.disk("late", DiskAccess::ReadOnly)
    };
    let error = hotplug.add_disk(&missing).await.unwrap_err();
    assert!(error.to_string().contains("/nonexistent/disk"), "{error}");
    hotplug
        .add_disk(&fixture.disk("last", DiskAccess::ReadWrite))
        .await
        .expect("a refusal leaves the channel usable");
    machine.kill().await.unwrap();
}

#[tokio::test]
async fn many_disks_fit() {
    let mut fixture = Fixture::new().await;
    fixture.config.disks = (0..40)
        .map(|n| fixture.disk(&format!("layer-{n}"), DiskAccess::ReadOnly))
        .collect();
    let (machine, _client) = fixture.boot().await;
    machine.kill().await.unwrap();
}

#[tokio::test]
async fn killing_ends_the_machine_and_its_stream() {
    let fixture = Fixture::new().await;
    let (machine, client) = fixture.boot().await;
    assert!(
        matches!(machine.agent_connector(), Err(MachineError::StreamTaken)),
        "the agent has one peer"
    );
    machine.kill().await.unwrap();
    assert_eq!(machine.wait().await, MachineExit::Killed);
    assert!(bounded(client.signal("", 9)).await.is_err());
}

#[tokio::test]
async fn two_machines_share_a_layer_but_not_a_writable_disk() {
    let mut fixture = Fixture::new().await;
    fixture.config.disks = vec![fixture.disk("layer-0", DiskAccess::ReadOnly)];
    let (first, _first_client) = fixture.boot().await;
    let (second, _second_client) = fixture.boot().await;
    second.kill().await.unwrap();
    first.kill().await.unwrap();

    fixture.config.disks = vec![fixture.disk("writable", DiskAccess::ReadWrite)];
    let (first, _first_client) = fixture.boot().await;
    let second = fixture.start().await;
    match bounded(second.wait()).await {
        MachineExit::Failed { reason } => {
            assert!(reason.contains("Failed to get \"write\" lock"), "{reason}");
            assert!(reason.contains("writable,1.img"), "the disk is named: {reason}");
        }
        other => panic!("{other:?}"),
    }
    first.kill().await.unwrap();
}

#[tokio::test]
async fn a_guest_that_panics_ends_the_wait_with_its_words_on_the_console() {
    let mut fixture = Fixture::new().await;
    fixture.config.kernel_arguments = vec!["rdinit=/nonexistent".to_owned()];
    let machine = fixture.start().await;
    assert_eq!(bounded(machine.wait()).await, MachineExit::PowerOff);
    assert!(fixture.console().contains("panic"), "{}", fixture.console());
}

#[tokio::test]
async fn a_machine_is_gone_with_its_last_handle() {
    let fixture = Fixture::new().await;
    let (machine, client) = fixture.boot().await;
    let marker = fixture.config.name.clone();
    let exit = machine.exit();
    let last = machine.clone();
    drop(machine);
    client.adjust_clock(0).await.expect("another handle keeps it alive");
    assert!(processes_naming(&marker) > 0);
    drop(last);
    assert_eq!(bounded(exit.ended()).await, MachineExit::Killed);
    assert_eq!(processes_naming(&marker), 0, "the exit is told when QEMU is gone");
}

fn processes_naming(text: &str) -> usize {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let naming = |path: &Path| std::fs::read(path).is_ok_and(|line| String::from_utf8_lossy(&line).contains(text));
    entries.filter(|entry| naming(&entry.path().join("cmdline"))).count()
}

#[tokio::test]
async fn a_missing_file_is_named_before_qemu_starts() {
    let mut fixture = Fixture::new().await;
    fixture.config.kernel = "/nonexistent/vmlinux".into();
    match fixture
        .hypervisor
        .create(fixture.config.clone())
        .await
        .map(drop)
        .unwrap_err()
    {
        CreateError::File {
            what: "kernel", path, ..
        } => assert_eq!(path, Path::new("/nonexistent/vmlinux")),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_file_that_is_no_kernel_is_explained_in_qemu_s_words() {
    let mut fixture = Fixture::new().await;
    let kernel = fixture.root.path().join("kernel");
    std::fs::write(&kernel, "no kernel").unwrap();
    fixture.config.kernel = kernel;
    let machine = fixture.start().await;
    let exit = bounded(machine.wait()).await;
    let MachineExit::Failed { reason } = &exit else {
        panic!("{exit:?}")
    };
    assert!(reason.starts_with("QEMU exited with 1: "), "{reason}");
    assert!(reason.contains("kernel"), "{reason}");
}

#[tokio::test]
async fn findings_about_the_host_are_made_once() {
    let root = tempfile::tempdir().unwrap();
    // What KVM does is another matter: a trial of it that came to nothing is repeated.
    let options = QemuOptions {
        accelerator: Some(Accelerator::Tcg),
        ..QemuOptions::from_environment(GuestArchitecture::host(), Vec::new(), root.path().to_owned()).unwrap()
    };
    let first = QemuHypervisor::detect(options.clone()).await.unwrap();
    let record = root.path().join("qemu-host.json");
    let recorded = std::fs::read(&record).unwrap();
    let started = Instant::now();
    let again = QemuHypervisor::detect(options).await.unwrap();
    println!(
        "second detection took {} us: {:?}",
        started.elapsed().as_micros(),
        again.info()
    );
    assert_eq!(again.info(), first.info());
    assert_eq!(std::fs::read(&record).unwrap(), recorded);
}
