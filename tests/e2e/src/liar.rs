//! A registry that answers what a test wants, and remembers what it was asked.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// Requests are answered by this.
type Conduct = dyn Fn(&Request) -> Answer + Send + Sync;

/// A request without its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// `GET`, `HEAD`, ….
    pub method: String,
    /// The path without the query.
    pub path: String,
    /// Everything after the question mark.
    pub query: String,
    /// Names in lower case, with their values.
    pub headers: Vec<(String, String)>,
}

impl Request {
    /// The value of a header, its name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(known, _)| known == name);
        values.next().map(|(_, value)| value.as_str())
    }
}

/// What is sent back. Every connection serves one request.
#[derive(Debug, Clone)]
pub struct Answer {
    status: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    /// What `Content-Length` says; the body's length unless a test wants it otherwise.
    claimed_bytes: Option<u64>,
    is_endless: bool,
}

impl Answer {
    /// An answer with this status line, such as `404 Not Found`, and no body.
    #[must_use]
    pub fn status(status: &str) -> Self {
        Self {
            status: status.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
            claimed_bytes: None,
            is_endless: false,
        }
    }

    /// A successful answer.
    #[must_use]
    pub fn ok(media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let mut answer = Self::status("200 OK").header("Content-Type", media_type);
        answer.body = body.into();
        answer
    }

    /// Zeros until the client hangs up, without saying how many.
    #[must_use]
    pub fn endless(media_type: &str) -> Self {
        let mut answer = Self::ok(media_type, Vec::new());
        answer.is_endless = true;
        answer
    }

    /// The answer with this body.
    #[must_use]
    pub fn with_body(mut self, body: impl AsRef<[u8]>) -> Self {
        self.body = body.as_ref().to_vec();
        self
    }

    /// The answer with another header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The answer, breaking off after so many bytes of its body.
    #[must_use]
    pub fn cut_after(mut self, bytes: usize) -> Self {
        self.claimed_bytes = Some(self.body.len() as u64);
        self.body.truncate(bytes);
        self
    }
}

/// A running liar. Its threads end with the test's process.
pub struct Liar {
    address: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Liar {
    /// Starts a registry that behaves like this.
    ///
    /// # Panics
    /// When no port is free.
    #[must_use]
    pub fn start(conduct: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (heard, conduct): (_, Arc<Conduct>) = (Arc::clone(&requests), Arc::new(conduct));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (heard, conduct) = (Arc::clone(&heard), Arc::clone(&conduct));
                // A client that hangs up early is part of many tests.
                thread::spawn(move || drop(serve(stream, &heard, &*conduct)));
            }
        });
        Self { address, requests }
    }

    /// Host and port.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The name of an image there.
    #[must_use]
    pub fn name(&self, repository: &str) -> String {
        format!("{}/{repository}", self.address)
    }

    /// What it has been asked so far.
    ///
    /// # Panics
    /// Never.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

fn serve(mut stream: TcpStream, heard: &Mutex<Vec<Request>>, conduct: &Conduct) -> std::io::Result<()> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let request = parse(&String::from_utf8_lossy(&head));
    heard.lock().unwrap().push(request.clone());
    let answer = conduct(&request);
    let mut text = format!("HTTP/1.1 {}\r\nConnection: close\r\n", answer.status);
    for (name, value) in &answer.headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    if !answer.is_endless {
        let length = answer.claimed_bytes.unwrap_or(answer.body.len() as u64);
        text.push_str(&format!("Content-Length: {length}\r\n"));
    }
    text.push_str("\r\n");
    stream.write_all(text.as_bytes())?;
    if request.method == "HEAD" {
        return Ok(());
    }
    stream.write_all(&answer.body)?;
    if answer.is_endless {
        loop {
            stream.write_all(&[0; 65536])?;
        }
    }
    Ok(())
}

fn parse(head: &str) -> Request {
    let mut lines = head.lines();
    let mut words = lines.next().unwrap_or_default().split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let headers = lines.filter_map(|line| line.split_once(':'));
    Request {
        method: method.to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: headers
            .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_owned()))
            .collect(),
    }
}
