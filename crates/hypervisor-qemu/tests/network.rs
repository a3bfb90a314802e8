//! The network of real machines, seen from the other end of their cables: what the guest's kernel answers after its agent has set an
//! interface. The kernel and the initial RAM file system are found through `CONTAINER_INSTALL_ROOT`, which `cargo xtask test` sets.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod wire;

use std::path::PathBuf;
use std::time::Duration;

use container_agent::v1::{ConfigureInterfaceRequest, CreateContainerRequest};
use container_agent::{AgentClient, AgentError};
use container_agent_api::{AGENT_TOKEN_BYTES, AGENT_TOKEN_KEY, AgentToken};
use container_hypervisor::{
    ConnectError, FramePort, GuestArchitecture, Hypervisor as _, MacAddress, Machine, MachineConfig,
};
use container_hypervisor_qemu::{QemuHypervisor, QemuOptions};
use tokio::net::UnixDatagram;
use tonic::Code;
use wire::Cable;

/// Far more than a boot takes, on a host busy with other tests.
const BOOT_TIMEOUT: Duration = Duration::from_secs(60);

/// How long silence lasts to be believed; an answer takes a few milliseconds.
const SILENCE: Duration = Duration::from_millis(300);

/// A machine with two interfaces.
struct Fixture {
    _root: tempfile::TempDir,
    machine: Machine,
    client: AgentClient,
    cables: [Cable; 2],
}

/// The address that the device of a slot is made with.
fn device_address(slot: u8) -> [u8; 6] {
    [2, 0, 0, 0, 0, slot]
}

fn cable(slot: u8) -> (Cable, FramePort) {
    let (near, far) = UnixDatagram::pair().unwrap();
    let port = FramePort {
        socket: far.into_std().unwrap().into(),
        mac_address: MacAddress(device_address(slot)),
        mtu_bytes: 65520,
    };
    (Cable::new(near), port)
}

async fn boot() -> Fixture {
    let install_root = std::env::var_os("CONTAINER_INSTALL_ROOT")
        .expect("CONTAINER_INSTALL_ROOT names the directory of share/container: run cargo xtask test");
    let assets = PathBuf::from(install_root).join("share/container");
    let root = tempfile::tempdir().unwrap();
    let options =
        QemuOptions::from_environment(GuestArchitecture::host(), vec![assets.clone()], root.path().to_owned()).unwrap();
    let hypervisor = QemuHypervisor::detect(options).await.unwrap();
    let console = std::fs::File::create(root.path().join("boot.log")).unwrap();
    let token = AgentToken::new([7; AGENT_TOKEN_BYTES]);
    let ((first, first_port), (second, second_port)) = (cable(0), cable(1));
    let config = MachineConfig {
        kernel_arguments: vec![format!("{AGENT_TOKEN_KEY}={}", token.to_hex())],
        memory_bytes: 256 << 20,
        frame_ports: vec![first_port, second_port],
        ..MachineConfig::new(
            root.path().display().to_string(),
            hypervisor.kernel(),
            assets.join(format!("initramfs-{}.cpio", std::env::consts::ARCH)),
            console,
        )
    };
    let machine = hypervisor.create(config).await.unwrap();
    machine.start().await.unwrap();
    let client = tokio::time::timeout(BOOT_TIMEOUT, greet(&machine, &token)).await;
    let log = || std::fs::read_to_string(root.path().join("boot.log")).unwrap();
    let client = client.unwrap_or_else(|_| panic!("no greeting: {}", log()));
    Fixture {
        _root: root,
        machine,
        client,
        cables: [first, second],
    }
}

async fn greet(machine: &Machine, token: &AgentToken) -> AgentClient {
    let mut connector = machine.agent_connector().unwrap();
    loop {
        match connector.connect().await {
            Ok(stream) => return AgentClient::connect(stream, token, BOOT_TIMEOUT).await.unwrap(),
            Err(ConnectError::NotListening { .. }) => tokio::time::sleep(Duration::from_millis(5)).await,
            Err(error) => panic!("{error}"),
        }
    }
}

/// The settings of the container at `10.1.<network>.<host>` and `fd00:0:0:<network>::<host>`, whose hardware address ends with the two.
fn interface(slot: u8, name: &str, network: u8, host: u8) -> ConfigureInterfaceRequest {
    ConfigureInterfaceRequest {
        device_address: device_address(slot).to_vec(),
        name: name.to_owned(),
        mac_address: mac_address(network, host).to_vec(),
        mtu_bytes: 65520,
        addresses: vec![
            format!("10.1.{network}.{host}/24"),
            format!("fd00:0:0:{network}::{host}/64"),
        ],
        ipv4_gateway: format!("10.1.{network}.1"),
        ipv6_gateway: format!("fd00:0:0:{network}::1"),
    }
}

fn mac_address(network: u8, host: u8) -> [u8; 6] {
    [0x02, 0xab, 0xcd, 0xef, network, host]
}

#[tokio::test]
async fn interfaces_answer_for_what_they_were_given_and_fall_silent() {
    let mut fixture = boot().await;
    let client = &fixture.client;
    let [first, second] = &mut fixture.cables;
    // Against the kernel's order, whatever that is, and then the other way round.
    for names in [["eth1", "eth0"], ["eth0", "eth1"]] {
        for (slot, name) in (0..).zip(names) {
            client
                .configure_interface(interface(slot, name, slot, 3))
                .await
                .unwrap();
        }
        for (cable, network) in [(&mut *first, 0), (&mut *second, 1)] {
            let mac = Some(mac_address(network, 3));
            assert_eq!(cable.resolve([10, 1, network, 3], BOOT_TIMEOUT).await, mac);
            let address = format!("fd00:0:0:{network}::3").parse().unwrap();
            assert_eq!(cable.resolve_ipv6(address, BOOT_TIMEOUT).await, mac, "at once");
        }
    }

    client.configure_interface(interface(0, "eth0", 7, 4)).await.unwrap();
    assert_eq!(
        first.resolve([10, 1, 7, 4], BOOT_TIMEOUT).await,
        Some(mac_address(7, 4))
    );
    assert_eq!(
        first.resolve([10, 1, 0, 3], SILENCE).await,
        None,
        "it had this address before"
    );

    client.release_interface(device_address(0)).await.unwrap();
    assert_eq!(first.resolve([10, 1, 7, 4], SILENCE).await, None);
    assert_eq!(
        second.resolve([10, 1, 1, 3], BOOT_TIMEOUT).await,
        Some(mac_address(1, 3))
    );

    client.configure_interface(interface(0, "eth0", 0, 5)).await.unwrap();
    assert_eq!(
        first.resolve([10, 1, 0, 5], BOOT_TIMEOUT).await,
        Some(mac_address(0, 5))
    );
    fixture.machine.kill().await.unwrap();
}

#[tokio::test]
async fn an_interface_without_ipv6_says_nothing_of_its_own() {
    let mut fixture = boot().await;
    let mut settings = interface(0, "eth0", 0, 3);
    settings.addresses.truncate(1);
    settings.ipv6_gateway.clear();
    fixture.client.configure_interface(settings).await.unwrap();
    let frame = tokio::time::timeout(SILENCE, fixture.cables[0].receive()).await;
    assert!(frame.is_err(), "{frame:02x?}");
    let mac = fixture.cables[0].resolve([10, 1, 0, 3], BOOT_TIMEOUT).await;
    assert_eq!(mac, Some(mac_address(0, 3)));
    fixture.machine.kill().await.unwrap();
}

#[tokio::test]
async fn what_the_guest_cannot_do_is_named() {
    let fixture = boot().await;
    let refused = async |settings| match fixture.client.configure_interface(settings).await.unwrap_err() {
        AgentError::Refused { code, message, .. } => (code, message),
        other => panic!("{other:?}"),
    };
    let (code, message) = refused(interface(9, "eth0", 0, 3)).await;
    assert_eq!(code, Code::NotFound);
    assert!(message.contains("02:00:00:00:00:09"), "{message}");

    let mut settings = interface(0, "eth0", 0, 3);
    settings.ipv4_gateway = "192.0.2.1".to_owned();
    let (code, message) = refused(settings).await;
    assert_eq!(code, Code::Internal);
    assert!(message.contains("make 192.0.2.1 the gateway of eth0: "), "{message}");
    fixture.machine.kill().await.unwrap();
}

#[tokio::test]
async fn an_interface_is_set_while_the_container_is_made() {
    let fixture = boot().await;
    // A disk that does not come is waited for.
    let request = CreateContainerRequest {
        hostname: "box".to_owned(),
        writable_disk: "late".to_owned(),
        ..Default::default()
    };
    let creation = fixture.client.create_container(request);
    tokio::select! {
        biased;
        created = creation => panic!("{created:?}"),
        configured = fixture.client.configure_interface(interface(0, "eth0", 0, 3)) => configured.unwrap(),
    }
    fixture.machine.kill().await.unwrap();
}
