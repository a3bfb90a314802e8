//! A network with a process of its own, below a directory of its own.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::{Duration, Instant};

use container_model::{NetworkName, PublishedPort, Transport, UnknownFields};
use container_network::{Inspection, NetworkClient, NetworkRequest, NetworkStore};
use container_state::AppPaths;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// How long the flows of closed connections may still be listed.
const FLOWS_LIMIT: Duration = Duration::from_secs(60);

/// The places of an app root with a runtime directory inside it.
#[must_use]
pub fn paths_below(root: &Path) -> AppPaths {
    AppPaths::new(root, root.join("run"))
}

/// Name of the file below the app root in which the resolver of a network is written.
const RESOLVER_FILE: &str = "resolver";

/// The resolver that a network below this app root asks instead of the host's.
#[must_use]
pub fn resolver_below(root: &Path) -> Option<SocketAddr> {
    fs::read_to_string(root.join(RESOLVER_FILE)).ok()?.parse().ok()
}

/// A port of the machine that is published at a port of the host's loopback that the system chooses.
#[must_use]
pub fn publish(container_port: u16, proto: Transport) -> PublishedPort {
    PublishedPort {
        host_address: Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        host_port: 0,
        container_port,
        proto,
        count: 1,
        unknown: UnknownFields::new(),
    }
}

/// A network. Its process ends a moment after the last machine is dropped.
#[derive(Debug)]
pub struct Network {
    /// The way to its process.
    pub client: NetworkClient,
    root: TempDir,
}

impl Network {
    /// Makes the record of a network whose process will run `program`.
    ///
    /// # Panics
    /// When there is no place for it.
    #[must_use]
    pub fn new(program: &Path) -> Self {
        let root = tempfile::tempdir().unwrap();
        let paths = paths_below(root.path());
        paths.prepare().unwrap();
        let name = NetworkName::default_network();
        NetworkStore::new(&paths)
            .ensure_default(&NetworkRequest::new(name.clone()))
            .unwrap();
        let client = NetworkClient::new(paths, name).with_program(program);
        Self { client, root }
    }

    /// Makes the record of a network whose process will run `program` and ask `resolver`.
    ///
    /// # Panics
    /// When there is no place for it.
    #[must_use]
    pub fn with_resolver(program: &Path, resolver: SocketAddr) -> Self {
        let network = Self::new(program);
        fs::write(network.root.path().join(RESOLVER_FILE), resolver.to_string()).unwrap();
        network
    }

    /// What goes on.
    ///
    /// # Panics
    /// When the process does not answer.
    #[must_use]
    pub fn inspect(&self) -> Inspection {
        self.client.inspect().unwrap().unwrap()
    }

    /// Waits until no flow is left.
    ///
    /// # Panics
    /// When some stay.
    pub fn wait_for_no_flows(&self) {
        let end = Instant::now() + FLOWS_LIMIT;
        loop {
            let flows = self.inspect().flows;
            if flows.is_empty() {
                return;
            }
            assert!(Instant::now() < end, "{} flows stay: {:?}", flows.len(), flows.first());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The number of the network's process, where the system has `/proc`.
    #[must_use]
    pub fn process(&self) -> Option<u32> {
        let variable = format!("CONTAINER_APP_ROOT={}", self.root.path().display());
        let processes = fs::read_dir("/proc").ok()?.filter_map(|entry| {
            let number = entry.ok()?.file_name().to_str()?.parse().ok()?;
            (number != std::process::id()).then_some(number)
        });
        let mut processes = processes.filter(|number: &u32| {
            let environment = fs::read(format!("/proc/{number}/environ")).unwrap_or_default();
            environment
                .split(|byte| *byte == 0)
                .any(|entry| entry == variable.as_bytes())
        });
        processes.next()
    }

    /// Kills the network's process at once.
    ///
    /// # Panics
    /// When there is none.
    pub fn kill(&self) {
        let number = i32::try_from(self.process().unwrap()).unwrap();
        kill_process(Pid::from_raw(number).unwrap(), Signal::KILL).unwrap();
    }
}
