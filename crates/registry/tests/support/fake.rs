//! A server that answers what the test wants, over plain sockets.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(own, _)| own == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn authorization(&self) -> Option<&str> {
        self.header("authorization")
    }

    pub(crate) fn is(&self, method: &str, path: &str) -> bool {
        self.method == method && self.path == path
    }
}

/// What is sent back.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    /// The connection breaks after so many bytes of the body.
    cut_after: Option<usize>,
    is_endless: bool,
}

pub(crate) fn reply(status: u16) -> Reply {
    Reply {
        status,
        ..Reply::default()
    }
}

impl Reply {
    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    pub(crate) fn cut_after(mut self, bytes: usize) -> Self {
        self.cut_after = Some(bytes);
        self
    }

    pub(crate) fn endless(mut self) -> Self {
        self.is_endless = true;
        self
    }
}

type Answer = dyn Fn(&Seen) -> Reply + Send + Sync;
type Patience = dyn Fn(&Seen) -> Option<usize> + Send + Sync;

/// A running server; its threads end with the test's process.
pub(crate) struct Fake {
    pub(crate) address: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Fake {
    pub(crate) fn start(answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        Self::start_impatient(|_| None, answer)
    }

    /// A server that hangs up after having read so many bytes of a body, where `patience` says a number for the request's head.
    pub(crate) fn start_impatient(
        patience: impl Fn(&Seen) -> Option<usize> + Send + Sync + 'static,
        answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&seen);
        let (patience, answer): (Arc<Patience>, Arc<Answer>) = (Arc::new(patience), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (seen, patience, answer) = (Arc::clone(&shared), Arc::clone(&patience), Arc::clone(&answer));
                std::thread::spawn(move || {
                    // A client that hangs up is no failure of the test.
                    let _ = serve(stream.unwrap(), &seen, &*patience, &*answer);
                });
            }
        });
        Self { address, seen }
    }

    /// All requests so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The `Authorization` of all requests so far.
    pub(crate) fn authorizations(&self) -> Vec<Option<String>> {
        let seen = self.seen();
        seen.iter()
            .map(|seen| seen.authorization().map(str::to_owned))
            .collect()
    }

    /// Methods and paths of all requests so far.
    pub(crate) fn log(&self) -> Vec<String> {
        let seen = self.seen();
        seen.iter()
            .map(|seen| format!("{} {}", seen.method, seen.path))
            .collect()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

fn serve(mut stream: TcpStream, all: &Mutex<Vec<Seen>>, patience: &Patience, answer: &Answer) -> std::io::Result<()> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let mut seen = parse(&String::from_utf8_lossy(&head));
    let length = seen
        .header("content-length")
        .map_or(0, |length| length.parse().unwrap());
    let patience = patience(&seen);
    seen.body = vec![0; patience.unwrap_or(length).min(length)];
    stream.read_exact(&mut seen.body)?;
    let reply = answer(&seen);
    all.lock().unwrap().push(seen);
    if patience.is_some() {
        return Ok(());
    }
    write!(stream, "HTTP/1.1 {} Said\r\nConnection: close\r\n", reply.status)?;
    if !reply.is_endless {
        write!(stream, "Content-Length: {}\r\n", reply.body.len())?;
    }
    for (name, value) in &reply.headers {
        write!(stream, "{name}: {value}\r\n")?;
    }
    stream.write_all(b"\r\n")?;
    stream.write_all(&reply.body[..reply.cut_after.unwrap_or(reply.body.len())])?;
    if reply.is_endless {
        loop {
            stream.write_all(&[b' '; 65536])?;
        }
    }
    Ok(())
}

fn parse(head: &str) -> Seen {
    let mut lines = head.lines();
    let mut first = lines.next().unwrap_or_default().split(' ');
    let method = first.next().unwrap_or_default().to_owned();
    let (path, query) = match first.next().unwrap_or_default().split_once('?') {
        Some((path, query)) => (path.to_owned(), query.to_owned()),
        None => (head.split(' ').nth(1).unwrap_or_default().to_owned(), String::new()),
    };
    let headers = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    Seen {
        method,
        path,
        query,
        headers,
        body: Vec::new(),
    }
}
