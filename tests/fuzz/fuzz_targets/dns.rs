//! Any bytes as a query of a machine, and as the answer of a resolver: replies are messages with the identifier that the client gave, no
//! larger than it takes, and nothing stays under way.
#![no_main]

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use container_network::names::{Action, Answer, Answerer, Forwarder, Limits, Over, Zone};
use hickory_proto::op::{Message, MessageType};
use libfuzzer_sys::fuzz_target;

/// Longest time that a query is under way: three resolvers, each asked twice for two seconds.
const LONGEST: Duration = Duration::from_secs(12);

fuzz_target!(|input: (bool, Vec<u8>, Vec<Vec<u8>>)| {
    let (is_tcp, query, answers) = input;
    let over = if is_tcp { Over::Tcp } else { Over::Udp };
    match answerer().answer(&query, over) {
        Answer::Reply(reply) => check(&query, &reply),
        Answer::Forward => {}
        Answer::Ignore => assert!(query.len() < 12 || query[2] & 0x80 != 0, "a query without a reply"),
    }
    forward(&query, over, &answers);
});

fn answerer() -> Answerer {
    let mut answerer = Answerer::new(Zone {
        network: "n".to_owned(),
        domains: vec!["d".to_owned()],
        shared_domain: None,
        ipv4_subnet: "10.1.0.0/16".parse().expect("a subnet"),
        ipv6_subnet: "fd00::/64".parse().expect("a subnet"),
        host_access: vec![Ipv4Addr::new(10, 1, 255, 254).into()],
        has_way_out: true,
    });
    let table = answerer.table_mut();
    for key in 0..40 {
        let ipv6 = Ipv6Addr::from(0xfd00_u128 << 112 | u128::from(key));
        table.insert(key, &["a".to_owned(), "b.c".to_owned()], Some(Ipv4Addr::new(10, 1, 0, key as u8)), Some(ipv6));
    }
    answerer
}

fn check(query: &[u8], reply: &[u8]) {
    let reply = Message::from_vec(reply).expect("a reply is a message");
    assert_eq!(reply.metadata.message_type, MessageType::Response);
    assert_eq!(reply.metadata.id.to_be_bytes(), query[..2]);
}

/// Lets resolvers say the answers, with the identifier of the query and its question before every second one.
fn forward(query: &[u8], over: Over, answers: &[Vec<u8>]) {
    let mut forwarder = Forwarder::new(Limits::default(), || 7);
    forwarder.set_servers(&[1, 2, 3].map(|last| SocketAddr::from(([10, 0, 0, last], 53))));
    forwarder.submit(Duration::ZERO, 1, 1, query, over);
    let mut answers = answers.iter().enumerate();
    let mut replies = 0;
    let is_query = forwarder.pending() == 1;
    loop {
        let (upstream, sent) = match forwarder.next_action() {
            Some(Action::Send { upstream, bytes, .. } | Action::SendTcp { upstream, bytes, .. }) => (upstream, bytes),
            Some(Action::Close { .. }) => continue,
            Some(Action::Reply { bytes, .. }) => {
                assert_eq!(bytes[..2], query[..2]);
                replies += 1;
                continue;
            }
            None => break,
        };
        let Some((turn, answer)) = answers.next() else {
            continue;
        };
        let mut bytes = answer.clone();
        if turn % 2 == 0 {
            bytes = [&sent, answer.as_slice()].concat();
            bytes[2] |= 0x80;
            bytes[3] = answer.first().copied().unwrap_or(0);
        }
        forwarder.received(Duration::ZERO, upstream, &bytes);
    }
    for second in 0..=LONGEST.as_secs() {
        forwarder.expire(Duration::from_secs(second));
    }
    while let Some(action) = forwarder.next_action() {
        replies += usize::from(matches!(action, Action::Reply { .. }));
    }
    assert_eq!(forwarder.pending(), 0);
    assert!(!is_query || replies == 1, "one reply for each query");
}
