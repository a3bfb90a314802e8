//! Records of all shapes.

use container_model::{
    ContainerConfig, ContainerImage, ContainerOptions, DiskMount, InitProcess, Layer, Mount, ProcessUser, Resources,
    Rlimit, Security, ShareMount, TmpfsMount, UnknownFields, VolumeName,
};
use container_oci::{Descriptor, Digest, Platform};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use time::OffsetDateTime;

mod networks;

/// Fields whose names no part of a record has.
fn unknown() -> impl Strategy<Value = UnknownFields> {
    let value = prop_oneof![
        Just(serde_json::Value::Null),
        any::<u64>().prop_map(Into::into),
        any::<String>().prop_map(Into::into),
        vec(any::<bool>(), 0..3).prop_map(Into::into),
    ];
    btree_map("x-[a-z]{1,4}", value, 0..3).prop_map(|fields| fields.into_iter().collect())
}

fn texts() -> impl Strategy<Value = Vec<String>> {
    vec(any::<String>(), 0..3)
}

fn digest() -> impl Strategy<Value = Digest> {
    prop_oneof![
        any::<[u8; 32]>().prop_map(Digest::Sha256),
        vec(any::<u8>(), 64).prop_map(|bytes| Digest::Sha512(bytes.try_into().unwrap())),
    ]
}

fn layer() -> impl Strategy<Value = Layer> {
    (0..4, digest()).prop_map(|(kind, id)| match kind {
        0 => Layer::Single { diff_id: id },
        1 => Layer::Merged { chain_id: id },
        2 => Layer::Cover { cover_id: id },
        _ => Layer::Untold { disk_id: id },
    })
}

fn image() -> impl Strategy<Value = ContainerImage> {
    let name = "[a-z]{1,8}(:[a-z]{1,8})?";
    (name, digest(), any::<u64>(), vec(layer(), 0..4), unknown(), unknown()).prop_map(
        |(name, digest, size_bytes, layers, in_descriptor, unknown)| {
            let mut descriptor = Descriptor::new("application/vnd.oci.image.index.v1+json", digest, size_bytes);
            descriptor.platform = layers.first().map(|_| Platform::new("linux", "arm64", Some("v8")));
            let mut image = ContainerImage {
                reference: name.parse().unwrap(),
                descriptor: descriptor.into(),
                manifest_digest: digest,
                layers,
                unknown,
            };
            image.descriptor.unknown = in_descriptor;
            image
        },
    )
}

fn mount() -> impl Strategy<Value = Mount> {
    (
        0..4,
        any::<String>(),
        any::<String>(),
        texts(),
        any::<bool>(),
        unknown(),
    )
        .prop_map(|(kind, source, target, options, read_only, unknown)| match kind {
            0 => Mount::Tmpfs(TmpfsMount {
                target,
                options,
                unknown,
            }),
            1 => Mount::Disk(DiskMount {
                volume: VolumeName::random(),
                subpath: (!source.is_empty()).then_some(source),
                target,
                read_only,
                no_copy: read_only,
                anonymous: !read_only,
                unknown,
            }),
            2 => Mount::Share(ShareMount {
                source: source.into(),
                target,
                read_only,
                unknown,
            }),
            _ => Mount::unknown("image", unknown).unwrap(),
        })
}

fn user() -> impl Strategy<Value = ProcessUser> {
    prop_oneof![
        any::<String>().prop_map(|text| ProcessUser::Text { text }),
        (any::<u32>(), any::<u32>()).prop_map(|(uid, gid)| ProcessUser::Ids { uid, gid }),
    ]
}

fn process() -> impl Strategy<Value = InitProcess> {
    let rlimit =
        (any::<String>(), any::<u64>(), any::<u64>(), unknown()).prop_map(|(resource, soft, hard, unknown)| Rlimit {
            unknown,
            ..Rlimit::new(resource, soft, hard)
        });
    (
        any::<String>(),
        texts(),
        texts(),
        any::<bool>(),
        user(),
        vec(any::<u32>(), 0..3),
        vec(rlimit, 0..3),
        unknown(),
    )
        .prop_map(
            |(executable, arguments, environment, terminal, user, supplemental_groups, rlimits, unknown)| InitProcess {
                working_directory: format!("/{executable}"),
                executable,
                arguments,
                environment,
                terminal,
                user,
                supplemental_groups,
                rlimits,
                unknown,
            },
        )
}

fn resources() -> impl Strategy<Value = Resources> {
    (any::<u32>(), any::<u64>(), option::of(any::<u64>()), unknown()).prop_map(
        |(cpus, memory_bytes, shm_size_bytes, unknown)| Resources {
            cpus,
            memory_bytes,
            shm_size_bytes,
            unknown,
        },
    )
}

fn security() -> impl Strategy<Value = Security> {
    (texts(), texts(), texts(), texts(), any::<bool>(), unknown()).prop_map(
        |(added_capabilities, dropped_capabilities, masked_paths, readonly_paths, read_only_root, unknown)| Security {
            added_capabilities,
            dropped_capabilities,
            masked_paths,
            readonly_paths,
            read_only_root,
            unknown,
        },
    )
}

fn options() -> impl Strategy<Value = ContainerOptions> {
    (any::<[bool; 3]>(), option::of("/[a-z]{0,9}"), unknown()).prop_map(
        |([auto_remove, stdin, client_addresses], kernel, unknown)| ContainerOptions {
            auto_remove,
            stdin,
            client_addresses,
            kernel: kernel.map(Into::into),
            unknown,
        },
    )
}

pub(crate) fn config() -> impl Strategy<Value = ContainerConfig> {
    let map = || btree_map(any::<String>(), any::<String>(), 0..3);
    // The years that RFC 3339 can express.
    let created = (-62_135_596_800_i64..253_402_300_800, 0..1_000_000_000_i64);
    (
        ("[a-z][a-z0-9_.-]{1,20}", created, option::of(any::<String>())),
        (
            image(),
            process(),
            vec(mount(), 0..3),
            resources(),
            security(),
            options(),
        ),
        (map(), map(), unknown()),
        networks::networking(),
    )
        .prop_map(
            |(
                (id, (seconds, nanoseconds), stop_signal),
                (image, process, mounts, resources, security, options),
                (labels, sysctls, unknown),
                (networks, published_ports, dns, extra_hosts, hostname),
            )| ContainerConfig {
                id: id.parse().unwrap(),
                created: OffsetDateTime::from_unix_timestamp(seconds).unwrap()
                    + time::Duration::nanoseconds(nanoseconds),
                image,
                platform: Platform::new("linux", "amd64", None),
                process,
                mounts,
                networks,
                published_ports,
                dns,
                extra_hosts,
                hostname,
                resources,
                security,
                options,
                labels,
                sysctls,
                stop_signal: stop_signal.map(Into::into),
                unknown,
            },
        )
}
