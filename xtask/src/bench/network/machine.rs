//! What a network adds to the start of a container, and how much goes through one between a machine and the host.
//!
//! The limit of the throughput is TCP on the host's loopback, measured in turn.

use crate::bench::app_root::{AppRoot, IMAGE};
use crate::bench::sample::Samples;
use crate::bench::tree::Tree;
use crate::process;
use anyhow::{Context, Result, bail};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

/// What is known of real machines.
pub(super) struct Machines {
    pub(super) samples: Vec<Samples>,
    /// Throughput to a machine as a part of that of loopback.
    pub(super) ratio_to_loopback: f64,
    /// What a network adds to a start when its process is there already, and when it is not; milliseconds.
    pub(super) present_ms: f64,
    pub(super) absent_ms: f64,
}

/// A process that nobody uses is gone after this.
const GONE_AFTER: Duration = Duration::from_millis(1500);

/// What goes through a network at once.
const TRANSFER_BYTES: usize = 64 << 20;
/// What is written and read at once.
const CHUNK_BYTES: usize = 64 << 10;

/// How long a machine may take to listen.
const LISTEN_LIMIT: Duration = Duration::from_secs(60);

/// A network with a container that stays, and one that is used by nobody else.
const BUSY: &str = "busy";
const IDLE: &str = "idle";

/// Takes what is sent to port 1000, and sends as much to whoever asks at port 1001.
const PEER: &str = "while :; do nc -l -p 1000 >/dev/null; done & \
    while :; do dd if=/dev/zero bs=64k count=1024 2>/dev/null | nc -l -p 1001; done";

pub(super) fn measure(tree: &Tree, runs: usize) -> Result<Machines> {
    let app_root = AppRoot::with_image(tree)?;
    for network in [BUSY, IDLE] {
        app_root.quietly(&["network", "create", network])?;
    }
    let name = "bench-peer";
    let peer = [
        "run",
        "--detach",
        "--name",
        name,
        "--network",
        BUSY,
        "--publish",
        "127.0.0.1::1000",
        "--publish",
        "127.0.0.1::1001",
        IMAGE,
        "sh",
        "-c",
        PEER,
    ];
    app_root.quietly(&peer)?;
    let [sink, source] = ["1000", "1001"].map(|port| published(&app_root, name, port));
    let (sink, source) = (sink?, source?);
    // Not counted: the first ones wait until the machine listens.
    rate(|| send(&sink))?;
    rate(|| receive(&source))?;
    let mut to_machine = Samples::new("to a machine through a published port", "Mbit/s");
    let mut from_machine = Samples::new("from a machine through a published port", "Mbit/s");
    let mut loopback = Samples::new("TCP on loopback", "Mbit/s");
    for _ in 0..runs {
        to_machine.add(rate(|| send(&sink))?);
        from_machine.add(rate(|| receive(&source))?);
        loopback.add(rate(over_loopback)?);
    }
    let mut none = Samples::new("container run --rm --network none IMAGE true", "ms");
    let mut present = Samples::new("the same on a network whose process is there", "ms");
    let mut absent = Samples::new("the same on a network whose process is not there", "ms");
    let run = |network| ["run", "--rm", "--network", network, IMAGE, "true"];
    app_root.quietly(&run("none"))?;
    for _ in 0..runs {
        none.time(|| app_root.quietly(&run("none")))?;
        present.time(|| app_root.quietly(&run(BUSY)))?;
        thread::sleep(GONE_AFTER);
        absent.time(|| app_root.quietly(&run(IDLE)))?;
    }
    app_root.quietly(&["delete", "--force", name])?;
    let added = |samples: &Samples| samples.median() - none.median();
    Ok(Machines {
        ratio_to_loopback: to_machine.ratio_to(&loopback),
        present_ms: added(&present),
        absent_ms: added(&absent),
        samples: vec![to_machine, from_machine, loopback, none, present, absent],
    })
}

/// The host's address of a port of the container.
fn published(app_root: &AppRoot, container: &str, port: &str) -> Result<String> {
    let address = process::output(&mut app_root.container(&["port", container, port]))?;
    Ok(address.trim().to_owned())
}

/// Megabits a second of a transfer. The machine may not listen again yet after the last one.
fn rate(mut transfer: impl FnMut() -> Result<()>) -> Result<f64> {
    let begun = Instant::now();
    loop {
        let start = Instant::now();
        match transfer() {
            Ok(()) => return Ok(TRANSFER_BYTES as f64 * 8.0 / 1e6 / start.elapsed().as_secs_f64()),
            Err(error) if begun.elapsed() > LISTEN_LIMIT => return Err(error),
            Err(_) => thread::sleep(Duration::from_millis(20)),
        }
    }
}

fn send(address: &str) -> Result<()> {
    let mut stream = TcpStream::connect(address)?;
    let chunk = vec![0; CHUNK_BYTES];
    for _ in 0..TRANSFER_BYTES / CHUNK_BYTES {
        stream.write_all(&chunk)?;
    }
    stream.shutdown(Shutdown::Write)?;
    // The other side ends when it has everything.
    let left = stream.read(&mut [0])?;
    if left != 0 { bail!("{address} answers") } else { Ok(()) }
}

fn receive(address: &str) -> Result<()> {
    // Not half-closed: the other side takes that for the end.
    let mut stream = TcpStream::connect(address)?;
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut received = 0;
    loop {
        match stream.read(&mut chunk)? {
            0 if received == TRANSFER_BYTES => return Ok(()),
            0 => bail!("{address} sent {received} bytes"),
            count => received += count,
        }
    }
}

fn over_loopback() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?.to_string();
    let sink = thread::spawn(move || -> Result<()> {
        let (mut stream, _) = listener.accept()?;
        let mut chunk = vec![0; CHUNK_BYTES];
        while stream.read(&mut chunk)? > 0 {}
        Ok(())
    });
    send(&address)?;
    sink.join().ok().context("the sink has panicked")?
}
