//! What is served: one function for each connection.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;

/// What is read and written at once.
const CHUNK_BYTES: usize = 256 << 10;

/// The answer of the web server, which keeps connections open (RFC 9112, 9.3).
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\nhello\n";

/// Reads until the client has no more, and answers with the number of bytes, eight of them with the most significant one first.
pub(crate) fn sink(mut stream: TcpStream) -> io::Result<()> {
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut received: u64 = 0;
    loop {
        match stream.read(&mut chunk)? {
            0 => return stream.write_all(&received.to_be_bytes()),
            count => received += count as u64,
        }
    }
}

/// Sends as many bytes as the client asks for, by such a number.
pub(crate) fn source(mut stream: TcpStream) -> io::Result<()> {
    let mut left = [0; 8];
    stream.read_exact(&mut left)?;
    let mut left = usize::try_from(u64::from_be_bytes(left)).unwrap_or(usize::MAX);
    let chunk = vec![0; CHUNK_BYTES];
    while left > 0 {
        let part = chunk.get(..left).unwrap_or(&chunk);
        stream.write_all(part)?;
        left -= part.len();
    }
    Ok(())
}

/// Sends back what comes.
pub(crate) fn echo(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut chunk = [0; 512];
    loop {
        let count = stream.read(&mut chunk)?;
        match chunk.get(..count) {
            None | Some([]) => return Ok(()),
            Some(bytes) => stream.write_all(bytes)?,
        }
    }
}

/// Answers every request, which has no body, with the same few bytes.
pub(crate) fn web(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut requests = BufReader::new(stream.try_clone()?);
    let mut line = Vec::new();
    while requests.read_until(b'\n', &mut line)? > 0 {
        // An empty line ends a request.
        if line == b"\r\n" {
            stream.write_all(ANSWER)?;
        }
        line.clear();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{Shutdown, TcpListener};
    use std::thread;

    /// What a service answers to `sent`.
    fn answer(service: fn(TcpStream) -> io::Result<()>, sent: &[u8]) -> Vec<u8> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (server, _) = listener.accept().unwrap();
        let served = thread::spawn(move || service(server));
        client.write_all(sent).unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).unwrap();
        served.join().unwrap().unwrap();
        answer
    }

    #[test]
    fn the_sink_counts_what_it_gets() {
        assert_eq!(answer(sink, &[7; 1000]), 1000_u64.to_be_bytes());
    }

    #[test]
    fn the_source_sends_as_much_as_it_is_asked_for() {
        let length = CHUNK_BYTES * 2 + 1;
        let asked = u64::try_from(length).unwrap().to_be_bytes();
        assert_eq!(answer(source, &asked).len(), length);
    }

    #[test]
    fn the_echo_sends_back_what_it_gets() {
        assert_eq!(answer(echo, b"hello"), b"hello");
    }

    #[test]
    fn every_request_of_a_connection_is_answered() {
        let request = "GET / HTTP/1.1\r\nHost: peer\r\n\r\n".repeat(2);
        assert_eq!(answer(web, request.as_bytes()), ANSWER.repeat(2));
    }
}
