//! Files of resolvers, and their changes.

use super::*;

fn servers(text: &str) -> Vec<String> {
    ResolverFile::parse(text)
        .servers
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn resolvers_are_read_in_their_order_and_at_most_three() {
    let text = "# made by hand\n; other\nnameserver 127.0.0.53\n nameserver 9.9.9.9\nnameserver\tfd00::1 # trailing\nnameserver nonsense\n\
                nameserver\nnameserver fe80::1%7\noptions ndots:5\nnameserver 10.0.0.1\n";
    assert_eq!(servers(text), ["127.0.0.53:53", "[fd00::1]:53", "[fe80::1%7]:53"]);
}

#[test]
fn without_a_resolver_it_is_the_one_on_this_host() {
    assert_eq!(servers(""), ["127.0.0.1:53"]);
    assert_eq!(
        servers("search example.com\nnameserver fe80::1%no-such-interface\n"),
        ["127.0.0.1:53"]
    );
}

#[test]
fn the_interface_of_a_resolver_may_be_a_name() {
    // What Linux and macOS call the loopback interface, which is the first one.
    let of = |name: &str| servers(&format!("nameserver fe80::1%{name}\n"));
    assert!(["lo", "lo0"].into_iter().any(|name| of(name) == ["[fe80::1%1]:53"]));
}

#[test]
fn the_last_of_search_and_domain_counts() {
    assert_eq!(
        ResolverFile::parse("domain a.example\nsearch b.example c.example\n").search_domains,
        ["b.example", "c.example"]
    );
    assert_eq!(
        ResolverFile::parse("search b.example c.example\ndomain a.example rest\n").search_domains,
        ["a.example"]
    );
}

fn second(count: u64) -> Duration {
    Duration::from_secs(count)
}

#[test]
fn a_change_of_the_file_is_seen_at_most_once_a_second() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("resolv.conf");
    std::fs::write(&path, "nameserver 10.0.0.1\n").unwrap();
    let mut resolvers = HostResolvers::at(&path);
    assert!(resolvers.refresh(second(10)));
    assert!(!resolvers.refresh(second(20)));
    std::fs::write(&path, "nameserver 10.0.0.2\nsearch vpn.example\n").unwrap();
    assert!(!resolvers.refresh(second(20) + Duration::from_millis(999)));
    assert!(resolvers.refresh(second(21)));
    assert_eq!(
        resolvers.current(),
        &ResolverFile::parse("nameserver 10.0.0.2\nsearch vpn.example\n")
    );
}

#[test]
fn a_file_that_was_replaced_is_read_and_one_that_says_the_same_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("resolv.conf");
    std::fs::write(&path, "nameserver 10.0.0.1\n").unwrap();
    let mut resolvers = HostResolvers::at(&path);
    assert!(resolvers.refresh(second(0)));
    let replacement = folder.path().join("new");
    std::fs::write(&replacement, "nameserver 10.0.0.1\n").unwrap();
    std::fs::rename(&replacement, &path).unwrap();
    assert!(!resolvers.refresh(second(1)));
    std::fs::write(&replacement, "nameserver 10.0.0.9\n").unwrap();
    std::fs::rename(&replacement, &path).unwrap();
    assert!(resolvers.refresh(second(2)));
    std::fs::remove_file(&path).unwrap();
    assert!(resolvers.refresh(second(3)));
    assert_eq!(resolvers.current(), &ResolverFile::parse(""));
    std::fs::write(&path, "nameserver 10.0.0.9\n").unwrap();
    assert!(resolvers.refresh(second(4)));
}

#[test]
fn the_first_look_is_a_change_whatever_the_file_says() {
    let folder = tempfile::tempdir().unwrap();
    let mut missing = HostResolvers::at(&folder.path().join("none"));
    assert!(missing.refresh(second(0)));
    assert!(!missing.refresh(second(1)));
    assert_eq!(missing.current(), &ResolverFile::parse(""));
}

proptest::proptest! {
    #[test]
    fn any_text_gives_one_to_three_resolvers(text in "(nameserver [0-9a-f:.%]{0,20}|search .{0,20}|.{0,20}\n){0,10}") {
        let file = ResolverFile::parse(&text);
        proptest::prop_assert!((1..=SERVERS_MAX).contains(&file.servers.len()));
    }
}
