//! Mirrors: in which order they are asked, and what happens when one fails.
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
use container_registry::{Access, NoCredentials, RegistryError};
use support::{blob, client, digest, manifest, mirrored};

const DIGEST_PATH: &str = "/v2/demo/blobs/sha256:0707070707070707070707070707070707070707070707070707070707070707";

#[tokio::test]
async fn mirrors_are_asked_in_their_order_before_the_registry() {
    let first = Server::start(|_| reply(500));
    let second = Server::start(|seen| match seen.path.contains("manifests") {
        true => reply(200).body("from the mirror"),
        false => reply(404),
    });
    let registry = Server::start(|_| reply(200).body("from the registry"));
    let second_url = second.url("");
    let registries = mirrored(
        &registry.address,
        &[&first.address, &second_url],
        Arc::new(NoCredentials),
    );
    let pull = client(&registries, &registry.address, Access::Pull);
    assert_eq!(manifest(&pull).await.unwrap(), b"from the mirror");
    assert_eq!(blob(&pull, &digest()).await.unwrap(), b"from the registry");
    assert_eq!(manifest(&pull).await.unwrap(), b"from the mirror");
    assert_eq!(first.requests().len(), 1, "a broken mirror is asked once");
    assert_eq!(
        second.requests().len(),
        3,
        "one that lacks something is asked for the next thing"
    );
    assert_eq!(registry.log(), [format!("GET {DIGEST_PATH}")]);

    let push = client(&registries, &registry.address, Access::Push);
    push.blob_exists(&digest()).await.unwrap();
    assert_eq!(
        second.requests().len(),
        3,
        "what is there is asked where it is pushed to"
    );
}

#[tokio::test]
async fn docker_hubs_mirror_is_asked_for_the_same_repository() {
    let mirror = Server::start(|_| reply(200).body("manifest"));
    let registries = mirrored("docker.io", &[&mirror.address], Arc::new(NoCredentials));
    let reference = "alpine:3.20".parse().unwrap();
    let pull = registries
        .client(&reference, container_registry::Scheme::Https, Access::Pull)
        .unwrap();
    pull.manifest("3.20", "tag", 100).await.unwrap();
    assert_eq!(mirror.log(), ["GET /v2/library/alpine/manifests/3.20"]);
}

#[tokio::test]
async fn the_registry_goes_on_where_a_mirror_breaks_off() {
    let mirror = Server::start(|_| reply(200).body("0123456789").cut_after(4));
    let registry = Server::start(|seen| {
        assert_eq!(seen.header("range"), Some("bytes=4-"));
        reply(206).header("Content-Range", "bytes 4-9/10").body("456789")
    });
    let registries = mirrored(&registry.address, &[&mirror.address], Arc::new(NoCredentials));
    let pull = client(&registries, &registry.address, Access::Pull);
    let mut body = pull.blob(&digest(), 0).await.unwrap();
    let mut bytes = body.chunk().await.unwrap().unwrap().to_vec();
    assert!(body.chunk().await.unwrap_err().is_transient());
    let mut rest = pull.blob(&digest(), 4).await.unwrap();
    assert_eq!(rest.start, 4);
    while let Some(chunk) = rest.chunk().await.unwrap() {
        bytes.extend_from_slice(&chunk);
    }
    assert_eq!(bytes, b"0123456789");
}

#[tokio::test]
async fn mirrors_that_lie_can_be_given_up() {
    let mirror = Server::start(|_| reply(200).body("wrong"));
    let registry = Server::start(|_| reply(200).body("right"));
    let registries = mirrored(&registry.address, &[&mirror.address], Arc::new(NoCredentials));
    let pull = client(&registries, &registry.address, Access::Pull);
    assert_eq!(blob(&pull, &digest()).await.unwrap(), b"wrong");
    assert!(pull.give_up_mirrors());
    assert_eq!(blob(&pull, &digest()).await.unwrap(), b"right");
    let without = client(
        &support::logged_in(Arc::new(NoCredentials)),
        &registry.address,
        Access::Pull,
    );
    assert!(!without.give_up_mirrors());
}

#[tokio::test]
async fn a_mirror_without_a_name_is_refused() {
    for mirror in ["", "ftp://m.example", "m.example/path"] {
        let registries = mirrored("r.example", &[mirror], Arc::new(NoCredentials));
        let reference = "r.example/demo".parse().unwrap();
        let client = registries.client(&reference, container_registry::Scheme::Auto, Access::Pull);
        assert!(
            matches!(client.map(|_| ()), Err(RegistryError::BadHost { .. })),
            "{mirror}"
        );
    }
}
