//! Networks that are made, found and deleted, and the subnets that they get.

use super::*;
use crate::{NetworkRequest, SubnetError};

struct Root(tempfile::TempDir);

impl Root {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn store(&self) -> NetworkStore {
        NetworkStore::new(&AppPaths::new(self.0.path(), self.0.path().join("run")))
    }

    /// Names in the directory of networks that are not the lock's, sorted.
    fn entries(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.store().directory).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name != LOCK_FILE)
            .collect();
        names.sort();
        names
    }
}

fn request(name: &str) -> NetworkRequest {
    NetworkRequest::new(name.parse().unwrap())
}

#[test]
fn a_network_is_read_as_it_was_made() {
    let root = Root::new();
    let mut asked = request("web");
    asked.ipv4_subnet = Some("10.213.7.9/24".parse().unwrap());
    asked.options = [("host-access", "false"), ("mtu", "1500"), ("later", "x")]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into();
    let made = root.store().create(&asked).unwrap();
    assert_eq!(made.ipv4_subnet.to_string(), "10.213.7.0/24");
    assert_eq!((made.host_access, made.ipv6_subnet.prefix_len()), (false, 64));
    assert_eq!(root.store().load(&made.name).unwrap(), made);
    assert_eq!(root.store().list().unwrap().networks, std::slice::from_ref(&made));
    root.store().delete(&made.name).unwrap();
    assert!(root.entries().is_empty());
}

#[test]
fn networks_do_not_share_addresses_or_names() {
    let root = Root::new();
    let first = root.store().create(&request("one")).unwrap();
    let second = root.store().create(&request("two")).unwrap();
    assert_ne!(first.ipv4_subnet, second.ipv4_subnet);
    assert_ne!(first.ipv6_subnet, second.ipv6_subnet);
    assert!(matches!(
        root.store().create(&request("one")),
        Err(CreateNetworkError::Exists { .. })
    ));
    let mut same = request("three");
    same.ipv4_subnet = Some(second.ipv4_subnet);
    let error = root.store().create(&same).unwrap_err();
    assert!(matches!(
        error,
        CreateNetworkError::Subnet(SubnetError::Occupied { .. })
    ));
    assert!(error.to_string().ends_with("of network two"), "{error}");
    assert_eq!(root.entries(), ["one", "two"]);
}

#[test]
fn the_default_network_is_made_once_by_many() {
    let root = Root::new();
    let makers: Vec<_> = (0..8)
        .map(|_| {
            let store = root.store();
            std::thread::spawn(move || store.ensure_default(&request("x")).unwrap())
        })
        .collect();
    let made: Vec<_> = makers.into_iter().map(|maker| maker.join().unwrap()).collect();
    assert!(
        made.iter()
            .all(|network| *network == made[0] && network.name.is_default())
    );
    assert_eq!(root.entries(), ["default"]);
}

#[test]
fn a_missing_network_is_named_with_the_one_that_may_be_meant() {
    let root = Root::new();
    root.store().create(&request("backend")).unwrap();
    let message = |name: &str| root.store().load(&name.parse().unwrap()).unwrap_err().to_string();
    assert_eq!(message("backed"), "network \"backed\" not found; did you mean backend?");
    assert_eq!(message("other"), "network \"other\" not found");
    assert!(matches!(
        root.store().delete(&"other".parse().unwrap()),
        Err(DeleteNetworkError::NotFound(_))
    ));
}

#[test]
fn a_damaged_record_is_listed_apart_and_can_be_deleted() {
    let root = Root::new();
    root.store().create(&request("good")).unwrap();
    let bad: NetworkName = "bad".parse().unwrap();
    std::fs::create_dir(root.store().directory(&bad)).unwrap();
    std::fs::write(root.store().record(&bad), "{").unwrap();
    let listing = root.store().list().unwrap();
    assert_eq!((listing.networks.len(), listing.damaged.len()), (1, 1));
    assert_eq!(listing.damaged[0].name, bad);
    root.store().delete(&bad).unwrap();
    assert_eq!(root.entries(), ["good"]);
}

#[test]
fn what_killed_commands_left_is_collected_by_the_next_change() {
    let root = Root::new();
    root.store().create(&request("web")).unwrap();
    for left in [".new-1", ".trash-2", "next", "without-record"] {
        std::fs::create_dir(root.store().directory.join(left)).unwrap();
    }
    assert_eq!(root.store().list().unwrap().networks.len(), 1);
    root.store().create(&request("next")).unwrap();
    assert_eq!(root.entries(), ["next", "web"]);
}

#[test]
fn a_network_stays_when_something_speaks_against_its_deletion() {
    let root = Root::new();
    let name = root.store().create(&request("web")).unwrap().name;
    let refused = root.store().delete_if(&name, || Err(std::io::Error::other("in use")));
    assert!(matches!(refused, Err(DeleteNetworkError::Refused(_))));
    root.store().load(&name).unwrap();
}

#[test]
fn a_record_of_a_newer_program_keeps_its_fields() {
    let root = Root::new();
    let name = root.store().create(&request("web")).unwrap().name;
    let path = root.store().record(&name);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replacen('{', "{\"later\": 1,", 1)).unwrap();
    assert_eq!(root.store().load(&name).unwrap().unknown["later"], 1);
}
