//! Registries that send wrong answers or fail, and servers that are not registries.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]
#![allow(dead_code, reason = "each test binary uses its own part of the shared support")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use container_fixtures::{Answer, Server, reply};
use container_registry::{Access, NoCredentials, Registries, RegistryError, Retry, Scheme, retry};
use support::{PASSWORD, client, digest, logged_in, manifest, password};

async fn manifest_error(answer: impl Fn() -> Answer + Send + Sync + 'static) -> RegistryError {
    let registry = Server::start(move |_| answer());
    let registries = logged_in(Arc::new(NoCredentials));
    manifest(&client(&registries, &registry.address, Access::Pull))
        .await
        .unwrap_err()
}

#[tokio::test]
async fn every_wrong_answer_is_an_error_of_its_own() {
    let large = || reply(200).body(vec![b' '; 10 * 1024 * 1024]);
    let html = || {
        reply(200)
            .header("Content-Type", "Text/HTML; charset=utf-8")
            .body("<html>")
    };
    let here = || reply(302).header("Location", "/v2/demo/manifests/1");
    let empty = || reply(302).header("Location", "");
    let teapot = || reply(418).body("{\"errors\":[{\"message\":\"I am a\\nteapot\"}]}");
    let nowhere = || reply(307).header("Location", "file:///etc/passwd");
    for (error, text) in [
        (manifest_error(large).await, "sent more than 4194304 bytes for tag"),
        (
            manifest_error(|| reply(200).endless()).await,
            "sent more than 4194304 bytes for tag",
        ),
        (manifest_error(html).await, "it sent a web page in place of a manifest"),
        (manifest_error(here).await, "redirects without end"),
        (manifest_error(empty).await, "answered 302: Found"),
        (manifest_error(nowhere).await, "the address that it leads to is no URL"),
        (manifest_error(|| reply(404)).await, "not found in the registry"),
        (manifest_error(teapot).await, "answered 418: I am a teapot"),
        (
            manifest_error(|| reply(403)).await,
            "does not allow this without a login",
        ),
        (
            manifest_error(|| reply(401)).await,
            "does not allow this without a login",
        ),
    ] {
        assert!(error.to_string().contains(text), "{error}");
        assert!(!error.is_transient(), "{error}");
    }
}

#[tokio::test]
async fn a_range_that_is_refused_or_answered_wrongly_is_not_asked_for_again() {
    let range = |value: &'static str| move || reply(206).header("Content-Range", value).body("01234");
    let refusals: [Box<dyn Fn() -> Answer + Send + Sync>; 7] = [
        Box::new(|| reply(400)),
        Box::new(|| reply(403)),
        Box::new(|| reply(416)),
        Box::new(|| reply(500)),
        Box::new(range("bytes 0-4/9")),
        Box::new(range("")),
        Box::new(range("bytes */9")),
    ];
    for refusal in refusals {
        let registry = Server::start(move |seen| match seen.header("range") {
            Some(_) => refusal(),
            None => reply(200).body("012345678"),
        });
        let registries = logged_in(Arc::new(NoCredentials));
        let pull = client(&registries, &registry.address, Access::Pull);
        assert_eq!(pull.blob(&digest(), 5).await.map(|body| body.start).unwrap(), 0);
        assert_eq!(registry.requests().len(), 2);
    }
    // A server that sends a wrong range with and without being asked for one.
    let registry = Server::start(move |_| range("bytes 3-7/9")());
    let registries = logged_in(Arc::new(NoCredentials));
    let pull = client(&registries, &registry.address, Access::Pull);
    let error = pull.blob(&digest(), 5).await.map(|_| ()).unwrap_err();
    assert!(matches!(error, RegistryError::Protocol { .. }), "{error}");
}

#[tokio::test]
async fn an_error_that_is_not_about_the_range_is_returned() {
    for status in [404, 429, 503] {
        let registry = Server::start(move |_| reply(status));
        let registries = logged_in(Arc::new(NoCredentials));
        let pull = client(&registries, &registry.address, Access::Pull);
        pull.blob(&digest(), 5).await.map(|_| ()).unwrap_err();
        assert_eq!(registry.requests().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn a_busy_registry_says_when_to_come_back() {
    let seconds = manifest_error(|| reply(429).header("Retry-After", "7")).await;
    assert_eq!(seconds.retry_after(), Some(Duration::from_secs(7)));
    let date = manifest_error(|| reply(503).header("Retry-After", "Fri, 31 Dec 2100 23:59:59 GMT")).await;
    assert!(date.retry_after().unwrap() > Duration::from_secs(86_400 * 365));
    assert!(seconds.is_transient() && date.is_transient());
}

#[tokio::test]
async fn a_registry_in_trouble_is_asked_again_a_few_times() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let registry = Server::start(move |_| match count.fetch_add(1, Ordering::SeqCst) {
        0 => reply(500),
        1 => reply(429).header("Retry-After", "0"),
        _ => reply(200).body("manifest"),
    });
    let registries = logged_in(Arc::new(NoCredentials));
    let pull = client(&registries, &registry.address, Access::Pull);
    let heard = std::cell::RefCell::new(Vec::new());
    let hear = |retry: Retry| heard.borrow_mut().push(retry.reason);
    retry("x", hear, async || manifest(&pull).await).await.unwrap();
    assert_eq!(heard.borrow().len(), 2);
}

#[tokio::test]
async fn a_registry_that_asks_for_a_long_pause_is_not_waited_for() {
    let registry = Server::start(|_| reply(503).header("Retry-After", "3600"));
    let registries = logged_in(Arc::new(NoCredentials));
    let pull = client(&registries, &registry.address, Access::Pull);
    let hear = |retry: Retry| panic!("it is waited for: {retry:?}");
    let error = retry("x", hear, async || manifest(&pull).await).await.unwrap_err();
    assert!(error.to_string().contains("come back in 3600 s"), "{error}");
    assert_eq!(registry.requests().len(), 1);
}

#[tokio::test]
async fn a_login_is_checked_against_what_answers() {
    let bearer = |status: u16, second: u16| {
        let server = Server::start(move |_| reply(status).body("{\"token\":\"t\"}"));
        let realm = server.url("/token");
        Server::start(move |seen| match seen.authorization() {
            Some(_) => reply(second),
            None => reply(401).header("WWW-Authenticate", format!("Bearer realm=\"{realm}\",service=\"s\"")),
        })
    };
    let basic = |second: u16| {
        Server::start(move |seen| match seen.authorization() {
            Some(_) => reply(second),
            None => reply(401).header("WWW-Authenticate", "Basic realm=\"r\""),
        })
    };
    let cases = [
        (basic(200), None),
        (bearer(200, 200), None),
        (Server::start(|_| reply(200).body("{}")), None),
        (basic(401), Some("did not accept the credentials for ann")),
        (basic(403), Some("did not accept the credentials for ann")),
        (bearer(401, 200), Some("did not accept the credentials for ann")),
        (bearer(200, 401), Some("did not accept the credentials for ann")),
        (
            Server::start(|_| reply(404)),
            Some("does not seem to be a registry: it has no /v2/"),
        ),
        (
            Server::start(|_| reply(401)),
            Some("does not seem to be a registry: it asks for a login"),
        ),
        (
            Server::start(|_| reply(200).header("Content-Type", "text/html")),
            Some("does not seem to be a registry: it sent a web page"),
        ),
        (Server::start(|_| reply(500)), Some("answered 500")),
    ];
    for (registry, expected) in cases {
        let registries = Registries::anonymous();
        let checked = registries
            .check_login(&registry.address, Scheme::Auto, &password())
            .await;
        match (checked, expected) {
            (Ok(()), None) => {}
            (Err(error), Some(text)) => {
                assert!(error.to_string().contains(text), "{error}");
                assert!(!format!("{error} {error:?}").contains(PASSWORD));
            }
            (checked, expected) => panic!("{checked:?} instead of {expected:?}"),
        }
        assert!(registry.requests().iter().all(|seen| seen.path == "/v2/"));
    }
    let nobody = Registries::anonymous();
    let refused = nobody.check_login("127.0.0.1:1", Scheme::Auto, &password()).await;
    assert!(matches!(refused, Err(RegistryError::Refused { .. })));
    let bad = nobody.check_login("https://r.example", Scheme::Auto, &password()).await;
    assert!(matches!(bad, Err(RegistryError::BadHost { .. })), "{bad:?}");
}
