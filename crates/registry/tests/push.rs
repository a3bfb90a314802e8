//! Pushes to registries that differ in how they take blobs.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]
#![allow(dead_code, reason = "each test binary uses its own part of the shared support")]

mod support;

use std::cell::RefCell;
use std::io::Write as _;
use std::sync::{Arc, Mutex};

use container_fixtures::{Answer, Request, Server, reply};
use container_oci::{Digest, MediaType, media_type};
use container_registry::{Access, BlobFile, Mount, NoCredentials, Registries, RegistryError, Retry};
use support::{Logins, client, digest, logged_in, password};

const UPLOADS: &str = "/v2/demo/blobs/uploads/";

fn anonymous() -> Registries {
    logged_in(Arc::new(NoCredentials))
}

fn content(bytes: &[u8]) -> BlobFile {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    BlobFile {
        file: Arc::new(file),
        size_bytes: bytes.len() as u64,
    }
}

/// What a registry has received, and how it behaves.
#[derive(Default)]
struct Storage {
    received: Vec<u8>,
    uploads: usize,
    finished: bool,
}

/// A registry that keeps uploads as the specification says; `rule` may answer in its place, `patience` may break a connection off.
fn registry(
    patience: impl Fn(&Request, usize) -> Option<usize> + Send + Sync + 'static,
    rule: impl Fn(&Request) -> Option<Answer> + Send + Sync + 'static,
) -> (Server, Arc<Mutex<Storage>>) {
    let storage = Arc::new(Mutex::new(Storage::default()));
    let (own, counted) = (Arc::clone(&storage), Mutex::new(0));
    let fake = Server::start_impatient(
        move |seen| {
            let mut count = counted.lock().unwrap();
            *count += 1;
            patience(seen, *count)
        },
        move |seen| rule(seen).unwrap_or_else(|| store(&mut own.lock().unwrap(), seen)),
    );
    (fake, storage)
}

fn store(storage: &mut Storage, seen: &Request) -> Answer {
    let location = format!("{UPLOADS}{}?state={}", storage.uploads, storage.received.len());
    let range = |length: usize| format!("0-{}", length.saturating_sub(1));
    match seen.method.as_str() {
        "POST" => {
            storage.uploads += 1;
            storage.received.clear();
            reply(202).header("Location", format!("{UPLOADS}{}?state=0", storage.uploads))
        }
        "GET" => reply(204)
            .header("Location", location)
            .header("Range", range(storage.received.len())),
        "PATCH" => {
            let start: usize = seen
                .header("content-range")
                .unwrap()
                .split('-')
                .next()
                .unwrap()
                .parse()
                .unwrap();
            if start != storage.received.len() {
                return reply(416);
            }
            storage.received.extend_from_slice(&seen.body);
            let location = format!("{UPLOADS}{}?state={}", storage.uploads, storage.received.len());
            reply(202)
                .header("Location", location)
                .header("Range", range(storage.received.len()))
        }
        "PUT" => {
            storage.received.extend_from_slice(&seen.body);
            storage.finished = true;
            reply(201).header("Docker-Content-Digest", digest().to_string())
        }
        _ => reply(405),
    }
}

/// Pushes the bytes and returns what was retried.
async fn push(fake: &Server, bytes: &[u8]) -> Result<Vec<Retry>, RegistryError> {
    let registries = anonymous();
    let push = client(&registries, &fake.address, Access::Push);
    let retries = RefCell::new(Vec::new());
    let on_retry = |retry| retries.borrow_mut().push(retry);
    push.upload_blob(&digest(), &content(bytes), None, drop, on_retry)
        .await?;
    Ok(retries.into_inner())
}

fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|index| (index / 7 % 251) as u8).collect()
}

#[tokio::test]
async fn a_blob_goes_out_in_one_request() {
    let (fake, storage) = registry(|_, _| None, |_| None);
    let bytes = bytes(1_000_000);
    let heard = RefCell::new(Vec::new());
    let registries = anonymous();
    client(&registries, &fake.address, Access::Push)
        .upload_blob(
            &digest(),
            &content(&bytes),
            None,
            |sent| heard.borrow_mut().push(sent),
            drop,
        )
        .await
        .unwrap();
    assert!(storage.lock().unwrap().received == bytes && storage.lock().unwrap().finished);
    let seen = fake.requests();
    assert_eq!(fake.log(), [format!("POST {UPLOADS}"), format!("PUT {UPLOADS}1")]);
    assert_eq!(seen[1].query, format!("state=0&digest=sha256%3A{}", digest().hex()));
    assert_eq!(seen[1].header("content-length"), Some("1000000"));
    assert_eq!(seen[0].header("content-length"), Some("0"));
    assert!(heard.borrow().is_sorted() && heard.borrow().iter().all(|sent| *sent <= 1_000_000));
}

#[tokio::test]
async fn an_empty_blob_is_pushed_as_well() {
    let (fake, storage) = registry(|_, _| None, |_| None);
    push(&fake, b"").await.unwrap();
    assert!(storage.lock().unwrap().finished);
}

#[tokio::test]
async fn what_is_refused_as_too_large_goes_out_in_pieces() {
    const LIMIT: usize = 700_000;
    let too_large = |seen: &Request| (seen.body.len() > LIMIT).then(|| reply(413));
    let (fake, storage) = registry(|_, _| None, too_large);
    let bytes = bytes(3_000_000);
    push(&fake, &bytes).await.unwrap();
    assert!(storage.lock().unwrap().received == bytes && storage.lock().unwrap().finished);
    let pieces = fake.requests().iter().filter(|seen| seen.method == "PATCH").count();
    assert!(pieces >= 5, "{pieces}");

    let (fake, _) = registry(
        |_, _| None,
        |seen: &Request| (!seen.body.is_empty()).then(|| reply(413)),
    );
    let error = push(&fake, &bytes).await.unwrap_err();
    assert!(error.to_string().contains("413"), "{error}");
    assert!(fake.requests().len() < 30, "{}", fake.requests().len());
}

#[tokio::test]
async fn a_registry_that_asks_for_pieces_gets_them() {
    let location = format!("{UPLOADS}1?state=0");
    let wants_pieces = move |seen: &Request| {
        let begin = reply(202).header("Location", location.clone());
        (seen.method == "POST").then(|| begin.header("OCI-Chunk-Min-Length", "33554432"))
    };
    let (fake, storage) = registry(|_, _| None, wants_pieces);
    let bytes = bytes(100_000);
    push(&fake, &bytes).await.unwrap();
    assert!(storage.lock().unwrap().received == bytes);
    let seen = fake.requests();
    assert_eq!(seen[1].header("content-range"), Some("0-99999"));
    assert_eq!(seen[1].header("content-type"), Some("application/octet-stream"));
    assert!(seen[2].is("PUT", "/v2/demo/blobs/uploads/0") && seen[2].body.is_empty());
}

#[tokio::test]
async fn a_registry_that_keeps_almost_nothing_of_each_piece_is_given_up() {
    for (kept, is_enough) in [(9, false), (79_999, true)] {
        let location = format!("{UPLOADS}1?state=0");
        let rule = move |seen: &Request| {
            let answer = reply(202).header("Location", location.clone());
            let start = seen.header("content-range").map(|range| range.starts_with("0-"));
            match (seen.method.as_str(), start) {
                ("POST", _) => Some(answer.header("OCI-Chunk-Min-Length", "1")),
                ("PATCH", Some(true)) => Some(answer.header("Range", format!("0-{kept}"))),
                ("PATCH", _) => Some(answer),
                _ => None,
            }
        };
        let (fake, _) = registry(|_, _| None, rule);
        assert_eq!(push(&fake, &bytes(100_000)).await.is_ok(), is_enough);
        if is_enough {
            assert_eq!(fake.requests()[2].header("content-range"), Some("80000-99999"));
        }
    }
}

#[tokio::test]
async fn a_broken_upload_goes_on_where_it_broke() {
    // The first request with a body breaks off after the registry has kept a part of it.
    let (fake, storage) = registry(
        |seen, count| (seen.method == "PUT" && count == 2).then_some(300_000),
        |_| None,
    );
    let bytes = bytes(1_000_000);
    let retries = push(&fake, &bytes).await.unwrap();
    assert_eq!(retries.len(), 1);
    assert!(storage.lock().unwrap().received == bytes);
    let log: Vec<String> = fake.requests().iter().map(|seen| seen.method.clone()).collect();
    assert_eq!(log, ["POST", "PUT", "GET", "PATCH", "PUT"]);
    assert_eq!(fake.requests()[3].header("content-range"), Some("300000-999999"));
}

#[tokio::test]
async fn an_upload_that_the_registry_forgot_is_begun_again() {
    let forgetful = |seen: &Request| (seen.method == "GET").then(|| reply(404));
    let (fake, storage) = registry(
        |seen, count| (seen.method == "PUT" && count == 2).then_some(300_000),
        forgetful,
    );
    let bytes = bytes(1_000_000);
    push(&fake, &bytes).await.unwrap();
    assert!(storage.lock().unwrap().received == bytes);
    assert_eq!(storage.lock().unwrap().uploads, 2);
}

#[tokio::test]
async fn a_registry_that_always_fails_is_given_up() {
    let (fake, _) = registry(|_, _| None, |seen| (seen.method == "PUT").then(|| reply(500)));
    let error = push(&fake, b"x").await.unwrap_err();
    assert!(error.to_string().contains("500"), "{error}");
    let puts = fake.requests().iter().filter(|seen| seen.method == "PUT").count();
    assert_eq!(puts, 5);
}

#[tokio::test]
async fn the_digest_in_the_registrys_answer_is_checked() {
    let other = Digest::Sha256([9; 32]).to_string();
    let lies = move |seen: &Request| {
        let answer = reply(201).header("Docker-Content-Digest", other.clone());
        (seen.method == "PUT").then_some(answer)
    };
    let (fake, _) = registry(|_, _| None, lies);
    let error = push(&fake, b"x").await.unwrap_err();
    assert!(matches!(error, RegistryError::DigestMismatch { .. }), "{error}");
    let registries = anonymous();
    let media_type = MediaType::from(media_type::OCI_MANIFEST);
    let put = client(&registries, &fake.address, Access::Push)
        .put_manifest("1", &media_type, "{}".into(), &digest())
        .await;
    assert!(matches!(put, Err(RegistryError::DigestMismatch { .. })));
    let seen = fake.requests().pop().unwrap();
    assert!(seen.is("PUT", "/v2/demo/manifests/1") && seen.body == b"{}");
    assert_eq!(seen.header("content-type"), Some(media_type::OCI_MANIFEST));
}

#[tokio::test]
async fn uploads_without_a_sensible_address_are_errors() {
    for (answer, text) in [
        (reply(202), "did not say where"),
        (reply(202).header("Location", "http://"), "no URL"),
        (
            reply(202)
                .header("Location", "/x")
                .header("OCI-Chunk-Min-Length", "99999999999"),
            "absurd",
        ),
        (reply(404), "repository demo not found in the registry"),
        (reply(403), "does not allow this without a login"),
    ] {
        let fake = Server::start(move |_| answer.clone());
        let error = push(&fake, b"x").await.unwrap_err();
        assert!(error.to_string().contains(text), "{error}");
    }
}

#[tokio::test]
async fn an_existing_blob_is_found_also_through_a_redirect() {
    for (status, exists) in [(200, true), (404, false), (403, false)] {
        let storage = Server::start(move |_| reply(status));
        let location = storage.url("/blob");
        let fake = Server::start(move |_| reply(307).header("Location", location.clone()));
        let registries = anonymous();
        let push = client(&registries, &fake.address, Access::Push);
        assert_eq!(push.blob_exists(&digest()).await.unwrap(), exists);
        assert_eq!(storage.log(), ["HEAD /blob"]);
    }
}

#[tokio::test]
async fn a_blob_is_mounted_or_an_upload_begun() {
    let fake = Server::start(|seen| match seen.query.as_str() {
        "" => reply(202).header("Location", "/plain"),
        query if query.ends_with("from=has%2Fit") => reply(201),
        query if query.ends_with("from=lost") => reply(202).header("Location", "/from-mount"),
        _ => reply(403),
    });
    let registries = anonymous();
    let push = client(&registries, &fake.address, Access::Push);
    assert!(matches!(push.mount_blob(&digest(), "has/it").await, Ok(Mount::Done)));
    for (from, path) in [("lost", "/from-mount"), ("secret", "/plain")] {
        let Ok(Mount::Refused(upload)) = push.mount_blob(&digest(), from).await else {
            panic!("{from} is mounted");
        };
        let sent = push
            .upload_blob(&digest(), &content(b"x"), Some(upload), drop, drop)
            .await;
        assert!(sent.is_err());
        assert!(fake.requests().iter().any(|seen| seen.is("PUT", path)), "{path}");
    }
}

#[tokio::test]
async fn mounting_asks_for_a_scope_of_the_source_repository() {
    let server = Server::start(|_| reply(200).body("{\"token\":\"t\"}"));
    let realm = server.url("/token");
    let registry = Server::start(move |seen| match seen.authorization() {
        Some(_) => reply(201),
        None => reply(401).header("WWW-Authenticate", format!("Bearer realm=\"{realm}\"")),
    });
    let registries = logged_in(Logins::with(&registry.address, password()));
    let push = client(&registries, &registry.address, Access::Push);
    assert!(matches!(push.mount_blob(&digest(), "other").await, Ok(Mount::Done)));
    let query = server.requests()[0].query.clone();
    let both = "scope=repository%3Ademo%3Apull%2Cpush&scope=repository%3Aother%3Apull";
    assert!(query.ends_with(both), "{query}");
}

#[tokio::test]
async fn a_blob_that_shrinks_while_it_is_sent_fails() {
    let (fake, _) = registry(|_, _| None, |_| None);
    let mut blob = content(b"short");
    blob.size_bytes = 1_000_000;
    let registries = anonymous();
    let push = client(&registries, &fake.address, Access::Push);
    assert!(push.upload_blob(&digest(), &blob, None, drop, drop).await.is_err());
}
