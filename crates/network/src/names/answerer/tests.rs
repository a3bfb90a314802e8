//! Replies to queries of all kinds.

use std::net::{Ipv4Addr, Ipv6Addr};

use hickory_proto::op::{Edns, MessageType};
use proptest::prelude::*;

use super::*;

const DB: Ipv4Addr = Ipv4Addr::new(192, 168, 64, 2);
const DB_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0x64, 0, 0, 0, 0, 0, 2);

/// `db` has both kinds of addresses, `old` only an IPv4 address, `many` is the alias of a hundred containers.
fn answerer() -> Answerer {
    let mut answerer = Answerer::new(Zone {
        network: "backend".to_owned(),
        domains: vec!["test".to_owned()],
        shared_domain: None,
        ipv4_subnet: "192.168.64.0/24".parse().unwrap(),
        ipv6_subnet: "fd00:64::/64".parse().unwrap(),
        host_access: vec!["192.168.64.254".parse().unwrap()],
        has_way_out: true,
    });
    let table = answerer.table_mut();
    table.insert(2, &["db".to_owned()], Some(DB), Some(DB_V6));
    table.insert(3, &["old".to_owned()], Some(Ipv4Addr::new(192, 168, 64, 3)), None);
    for last in 100..200 {
        table.insert(
            u64::from(last),
            &["many".to_owned()],
            Some(Ipv4Addr::new(192, 168, 64, last)),
            None,
        );
    }
    answerer
}

fn query(name: &str, kind: RecordType) -> Message {
    let mut message = Message::new(0x1234, MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(Name::from_ascii(name).unwrap(), kind));
    message
}

fn with_edns(mut message: Message, version: u8, size: u16) -> Message {
    let mut edns = Edns::new();
    edns.set_version(version).set_max_payload(size).set_dnssec_ok(true);
    message.set_edns(edns);
    message
}

fn ask(message: &Message) -> Message {
    reply_of(&answerer().answer(&message.to_vec().unwrap(), Over::Udp))
}

fn reply_of(answer: &Answer) -> Message {
    match answer {
        Answer::Reply(bytes) => Message::from_vec(bytes).unwrap(),
        other => panic!("no reply: {other:?}"),
    }
}

fn data(records: &[Record]) -> Vec<RData> {
    records.iter().map(|record| record.data.clone()).collect()
}

#[test]
fn a_name_has_the_addresses_of_the_kind_that_was_asked_for() {
    let (v4, v6) = (RData::A(A(DB)), RData::AAAA(AAAA(DB_V6)));
    for (kind, expected) in [(RecordType::A, vec![v4.clone()]), (RecordType::AAAA, vec![v6.clone()])] {
        let reply = ask(&query("Db.Backend.", kind));
        assert_eq!(data(&reply.answers), expected);
        assert!(reply.answers.iter().all(|record| record.ttl == 5));
        assert_eq!(reply.queries[0].name.to_ascii(), "Db.Backend.", "as it was written");
        let flags = reply.metadata;
        assert_eq!(
            (flags.id, flags.message_type, flags.response_code),
            (0x1234, MessageType::Response, ResponseCode::NoError)
        );
        assert!(flags.authoritative && flags.recursion_desired && flags.recursion_available);
        assert!(!flags.truncation && !flags.authentic_data && reply.edns.is_none());
    }
    let mut all = data(&ask(&query("db.", RecordType::ANY)).answers);
    all.sort_by_key(|data| data.record_type() != RecordType::A);
    assert_eq!(all, [v4, v6]);
}

#[test]
fn a_name_without_a_record_of_the_kind_is_no_data_and_may_be_kept_for_five_seconds() {
    for (name, kind, apex) in [
        ("old.", RecordType::AAAA, "old."),
        ("db.", RecordType::MX, "db."),
        ("db.test.", RecordType::TXT, "test."),
        ("test.", RecordType::A, "test."),
        (
            "2.64.168.192.in-addr.arpa.",
            RecordType::A,
            "2.64.168.192.in-addr.arpa.",
        ),
    ] {
        let reply = ask(&query(name, kind));
        assert_eq!(reply.metadata.response_code, ResponseCode::NoError, "{name}");
        assert!(reply.answers.is_empty() && reply.metadata.authoritative, "{name}");
        let [record] = reply.authorities.as_slice() else {
            panic!("no authority of {name}")
        };
        let RData::SOA(soa) = &record.data else {
            panic!("no SOA of {name}")
        };
        assert_eq!((record.name.to_ascii().as_str(), record.ttl, soa.minimum), (apex, 5, 5));
    }
}

#[test]
fn what_is_missing_in_a_domain_or_subnet_of_ours_does_not_exist() {
    for (name, kind, apex) in [
        ("none.test.", RecordType::A, "test."),
        (
            "9.64.168.192.in-addr.arpa.",
            RecordType::PTR,
            "9.64.168.192.in-addr.arpa.",
        ),
    ] {
        let reply = ask(&query(name, kind));
        assert_eq!(reply.metadata.response_code, ResponseCode::NXDomain, "{name}");
        assert_eq!(reply.authorities[0].name.to_ascii(), apex);
    }
}

#[test]
fn an_address_has_the_name_of_its_container() {
    let reply = ask(&query("2.64.168.192.in-addr.arpa.", RecordType::PTR));
    assert_eq!(
        data(&reply.answers),
        [RData::PTR(PTR(Name::from_ascii("db.backend.").unwrap()))]
    );
}

#[test]
fn a_domain_has_its_soa_in_the_answer() {
    let reply = ask(&query("test.", RecordType::SOA));
    assert_eq!(reply.answers[0].record_type(), RecordType::SOA);
    assert!(reply.authorities.is_empty());
    assert!(ask(&query("none.test.", RecordType::SOA)).answers.is_empty());
}

#[test]
fn foreign_names_are_forwarded() {
    for name in ["example.com.", "single.", "none.backend.", ".", "8.8.8.8.in-addr.arpa."] {
        let bytes = query(name, RecordType::A).to_vec().unwrap();
        assert_eq!(answerer().answer(&bytes, Over::Udp), Answer::Forward, "{name}");
    }
}

#[test]
fn each_answer_begins_with_another_address() {
    let mut answerer = answerer();
    let bytes = query("many.", RecordType::A).to_vec().unwrap();
    let mut firsts: Vec<RData> = (0..100)
        .map(|_| reply_of(&answerer.answer(&bytes, Over::Tcp)).answers.remove(0).data)
        .collect();
    firsts.sort_by_key(ToString::to_string);
    firsts.dedup();
    assert_eq!(firsts.len(), 100);
}

#[test]
fn other_operations_classes_and_transfers_are_refused() {
    let mut status = query("db.", RecordType::A);
    status.metadata.op_code = OpCode::Status;
    let mut update = query("test.", RecordType::SOA);
    update.metadata.op_code = OpCode::Update;
    let mut chaos = query("version.bind.", RecordType::TXT);
    chaos.queries[0].set_query_class(DNSClass::CH);
    let mut part = query("test.", RecordType::IXFR);
    part.add_authority(Record::from_rdata(
        Name::from_ascii("test.").unwrap(),
        0,
        authority(&Name::root()),
    ));
    for (message, code) in [
        (status, ResponseCode::NotImp),
        (update, ResponseCode::NotImp),
        (chaos, ResponseCode::Refused),
        (query("test.", RecordType::AXFR), ResponseCode::Refused),
        (query("example.com.", RecordType::AXFR), ResponseCode::Refused),
        (part, ResponseCode::Refused),
    ] {
        let reply = ask(&message);
        assert_eq!(reply.metadata.response_code, code, "{message}");
        assert_eq!(
            (reply.metadata.id, reply.metadata.op_code),
            (0x1234, message.metadata.op_code)
        );
        assert!(reply.answers.is_empty());
    }
}

#[test]
fn what_is_malformed_is_said_to_be_so() {
    let sound = query("db.", RecordType::A).to_vec().unwrap();
    let mut two = query("db.", RecordType::A);
    two.add_query(Query::query(Name::from_ascii("old.").unwrap(), RecordType::A));
    let mut answered = query("db.", RecordType::A);
    answered.add_answer(Record::from_rdata(Name::root(), 0, RData::A(A(DB))));
    let with_counts = |counts: [u8; 8]| [&sound[..4], &counts, &sound[12..]].concat();
    let loops = [&sound[..12], &[0xc0, 12, 0, 1, 0, 1]].concat();
    let large = [sound.clone(), vec![0; 2000]].concat();
    for bytes in [
        sound[..12].to_vec(),
        sound[..sound.len() - 1].to_vec(),
        two.to_vec().unwrap(),
        answered.to_vec().unwrap(),
        with_counts([0, 0, 0, 0, 0, 0, 0, 0]),
        with_counts([255, 255, 0, 0, 0, 0, 0, 0]),
        with_counts([0, 1, 0, 0, 0, 0, 255, 255]),
        loops,
        large,
    ] {
        let reply = reply_of(&answerer().answer(&bytes, Over::Udp));
        assert_eq!(
            (reply.metadata.response_code, reply.metadata.id),
            (ResponseCode::FormErr, 0x1234),
            "{bytes:?}"
        );
    }
}

#[test]
fn what_is_no_query_gets_nothing() {
    let mut response = query("db.", RecordType::A);
    response.metadata.message_type = MessageType::Response;
    for bytes in [Vec::new(), vec![0; 11], response.to_vec().unwrap()] {
        assert_eq!(answerer().answer(&bytes, Over::Udp), Answer::Ignore);
    }
}

#[test]
fn edns_is_answered_with_our_size_and_other_versions_are_refused() {
    let reply = ask(&with_edns(query("db.", RecordType::A), 0, 4096));
    let edns = reply.edns.as_ref().unwrap();
    assert_eq!(
        (edns.max_payload(), edns.version(), edns.flags().dnssec_ok),
        (QUERY_MAX_BYTES, 0, true)
    );
    assert_eq!(reply.answers.len(), 1);

    for name in ["db.", "example.com."] {
        let reply = ask(&with_edns(query(name, RecordType::A), 1, 4096));
        assert_eq!(u16::from(reply.metadata.response_code), 16, "BADVERS");
        assert_eq!(reply.edns.unwrap().version(), 0);
        assert!(reply.answers.is_empty());
    }
}

#[test]
fn a_large_reply_has_as_much_as_fits_and_says_so() {
    let plain = query("many.", RecordType::A);
    for (message, over, size, count) in [
        (plain.clone(), Over::Udp, 512, 30),
        (with_edns(plain.clone(), 0, 100), Over::Udp, 512, 29),
        (with_edns(plain.clone(), 0, 1000), Over::Udp, 1000, 60),
        (with_edns(plain.clone(), 0, 4096), Over::Udp, 4096, 100),
        (plain, Over::Tcp, 65_535, 100),
    ] {
        let Answer::Reply(bytes) = answerer().answer(&message.to_vec().unwrap(), over) else {
            panic!("no reply")
        };
        let reply = Message::from_vec(&bytes).unwrap();
        assert!(bytes.len() <= size);
        assert_eq!(
            (reply.answers.len(), reply.metadata.truncation),
            (count, count < 100),
            "{size}"
        );
        assert_eq!(reply.edns.is_some(), message.edns.is_some());
    }
}

/// Names that are known, or nearly.
fn names() -> impl Strategy<Value = String> {
    let label = prop_oneof![
        "db",
        "old",
        "many",
        "DB",
        "test",
        "backend",
        "in-addr",
        "arpa",
        "192",
        "168",
        "64",
        "2",
        "[a-z0-9_]{1,8}"
    ];
    proptest::collection::vec(label, 0..8).prop_map(|labels| format!("{}.", labels.join(".")))
}

proptest! {
    #[test]
    fn any_bytes_are_answered_with_a_sound_reply_or_not_at_all(
        bytes in proptest::collection::vec(any::<u8>(), 0..200), is_query in any::<bool>(), over in prop_oneof![Just(Over::Udp), Just(Over::Tcp)],
    ) {
        let mut bytes = bytes;
        if is_query && bytes.len() >= 12 {
            bytes[2..12].copy_from_slice(&[1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
        }
        if let Answer::Reply(reply) = answerer().answer(&bytes, over) {
            let reply = Message::from_vec(&reply).unwrap();
            prop_assert_eq!(reply.metadata.message_type, MessageType::Response);
            prop_assert_eq!(reply.metadata.id.to_be_bytes(), [bytes[0], bytes[1]]);
        }
    }

    #[test]
    fn every_reply_to_a_question_repeats_it_and_keeps_to_the_size(
        name in names(), kind in any::<u16>().prop_map(|kind| RecordType::from(kind % 260)), id in any::<u16>(),
        edns in proptest::option::of((0..3_u8, any::<u16>())),
    ) {
        let mut message = query(&name, kind);
        message.metadata.id = id;
        if let Some((version, size)) = edns {
            message = with_edns(message, version, size);
        }
        let limit = edns.map_or(512, |(_, size)| size.max(512));
        let bytes = message.to_vec().unwrap();
        match answerer().answer(&bytes, Over::Udp) {
            Answer::Reply(bytes) => {
                prop_assert!(bytes.len() <= usize::from(limit));
                let reply = Message::from_vec(&bytes).unwrap();
                prop_assert_eq!(&reply.queries, &message.queries);
                prop_assert_eq!(reply.metadata.id, id);
                prop_assert_eq!(reply.metadata.message_type, MessageType::Response);
                prop_assert_eq!(reply.edns.is_some(), message.edns.is_some());
            }
            Answer::Forward => prop_assert!(edns.is_none_or(|(version, _)| version == 0)),
            Answer::Ignore => prop_assert!(false, "a query was ignored"),
        }
    }
}
