//! Files from servers that behave well and badly.

use std::sync::atomic::{AtomicUsize, Ordering};

use container_fixtures::{Answer, Request, Server, reply};

use super::*;
use crate::remote::{GitAccess, Remotes};

const MODIFIED: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

fn sha256(bytes: &[u8]) -> Digest {
    Digest::Sha256(Sha256::digest(bytes).into())
}

fn address(server: &Server, path: &str) -> WebAddress {
    WebAddress::parse(&server.url(path)).unwrap()
}

/// A build of its own, in the same app root.
fn remotes(root: &tempfile::TempDir) -> Remotes {
    Remotes::new(BuildCache::at(root.path()), &[], GitAccess::default())
}

async fn text(remotes: &Remotes, address: &WebAddress) -> Result<String, RemoteError> {
    let file = remotes.file(address, None).await?;
    let mut text = String::new();
    file.reader().read_to_string(&mut text).unwrap();
    assert_eq!(
        (file.size_bytes, file.digest),
        (text.len() as u64, sha256(text.as_bytes()))
    );
    Ok(text)
}

fn is_conditional(request: &Request) -> bool {
    request.header("if-none-match").is_some() || request.header("if-modified-since").is_some()
}

#[tokio::test]
async fn a_file_is_fetched_once_for_a_build_and_asked_for_again_by_the_next() {
    let server = Server::start(|request| match request.header("if-none-match") {
        Some("\"1\"") => reply(304),
        _ => Answer::ok("text/plain", "content")
            .header("ETag", "\"1\"")
            .header("Last-Modified", MODIFIED),
    });
    let root = tempfile::tempdir().unwrap();
    let url = address(&server, "/file");
    let first = remotes(&root);
    assert_eq!(text(&first, &url).await.unwrap(), "content");
    assert_eq!(text(&first, &url).await.unwrap(), "content");
    assert_eq!(server.requests().len(), 1);
    let again = remotes(&root).file(&url, None).await.unwrap();
    assert_eq!(again.modified().seconds, 784_111_777);
    assert_eq!(server.requests().len(), 2);
    assert!(is_conditional(&server.requests()[1]));
}

#[tokio::test]
async fn a_file_that_changed_is_fetched_again_whatever_its_time_says() {
    let answers = AtomicUsize::new(0);
    let server = Server::start(move |_| {
        let number = answers.fetch_add(1, Ordering::SeqCst);
        // As new as the answer: another file may have the same time.
        Answer::ok("text/plain", format!("version {number}"))
            .header("Last-Modified", MODIFIED)
            .header("Date", MODIFIED)
    });
    let root = tempfile::tempdir().unwrap();
    let url = address(&server, "/file");
    for number in 0..2 {
        assert_eq!(text(&remotes(&root), &url).await.unwrap(), format!("version {number}"));
    }
    assert!(!server.requests().iter().any(is_conditional));
}

#[tokio::test]
async fn a_checksum_is_compared_and_spares_the_question() {
    let server = Server::start(|_| Answer::ok("text/plain", "content"));
    let root = tempfile::tempdir().unwrap();
    let url = address(&server, "/file");
    let wrong = remotes(&root).file(&url, Some(&sha256(b"other"))).await.unwrap_err();
    assert!(wrong.to_string().contains("digest mismatch"), "{wrong}");
    let right = sha256(b"content");
    assert_eq!(remotes(&root).file(&url, Some(&right)).await.unwrap().digest, right);
    assert_eq!(server.requests().len(), 1, "the file was there already");
}

#[tokio::test]
async fn redirects_are_followed_and_the_last_answer_counts() {
    let server = Server::start(|request| match request.path.as_str() {
        "/old" => reply(302).header("Location", "/new"),
        "/new" => Answer::ok("text/plain", "moved"),
        "/round" => reply(302).header("Location", "/round"),
        "/out" => reply(302).header("Location", "file:///etc/passwd"),
        _ => reply(404),
    });
    let root = tempfile::tempdir().unwrap();
    assert_eq!(text(&remotes(&root), &address(&server, "/old")).await.unwrap(), "moved");
    for (path, expected) in [
        ("/round", "redirects without end"),
        ("/out", "is no URL"),
        ("/none", "no such file (status 404)"),
    ] {
        let error = text(&remotes(&root), &address(&server, path))
            .await
            .unwrap_err()
            .to_string();
        assert!(error.contains(expected), "{path}: {error}");
    }
}

#[tokio::test]
async fn a_transfer_that_breaks_off_is_begun_again() {
    let answers = AtomicUsize::new(0);
    let server = Server::start(move |_| {
        let whole = Answer::ok("text/plain", "0123456789");
        match answers.fetch_add(1, Ordering::SeqCst) {
            0 => whole.cut_after(4),
            _ => whole,
        }
    });
    let root = tempfile::tempdir().unwrap();
    assert_eq!(
        text(&remotes(&root), &address(&server, "/file")).await.unwrap(),
        "0123456789"
    );
}

#[tokio::test]
async fn a_file_without_an_end_is_given_up_and_not_kept() {
    let server = Server::start(|_| reply(200).endless());
    let root = tempfile::tempdir().unwrap();
    let cache = BuildCache::at(root.path());
    let url = address(&server, "/file");
    let claim = cache.claim_fetch(url.as_str(), || {}).await.unwrap();
    let downloads = Downloads::new(&[]).unwrap();
    let Download::File(sent) = downloads.get(url.as_str(), None).await.unwrap() else {
        panic!("no file");
    };
    let error = save(&claim, &url, sent, 1 << 20)
        .await
        .unwrap()
        .unwrap_err()
        .to_string();
    assert!(error.contains("more than 1048576 bytes"), "{error}");
    assert!(claim.known().unwrap().is_none());
}

#[tokio::test]
async fn several_that_want_a_file_get_one_answer() {
    let server = Server::start(|_| Answer::ok("text/plain", "content"));
    let root = tempfile::tempdir().unwrap();
    let (remotes, url) = (remotes(&root), address(&server, "/file"));
    let (one, other) = tokio::join!(text(&remotes, &url), text(&remotes, &url));
    assert_eq!(
        (one.unwrap(), other.unwrap()),
        ("content".to_owned(), "content".to_owned())
    );
    assert_eq!(server.requests().len(), 1);
}
