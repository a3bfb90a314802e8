//! What names of all forms are found to be.

use super::*;

fn zone() -> Zone {
    Zone {
        network: "Backend".to_owned(),
        domains: vec!["test".to_owned(), "deep.test.".to_owned()],
        shared_domain: None,
        ipv4_subnet: "192.168.64.0/24".parse().unwrap(),
        ipv6_subnet: "fd00:64::/64".parse().unwrap(),
        host_access: vec!["192.168.64.254".parse().unwrap(), "fd00:64::fe".parse().unwrap()],
        has_way_out: true,
    }
}

fn strings(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

fn insert(table: &mut Table, key: u64, names: &[&str]) {
    let (ipv4, ipv6) = (
        Ipv4Addr::new(192, 168, 64, key as u8),
        Ipv6Addr::new(0xfd00, 0x64, 0, 0, 0, 0, 0, key as u16),
    );
    table.insert(key, &strings(names), Some(ipv4), Some(ipv6));
}

fn table() -> Table {
    let mut table = Table::new(zone());
    insert(&mut table, 2, &["db", "db-host", "shared", "a.b"]);
    insert(
        &mut table,
        3,
        &["web_1", "7E6D5C4B-1a2b-4c3d-8e4f-5a6b7c8d9e0f", "Shared"],
    );
    table
}

fn find(table: &Table, name: &str) -> Found {
    table.find(&Name::from_ascii(format!("{name}.")).unwrap())
}

fn addresses(keys: &[u64]) -> Found {
    let of = |key: u64| [format!("192.168.64.{key}"), format!("fd00:64::{key:x}")];
    Found::Addresses(
        keys.iter()
            .flat_map(|&key| of(key))
            .map(|text| text.parse().unwrap())
            .collect(),
    )
}

#[test]
fn every_name_of_a_container_has_its_addresses_in_any_case() {
    let table = table();
    for name in [
        "db",
        "DB",
        "db-host",
        "db.backend",
        "Db.BACKEND",
        "db.test",
        "db-host.deep.test",
        "a.b",
        "a.b.test",
    ] {
        assert_eq!(find(&table, name), addresses(&[2]), "{name}");
    }
    for name in [
        "web_1",
        "web_1.backend",
        "7e6d5c4b-1a2b-4c3d-8e4f-5a6b7c8d9e0f",
        "7e6d5c4b",
        "7e6d5c4b.test",
    ] {
        assert_eq!(find(&table, name), addresses(&[3]), "{name}");
    }
}

#[test]
fn a_long_identifier_is_known_by_twelve_digits() {
    let mut table = table();
    insert(&mut table, 4, &[&"0123456789abcdef".repeat(4)]);
    assert_eq!(find(&table, "0123456789ab"), addresses(&[4]));
    assert_eq!(find(&table, "01234567"), Found::Foreign);
}

#[test]
fn an_alias_of_several_has_all_their_addresses() {
    let mut table = table();
    assert_eq!(find(&table, "shared"), addresses(&[2, 3]));
    table.remove(2);
    assert_eq!(find(&table, "shared.backend"), addresses(&[3]));
    table.remove(3);
    assert_eq!(find(&table, "shared"), Found::Foreign);
    table.remove(3);
}

#[test]
fn a_container_that_is_added_again_has_only_its_new_names_and_addresses() {
    let mut table = table();
    table.insert(2, &strings(&["cache"]), Some(Ipv4Addr::new(192, 168, 64, 9)), None);
    assert_eq!(find(&table, "db"), Found::Foreign);
    assert_eq!(
        find(&table, "cache"),
        Found::Addresses(vec!["192.168.64.9".parse().unwrap()])
    );
    assert_eq!(find(&table, "2.64.168.192.in-addr.arpa"), Found::Missing);
}

#[test]
fn an_address_that_went_to_another_stays_with_that_one() {
    let mut table = table();
    table.insert(9, &strings(&["next"]), Some(Ipv4Addr::new(192, 168, 64, 2)), None);
    table.remove(2);
    assert_eq!(find(&table, "2.64.168.192.in-addr.arpa"), pointer("next.backend"));
}

fn pointer(name: &str) -> Found {
    Found::Pointer(Name::from_ascii(format!("{name}.")).unwrap())
}

#[test]
fn addresses_of_the_network_have_names_or_do_not_exist_and_others_are_foreign() {
    let table = table();
    let v6 = |digit: &str| format!("{digit}.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.4.6.0.0.0.0.d.f.ip6.arpa");
    for (name, found) in [
        ("2.64.168.192.in-addr.arpa", pointer("db.backend")),
        ("3.64.168.192.IN-ADDR.ARPA", pointer("web_1.backend")),
        ("254.64.168.192.in-addr.arpa", pointer("host.container.internal")),
        ("9.64.168.192.in-addr.arpa", Found::Missing),
        ("64.168.192.in-addr.arpa", Found::Empty),
        ("168.192.in-addr.arpa", Found::Foreign),
        ("1.65.168.192.in-addr.arpa", Found::Foreign),
        ("x.64.168.192.in-addr.arpa", Found::Foreign),
        (&v6("2"), pointer("db.backend")),
        (&v6("9"), Found::Missing),
        ("0.0.0.0.4.6.0.0.0.0.d.f.ip6.arpa", Found::Foreign),
        ("1.0.0.2.ip6.arpa", Found::Foreign),
    ] {
        assert_eq!(find(&table, name), found, "{name}");
    }
}

#[test]
fn the_host_has_its_names_only_where_there_is_host_access() {
    let open = table();
    let closed = Table::new(Zone {
        host_access: Vec::new(),
        ..zone()
    });
    for name in HOST_ACCESS_NAMES.into_iter().chain([DOCKER_GATEWAY_NAME]) {
        assert_eq!(find(&open, name), Found::Addresses(zone().host_access), "{name}");
        assert_eq!(find(&closed, name), Found::Missing, "{name}");
    }
}

#[test]
fn only_below_a_configured_domain_the_network_knows_that_a_name_is_missing() {
    let table = table();
    for (name, found) in [
        ("test", Found::Empty),
        ("b.test", Found::Empty),
        ("none.test", Found::Missing),
        ("x.db.test", Found::Missing),
        ("contest", Found::Foreign),
        ("none", Found::Foreign),
        ("none.backend", Found::Foreign),
        ("example.com", Found::Foreign),
    ] {
        assert_eq!(find(&table, name), found, "{name}");
    }
    let authority = |name: &str| {
        table
            .authority_of(&Name::from_ascii(name).unwrap())
            .map(|name| name.to_ascii())
    };
    assert_eq!(authority("x.y.Deep.test.").as_deref(), Some("Deep.test."));
    assert_eq!(authority("x.test.").as_deref(), Some("test."));
    assert_eq!(authority("x."), None);
}

#[test]
fn without_a_way_out_what_is_unknown_does_not_exist() {
    let table = Table::new(Zone {
        has_way_out: false,
        ..zone()
    });
    assert_eq!(find(&table, "example.com"), Found::Missing);
    assert_eq!(find(&table, "8.8.8.8.in-addr.arpa"), Found::Missing);
    assert_eq!(
        find(&table, "localhost"),
        Found::Addresses(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()])
    );
}

#[test]
fn what_cannot_be_a_name_is_left_out() {
    let mut table = table();
    insert(
        &mut table,
        5,
        &["", ".", "a..b", &"l".repeat(64), "ä", &"long.".repeat(60), "good"],
    );
    assert_eq!(find(&table, "good"), addresses(&[5]));
    assert_eq!(find(&table, "5.64.168.192.in-addr.arpa"), Found::Empty);
    let dotted = Name::from_labels([&b"web.1"[..], b"backend"]).unwrap();
    assert_eq!(table.find(&dotted), Found::Foreign);
    assert_eq!(table.find(&Name::root()), Found::Foreign);
}

#[test]
fn domains_that_change_are_those_of_containers_that_are_there() {
    let mut table = table();
    let known = find(&table, "db");
    table.set_domains(&strings(&["Lab"]));
    assert_eq!(find(&table, "db.lab"), known);
    assert_eq!(find(&table, "db"), known);
    assert_eq!(find(&table, "nobody.lab"), Found::Missing);
    assert_eq!(find(&table, "db.test"), Found::Foreign);
    table.remove(2);
    assert_eq!(find(&table, "db.lab"), Found::Missing);
}

#[test]
fn others_have_names_in_a_shared_domain_too() {
    let mut table = Table::new(Zone {
        shared_domain: Some("corp.example".to_owned()),
        ..zone()
    });
    insert(&mut table, 2, &["db"]);
    assert_eq!(find(&table, "db.corp.example"), find(&table, "db"));
    assert_eq!(find(&table, "mail.corp.example"), Found::Foreign);
}
