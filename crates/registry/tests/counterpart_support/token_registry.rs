//! A registry in memory whose token server gives tokens for what is asked for, to one user (distribution token specification).

use std::collections::BTreeMap;
use std::sync::Mutex;

use container_fixtures::{Answer, Request, Server, reply};

#[derive(Default)]
struct Shelf {
    blobs: BTreeMap<String, Vec<u8>>,
    /// Media type and bytes, by tag.
    manifests: BTreeMap<String, (String, Vec<u8>)>,
    uploads: Vec<Vec<u8>>,
}

/// Starts it. `login` is the value of the only `Authorization` that gets a token.
pub(super) fn start(login: String) -> Server {
    let shelf = Mutex::new(Shelf::default());
    Server::start(move |request| {
        if request.path == "/token" {
            return token(request, &login);
        }
        let action = match request.method.as_str() {
            "GET" | "HEAD" => "pull",
            _ => "push",
        };
        let given = request.authorization().and_then(|value| value.strip_prefix("Bearer "));
        // A token is the list of the actions that it allows.
        if !given.is_some_and(|token| token.split('-').any(|allowed| allowed == action)) {
            let host = request.header("host").unwrap();
            let challenge = format!(
                "Bearer realm=\"http://{host}/token\",service=\"shelf\",scope=\"repository:demo:pull,{action}\""
            );
            return reply(401).header("WWW-Authenticate", challenge);
        }
        shelf.lock().unwrap().answer(request)
    })
}

fn token(request: &Request, login: &str) -> Answer {
    if request.authorization() != Some(login) {
        return reply(401).header("WWW-Authenticate", "Basic realm=\"shelf\"");
    }
    let query = request.query.replace("%3A", ":").replace("%2C", ",");
    let scopes = query
        .split('&')
        .filter_map(|part| part.strip_prefix("scope=repository:demo:"));
    let token = scopes.collect::<Vec<_>>().join(",").replace(',', "-");
    Answer::ok("application/json", format!("{{\"token\":\"{token}\"}}"))
}

impl Shelf {
    fn answer(&mut self, request: &Request) -> Answer {
        let rest = request.path.strip_prefix("/v2/").unwrap();
        let Some(rest) = rest.strip_prefix("demo/") else {
            return reply(if rest.is_empty() { 200 } else { 404 });
        };
        match (request.method.as_str(), rest.split_once('/').unwrap()) {
            ("POST", ("blobs", "uploads/")) => {
                self.uploads.push(Vec::new());
                self.at(self.uploads.len() - 1, 202)
            }
            ("PATCH" | "PUT", ("blobs", upload)) => {
                let number: usize = upload.strip_prefix("uploads/").unwrap().parse().unwrap();
                self.uploads[number].extend_from_slice(&request.body);
                match request.query.strip_prefix("digest=") {
                    Some(digest) => {
                        let bytes = std::mem::take(&mut self.uploads[number]);
                        let digest = digest.replace("%3A", ":");
                        self.blobs.insert(digest.clone(), bytes);
                        reply(201).header("Location", format!("/v2/demo/blobs/{digest}"))
                    }
                    None => self.at(number, 202),
                }
            }
            ("PUT", ("manifests", tag)) => {
                let media_type = request.header("content-type").unwrap().to_owned();
                self.manifests
                    .insert(tag.to_owned(), (media_type, request.body.clone()));
                reply(201).header("Location", format!("/v2/demo/manifests/{tag}"))
            }
            (_, ("manifests", tag)) => match self.manifests.get(tag) {
                Some((media_type, bytes)) => Answer::ok(media_type, bytes.clone()),
                None => reply(404),
            },
            (_, ("blobs", digest)) => match self.blobs.get(digest) {
                Some(bytes) => Answer::ranged(request, bytes),
                None => reply(404),
            },
            _ => reply(405),
        }
    }

    /// The answer that an upload is at its present end.
    fn at(&self, number: usize, status: u16) -> Answer {
        let end = self.uploads[number].len().saturating_sub(1);
        reply(status)
            .header("Location", format!("/v2/demo/blobs/uploads/{number}"))
            .header("Range", format!("0-{end}"))
    }
}
