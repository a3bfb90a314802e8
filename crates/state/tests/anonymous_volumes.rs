//! Volumes that were made for a container go with it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod fixture;

use container_model::{ContainerConfig, DiskMount, Mount, UnknownFields, VolumeName};
use container_state::{AnonymousVolumes, VolumeRequest, VolumeStore};
use fixture::{Root, config};

fn volume(store: &VolumeStore) -> VolumeName {
    let mut request = VolumeRequest::anonymous();
    request.options.insert("size".to_owned(), "8m".to_owned());
    store.create(&request).unwrap().name
}

fn using(name: &str, volume: &VolumeName, anonymous: bool) -> ContainerConfig {
    let mut config = config(name, 1);
    config.mounts.push(Mount::Disk(DiskMount {
        volume: volume.clone(),
        target: "/data".to_owned(),
        read_only: false,
        subpath: None,
        no_copy: false,
        anonymous,
        unknown: UnknownFields::new(),
    }));
    config
}

#[test]
fn an_anonymous_volume_goes_with_its_container_when_it_is_to() {
    let root = Root::new();
    let (containers, volumes) = (root.store(), VolumeStore::new(root.store().paths()));
    for (what, goes) in [(AnonymousVolumes::Keep, false), (AnonymousVolumes::Delete, true)] {
        let (own, named) = (volume(&volumes), volume(&volumes));
        let mut config = using("web", &own, true);
        config.mounts.extend(using("web", &named, false).mounts);
        root.store()
            .create(&config, |_| Ok::<_, std::convert::Infallible>(()))
            .unwrap();
        containers.own(&config.id).unwrap().delete(what).unwrap();
        assert_eq!(volumes.load(&own).is_err(), goes);
        volumes.load(&named).unwrap();
    }
}

#[test]
fn an_anonymous_volume_that_another_container_uses_stays() {
    let root = Root::new();
    let (containers, volumes) = (root.store(), VolumeStore::new(root.store().paths()));
    let shared = volume(&volumes);
    let (first, second) = (using("web", &shared, true), using("db", &shared, false));
    root.store()
        .create(&first, |_| Ok::<_, std::convert::Infallible>(()))
        .unwrap();
    root.store()
        .create(&second, |_| Ok::<_, std::convert::Infallible>(()))
        .unwrap();
    assert_eq!(containers.volume_users().unwrap().of(&shared).len(), 2);
    containers
        .own(&first.id)
        .unwrap()
        .delete(AnonymousVolumes::Delete)
        .unwrap();
    volumes.load(&shared).unwrap();
    assert_eq!(containers.volume_users().unwrap().of(&shared), [second.id]);
}

#[test]
fn a_container_that_is_not_finished_takes_its_anonymous_volumes_along() {
    let root = Root::new();
    let volumes = VolumeStore::new(root.store().paths());
    let own = volume(&volumes);
    let config = using("web", &own, true);
    let mut new = root.store().reserve(&config.id).unwrap();
    new.record(&config).unwrap();
    drop(new);
    assert!(volumes.load(&own).is_err());
}
