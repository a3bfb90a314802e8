//! A client of the ports that containers publish.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use crate::{COMMAND_LIMIT, Home, cache};

/// Longest wait for a byte.
const PATIENCE: Duration = COMMAND_LIMIT;

/// Ports for those who choose one themselves. No system gives them to programs that ask for any port: Linux begins at 32768
/// (`net.ipv4.ip_local_port_range`), macOS at 49152.
const CHOSEN_PORTS: std::ops::Range<u16> = 20_000..30_000;

/// Locks of the ports that this process has chosen, which are held until it ends.
static CHOSEN: Mutex<Vec<File>> = Mutex::new(Vec::new());

/// This host, by the address that every host has.
pub const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// This host, by IPv6.
pub const LOCALHOST_V6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);

/// A port that nobody uses, and that no other test and no program which asks for any port is given until this process ends.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn free_port() -> u16 {
    free_ports(1)
}

/// So many of them in a row; the first.
///
/// # Panics
/// When there are none.
#[must_use]
pub fn free_ports(count: u16) -> u16 {
    let directory = cache::directory();
    let lock = |port: u16| {
        let file = File::create(directory.join(format!("port-{port}.lock"))).expect("the lock file can be made");
        // Of both kinds, for all addresses.
        let is_free = || TcpListener::bind((Ipv6Addr::UNSPECIFIED, port)).is_ok();
        (file.try_lock().is_ok() && is_free()).then_some(file)
    };
    // Not all tests begin at the same place, so that few of them find what another one has.
    let offset = u16::try_from(std::process::id() % u32::from(CHOSEN_PORTS.end - CHOSEN_PORTS.start)).unwrap_or(0);
    let (before, after) = (
        CHOSEN_PORTS.start..CHOSEN_PORTS.start + offset,
        CHOSEN_PORTS.start + offset..CHOSEN_PORTS.end,
    );
    let mut chosen = CHOSEN.lock().unwrap();
    for first in after.chain(before) {
        let locks: Option<Vec<File>> = (first..first + count).map(lock).collect();
        if let Some(locks) = locks {
            chosen.extend(locks);
            return first;
        }
    }
    panic!("no {count} ports are free");
}

/// Connects.
///
/// # Errors
/// As the system has it, and when nobody answers.
pub fn connect(address: IpAddr, port: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&SocketAddr::new(address, port), PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// The body of what an HTTP server answers.
///
/// # Errors
/// As the system has it; and when the connection ends before the header does.
pub fn fetch(address: IpAddr, port: u16, path: &str) -> io::Result<String> {
    let mut stream = connect(address, port)?;
    write!(stream, "GET {path} HTTP/1.0\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (_, body) = answer.split_once("\r\n\r\n").ok_or(io::ErrorKind::UnexpectedEof)?;
    Ok(body.trim_end().to_owned())
}

/// Sends all bytes, ends its own direction, and reads until the other one ends.
///
/// # Errors
/// As the system has it.
///
/// # Panics
/// When the thread that sends does.
pub fn exchange(mut stream: TcpStream, bytes: Vec<u8>) -> io::Result<Vec<u8>> {
    let mut sender = stream.try_clone()?;
    let sending = thread::spawn(move || {
        sender.write_all(&bytes)?;
        sender.shutdown(Shutdown::Write)
    });
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    sending.join().unwrap()?;
    Ok(answer)
}

/// The answer to a datagram, which is sent again every second, because one may be lost.
///
/// # Errors
/// As the system has it; and when no answer comes.
pub fn ask(address: IpAddr, port: u16, datagram: &[u8]) -> io::Result<Vec<u8>> {
    let any = if address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let socket = UdpSocket::bind(any)?;
    socket.connect((address, port))?;
    socket.set_read_timeout(Some(Duration::from_secs(1)))?;
    let mut answer = vec![0; 65_536];
    let end = Instant::now() + PATIENCE;
    loop {
        socket.send(datagram)?;
        match socket.recv(&mut answer) {
            Ok(length) => {
                answer.truncate(length);
                return Ok(answer);
            }
            Err(error) if Instant::now() > end => return Err(error),
            // At once where nobody listens.
            Err(_) => thread::sleep(Duration::from_millis(50)),
        }
    }
}

impl Home {
    /// The port of this host that leads to a port of a running container.
    ///
    /// # Panics
    /// When none does.
    #[track_caller]
    #[must_use]
    pub fn host_port(&self, name: &str, container_port: u16) -> u16 {
        let status = self.status(name);
        let ports = status["publishedPorts"].as_array().cloned().unwrap_or_default();
        let port = ports.iter().find(|port| port["containerPort"] == container_port);
        let port = port.and_then(|port| port["hostPort"].as_u64());
        port.and_then(|port| u16::try_from(port).ok())
            .unwrap_or_else(|| panic!("{container_port} is not published: {status}"))
    }
}
