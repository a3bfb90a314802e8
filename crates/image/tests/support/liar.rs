//! A registry that answers what the test wants, over plain sockets.

use std::collections::HashMap;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What is sent for a path.
#[derive(Clone)]
pub(crate) enum Answer {
    /// Status line, headers and body.
    Full {
        status: &'static str,
        headers: Vec<(String, String)>,
        body: Vec<u8>,
    },
    /// The body breaks off after so many bytes, once; then it is sent in full, from where the client asks.
    Cut { after: usize, body: Vec<u8> },
    /// The body from where the client asks, which breaks off so many bytes after that.
    CutAlways { after: usize, body: Vec<u8> },
    /// The body, from where the client asks.
    Ranged { body: Vec<u8> },
    /// So many bytes of the body, and then silence until the client goes away.
    Stall { after: usize, body: Vec<u8> },
    /// Bytes without end.
    Endless,
}

pub(crate) fn ok(content_type: &str, body: impl Into<Vec<u8>>) -> Answer {
    Answer::Full {
        status: "200 OK",
        headers: vec![("Content-Type".to_owned(), content_type.to_owned())],
        body: body.into(),
    }
}

pub(crate) fn status(status: &'static str, headers: &[(&str, &str)]) -> Answer {
    let headers = headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    Answer::Full {
        status,
        headers,
        body: Vec::new(),
    }
}

/// A running liar; its threads end with the test's process.
pub(crate) struct Liar {
    pub(crate) address: String,
    answers: Arc<Mutex<HashMap<String, Vec<Answer>>>>,
    pub(crate) requests: Arc<Mutex<Vec<String>>>,
}

impl Liar {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let answers = Arc::new(Mutex::new(HashMap::<String, Vec<Answer>>::new()));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (shared_answers, shared_requests) = (Arc::clone(&answers), Arc::clone(&requests));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (answers, requests) = (Arc::clone(&shared_answers), Arc::clone(&shared_requests));
                std::thread::spawn(move || {
                    let _ = serve(stream.unwrap(), &answers, &requests);
                });
            }
        });
        Self {
            address,
            answers,
            requests,
        }
    }

    /// Answers requests for `path` with the given answers in turn, and with the last one for ever.
    pub(crate) fn answer(&self, path: &str, answers: Vec<Answer>) {
        self.answers.lock().unwrap().insert(path.to_owned(), answers);
    }
}

fn serve(
    mut stream: TcpStream,
    answers: &Mutex<HashMap<String, Vec<Answer>>>,
    requests: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        request.push(byte[0]);
    }
    let request = String::from_utf8_lossy(&request).into_owned();
    let path = request
        .split(' ')
        .nth(1)
        .unwrap_or_default()
        .split('?')
        .next()
        .unwrap_or_default()
        .to_owned();
    requests.lock().unwrap().push(request.clone());
    let answer = {
        let mut answers = answers.lock().unwrap();
        match answers.get_mut(&path) {
            Some(list) if list.len() > 1 => list.remove(0),
            Some(list) => list[0].clone(),
            None => status("404 Not Found", &[]),
        }
    };
    match answer {
        Answer::Full { status, headers, body } => {
            write!(
                stream,
                "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n",
                body.len()
            )?;
            for (name, value) in headers {
                write!(stream, "{name}: {value}\r\n")?;
            }
            stream.write_all(b"\r\n")?;
            stream.write_all(&body)
        }
        Answer::Cut { after, body } => {
            let end = if range_start(&request).is_some() {
                body.len()
            } else {
                after
            };
            write_range(&mut stream, &request, &body, end)
        }
        Answer::CutAlways { after, body } => {
            let end = range_start(&request).unwrap_or_default() + after;
            write_range(&mut stream, &request, &body, end)
        }
        Answer::Ranged { body } => write_range(&mut stream, &request, &body, body.len()),
        Answer::Stall { after, body } => {
            write_range(&mut stream, &request, &body, after)?;
            stream.read_exact(&mut byte)
        }
        Answer::Endless => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n")?;
            loop {
                stream.write_all(&[b' '; 65536])?;
            }
        }
    }
}

fn range_start(request: &str) -> Option<usize> {
    let request = request.to_ascii_lowercase();
    let rest = request.split("range: bytes=").nth(1)?;
    rest.split('-').next()?.parse().ok()
}

/// Answers with the body from where the client asks, up to `end`.
fn write_range(stream: &mut TcpStream, request: &str, body: &[u8], end: usize) -> std::io::Result<()> {
    let (head, start) = match range_start(request) {
        Some(start) => ("206 Partial Content", start),
        None => ("200 OK", 0),
    };
    let (length, last) = (body.len() - start, body.len() - 1);
    write!(
        stream,
        "HTTP/1.1 {head}\r\nContent-Length: {length}\r\nConnection: close\r\n"
    )?;
    write!(stream, "Content-Range: bytes {start}-{last}/{}\r\n\r\n", body.len())?;
    stream.write_all(&body[start..end])
}
