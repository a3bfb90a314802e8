//! Proves that wrong answers and failures of registries are clear errors, that credentials are sent to no other host, and that nothing of a
//! failed pull is stored.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use container_e2e::{
    Answer, Compression, Home, Layer, Layout, Outcome, PASSWORD, Request, Server, USER, host_architecture, noise,
};
use serde_json::{Value, json};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const BYTES: &str = "application/octet-stream";

/// An image as an honest registry would serve it.
struct Truth {
    manifest: Vec<u8>,
    /// Path and content.
    blobs: Vec<(String, Vec<u8>)>,
}

impl Truth {
    fn new() -> Arc<Self> {
        let scratch = tempfile::tempdir().unwrap();
        let layout = Layout::new(&scratch.path().join("layout"));
        let layer = Layer::default().file("data", 0o644, &noise(5, 400_000));
        let image = layout.image(host_architecture(), vec![(layer, Compression::Gzip)], &json!({}));
        let read = |descriptor: &Value| {
            let digest = descriptor["digest"].as_str().unwrap().to_owned();
            let bytes = fs::read(layout.path().join("blobs").join(digest.replace(':', "/"))).unwrap();
            (digest, bytes)
        };
        let manifest = read(&image).1;
        let document: Value = serde_json::from_slice(&manifest).unwrap();
        let blobs = [&document["config"], &document["layers"][0]].map(|descriptor| {
            let (digest, bytes) = read(descriptor);
            (format!("/v2/image/blobs/{digest}"), bytes)
        });
        Arc::new(Self {
            manifest,
            blobs: blobs.to_vec(),
        })
    }

    fn answer(&self, request: &Request) -> Answer {
        if request.path.starts_with("/v2/image/manifests/") {
            return Answer::ok(MANIFEST, self.manifest.clone());
        }
        let blob = self.blobs.iter().find(|(path, _)| *path == request.path);
        match blob {
            Some((_, bytes)) => Answer::ok(BYTES, bytes.clone()),
            None if request.path == "/v2/" => Answer::ok("application/json", "{}"),
            None => Answer::status("404 Not Found"),
        }
    }

    fn layer(&self) -> &[u8] {
        &self.blobs[1].1
    }

    fn is_layer(&self, request: &Request) -> bool {
        request.path == self.blobs[1].0
    }
}

/// A registry that answers correctly except where `lie` has an answer.
fn liar(truth: &Arc<Truth>, lie: impl Fn(&Request) -> Option<Answer> + Send + Sync + 'static) -> Server {
    let truth = Arc::clone(truth);
    Server::start(move |request| lie(request).unwrap_or_else(|| truth.answer(request)))
}

fn pull(home: &Home, liar: &Server) -> Outcome {
    home.run(["image", "pull", "--progress", "none", &liar.name("image:1")])
}

/// Checks that the pull fails with these words and that nothing of it is stored.
#[track_caller]
fn refused(liar: &Server, words: &[&str]) {
    let home = Home::empty();
    pull(&home, liar).failure(1, words);
    assert!(home.run(["image", "ls", "-q"]).success().stdout.is_empty());
    home.store().assert_valid();
    home.run(["image", "prune"]).success();
    home.store().assert_tidy();
    assert!(home.store().disks().is_empty());
}

/// Checks that the pull succeeds and that the image is right.
#[track_caller]
fn accepted(liar: &Server) {
    let home = Home::empty();
    pull(&home, liar).success();
    home.store().assert_valid();
    home.store().assert_tidy();
    assert_eq!(home.store().disks().len(), 1);
}

#[test]
fn the_truth_is_believed() {
    accepted(&liar(&Truth::new(), |_| None));
}

#[test]
fn a_layer_with_another_digest_is_refused() {
    let truth = Truth::new();
    let mut wrong = truth.layer().to_vec();
    wrong[1000] ^= 1;
    let told = Arc::clone(&truth);
    let liar = liar(&truth, move |request| {
        told.is_layer(request).then(|| Answer::ok(BYTES, wrong.clone()))
    });
    refused(&liar, &["digest mismatch", "sha256:"]);
}

#[test]
fn a_layer_of_another_size_is_refused() {
    let truth = Truth::new();
    let mut longer = truth.layer().to_vec();
    longer.extend_from_slice(&noise(6, 1000));
    let shorter = truth.layer()[..truth.layer().len() - 1000].to_vec();
    for wrong in [longer, shorter] {
        let told = Arc::clone(&truth);
        let liar = liar(&truth, move |request| {
            told.is_layer(request).then(|| Answer::ok(BYTES, wrong.clone()))
        });
        refused(&liar, &["size mismatch", "sha256:"]);
    }
}

#[test]
fn a_layer_without_end_is_given_up() {
    let truth = Truth::new();
    let told = Arc::clone(&truth);
    let liar = liar(&truth, move |request| {
        told.is_layer(request).then(|| Answer::ok(BYTES, "").endless())
    });
    refused(&liar, &["size mismatch"]);
}

#[test]
fn a_manifest_without_end_is_given_up() {
    let liar = liar(&Truth::new(), |request| {
        request
            .path
            .contains("/manifests/")
            .then(|| Answer::ok(MANIFEST, "").endless())
    });
    refused(&liar, &["more than", "bytes"]);
}

#[test]
fn a_manifest_of_ten_mebibytes_is_refused() {
    let liar = liar(&Truth::new(), |request| {
        let manifest = format!("{{\"schemaVersion\":2,\"padding\":\"{}\"}}", "x".repeat(10 << 20));
        request
            .path
            .contains("/manifests/")
            .then(|| Answer::ok(MANIFEST, manifest))
    });
    refused(&liar, &["more than", "bytes"]);
}

#[test]
fn a_web_page_is_no_manifest() {
    let liar = liar(&Truth::new(), |request| {
        request.path.contains("/manifests/").then(|| {
            Answer::ok(
                "text/html",
                "<!doctype html><title>Welcome to the hotel's network</title>",
            )
        })
    });
    refused(&liar, &[&liar.address]);
}

#[test]
fn a_server_of_web_pages_is_no_registry() {
    let liar = Server::start(|_| Answer::ok("text/html", "<!doctype html><title>It works!</title>"));
    refused(&liar, &[&liar.address]);
}

#[test]
fn a_manifest_with_another_digest_than_asked_for_is_refused() {
    let truth = Truth::new();
    let liar = liar(&truth, |_| None);
    let home = Home::empty();
    let name = format!("{}@sha256:{}", liar.name("image"), "0".repeat(64));
    home.run(["image", "pull", &name])
        .failure(1, &["digest mismatch", "sha256:0000"]);
    assert!(home.run(["image", "ls", "-q"]).success().stdout.is_empty());
}

#[test]
fn a_registry_that_wants_the_password_for_ever_does_not_get_it_for_ever() {
    let truth = Truth::new();
    let challenges = [
        "Basic realm=\"again\"".to_owned(),
        "Bearer realm=\"REALM\",service=\"x\"".to_owned(),
    ];
    for challenge in challenges {
        let tokens = Server::start(|_| Answer::ok("application/json", "{\"token\":\"never-good-enough\"}"));
        let realm = format!("http://{}/token", tokens.address);
        let challenge = challenge.replace("REALM", &realm);
        let liar = liar(&truth, move |_| {
            Some(Answer::status("401 Unauthorized").header("WWW-Authenticate", &challenge))
        });
        let outcome = pull(&with_password(Home::empty(), &liar), &liar);
        assert!(!outcome.stderr.contains(PASSWORD), "{}", outcome.stderr);
        outcome.failure(1, &[&liar.address]);
        assert!(
            liar.requests().len() + tokens.requests().len() < 12,
            "{:?}",
            liar.requests()
        );
    }
}

fn with_password(home: Home, liar: &Server) -> Home {
    home.with("CONTAINER_REGISTRY_HOST", &liar.address)
        .with("CONTAINER_REGISTRY_USER", USER)
        .with("CONTAINER_REGISTRY_TOKEN", PASSWORD)
}

/// A registry that asks for a password and then redirects the requests that `is_elsewhere` chooses.
fn redirecting(
    truth: &Arc<Truth>,
    elsewhere: &str,
    is_elsewhere: impl Fn(&Request) -> bool + Send + Sync + 'static,
) -> Server {
    let elsewhere = elsewhere.to_owned();
    liar(truth, move |request| {
        if request.header("authorization").is_none() {
            return Some(Answer::status("401 Unauthorized").header("WWW-Authenticate", "Basic realm=\"r\""));
        }
        is_elsewhere(request).then(|| {
            let location = format!("http://{elsewhere}{}", request.path);
            Answer::status("307 Temporary Redirect").header("Location", &location)
        })
    })
}

#[test]
fn credentials_do_not_follow_a_redirect_to_another_host() {
    let truth = Truth::new();
    let stranger = liar(&truth, |_| None);
    let told = Arc::clone(&truth);
    let honest = redirecting(&truth, &stranger.address, move |request| told.is_layer(request));
    let home = with_password(Home::empty(), &honest);
    pull(&home, &honest).success();
    assert_ignorant(&stranger);

    // Nor when the first request, that for the manifest, is redirected.
    let stranger = liar(&truth, |_| None);
    let honest = redirecting(&truth, &stranger.address, |request| {
        request.path.contains("/manifests/")
    });
    let _ = pull(&with_password(Home::empty(), &honest), &honest);
    assert_ignorant(&stranger);
}

/// Checks that the host was asked and received no credential.
#[track_caller]
fn assert_ignorant(stranger: &Server) {
    let requests = stranger.requests();
    assert!(!requests.is_empty(), "nobody came");
    for request in requests {
        let text = format!("{request:?}");
        assert_eq!(request.header("authorization"), None, "{text}");
        assert!(!text.contains(PASSWORD) && !text.contains(USER), "{text}");
    }
}

#[test]
fn a_stranger_that_asks_for_the_password_does_not_get_it() {
    let truth = Truth::new();
    let stranger =
        Server::start(|_| Answer::status("401 Unauthorized").header("WWW-Authenticate", "Basic realm=\"r\""));
    let told = Arc::clone(&truth);
    let honest = redirecting(&truth, &stranger.address, move |request| told.is_layer(request));
    pull(&with_password(Home::empty(), &honest), &honest).with_code(1);
    assert_ignorant(&stranger);
}

#[test]
fn a_token_server_elsewhere_without_encryption_does_not_get_the_password() {
    let liar = liar(&Truth::new(), |_| {
        let challenge = "Bearer realm=\"http://tokens.invalid/token\",service=\"x\"";
        Some(Answer::status("401 Unauthorized").header("WWW-Authenticate", challenge))
    });
    let home = with_password(Home::empty(), &liar);
    pull(&home, &liar).failure(1, &["tokens.invalid"]);
}

/// Fails this often before it answers.
fn reluctant(times: usize, failure: impl Fn() -> Answer + Send + Sync + 'static) -> Server {
    let left = AtomicUsize::new(times);
    liar(&Truth::new(), move |_| {
        let still = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        still.is_ok().then(&failure)
    })
}

#[test]
fn a_busy_registry_is_asked_again() {
    accepted(&reluctant(2, || {
        Answer::status("429 Too Many Requests").header("Retry-After", "1")
    }));
    accepted(&reluctant(2, || Answer::status("503 Service Unavailable")));
    accepted(&reluctant(2, || Answer::status("500 Internal Server Error")));
}

#[test]
fn a_registry_that_stays_broken_is_told_with_its_words() {
    let words = "{\"errors\":[{\"code\":\"UNKNOWN\",\"message\":\"the disk is on fire\"}]}";
    let liar = liar(&Truth::new(), |_| Some(broken(words)));
    refused(&liar, &["500", "the disk is on fire", &liar.address]);
}

fn broken(words: &str) -> Answer {
    Answer::status("500 Internal Server Error")
        .header("Content-Type", "application/json")
        .body(words)
}

#[test]
fn a_cut_layer_is_fetched_again_from_a_registry_without_ranges() {
    let truth = Truth::new();
    let told = Arc::clone(&truth);
    let has_been_cut = AtomicUsize::new(0);
    // It ignores ranges and sends the whole with status 200.
    let liar = liar(&truth, move |request| {
        let is_first = told.is_layer(request) && has_been_cut.fetch_add(1, Ordering::SeqCst) == 0;
        is_first.then(|| Answer::ok(BYTES, told.layer().to_vec()).cut_after(150_000))
    });
    accepted(&liar);
    let ranges = liar.requests();
    assert!(
        ranges.iter().any(|request| request.header("range").is_some()),
        "{ranges:?}"
    );
}

#[test]
fn a_layer_that_is_always_cut_fails_the_pull() {
    let truth = Truth::new();
    let told = Arc::clone(&truth);
    let liar = liar(&truth, move |request| {
        told.is_layer(request)
            .then(|| Answer::ok(BYTES, told.layer().to_vec()).cut_after(10_000))
    });
    refused(&liar, &[&liar.address]);
}

#[test]
fn a_wrong_range_does_not_end_in_the_layer() {
    let truth = Truth::new();
    let told = Arc::clone(&truth);
    let count = AtomicUsize::new(0);
    // The first answer breaks off. The second claims to continue it, but sends the beginning again. The whole is sent correctly.
    let liar = liar(&truth, move |request| {
        if !told.is_layer(request) {
            return None;
        }
        let layer = told.layer();
        Some(match count.fetch_add(1, Ordering::SeqCst) {
            0 => Answer::ok(BYTES, layer.to_vec()).cut_after(150_000),
            _ => {
                let start = request.header("range").and_then(range_start).unwrap_or_default();
                let (last, size) = (layer.len() - 1, layer.len());
                Answer::status("206 Partial Content")
                    .header("Content-Range", format!("bytes {start}-{last}/{size}"))
                    .body(&layer[..size - start])
            }
        })
    });
    accepted(&liar);
    let asked = liar.requests().into_iter().filter(|request| truth.is_layer(request));
    let ranges: Vec<bool> = asked.map(|request| request.header("range").is_some()).collect();
    assert_eq!(ranges, [false, true, false]);
}

fn range_start(range: &str) -> Option<usize> {
    range.strip_prefix("bytes=")?.trim_end_matches('-').parse().ok()
}

#[test]
fn tricks_with_names_stay_in_the_store() {
    // A text in place of a digest that would be a path.
    let manifest = json!({
        "schemaVersion": 2, "mediaType": MANIFEST,
        "config": { "mediaType": "application/vnd.oci.image.config.v1+json", "digest": "sha256:../../../../escaped", "size": 2 },
        "layers": [],
    });
    let liar = Server::start(move |request| {
        if request.path.contains("/manifests/") {
            Answer::ok(MANIFEST, manifest.to_string())
        } else {
            Answer::ok(BYTES, "{}")
        }
    });
    let home = Home::empty();
    pull(&home, &liar).with_code(1);
    assert!(!exists_below(&home.app_root(), "escaped"));
    assert!(!home.file("escaped").exists());
}

fn exists_below(directory: &Path, name: &str) -> bool {
    fs::read_dir(directory)
        .into_iter()
        .flatten()
        .flatten()
        .any(|entry| entry.file_name() == name || (entry.path().is_dir() && exists_below(&entry.path(), name)))
}
