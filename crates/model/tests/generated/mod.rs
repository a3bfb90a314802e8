//! Records of all shapes.

use container_model::{
    BuildMachine, CacheDirectory, ContainerConfig, ContainerImage, ContainerOptions, ControlGroupLimits, DeviceNode,
    DiskMount, HealthCheck, InitProcess, Layer, LogConfig, LogDriver, Mount, ProcessUser, PublishedSocket, Resources,
    RestartPolicy, Rlimit, Security, ShareMount, SocketMount, TmpfsMount, UnknownFields, VolumeName,
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
        0..5,
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
            3 => Mount::Socket(SocketMount {
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
        any::<[bool; 2]>(),
        user(),
        (vec(any::<u32>(), 0..3), texts(), option::of(any::<i32>())),
        vec(rlimit, 0..3),
        unknown(),
    )
        .prop_map(
            |(
                executable,
                arguments,
                environment,
                [terminal, use_init],
                user,
                (supplemental_groups, additional_groups, oom_score_adj),
                rlimits,
                unknown,
            )| InitProcess {
                working_directory: format!("/{executable}"),
                executable,
                arguments,
                environment,
                terminal,
                user,
                supplemental_groups,
                additional_groups,
                oom_score_adj,
                rlimits,
                use_init,
                unknown,
            },
        )
}

fn resources() -> impl Strategy<Value = Resources> {
    let sizes = (option::of(any::<u64>()), option::of(any::<u64>()));
    (any::<u32>(), any::<u64>(), sizes, control_group(), unknown()).prop_map(
        |(cpus, memory_bytes, (shm_size_bytes, storage_bytes), control_group, unknown)| Resources {
            cpus,
            memory_bytes,
            shm_size_bytes,
            storage_bytes,
            control_group,
            unknown,
        },
    )
}

fn control_group() -> impl Strategy<Value = ControlGroupLimits> {
    (
        any::<[Option<u32>; 3]>(),
        any::<[Option<u64>; 3]>(),
        option::of(any::<String>()),
        option::of(any::<u16>()),
        unknown(),
    )
        .prop_map(
            |([pids, cpu_shares, cpu_period_us], [quota, swap, reservation], cpuset_cpus, blkio_weight, unknown)| {
                ControlGroupLimits {
                    pids,
                    cpu_shares,
                    cpu_period_us,
                    cpu_quota_us: quota,
                    cpuset_cpus,
                    memory_swap_bytes: swap,
                    memory_reservation_bytes: reservation,
                    blkio_weight,
                    unknown,
                }
            },
        )
}

fn device() -> impl Strategy<Value = DeviceNode> {
    (any::<[String; 3]>(), unknown()).prop_map(|([path, target, access], unknown)| DeviceNode {
        path,
        target,
        access,
        unknown,
    })
}

fn security() -> impl Strategy<Value = Security> {
    let lists = (texts(), texts(), texts(), texts());
    (lists, any::<[bool; 4]>(), vec(device(), 0..3), unknown()).prop_map(
        |(lists, [read_only_root, no_new_privileges, seccomp_unconfined, privileged], devices, unknown)| Security {
            added_capabilities: lists.0,
            dropped_capabilities: lists.1,
            masked_paths: lists.2,
            readonly_paths: lists.3,
            read_only_root,
            no_new_privileges,
            seccomp_unconfined,
            seccomp_profile: seccomp_unconfined.then(|| serde_json::json!({ "defaultAction": "SCMP_ACT_ALLOW" })),
            privileged,
            devices,
            unknown,
        },
    )
}

fn log() -> impl Strategy<Value = LogConfig> {
    let driver = prop_oneof![Just(LogDriver::JsonFile), Just(LogDriver::Local), Just(LogDriver::None)];
    let bounds = (option::of(any::<u64>()), option::of(any::<u64>()));
    (driver, bounds, texts(), texts(), unknown()).prop_map(
        |(driver, (max_size_bytes, max_files), labels, environment, unknown)| LogConfig {
            driver,
            max_size_bytes,
            max_files,
            labels,
            environment,
            unknown,
        },
    )
}

fn options() -> impl Strategy<Value = ContainerOptions> {
    (
        any::<[bool; 6]>(),
        option::of("/[a-z]{0,9}"),
        texts(),
        log(),
        option::of(any::<u32>()),
        restart_policy(),
        unknown(),
    )
        .prop_map(
            |(
                [auto_remove, stdin, client_addresses, cold, virtualization, rosetta],
                kernel,
                kernel_arguments,
                log,
                stop_timeout_seconds,
                restart,
                unknown,
            )| {
                ContainerOptions {
                    auto_remove,
                    stdin,
                    client_addresses,
                    cold,
                    kernel: kernel.map(Into::into),
                    kernel_arguments,
                    log,
                    stop_timeout_seconds,
                    restart,
                    virtualization,
                    rosetta,
                    unknown,
                }
            },
        )
}

fn restart_policy() -> impl Strategy<Value = RestartPolicy> {
    prop_oneof![
        Just(RestartPolicy::No),
        Just(RestartPolicy::Always),
        Just(RestartPolicy::UnlessStopped),
        any::<u32>().prop_map(|maximum_retry_count| RestartPolicy::OnFailure { maximum_retry_count }),
    ]
}

fn published_socket() -> impl Strategy<Value = PublishedSocket> {
    (any::<String>(), any::<String>(), unknown()).prop_map(|(host_path, container_path, unknown)| PublishedSocket {
        host_path: host_path.into(),
        container_path,
        unknown,
    })
}

fn health_check() -> impl Strategy<Value = HealthCheck> {
    (texts(), texts(), any::<[u64; 4]>(), any::<u32>(), unknown()).prop_map(
        |(test, shell, [interval_ns, timeout_ns, start_period_ns, start_interval_ns], retries, unknown)| HealthCheck {
            test,
            shell,
            interval_ns,
            timeout_ns,
            start_period_ns,
            start_interval_ns,
            retries,
            unknown,
        },
    )
}

fn build() -> impl Strategy<Value = BuildMachine> {
    let cache = (any::<String>(), any::<String>(), unknown()).prop_map(|(data, owners, unknown)| CacheDirectory {
        data: data.into(),
        owners: owners.into(),
        unknown,
    });
    (vec(cache, 0..3), unknown()).prop_map(|(caches, unknown)| BuildMachine { caches, unknown })
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
        (map(), map(), map(), unknown()),
        networks::networking(),
        (
            vec(published_socket(), 0..3),
            any::<bool>(),
            option::of(health_check()),
            option::of(build()),
        ),
    )
        .prop_map(
            |(
                (id, (seconds, nanoseconds), stop_signal),
                (image, process, mounts, resources, security, options),
                (labels, annotations, sysctls, unknown),
                (networks, published_ports, dns, extra_hosts, hostname),
                (published_sockets, ssh, health_check, build),
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
                published_sockets,
                ssh,
                dns,
                extra_hosts,
                hostname,
                resources,
                security,
                options,
                labels,
                annotations,
                sysctls,
                stop_signal: stop_signal.map(Into::into),
                health_check,
                build,
                unknown,
            },
        )
}
