//! A registry that answers each path as the test wants.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use container_fixtures::{Request, Server};

/// What is sent for a path.
#[derive(Clone)]
pub(crate) enum Answer {
    /// This.
    Full(container_fixtures::Answer),
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

impl Answer {
    fn to(&self, request: &Request) -> container_fixtures::Answer {
        let ranged = |body| container_fixtures::Answer::ranged(request, body);
        match self {
            Self::Full(answer) => answer.clone(),
            Self::Cut { body, .. } if request.range_start().is_some() => ranged(body),
            Self::Cut { after, body } | Self::CutAlways { after, body } => ranged(body).cut_after(*after),
            Self::Ranged { body } => ranged(body),
            Self::Stall { after, body } => ranged(body).stall_after(*after),
            Self::Endless => container_fixtures::Answer::ok("application/json", "").endless(),
        }
    }

    /// The answer with another header, where it is sent as it is.
    pub(crate) fn header(self, name: &str, value: &str) -> Self {
        match self {
            Self::Full(answer) => Self::Full(answer.header(name, value)),
            other => other,
        }
    }
}

pub(crate) fn ok(content_type: &str, body: impl Into<Vec<u8>>) -> Answer {
    Answer::Full(container_fixtures::Answer::ok(content_type, body))
}

pub(crate) fn status(status: &str, headers: &[(&str, &str)]) -> Answer {
    let answer = Answer::Full(container_fixtures::Answer::status(status));
    let with = |answer: Answer, (name, value): &(&str, &str)| answer.header(name, value);
    headers.iter().fold(answer, with)
}

/// A running liar.
pub(crate) struct Liar {
    pub(crate) address: String,
    answers: Arc<Mutex<HashMap<String, Vec<Answer>>>>,
    server: Server,
}

impl Liar {
    pub(crate) fn start() -> Self {
        let answers = Arc::new(Mutex::new(HashMap::<String, Vec<Answer>>::new()));
        let shared = Arc::clone(&answers);
        let server = Server::start(move |request| match shared.lock().unwrap().get_mut(&request.path) {
            Some(list) if list.len() > 1 => list.remove(0).to(request),
            Some(list) => list[0].to(request),
            None => container_fixtures::Answer::status("404 Not Found"),
        });
        Self {
            address: server.address.clone(),
            answers,
            server,
        }
    }

    /// Answers requests for `path` with the given answers in turn, and with the last one for ever.
    pub(crate) fn answer(&self, path: &str, answers: Vec<Answer>) {
        self.answers.lock().unwrap().insert(path.to_owned(), answers);
    }

    /// All requests so far, each as a line with its target and one for each header, whose names are in lower case.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.server.requests().iter().map(text).collect()
    }
}

fn text(request: &Request) -> String {
    let mut text = format!("{} {} {}\n", request.method, request.path, request.query);
    for (name, value) in &request.headers {
        text.push_str(&format!("{name}: {value}\n"));
    }
    text
}
