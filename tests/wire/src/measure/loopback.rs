//! TCP on loopback, which is the limit.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::figure::{figure, gigabits, round_trips};
use super::host::{echo, listen, swallow};
use super::load::{ROUND_TRIPS, SPAN};

const SUBJECT: &str = "loopback";

pub(super) fn measure() -> Vec<Value> {
    let mut stream = TcpStream::connect(listen(swallow)).unwrap();
    let (buffer, begun, mut bytes) = (vec![0; 1 << 20], Instant::now(), 0);
    while begun.elapsed() < SPAN {
        stream.write_all(&buffer).unwrap();
        bytes += buffer.len();
    }
    let gigabits = gigabits(bytes, begun.elapsed());
    let mut stream = TcpStream::connect(listen(echo)).unwrap();
    stream.set_nodelay(true).unwrap();
    let mut times: Vec<Duration> = (0..ROUND_TRIPS)
        .map(|_| {
            let begun = Instant::now();
            stream.write_all(&[1]).unwrap();
            stream.read_exact(&mut [0]).unwrap();
            begun.elapsed()
        })
        .collect();
    let mut figures = vec![figure(SUBJECT, "one connection", "Gbit/s", gigabits)];
    figures.extend(round_trips(SUBJECT, &mut times));
    figures
}
