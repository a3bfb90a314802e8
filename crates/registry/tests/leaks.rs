//! Credentials are sent only to the registry that they are for.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]
#![allow(dead_code, reason = "each test binary uses its own part of the shared support")]

mod support;

use std::sync::Arc;

use container_fixtures::{Server, reply};
use container_registry::{Access, BlobFile, Credential, RegistryError, Secret};
use support::{Logins, PASSWORD, blob, client, digest, logged_in, manifest, mirrored, password};

/// Whether any request that the server received has a credential in it.
fn has_leaked(server: &Server) -> bool {
    server.requests().iter().any(|seen| {
        let all = format!("{seen:?} {}", String::from_utf8_lossy(&seen.body));
        seen.authorization().is_some() || all.contains(PASSWORD) || all.contains("YW5u")
    })
}

/// A registry that takes the password and redirects requests for blobs to `location`.
fn redirecting(location: String) -> Server {
    Server::start(move |seen| match seen.authorization() {
        Some(_) => reply(307).header("Location", location.clone()),
        None => reply(401).header("WWW-Authenticate", "Basic realm=\"r\""),
    })
}

#[tokio::test]
async fn a_redirect_to_another_host_goes_without_the_login() {
    let cdn = Server::start(|_| reply(200).body("layer"));
    let registry = redirecting(format!("http://spy:spy@{}/layer?signature=x", cdn.address));
    let registries = logged_in(Logins::with(&registry.address, password()));
    let pull = client(&registries, &registry.address, Access::Pull);
    assert_eq!(blob(&pull, &digest()).await.unwrap(), b"layer");
    assert_eq!(blob(&pull, &digest()).await.unwrap(), b"layer");
    assert_eq!(cdn.requests().len(), 2);
    assert!(!has_leaked(&cdn), "{:?}", cdn.requests());
}

#[tokio::test]
async fn a_challenge_after_a_redirect_gets_no_login() {
    for challenge in ["Basic realm=\"r\"", "Bearer realm=\"REALM\""] {
        let server = Server::start(|_| reply(200).body("{\"token\":\"t\"}"));
        let challenge = challenge.replace("REALM", &server.url("/token"));
        let thief = Server::start(move |_| reply(401).header("WWW-Authenticate", challenge.clone()));
        let registry = redirecting(thief.url("/layer?signature=very-secret"));
        let registries = logged_in(Logins::with(&registry.address, password()));
        let pull = client(&registries, &registry.address, Access::Pull);
        let error = blob(&pull, &digest()).await.unwrap_err();
        assert!(error.to_string().contains(&thief.address), "{error}");
        assert!(!format!("{error:?}").contains("very-secret"), "{error:?}");
        assert_eq!((thief.requests().len(), server.requests().len()), (1, 0));
        assert!(!has_leaked(&thief));
    }
}

#[tokio::test]
async fn a_mirror_gets_its_own_login_and_no_other() {
    let mirror = Server::start(|_| reply(401).header("WWW-Authenticate", "Basic realm=\"r\""));
    let registry = Server::start(|seen| match seen.authorization() {
        Some(_) => reply(200).body("manifest"),
        None => reply(401).header("WWW-Authenticate", "Basic realm=\"r\""),
    });
    let logins = Logins::with(&registry.address, password());
    let registries = mirrored(&registry.address, &[&mirror.address], logins);
    manifest(&client(&registries, &registry.address, Access::Pull))
        .await
        .unwrap();
    assert_eq!(mirror.requests().len(), 1);
    assert!(!has_leaked(&mirror));

    let own = Credential::Password {
        username: "m".to_owned(),
        password: Secret::new("m"),
    };
    let registries = mirrored(
        &registry.address,
        &[&mirror.address],
        Logins::with(&mirror.address, own),
    );
    let _ = manifest(&client(&registries, &registry.address, Access::Pull)).await;
    assert!(mirror.authorizations().contains(&Some("Basic bTpt".to_owned())));
    assert!(!registry.authorizations().contains(&Some("Basic bTpt".to_owned())));
}

#[tokio::test]
async fn an_upload_that_goes_on_elsewhere_goes_without_the_login() {
    let storage = Server::start(|_| reply(201));
    let location = storage.url("/upload?state=1");
    let registry = Server::start(move |seen| match (seen.authorization(), seen.method.as_str()) {
        (None, _) => reply(401).header("WWW-Authenticate", "Basic realm=\"r\""),
        (Some(_), "POST") => reply(202).header("Location", location.clone()),
        _ => reply(404),
    });
    let registries = logged_in(Logins::with(&registry.address, password()));
    let push = client(&registries, &registry.address, Access::Push);
    let content = BlobFile {
        file: Arc::new(tempfile::tempfile().unwrap()),
        size_bytes: 0,
    };
    push.upload_blob(&digest(), &content, None, drop, drop).await.unwrap();
    assert_eq!(storage.log(), ["PUT /upload"]);
    assert!(storage.requests()[0].query.starts_with("state=1&digest=sha256%3A"));
    assert!(!has_leaked(&storage));
}

#[tokio::test]
async fn a_login_is_not_sent_in_plain_text_to_another_host() {
    let challenge = "Bearer realm=\"http://192.0.2.1/token\",service=\"s\"";
    let registry = Server::start(move |_| reply(401).header("WWW-Authenticate", challenge));
    for credential in [password(), Credential::IdentityToken(Secret::new(PASSWORD))] {
        let registries = logged_in(Logins::with(&registry.address, credential));
        let error = manifest(&client(&registries, &registry.address, Access::Pull))
            .await
            .unwrap_err();
        assert!(matches!(error, RegistryError::InsecureRealm { .. }), "{error}");
    }
}

#[tokio::test]
async fn an_identity_token_follows_no_redirect() {
    let thief = Server::start(|_| reply(200).body("{\"token\":\"t\"}"));
    let location = thief.url("/token");
    let server = Server::start(move |_| reply(307).header("Location", location.clone()));
    let challenge = format!("Bearer realm=\"{}\"", server.url("/token"));
    let registry = Server::start(move |_| reply(401).header("WWW-Authenticate", challenge.clone()));
    let identity = Credential::IdentityToken(Secret::new(PASSWORD));
    let registries = logged_in(Logins::with(&registry.address, identity));
    let pull = client(&registries, &registry.address, Access::Pull);
    assert!(manifest(&pull).await.is_err());
    assert_eq!((server.requests().len(), thief.requests().len()), (1, 0));
}

#[tokio::test]
async fn a_token_goes_to_its_registry_only() {
    let server = Server::start(|_| reply(200).body("{\"token\":\"t0ken\"}"));
    let cdn = Server::start(|_| reply(200).body("layer"));
    let (realm, location) = (server.url("/token"), cdn.url("/layer"));
    let registry = Server::start(move |seen| match seen.authorization() {
        Some("Bearer t0ken") => reply(302).header("Location", location.clone()),
        _ => reply(401).header("WWW-Authenticate", format!("Bearer realm=\"{realm}\"")),
    });
    let registries = logged_in(Logins::with(&registry.address, password()));
    let pull = client(&registries, &registry.address, Access::Pull);
    assert_eq!(blob(&pull, &digest()).await.unwrap(), b"layer");
    assert!(!has_leaked(&cdn));
    let foreign = client(&registries, &registry.address, Access::Pull)
        .foreign_blob(&cdn.url("/layer"), 0)
        .await;
    assert!(foreign.is_ok() && !has_leaked(&cdn));
}
