//! Volumes that are made, found, used and deleted.

use std::process::Command;

use super::*;
use container_ext4::mount_state;

struct Root(tempfile::TempDir);

impl Root {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn store(&self) -> VolumeStore {
        VolumeStore::new(&AppPaths::new(self.0.path(), self.0.path().join("run")))
    }

    /// Names in the directory of volumes that are not the lock's, sorted.
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

fn request(name: &str, options: &[(&str, &str)]) -> VolumeRequest {
    let mut request = VolumeRequest::new(name.parse().unwrap());
    request.options = options
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect();
    request
}

fn free(store: &VolumeStore, name: &str) -> Result<(), DeleteVolumeError<std::convert::Infallible>> {
    store.delete_if(&name.parse().unwrap(), || Ok(()))
}

#[test]
fn a_volume_is_read_as_it_was_made_and_its_disk_is_sparse() {
    use std::os::unix::fs::MetadataExt as _;
    let root = Root::new();
    let mut asked = request("data", &[("size", "10g"), ("journal", "ordered:8m")]);
    asked.labels.insert("a".to_owned(), "b".to_owned());
    let made = root.store().create(&asked).unwrap();
    assert_eq!((made.size_bytes, made.is_anonymous()), (Some(10 << 30), false));
    assert_eq!(root.store().load(&made.name).unwrap(), made);
    assert_eq!(root.store().list().unwrap().volumes, std::slice::from_ref(&made));
    let image = root.store().image(&made.name);
    let found = std::fs::metadata(&image).unwrap();
    assert_eq!(found.len(), 10 << 30);
    assert!(found.blocks() * 512 < 1 << 20, "{}", found.blocks());
    assert_eq!(found.mode() & 0o777, 0o600);
    assert!(!mount_state(&std::fs::File::open(&image).unwrap()).unwrap().was_mounted);
    // Where there is no e2fsck, the tests of the writer say so.
    if let Ok(checked) = Command::new("e2fsck").arg("-fn").arg(&image).output() {
        assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stdout));
    }
}

#[test]
fn names_are_taken_once_and_options_have_to_mean_something() {
    let root = Root::new();
    root.store().create(&request("data", &[])).unwrap();
    assert!(matches!(
        root.store().create(&request("data", &[])),
        Err(CreateVolumeError::Exists { .. })
    ));
    for (key, value, said) in [
        ("color", "red", "no option \"color\""),
        ("size", "big", "size: invalid size"),
        ("size", "1023k", "at least 1mb"),
        ("size", "17t", "8 MiB to 16 TiB"),
        ("journal", "none", "invalid journal mode"),
        ("journal", "ordered:1g", "4 MiB to 64 MiB"),
        ("type", "tmpfs", "no type \"tmpfs\""),
    ] {
        let error = root
            .store()
            .create(&request("other", &[(key, value)]))
            .unwrap_err()
            .to_string();
        assert!(error.contains(said), "{key}={value}: {error}");
    }
    let of_disk = request("other", &[("type", "shared"), ("size", "1g")]);
    let refused = root.store().create(&of_disk).unwrap_err().to_string();
    assert!(refused.starts_with("size: a volume of type shared"), "{refused}");
    assert_eq!(root.entries(), ["data"]);
    /// The smallest disk.
    const MIN_BYTES: u64 = 8 << 20;
    let small = root.store().create(&request("small", &[("size", "1m")])).unwrap();
    assert_eq!(small.size_bytes, Some(MIN_BYTES));
}

#[test]
fn a_volume_that_many_need_is_made_once() {
    let root = Root::new();
    let makers: Vec<_> = (0..8)
        .map(|_| {
            let store = root.store();
            std::thread::spawn(move || {
                store
                    .hold()
                    .unwrap()
                    .ensure(&request("data", &[("size", "8m")]))
                    .unwrap()
            })
        })
        .collect();
    let made: Vec<_> = makers.into_iter().map(|maker| maker.join().unwrap()).collect();
    assert_eq!(made.iter().filter(|(_, is_new)| *is_new).count(), 1);
    assert!(made.iter().all(|(volume, _)| *volume == made[0].0));
    assert_eq!(root.entries(), ["data"]);
}

#[test]
fn a_disk_is_one_writer_s_or_many_readers_and_is_not_deleted_meanwhile() {
    let root = Root::new();
    let (store, name) = (root.store(), "data".parse().unwrap());
    store.create(&request("data", &[("size", "8m")])).unwrap();
    let writer = store.lease(&name, true).unwrap().unwrap();
    assert!(store.lease(&name, true).unwrap().is_none());
    assert!(store.lease(&name, false).unwrap().is_none());
    assert!(matches!(free(&store, "data"), Err(DeleteVolumeError::Used { .. })));
    drop(writer);
    let readers = [(); 2].map(|()| store.lease(&name, false).unwrap().unwrap());
    assert!(store.lease(&name, true).unwrap().is_none());
    drop(readers);
    let refused = store.delete_if(&name, || Err(std::io::Error::other("in use")));
    assert!(matches!(refused, Err(DeleteVolumeError::Refused(_))));
    free(&store, "data").unwrap();
    assert!(root.entries().is_empty());
    assert!(matches!(store.lease(&name, true), Err(LeaseError::NotFound { .. })));
    assert!(matches!(free(&store, "data"), Err(DeleteVolumeError::NotFound { .. })));
}

#[test]
fn a_damaged_record_is_listed_apart_and_what_killed_commands_left_goes() {
    let root = Root::new();
    let store = root.store();
    for name in ["good", "bad"] {
        store.create(&request(name, &[("size", "8m")])).unwrap();
    }
    std::fs::write(store.record(&"bad".parse().unwrap()), "{").unwrap();
    for left in [".new-1", ".trash-2"] {
        std::fs::create_dir(store.directory.join(left)).unwrap();
    }
    let listing = store.list().unwrap();
    assert_eq!((listing.volumes.len(), listing.damaged.len()), (1, 1));
    free(&store, "bad").unwrap();
    assert_eq!(root.entries(), ["good"]);
}
