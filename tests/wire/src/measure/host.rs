//! Programs on the host's loopback, to which connections lead.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

/// What is read and written at once.
const CHUNK_BYTES: usize = 1 << 20;

/// A listener on loopback whose every connection is served by a thread.
pub(super) fn listen(serve: fn(TcpStream)) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || serve(stream));
        }
    });
    address
}

pub(super) fn swallow(mut stream: TcpStream) {
    let mut buffer = vec![0; CHUNK_BYTES];
    while stream.read(&mut buffer).is_ok_and(|read| read > 0) {}
}

pub(super) fn pour(mut stream: TcpStream) {
    let buffer = vec![0; CHUNK_BYTES];
    while stream.write_all(&buffer).is_ok() {}
}

pub(super) fn echo(mut stream: TcpStream) {
    stream.set_nodelay(true).unwrap();
    let mut byte = [0];
    while stream.read(&mut byte).is_ok_and(|read| read > 0) && stream.write_all(&byte).is_ok() {}
}
