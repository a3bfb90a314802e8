//! Two relays with queues between them, as the two sides of a machine's border have them.

use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;

use super::*;

const PATIENCE: Duration = Duration::from_secs(20);

/// The two programs, and the relays between them.
struct Connection {
    near: UnixStream,
    far: UnixStream,
    relays: [JoinHandle<()>; 2],
}

fn connection() -> Connection {
    let (near, near_relayed) = UnixStream::pair().unwrap();
    let (far, far_relayed) = UnixStream::pair().unwrap();
    let (to_far, from_near) = mpsc::channel(4);
    let (to_near, from_far) = mpsc::channel(4);
    let same = |piece| piece;
    let relays = [
        tokio::spawn(relay(near_relayed, ReceiverStream::new(from_far), to_far, same)),
        tokio::spawn(relay(far_relayed, ReceiverStream::new(from_near), to_near, same)),
    ];
    Connection { near, far, relays }
}

async fn ended(relays: [JoinHandle<()>; 2]) {
    for relay in relays {
        timeout(PATIENCE, relay).await.expect("the relay goes on").unwrap();
    }
}

async fn read_to_end(socket: &mut UnixStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    timeout(PATIENCE, socket.read_to_end(&mut bytes))
        .await
        .expect("no end")
        .unwrap();
    bytes
}

fn pattern(length: usize, seed: u8) -> Vec<u8> {
    (0..length)
        .map(|index| (index / 251) as u8 ^ (index as u8) ^ seed)
        .collect()
}

#[tokio::test]
async fn bytes_pass_in_both_directions_at_once() {
    let Connection { near, far, relays } = connection();
    let exchange = |mut socket: UnixStream, own: u8, other: u8| async move {
        let (mut reader, mut writer) = socket.split();
        let (sent, expected) = (pattern(5 << 20, own), pattern(5 << 20, other));
        let mut got = Vec::new();
        let write = async {
            writer.write_all(&sent).await.unwrap();
            writer.shutdown().await.unwrap();
        };
        tokio::join!(write, async { reader.read_to_end(&mut got).await.unwrap() });
        assert!(got == expected, "{} bytes came of {}", got.len(), expected.len());
    };
    let exchanges = async { tokio::join!(exchange(near, 1, 2), exchange(far, 2, 1)) };
    timeout(PATIENCE, exchanges).await.unwrap();
    ended(relays).await;
}

#[tokio::test]
async fn an_answer_comes_back_after_the_end_of_the_question() {
    let Connection {
        mut near,
        mut far,
        relays,
    } = connection();
    near.write_all(b"question").await.unwrap();
    near.shutdown().await.unwrap();
    assert_eq!(read_to_end(&mut far).await, b"question");
    tokio::time::sleep(2 * CLOSED_POLL).await;
    far.write_all(b"answer").await.unwrap();
    drop(far);
    assert_eq!(read_to_end(&mut near).await, b"answer");
    ended(relays).await;
}

#[tokio::test]
async fn a_program_that_closes_after_its_answer_has_said_everything() {
    let Connection {
        mut near,
        mut far,
        relays,
    } = connection();
    let answer = pattern(1 << 20, 3);
    let expected = answer.clone();
    let answering = tokio::spawn(async move {
        far.write_all(&answer).await.unwrap();
        // Its end is still in the other's way when this has gone.
        drop(far);
    });
    near.write_all(b"not read by anybody").await.unwrap();
    let mut got = vec![0; expected.len()];
    timeout(PATIENCE, near.read_exact(&mut got)).await.unwrap().unwrap();
    assert!(got == expected);
    answering.await.unwrap();
    drop(near);
    ended(relays).await;
}

#[tokio::test]
async fn a_program_that_waits_hears_that_the_other_is_gone() {
    let Connection {
        mut near,
        mut far,
        relays,
    } = connection();
    near.shutdown().await.unwrap();
    assert!(read_to_end(&mut far).await.is_empty());
    // `far` says nothing and keeps its socket; only the end of `near` ends the connection.
    drop(near);
    ended(relays).await;
    assert!(far.write_all(b"late").await.is_err());
}

#[tokio::test]
async fn a_reader_that_stalls_holds_up_the_writer() {
    let Connection {
        mut near,
        mut far,
        relays,
    } = connection();
    let bytes = pattern(16 << 20, 4);
    let mut written = 0;
    while let Ok(Ok(length)) = timeout(Duration::from_millis(300), near.write(&bytes[written..])).await {
        written += length;
    }
    // Two queues of four chunks, what the relays hold, and what the kernel does.
    assert!(written < 3 << 20, "{written} bytes are on their way");
    let rest = async {
        near.write_all(&bytes[written..]).await.unwrap();
        near.shutdown().await.unwrap();
        read_to_end(&mut near).await
    };
    let (_, got) = tokio::join!(rest, async {
        let got = read_to_end(&mut far).await;
        far.shutdown().await.unwrap();
        got
    });
    assert!(got == bytes);
    ended(relays).await;
}

#[tokio::test]
async fn the_socket_closes_when_the_messages_break_off() {
    let (mut near, relayed) = UnixStream::pair().unwrap();
    let (to_near, from_far) = mpsc::channel(1);
    let (to_far, _from_near) = mpsc::channel(1);
    let relay = tokio::spawn(relay(relayed, ReceiverStream::new(from_far), to_far, |piece| piece));
    to_near.send(Relayed::Data(b"half an".to_vec())).await.unwrap();
    drop(to_near);
    assert_eq!(read_to_end(&mut near).await, b"half an");
    timeout(PATIENCE, relay).await.unwrap().unwrap();
}
