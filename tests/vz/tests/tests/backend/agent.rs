//! The way to the agent.

use std::time::Duration;

use container_hypervisor::{ConnectError, MachineError};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::case::{case, descriptor_count};
use crate::machines::{Lab, connect};

case!(bytes_go_both_ways_until_the_machine_ends, "", async || {
    let lab = Lab::new().await;
    let machine = lab.started().await;
    let (mut stream, attempt_count) = connect(&machine).await;
    assert_eq!(attempt_count, 1);
    assert!(matches!(machine.agent_connector(), Err(MachineError::StreamTaken)));
    stream.write_all(b"ping").await.unwrap();
    let mut answer = [0; 4];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"ping");
    machine.kill().await.unwrap();
    // The end of the machine is the end of the stream, whichever way the system puts it.
    let rest = stream.read(&mut answer).await;
    assert!(matches!(rest, Ok(0) | Err(_)), "{rest:?}");
});

case!(a_stream_may_outlive_its_machine, "", async || {
    let machine = Lab::new().await.started().await;
    let (stream, _) = connect(&machine).await;
    drop(machine);
    tokio::time::sleep(Duration::from_millis(50)).await;
    drop(stream);
});

case!(a_stream_that_is_dropped_gives_its_connection_back, "", async || {
    let machine = Lab::new().await.started().await;
    let before = descriptor_count();
    let mut connector = machine.agent_connector().unwrap();
    for _ in 0..10 {
        drop(connector.connect().await.unwrap());
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    // The made-up guest keeps its two ends until the machine ends.
    assert!(descriptor_count() <= before + 20, "{before} and {}", descriptor_count());
    machine.kill().await.unwrap();
});

case!(
    an_attempt_that_is_refused_is_followed_by_one_that_succeeds,
    "connect-refused=2",
    async || {
        let machine = Lab::new().await.started().await;
        let (stream, attempt_count) = connect(&machine).await;
        assert_eq!(attempt_count, 3);
        drop(stream);
        machine.kill().await.unwrap();
    }
);

case!(
    an_answer_that_comes_after_its_caller_has_gone_leaks_nothing,
    "connect-late=60",
    async || {
        let machine = Lab::new().await.started().await;
        let mut connector = machine.agent_connector().unwrap();
        for _ in 0..5 {
            // It is asked for, and its caller has gone before the framework can have answered.
            tokio::select! {
                biased;
                connected = connector.connect() => panic!("{:?}", connected.map(drop)),
                () = std::future::ready(()) => {}
            }
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        let stream = connector.connect().await.unwrap();
        drop(stream);
        machine.kill().await.unwrap();
    }
);

case!(
    a_silent_guest_can_be_killed_and_is_said_to_have_ended,
    "connect-silent",
    async || {
        let machine = Lab::new().await.started().await;
        let mut connector = machine.agent_connector().unwrap();
        let attempt = tokio::time::timeout(Duration::from_millis(20), connector.connect()).await;
        assert!(attempt.is_err());
        machine.kill().await.unwrap();
        let error = connector.connect().await.unwrap_err();
        assert!(matches!(&error, ConnectError::Stream { .. }), "{error}");
    }
);
