//! Resolvers that answer, refuse, lie and are silent.

use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query};
use hickory_proto::rr::rdata::A;
use hickory_proto::rr::{Name, RData, Record, RecordType};
use proptest::prelude::*;

use super::*;

const CLIENT_ID: u16 = 0x1234;

fn server(last: u8) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, last], 53))
}

fn forwarder_with(limits: Limits, servers: &[u8]) -> Forwarder {
    let mut next = 100;
    let identifiers = move || {
        next += 1;
        next
    };
    let mut forwarder = Forwarder::new(limits, identifiers);
    forwarder.set_servers(&servers.iter().map(|&last| server(last)).collect::<Vec<_>>());
    forwarder
}

fn forwarder(servers: &[u8]) -> Forwarder {
    forwarder_with(Limits::default(), servers)
}

fn query() -> Message {
    let mut message = Message::new(CLIENT_ID, MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(Name::from_ascii("Example.com.").unwrap(), RecordType::A));
    message
}

fn query_bytes() -> Vec<u8> {
    query().to_vec().unwrap()
}

/// The answer of a resolver to what it was sent, with so many addresses.
fn answer(sent: &[u8], addresses: u8) -> Message {
    let sent = Message::from_vec(sent).unwrap();
    let mut reply = Message::response(sent.metadata.id, OpCode::Query);
    reply.add_query(sent.queries[0].clone());
    let record = |last| Record::from_rdata(sent.queries[0].name.clone(), 60, RData::A(A([1, 2, 3, last].into())));
    reply.add_answers((0..addresses).map(record));
    reply
}

fn refusal(sent: &[u8], code: ResponseCode) -> Vec<u8> {
    let mut reply = answer(sent, 0);
    reply.metadata.response_code = code;
    reply.to_vec().unwrap()
}

fn at(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

fn actions(forwarder: &mut Forwarder) -> Vec<Action> {
    std::iter::from_fn(|| forwarder.next_action()).collect()
}

/// The only message that is to be sent now, besides sockets that are closed.
fn sent(forwarder: &mut Forwarder) -> (UpstreamId, SocketAddr, Over, Vec<u8>) {
    let mut sent = actions(forwarder).into_iter().filter_map(|action| match action {
        Action::Send {
            upstream,
            server,
            bytes,
        } => Some((upstream, server, Over::Udp, bytes)),
        Action::SendTcp {
            upstream,
            server,
            bytes,
        } => Some((upstream, server, Over::Tcp, bytes)),
        Action::Close { .. } => None,
        Action::Reply { .. } => panic!("a reply instead of a message to a resolver"),
    });
    let only = sent.next().unwrap();
    assert_eq!(sent.next(), None);
    only
}

/// The only reply that is to be sent now, after the socket was closed.
fn reply(forwarder: &mut Forwarder) -> (u64, Message, usize) {
    let actions = actions(forwarder);
    match actions.as_slice() {
        [Action::Close { .. }, Action::Reply { token, bytes }] | [Action::Reply { token, bytes }] => {
            (*token, Message::from_vec(bytes).unwrap(), bytes.len())
        }
        other => panic!("no reply: {other:?}"),
    }
}

#[test]
fn a_query_goes_out_with_an_identifier_of_its_own_and_its_answer_comes_back_with_the_client_s() {
    let mut forwarder = forwarder(&[1]);
    let query = with_size(query(), 4096).to_vec().unwrap();
    forwarder.submit(at(0), 1, 77, &query, Over::Udp);
    let (upstream, to, over, bytes) = sent(&mut forwarder);
    assert_eq!(
        (to, over, &bytes[..2], &bytes[2..]),
        (server(1), Over::Udp, &[0, 101][..], &query[2..])
    );
    forwarder.received(at(5), upstream, &answer(&bytes, 2).to_vec().unwrap());
    let (token, message, _) = reply(&mut forwarder);
    assert_eq!((token, message.metadata.id, message.answers.len()), (77, CLIENT_ID, 2));
    assert_eq!((forwarder.pending(), forwarder.next_deadline()), (0, None));
}

fn with_size(mut message: Message, size: u16) -> Message {
    let mut edns = Edns::new();
    edns.set_max_payload(size);
    message.set_edns(edns);
    message
}

#[test]
fn only_the_answer_to_what_was_asked_is_believed() {
    let mut forwarder = forwarder(&[1]);
    forwarder.submit(at(0), 1, 1, &query_bytes(), Over::Udp);
    let (upstream, _, _, bytes) = sent(&mut forwarder);
    let right = answer(&bytes, 1);
    let change = |change: &dyn Fn(&mut Message)| {
        let mut message = right.clone();
        change(&mut message);
        message.to_vec().unwrap()
    };
    for wrong in [
        Vec::new(),
        vec![0; 11],
        bytes.clone(),
        change(&|message| message.metadata.id = CLIENT_ID),
        change(&|message| message.queries[0].name = Name::from_ascii("example.org.").unwrap()),
        change(&|message| message.queries[0].query_type = RecordType::AAAA),
        change(&|message| message.queries.clear()),
        change(&|message| {
            message.add_query(Query::query(Name::root(), RecordType::A));
        }),
    ] {
        forwarder.received(at(1), upstream, &wrong);
        assert_eq!(actions(&mut forwarder), [], "{wrong:?}");
    }
    let lower = change(&|message| message.queries[0].name = Name::from_ascii("example.com.").unwrap());
    forwarder.received(at(2), UpstreamId(upstream.0 + 1), &lower);
    assert_eq!(actions(&mut forwarder), []);
    forwarder.received(at(2), upstream, &lower);
    assert_eq!(reply(&mut forwarder).1.answers.len(), 1);
}

#[test]
fn a_silent_resolver_has_two_seconds_and_each_is_asked_twice() {
    let mut forwarder = forwarder(&[1, 2]);
    forwarder.submit(at(0), 1, 1, &query_bytes(), Over::Udp);
    let mut asked = Vec::new();
    for attempt in 0..4 {
        let (_, to, _, bytes) = sent(&mut forwarder);
        asked.push((to, bytes[1]));
        assert_eq!(forwarder.next_deadline(), Some(at(2000 * (attempt + 1))));
        forwarder.expire(at(2000 * (attempt + 1) - 1));
        assert_eq!(actions(&mut forwarder), []);
        forwarder.expire(at(2000 * (attempt + 1)));
    }
    assert_eq!(
        asked,
        [(server(1), 101), (server(2), 102), (server(1), 103), (server(2), 104)],
        "each with a fresh identifier"
    );
    let (_, message, _) = reply(&mut forwarder);
    assert_eq!(
        (message.metadata.id, message.metadata.response_code),
        (CLIENT_ID, ResponseCode::ServFail)
    );
    assert_eq!(message.queries, query().queries);
    assert_eq!(forwarder.pending(), 0);
}

#[test]
fn a_late_answer_is_not_believed_and_the_next_one_s_is() {
    let mut forwarder = forwarder(&[1, 2]);
    forwarder.submit(at(0), 1, 1, &query_bytes(), Over::Udp);
    let (first, _, _, first_bytes) = sent(&mut forwarder);
    forwarder.expire(at(2000));
    let (second, _, _, second_bytes) = sent(&mut forwarder);
    forwarder.received(at(2001), first, &answer(&first_bytes, 1).to_vec().unwrap());
    assert_eq!(actions(&mut forwarder), []);
    forwarder.received(at(2002), second, &answer(&second_bytes, 1).to_vec().unwrap());
    assert_eq!(reply(&mut forwarder).1.answers.len(), 1);
}

#[test]
fn a_silent_resolver_is_asked_last_for_a_while() {
    let mut forwarder = forwarder(&[1, 2]);
    let mut first_asked = |now: u64, answers: bool| {
        forwarder.submit(at(now), 1, 1, &query_bytes(), Over::Udp);
        let (_, to, ..) = sent(&mut forwarder);
        if !answers {
            forwarder.expire(at(now + 2000));
        }
        forwarder.forget_machine(1);
        actions(&mut forwarder);
        to
    };
    assert_eq!(first_asked(0, false), server(1));
    assert_eq!(first_asked(2001, true), server(2));
    assert_eq!(first_asked(11_999, true), server(2));
    assert_eq!(first_asked(12_000, true), server(1));
}

#[test]
fn a_resolver_that_takes_no_connections_is_asked_first_nevertheless() {
    let mut forwarder = forwarder(&[1, 2]);
    forwarder.submit(at(0), 1, 1, &query_bytes(), Over::Tcp);
    sent(&mut forwarder);
    forwarder.expire(at(2000));
    sent(&mut forwarder);
    forwarder.submit(at(2001), 1, 2, &query_bytes(), Over::Udp);
    assert_eq!(sent(&mut forwarder).1, server(1));
}

#[test]
fn a_resolver_that_cannot_answer_gives_way_to_the_next() {
    for code in [ResponseCode::ServFail, ResponseCode::NotImp, ResponseCode::Refused] {
        let mut forwarder = forwarder(&[1, 2]);
        forwarder.submit(at(0), 1, 1, &query_bytes(), Over::Udp);
        let (upstream, _, _, bytes) = sent(&mut forwarder);
        forwarder.received(at(1), upstream, &refusal(&bytes, code));
        let (upstream, to, _, bytes) = sent(&mut forwarder);
        assert_eq!(to, server(2));
        forwarder.received(at(2), upstream, &refusal(&bytes, code));
        assert_eq!(
            reply(&mut forwarder).1.metadata.response_code,
            code,
            "as the last one said"
        );
    }
}

#[test]
fn a_name_that_does_not_exist_is_passed_on() {
    let mut forwarder = forwarder(&[1, 2]);
    forwarder.submit(at(0), 1, 1, &query_bytes(), Over::Udp);
    let (upstream, _, _, bytes) = sent(&mut forwarder);
    forwarder.received(at(1), upstream, &refusal(&bytes, ResponseCode::NXDomain));
    assert_eq!(reply(&mut forwarder).1.metadata.response_code, ResponseCode::NXDomain);
}

#[test]
fn a_socket_that_failed_leads_to_the_next_resolver_at_once() {
    let mut forwarder = forwarder(&[1]);
    forwarder.submit(at(0), 1, 1, &query_bytes(), Over::Udp);
    for _ in 0..2 {
        let (upstream, ..) = sent(&mut forwarder);
        forwarder.failed(at(1), upstream);
    }
    assert_eq!(reply(&mut forwarder).1.metadata.response_code, ResponseCode::ServFail);
}

#[test]
fn without_a_resolver_the_client_knows_at_once() {
    let mut forwarder = forwarder(&[]);
    forwarder.submit(at(0), 1, 5, &query_bytes(), Over::Udp);
    let (token, message, _) = reply(&mut forwarder);
    assert_eq!((token, message.metadata.response_code), (5, ResponseCode::ServFail));
    assert_eq!(forwarder.pending(), 0);
}

#[test]
fn a_client_with_a_connection_has_its_query_asked_over_one_and_by_datagram_where_that_fails() {
    let mut forwarder = forwarder(&[1]);
    forwarder.submit(at(0), 1, 1, &query_bytes(), Over::Tcp);
    let (upstream, _, over, bytes) = sent(&mut forwarder);
    assert_eq!(over, Over::Tcp);
    forwarder.received(at(1), upstream, &answer(&bytes, 200).to_vec().unwrap());
    let (_, message, _) = reply(&mut forwarder);
    assert_eq!((message.answers.len(), message.metadata.truncation), (200, false));

    forwarder.submit(at(0), 1, 1, &query_bytes(), Over::Tcp);
    let (upstream, ..) = sent(&mut forwarder);
    forwarder.failed(at(1), upstream);
    let (upstream, _, over, bytes) = sent(&mut forwarder);
    assert_eq!(over, Over::Udp);
    let mut truncated = answer(&bytes, 3);
    truncated.metadata.truncation = true;
    forwarder.received(at(2), upstream, &truncated.to_vec().unwrap());
    assert_eq!(
        reply(&mut forwarder).1.metadata.response_code,
        ResponseCode::ServFail,
        "a part is no answer on a connection"
    );
}

#[test]
fn a_truncated_answer_says_so_to_a_client_with_datagrams() {
    let mut forwarder = forwarder(&[1]);
    forwarder.submit(at(0), 1, 1, &query_bytes(), Over::Udp);
    let (upstream, _, _, bytes) = sent(&mut forwarder);
    let mut truncated = answer(&bytes, 3);
    truncated.metadata.truncation = true;
    forwarder.received(at(2), upstream, &truncated.to_vec().unwrap());
    let (_, message, _) = reply(&mut forwarder);
    assert!(message.metadata.truncation);
    assert_eq!(message.answers.len(), 3);
}

#[test]
fn an_answer_that_is_too_large_for_the_client_is_cut() {
    for (message, limit) in [(query(), 512), (with_size(query(), 600), 600)] {
        let mut forwarder = forwarder(&[1]);
        forwarder.submit(at(0), 1, 1, &message.to_vec().unwrap(), Over::Udp);
        let (upstream, _, _, bytes) = sent(&mut forwarder);
        forwarder.received(at(2), upstream, &answer(&bytes, 100).to_vec().unwrap());
        let (_, cut, size) = reply(&mut forwarder);
        assert!(cut.metadata.truncation && size <= limit);
        assert_eq!(
            (cut.metadata.id, &cut.queries, cut.edns.is_some()),
            (CLIENT_ID, &message.queries, message.edns.is_some())
        );
    }
}

#[test]
fn a_resolver_that_does_not_understand_the_query_is_quoted() {
    let mut forwarder = forwarder(&[1, 2]);
    forwarder.submit(at(0), 1, 1, &query_bytes(), Over::Udp);
    let (upstream, _, _, bytes) = sent(&mut forwarder);
    let mut bare = answer(&bytes, 0);
    bare.queries.clear();
    bare.metadata.response_code = ResponseCode::FormErr;
    forwarder.received(at(1), upstream, &bare.to_vec().unwrap());
    let (_, message, _) = reply(&mut forwarder);
    assert_eq!(
        (message.metadata.response_code, &message.queries),
        (ResponseCode::FormErr, &query().queries)
    );
}

#[test]
fn a_flood_of_one_machine_is_bounded_and_leaves_room_for_others() {
    let mut forwarder = forwarder_with(
        Limits {
            total: 6,
            per_machine: 4,
        },
        &[1],
    );
    for token in 0..1000 {
        forwarder.submit(at(0), 1, token, &query_bytes(), Over::Udp);
    }
    let flooded = actions(&mut forwarder);
    let is_sent = |action: &&Action| matches!(action, Action::Send { .. });
    assert_eq!(
        (
            flooded.iter().filter(is_sent).count(),
            flooded.len(),
            forwarder.pending()
        ),
        (4, 1000, 4)
    );

    forwarder.submit(at(0), 2, 0, &query_bytes(), Over::Udp);
    let (upstream, _, _, bytes) = sent(&mut forwarder);
    forwarder.submit(at(0), 3, 0, &query_bytes(), Over::Udp);
    sent(&mut forwarder);
    forwarder.submit(at(0), 4, 0, &query_bytes(), Over::Udp);
    assert_eq!(reply(&mut forwarder).1.metadata.response_code, ResponseCode::ServFail);
    forwarder.received(at(1), upstream, &answer(&bytes, 1).to_vec().unwrap());
    reply(&mut forwarder);
    forwarder.submit(at(1), 4, 0, &query_bytes(), Over::Udp);
    sent(&mut forwarder);

    forwarder.forget_machine(1);
    assert_eq!((actions(&mut forwarder).len(), forwarder.pending()), (4, 2));
    forwarder.expire(at(2000));
    forwarder.expire(at(4000));
    forwarder.expire(at(6000));
    assert_eq!(forwarder.pending(), 0);
    assert!(forwarder.per_machine.is_empty() && forwarder.deadlines.is_empty());
}

#[test]
fn what_is_no_query_is_dropped_and_one_that_is_too_large_fails() {
    let mut forwarder = forwarder(&[1]);
    for bytes in [
        Vec::new(),
        vec![0; 12],
        query_bytes()[..14].to_vec(),
        answer(&query_bytes(), 1).to_vec().unwrap(),
    ] {
        forwarder.submit(at(0), 1, 1, &bytes, Over::Udp);
        assert_eq!(actions(&mut forwarder), []);
    }
    let mut large = query();
    large.add_additional(Record::from_rdata(Name::root(), 0, RData::A(A([0; 4].into()))));
    large.additionals = vec![large.additionals[0].clone(); 100];
    forwarder.submit(at(0), 1, 1, &large.to_vec().unwrap(), Over::Tcp);
    assert_eq!(reply(&mut forwarder).1.metadata.response_code, ResponseCode::ServFail);
}

proptest! {
    #[test]
    fn any_bytes_of_a_resolver_give_a_reply_with_the_client_s_identifier_or_none(
        tail in proptest::collection::vec(any::<u8>(), 0..100), keep in 0..40_usize, is_tcp in any::<bool>(),
    ) {
        let mut forwarder = forwarder(&[1, 2]);
        let over = if is_tcp { Over::Tcp } else { Over::Udp };
        forwarder.submit(at(0), 1, 1, &query_bytes(), over);
        let (upstream, _, _, bytes) = sent(&mut forwarder);
        let right = answer(&bytes, 1).to_vec().unwrap();
        let garbled = [&right[..keep.min(right.len())], &tail].concat();
        forwarder.received(at(1), upstream, &garbled);
        for action in actions(&mut forwarder) {
            if let Action::Reply { bytes, .. } = action {
                prop_assert_eq!(&bytes[..2], &CLIENT_ID.to_be_bytes());
            }
        }
        for second in 1..10 {
            forwarder.expire(at(second * 2000));
        }
        prop_assert_eq!(forwarder.pending(), 0);
    }
}
