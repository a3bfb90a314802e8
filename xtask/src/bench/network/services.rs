//! The services of `peer` (`guest/peer`) at addresses of the host, and what is done with them.

use anyhow::{Context, Result, bail};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

/// Ports of the services in the guest, in the order of [`Services`].
pub(super) const PORTS: [u16; 4] = [1000, 1001, 1002, 1003];

/// The variable with the ports that `peer` is to have, as [`list`] makes it.
pub(super) const PORTS_VARIABLE: &str = "PEER_PORTS";

/// What goes through a network at once.
const TRANSFER_BYTES: u64 = 128 << 20;
/// What is written and read at once.
const CHUNK_BYTES: usize = 256 << 10;
/// How long a guest may take to listen, and any answer.
const LIMIT: Duration = Duration::from_secs(60);

/// The host's addresses of the services of one guest.
#[derive(Clone, Copy, Debug)]
pub(super) struct Services {
    pub(super) sink: SocketAddr,
    pub(super) source: SocketAddr,
    pub(super) echo: SocketAddr,
    pub(super) web: SocketAddr,
}

impl Services {
    pub(super) fn at([sink, source, echo, web]: [SocketAddr; 4]) -> Self {
        Self {
            sink,
            source,
            echo,
            web,
        }
    }

    /// Waits until the guest answers.
    ///
    /// # Errors
    /// When it takes too long.
    pub(super) fn wait(&self) -> Result<()> {
        let begun = Instant::now();
        while let Err(error) = self.first_byte() {
            if begun.elapsed() > LIMIT {
                return Err(error.context("the guest does not answer"));
            }
            thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }

    /// Megabits a second to the guest, from the connection until the guest has everything.
    ///
    /// # Errors
    /// When something is lost.
    pub(super) fn send(&self) -> Result<f64> {
        let begun = Instant::now();
        let mut stream = connect(self.sink)?;
        let chunk = vec![0; CHUNK_BYTES];
        for _ in 0..TRANSFER_BYTES / CHUNK_BYTES as u64 {
            stream.write_all(&chunk)?;
        }
        stream.shutdown(Shutdown::Write)?;
        let mut received = [0; 8];
        stream.read_exact(&mut received)?;
        rate(u64::from_be_bytes(received), begun)
    }

    /// Megabits a second from the guest, from the connection until everything is here.
    ///
    /// # Errors
    /// When something is lost.
    pub(super) fn receive(&self) -> Result<f64> {
        let begun = Instant::now();
        let mut stream = connect(self.source)?;
        stream.write_all(&TRANSFER_BYTES.to_be_bytes())?;
        let mut chunk = vec![0; CHUNK_BYTES];
        let mut received = 0;
        loop {
            match stream.read(&mut chunk)? {
                0 => return rate(received, begun),
                count => received += count as u64,
            }
        }
    }

    /// Microseconds from the beginning of a connection to a byte that the guest has sent back on it. That the connection is there says
    /// nothing: a host takes it before its guest does.
    ///
    /// # Errors
    /// When nothing comes back.
    pub(super) fn first_byte(&self) -> Result<f64> {
        let begun = Instant::now();
        echo(&mut connect(self.echo)?)?;
        Ok(microseconds(begun))
    }

    /// Microseconds of so many round trips of a byte, one after the other on one connection.
    ///
    /// # Errors
    /// When one does not come back.
    pub(super) fn round_trips(&self, count: usize) -> Result<Vec<f64>> {
        let mut stream = connect(self.echo)?;
        let mut times = Vec::new();
        for _ in 0..count {
            let begun = Instant::now();
            echo(&mut stream)?;
            times.push(microseconds(begun));
        }
        Ok(times)
    }
}

/// The value of [`PORTS_VARIABLE`].
pub(super) fn list(ports: [u16; 4]) -> String {
    ports.map(|port| port.to_string()).join(",")
}

/// The services at addresses that are listed in the same way.
///
/// # Errors
/// When they are none, or not as many as there are services.
pub(super) fn parse(list: &str) -> Result<Services> {
    let addresses: Result<Vec<SocketAddr>, _> = list.split(',').map(str::parse).collect();
    let addresses = addresses.with_context(|| format!("not addresses: {list}"))?;
    let addresses = <[SocketAddr; 4]>::try_from(addresses).ok();
    addresses
        .map(Services::at)
        .with_context(|| format!("not one for each service: {list}"))
}

/// Addresses on loopback that were free a moment ago, for programs that choose none themselves.
///
/// # Errors
/// When there are none.
pub(super) fn free_addresses() -> Result<[SocketAddr; 4]> {
    let listen = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    // All at once, so that they differ.
    let listeners = [listen()?, listen()?, listen()?, listen()?];
    let [sink, source, echo, web] = &listeners;
    Ok([
        sink.local_addr()?,
        source.local_addr()?,
        echo.local_addr()?,
        web.local_addr()?,
    ])
}

fn connect(address: SocketAddr) -> Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, LIMIT)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(LIMIT))?;
    stream.set_write_timeout(Some(LIMIT))?;
    Ok(stream)
}

fn echo(stream: &mut TcpStream) -> Result<()> {
    stream.write_all(b"!")?;
    Ok(stream.read_exact(&mut [0])?)
}

fn microseconds(begun: Instant) -> f64 {
    begun.elapsed().as_secs_f64() * 1e6
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn rate(bytes: u64, begun: Instant) -> Result<f64> {
    if bytes != TRANSFER_BYTES {
        bail!("{bytes} bytes of {TRANSFER_BYTES} have arrived");
    }
    Ok(bytes as f64 * 8e-6 / begun.elapsed().as_secs_f64())
}
