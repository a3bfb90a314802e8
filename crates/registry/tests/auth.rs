//! Authentication: which credentials and tokens a client sends after which challenges.
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

use container_fixtures::{Answer, Request, Server, reply};
use container_registry::{Access, Credential, NoCredentials, RegistryError, Secret};
use support::{Logins, PASSWORD, client, digest, logged_in, manifest, password};

/// `ann` and her password, as a header has them.
const BASIC: &str = "Basic YW5uOmh1bnRlcjItc2VjcmV0";

/// A registry that takes the password itself.
fn basic_registry() -> Server {
    Server::start(|seen| match seen.authorization() {
        Some(BASIC) => reply(200).body("manifest"),
        _ => reply(401).header("WWW-Authenticate", "Basic realm=\"r\""),
    })
}

/// A token server and a registry that takes its latest token, which is `token-<number>`.
fn bearer_registry(token: impl Fn(&Request, usize) -> Answer + Send + Sync + 'static) -> (Server, Server) {
    let given = Arc::new(AtomicUsize::new(0));
    let latest = Arc::clone(&given);
    let server = Server::start(move |seen| token(seen, given.fetch_add(1, Ordering::SeqCst) + 1));
    let realm = server.url("/token?kept=yes");
    let registry = Server::start(move |seen| {
        let good = format!("Bearer token-{}", latest.load(Ordering::SeqCst));
        if seen.authorization() == Some(&good) {
            return reply(200).body("manifest");
        }
        let challenge = format!("Bearer realm=\"{realm}\",service=\"the registry\",scope=\"repository:demo:pull\"");
        reply(401)
            .header("WWW-Authenticate", "Negotiate, Basic realm=\"unused\"")
            .header("WWW-Authenticate", challenge)
    });
    (server, registry)
}

fn token(number: usize, more: &str) -> Answer {
    reply(200).body(format!("{{\"token\":\"token-{number}\"{more}}}"))
}

#[tokio::test]
async fn a_password_is_sent_after_a_challenge_and_its_source_is_asked_once() {
    let registry = basic_registry();
    let logins = Logins::with(&registry.address, password());
    let registries = logged_in(logins.clone());
    let pull = client(&registries, &registry.address, Access::Pull);
    manifest(&pull).await.unwrap();
    manifest(&pull).await.unwrap();
    let push = client(&registries, &registry.address, Access::Push);
    push.blob_exists(&digest()).await.unwrap();
    let basic = Some(BASIC.to_owned());
    assert_eq!(registry.authorizations(), [None, basic.clone(), basic.clone(), basic]);
    assert_eq!(logins.asked(), 1);
}

#[tokio::test]
async fn a_wrong_password_is_tried_once_and_named() {
    let registry = Server::start(|_| reply(401).header("WWW-Authenticate", "Basic realm=\"r\""));
    let registries = logged_in(Logins::with(&registry.address, password()));
    let error = manifest(&client(&registries, &registry.address, Access::Pull))
        .await
        .unwrap_err();
    let address = &registry.address;
    assert_eq!(
        error.to_string(),
        format!(
            "the registry did not accept the credentials for ann at {address}; try: container registry login {address}"
        )
    );
    assert_eq!(registry.requests().len(), 2);
}

#[tokio::test]
async fn without_a_credential_the_error_suggests_a_login() {
    let registry = basic_registry();
    let registries = logged_in(Arc::new(NoCredentials));
    let error = manifest(&client(&registries, &registry.address, Access::Pull))
        .await
        .unwrap_err();
    assert!(matches!(error, RegistryError::Unauthorized { .. }), "{error}");
    assert!(error.to_string().contains("container registry login"), "{error}");
}

#[tokio::test]
async fn a_token_is_fetched_for_the_clients_scopes_and_kept() {
    let (server, registry) = bearer_registry(|_, number| token(number, ""));
    let registries = logged_in(Logins::with(&registry.address, password()));
    let pull = client(&registries, &registry.address, Access::Pull);
    manifest(&pull).await.unwrap();
    manifest(&pull).await.unwrap();
    let asked = server.requests();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].authorization(), Some(BASIC));
    assert_eq!(
        asked[0].query,
        "kept=yes&service=the+registry&account=ann&scope=repository%3Ademo%3Apull"
    );
    assert_eq!(registry.requests().len(), 3, "only the first request is refused");

    let push = client(&registries, &registry.address, Access::Push);
    push.blob_exists(&digest()).await.unwrap();
    let query = server.requests()[1].query.clone();
    assert!(query.ends_with("&scope=repository%3Ademo%3Apull%2Cpush"), "{query}");
    assert_eq!(registry.requests().len(), 4, "the registry's wishes are known");
}

#[tokio::test]
async fn a_token_is_renewed_when_it_ends_and_when_it_is_refused() {
    let (server, registry) = bearer_registry(|_, number| token(number, ",\"expires_in\":1"));
    let registries = logged_in(Arc::new(NoCredentials));
    let pull = client(&registries, &registry.address, Access::Pull);
    manifest(&pull).await.unwrap();
    // The token has expired by then, so a new one is fetched before the request.
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    manifest(&pull).await.unwrap();
    assert_eq!((server.requests().len(), registry.requests().len()), (2, 3));

    // A registry that takes its latest token only.
    let (server, registry) = bearer_registry(|_, number| token(number, ",\"expires_in\":3600"));
    let pull = client(&registries, &registry.address, Access::Pull);
    manifest(&pull).await.unwrap();
    // Another client gets a token, which invalidates ours.
    let other = logged_in(Arc::new(NoCredentials));
    manifest(&client(&other, &registry.address, Access::Pull))
        .await
        .unwrap();
    manifest(&pull).await.unwrap();
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn empty_fields_of_a_challenge_and_a_token_answer_count_as_missing() {
    let server = Server::start(|_| reply(200).body("{\"token\":\"\",\"access_token\":\"t\",\"expires_in\":0}"));
    let realm = server.url("/token");
    for (challenge, requests) in [
        (format!("Bearer realm=\"{realm}\",service=\"\",scope=\"\""), (1, 3)),
        ("Bearer realm=\"\", Basic realm=\"\"".to_owned(), (0, 3)),
    ] {
        let before = server.requests().len();
        let registry = Server::start(move |seen| match seen.authorization() {
            Some(_) => reply(200).body("manifest"),
            None => reply(401).header("WWW-Authenticate", &challenge),
        });
        let registries = logged_in(Logins::with(&registry.address, password()));
        let pull = client(&registries, &registry.address, Access::Pull);
        manifest(&pull).await.unwrap();
        manifest(&pull).await.unwrap();
        assert_eq!((server.requests().len() - before, registry.requests().len()), requests);
    }
    assert!(server.requests().iter().all(|seen| !seen.query.contains("service")));
}

#[tokio::test]
async fn requests_at_once_share_one_token() {
    let (server, registry) = bearer_registry(|_, number| token(number, ""));
    let registries = logged_in(Arc::new(NoCredentials));
    let pull = client(&registries, &registry.address, Access::Pull);
    let (one, two, three) = tokio::join!(manifest(&pull), manifest(&pull), manifest(&pull));
    one.and(two).and(three).unwrap();
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn an_identity_token_is_exchanged_by_post() {
    let (server, registry) = bearer_registry(|_, number| {
        reply(200).body(format!("{{\"access_token\":\"token-{number}\",\"expires_in\":60}}"))
    });
    let identity = Credential::IdentityToken(Secret::new("a+b/c="));
    let registries = logged_in(Logins::with(&registry.address, identity));
    manifest(&client(&registries, &registry.address, Access::Pull))
        .await
        .unwrap();
    let asked = server.requests();
    assert!(asked[0].is("POST", "/token"));
    assert_eq!(asked[0].authorization(), None);
    assert_eq!(asked[0].query, "kept=yes");
    assert_eq!(
        String::from_utf8_lossy(&asked[0].body),
        "grant_type=refresh_token&client_id=container&service=the+registry&scope=repository%3Ademo%3Apull&\
         refresh_token=a%2Bb%2Fc%3D"
    );
}

#[tokio::test]
async fn a_token_server_that_refuses_is_quoted_without_secrets() {
    for (status, identity) in [(401, false), (403, false), (400, true)] {
        let (_server, registry) = bearer_registry(move |_, _| reply(status).body("{\"details\":\"go away\"}"));
        let credential = match identity {
            true => Credential::IdentityToken(Secret::new(PASSWORD)),
            false => password(),
        };
        let registries = logged_in(Logins::with(&registry.address, credential));
        let error = manifest(&client(&registries, &registry.address, Access::Pull))
            .await
            .unwrap_err();
        assert!(matches!(error, RegistryError::BadCredentials { .. }), "{error}");
        assert!(!format!("{error} {error:?} {registries:?}").contains(PASSWORD));
    }
}

#[tokio::test]
async fn a_token_that_is_refused_ends_after_two_requests() {
    let (server, registry) = bearer_registry(|_, _| reply(200).body("{\"token\":\"useless\"}"));
    for (logins, text) in [
        (Logins::with("elsewhere", password()), "without a login"),
        (
            Logins::with(&registry.address, password()),
            "does not allow this to ann",
        ),
    ] {
        let before = registry.requests().len();
        let registries = logged_in(logins);
        let error = manifest(&client(&registries, &registry.address, Access::Pull))
            .await
            .unwrap_err();
        assert!(error.to_string().contains(text), "{error}");
        assert_eq!(registry.requests().len() - before, 2);
    }
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn a_broken_credential_store_keeps_nobody_from_a_public_image() {
    let (_server, registry) = bearer_registry(|_, number| token(number, ""));
    let registries = logged_in(Logins::broken());
    manifest(&client(&registries, &registry.address, Access::Pull))
        .await
        .unwrap();
    let private = basic_registry();
    let error = manifest(&client(&registries, &private.address, Access::Pull))
        .await
        .unwrap_err();
    let cause = format!(
        "cannot read the credentials for {} from a test: it is broken",
        private.address
    );
    assert!(error.to_string().contains(&cause), "{error}");
    let registries = logged_in(Logins::broken());
    let push = client(&registries, &registry.address, Access::Push);
    let error = push.blob_exists(&digest()).await.unwrap_err();
    assert!(matches!(error, RegistryError::Credentials(_)), "{error}");
}

#[tokio::test]
async fn nonsense_from_a_token_server_is_an_error() {
    for body in ["<html>", "{}", "{\"token\":\"\"}", "{\"token\":\"a\\nb\"}"] {
        let (_server, registry) = bearer_registry(move |_, _| reply(200).body(body));
        let registries = logged_in(Arc::new(NoCredentials));
        let error = manifest(&client(&registries, &registry.address, Access::Pull))
            .await
            .unwrap_err();
        assert!(error.to_string().contains("sent no token"), "{error}");
    }
    let (_server, registry) = bearer_registry(|_, _| reply(200).endless());
    let registries = logged_in(Arc::new(NoCredentials));
    let error = manifest(&client(&registries, &registry.address, Access::Pull))
        .await
        .unwrap_err();
    assert!(matches!(error, RegistryError::TooLarge { .. }), "{error}");
}
