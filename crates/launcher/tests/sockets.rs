//! Unix sockets that host and container share, with a fake guest whose sockets are real.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod harness;

use std::path::{Path, PathBuf};
use std::time::Duration;

use container_hypervisor::fake::{Guest, Outcome, Process};
use container_launcher::control::v1::StopRequest;
use container_launcher::control::v1::attach_response::Response as Event;
use container_model::{Mount, PublishedSocket, SocketMount, UnknownFields};
use harness::{Attached, Launcher, PATIENCE, World, owner};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use tokio::time::timeout;

fn guest() -> Guest {
    Guest::running(|_| Process::ends(Outcome::UntilSignal { ignores: Vec::new() }))
}

fn published(host_path: &Path, container_path: &str) -> PublishedSocket {
    PublishedSocket {
        host_path: host_path.to_owned(),
        container_path: container_path.to_owned(),
        unknown: UnknownFields::new(),
    }
}

fn mounted(source: &Path, target: &str) -> Mount {
    Mount::Socket(SocketMount {
        source: source.to_owned(),
        target: target.to_owned(),
        read_only: false,
        unknown: UnknownFields::new(),
    })
}

/// Starts a container and waits until it runs.
async fn start(world: &World, guest: &Guest) -> (Launcher, Attached) {
    let launcher = world.launch(guest);
    let mut attached = launcher.attach(owner()).await;
    let event = attached.next().await;
    assert!(matches!(event, Some(Event::Running(_))), "{event:?}");
    (launcher, attached)
}

async fn stop(mut launcher: Launcher, mut attached: Attached) {
    let kill = StopRequest {
        signal: 9,
        timeout_ms: 0,
    };
    launcher.client.stop(kill).await.unwrap();
    attached.finish().await;
    launcher.ended().await;
}

/// Answers every connection with what it says, after its end.
fn echo(listener: UnixListener) {
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut bytes = Vec::new();
                socket.read_to_end(&mut bytes).await.unwrap();
                let _ = socket.write_all(&bytes).await;
            });
        }
    });
}

async fn ask(path: &Path, bytes: Vec<u8>) -> Vec<u8> {
    ask_over(UnixStream::connect(path).await.unwrap(), bytes).await
}

async fn ask_over(mut socket: UnixStream, bytes: Vec<u8>) -> Vec<u8> {
    let mut answer = Vec::new();
    let asking = async {
        socket.write_all(&bytes).await.unwrap();
        socket.shutdown().await.unwrap();
        socket.read_to_end(&mut answer).await.unwrap();
    };
    timeout(PATIENCE, asking).await.expect("no answer");
    answer
}

/// A directory for the test's own sockets.
fn place() -> (tempfile::TempDir, [PathBuf; 2]) {
    let directory = tempfile::tempdir().unwrap();
    let paths = ["near", "far"].map(|name| directory.path().join(name));
    (directory, paths)
}

#[tokio::test]
async fn connections_reach_the_container_s_socket_and_the_host_s_goes_with_the_container() {
    let (_directory, [near, far]) = place();
    let world = World::new(|config| config.published_sockets = vec![published(&near, "/run/app.sock")]);
    let guest = guest().with_socket("/run/app.sock", &far);
    let (launcher, attached) = start(&world, &guest).await;
    // The program listens later than the host.
    let early = UnixStream::connect(&near).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    echo(UnixListener::bind(&far).unwrap());
    assert_eq!(ask_over(early, b"early".to_vec()).await, b"early");
    let large: Vec<u8> = (0..4 << 20).map(|index| (index % 251) as u8).collect();
    assert!(ask(&near, large.clone()).await == large);
    stop(launcher, attached).await;
    assert!(!near.exists());
}

#[tokio::test]
async fn a_stalled_connection_holds_up_no_other_and_hundreds_wait_their_turn() {
    let (_directory, [near, far]) = place();
    let world = World::new(|config| config.published_sockets = vec![published(&near, "/s")]);
    let listener = UnixListener::bind(&far).unwrap();
    let (launcher, attached) = start(&world, &guest().with_socket("/s", &far)).await;
    let mut stalled = UnixStream::connect(&near).await.unwrap();
    let (_unread, _) = timeout(PATIENCE, listener.accept()).await.unwrap().unwrap();
    let filling = async { while stalled.write_all(&[7; 64 << 10]).await.is_ok() {} };
    assert!(timeout(Duration::from_millis(300), filling).await.is_err());
    echo(listener);
    let asking = (0..400_u32).map(|number| {
        let near = near.clone();
        tokio::spawn(async move { ask(&near, number.to_be_bytes().to_vec()).await })
    });
    let asking: Vec<_> = asking.collect();
    for (number, answer) in (0..400_u32).zip(asking) {
        assert_eq!(answer.await.unwrap(), number.to_be_bytes());
    }
    stop(launcher, attached).await;
}

#[tokio::test]
async fn programs_of_the_container_reach_the_host_s_socket_whenever_it_is_there() {
    let (_directory, [inside, source]) = place();
    let world = World::new(|config| config.mounts = vec![mounted(&source, "/run/host.sock")]);
    let guest = guest().with_listener(0, UnixListener::bind(&inside).unwrap());
    let (launcher, attached) = start(&world, &guest).await;
    let asked = &guest.observed().containers[0].mounts[0];
    assert_eq!(asked.target, "/run/host.sock");
    assert_eq!(asked.socket.as_ref().unwrap().owner, "0:0");
    assert!(ask(&inside, Vec::new()).await.is_empty(), "nobody listens on the host");
    // A program of the host that is started, and started again.
    for _ in 0..2 {
        let _ = std::fs::remove_file(&source);
        echo(UnixListener::bind(&source).unwrap());
        assert_eq!(ask(&inside, b"hello".to_vec()).await, b"hello");
    }
    stop(launcher, attached).await;
}

#[tokio::test]
async fn the_ssh_agent_is_that_of_the_start() {
    let (_directory, [inside, agent]) = place();
    let mut world = World::new(|config| config.ssh = true);
    echo(UnixListener::bind(&agent).unwrap());
    for is_there in [true, false] {
        let _ = std::fs::remove_file(&inside);
        world.ssh_agent = is_there.then(|| agent.clone());
        let guest = guest().with_listener(0, UnixListener::bind(&inside).unwrap());
        let (launcher, attached) = start(&world, &guest).await;
        assert_eq!(
            guest.observed().containers[0].mounts[0].target,
            "/var/host-services/ssh-auth.sock"
        );
        assert_eq!(ask(&inside, b"list".to_vec()).await == b"list", is_there);
        stop(launcher, attached).await;
    }
}

#[tokio::test]
async fn connections_end_with_the_container() {
    let (_directory, [near, far]) = place();
    let world = World::new(|config| config.published_sockets = vec![published(&near, "/s")]);
    let listener = UnixListener::bind(&far).unwrap();
    let (launcher, attached) = start(&world, &guest().with_socket("/s", &far)).await;
    let mut host = UnixStream::connect(&near).await.unwrap();
    let (mut program, _) = listener.accept().await.unwrap();
    stop(launcher, attached).await;
    for socket in [&mut host, &mut program] {
        let mut rest = Vec::new();
        timeout(PATIENCE, socket.read_to_end(&mut rest))
            .await
            .expect("it stays open")
            .unwrap();
    }
}

#[tokio::test]
async fn a_socket_that_is_somebody_else_s_keeps_the_container_from_starting() {
    let (_directory, [near, taken]) = place();
    let _listener = UnixListener::bind(&taken).unwrap();
    let world = World::new(|config| config.published_sockets = vec![published(&near, "/a"), published(&taken, "/b")]);
    let launcher = world.launch(&guest());
    let seen = launcher.attach(owner()).await.finish().await;
    let message = seen.failure.expect("a failure").message;
    assert!(message.contains("a program listens on the socket"), "{message}");
    launcher.ended().await;
    assert!(!near.exists() && taken.exists());
}
