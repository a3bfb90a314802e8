//! The configuration of a container in the shape of Apple's `container inspect`, with what it lacks added.
//!
//! Fields that this program does not know are shown where they are on record; none of them hides a known one.

mod networking;

pub(crate) use networking::port as published_port;

use std::path::{Path, PathBuf};

use container_model::{
    ContainerConfig, ContainerImage, DiskMount, InitProcess, Mount, ProcessUser, Rlimit, UnknownFields, VolumeName,
};
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;

/// `{id, image, mounts, labels, sysctls, initProcess, platform, resources, …}`. `volume_source` says where a volume is on the host.
pub(crate) fn configuration(config: &ContainerConfig, volume_source: &dyn Fn(&VolumeName) -> PathBuf) -> Value {
    let ContainerConfig {
        id,
        created,
        image: made_from,
        platform,
        process: first,
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
        stop_signal,
        health_check,
        build: _,
        unknown,
    } = config;
    let mut configuration = json!({
        "id": id,
        "image": image(made_from),
        "mounts": mounts.iter().map(|mount| self::mount(mount, volume_source)).collect::<Value>(),
        "labels": labels,
        "sysctls": sysctls,
        "initProcess": process(first),
        "platform": platform,
        "networks": networks.iter().map(|attachment| networking::attachment(attachment, config.hostname())).collect::<Value>(),
        "publishedPorts": published_ports.iter().map(networking::port).collect::<Value>(),
        "publishedSockets": published_sockets,
        "ssh": ssh,
        "dns": networking::resolver(dns),
        "resources": with_unknown(&resources.unknown, json!({
            "cpus": resources.cpus,
            "memoryInBytes": resources.memory_bytes,
        })),
        "readOnly": security.read_only_root,
        "capAdd": security.added_capabilities,
        "capDrop": security.dropped_capabilities,
        "maskedPaths": security.masked_paths,
        "readonlyPaths": security.readonly_paths,
        "creationDate": created.format(&Rfc3339).unwrap_or_default(),
        "options": options,
    });
    if let Some(storage_bytes) = resources.storage_bytes {
        configuration["resources"]["storage"] = storage_bytes.into();
    }
    let mut add = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            configuration[key] = value;
        }
    };
    add("shmSize", resources.shm_size_bytes.map(Value::from));
    add("stopSignal", stop_signal.as_ref().map(|signal| signal.as_str().into()));
    add("healthCheck", health_check.as_ref().map(|check| json!(check)));
    add("annotations", (!annotations.is_empty()).then(|| json!(annotations)));
    add(
        "controlGroup",
        (!resources.control_group.is_none()).then(|| json!(resources.control_group)),
    );
    add(
        "noNewPrivileges",
        security.no_new_privileges.then_some(Value::Bool(true)),
    );
    add(
        "seccompUnconfined",
        security.seccomp_unconfined.then_some(Value::Bool(true)),
    );
    add("seccompProfile", security.seccomp_profile.clone());
    add("privileged", security.privileged.then_some(Value::Bool(true)));
    add(
        "devices",
        (!security.devices.is_empty()).then(|| json!(security.devices)),
    );
    add("useInit", first.use_init.then_some(Value::Bool(true)));
    add("hostname", hostname.as_ref().map(|name| name.as_str().into()));
    add("extraHosts", (!extra_hosts.is_empty()).then(|| json!(extra_hosts)));
    let security = (!security.unknown.is_empty()).then(|| security.unknown.clone().into());
    add("security", security);
    with_unknown(unknown, configuration)
}

fn image(image: &ContainerImage) -> Value {
    with_unknown(
        &image.unknown,
        json!({
            "reference": image.reference,
            "descriptor": image.descriptor,
            "manifestDigest": image.manifest_digest,
            "layers": image.layers.iter().map(|layer| json!(layer.disk_id())).collect::<Value>(),
        }),
    )
}

fn process(process: &InitProcess) -> Value {
    let mut shown = with_unknown(
        &process.unknown,
        json!({
            "executable": process.executable,
            "arguments": process.arguments,
            "environment": process.environment,
            "workingDirectory": process.working_directory,
            "terminal": process.terminal,
            "user": match &process.user {
                ProcessUser::Text { text } => json!({ "raw": { "userString": text } }),
                ProcessUser::Ids { uid, gid } => json!({ "id": { "uid": uid, "gid": gid } }),
            },
            "supplementalGroups": process.supplemental_groups,
            "rlimits": process.rlimits.iter().map(rlimit).collect::<Value>(),
        }),
    );
    if !process.additional_groups.is_empty() {
        shown["additionalGroups"] = json!(process.additional_groups);
    }
    if let Some(score) = process.oom_score_adj {
        shown["oomScoreAdj"] = score.into();
    }
    shown
}

fn rlimit(limit: &Rlimit) -> Value {
    let Rlimit {
        resource,
        soft,
        hard,
        unknown,
    } = limit;
    with_unknown(unknown, json!({ "limit": resource, "soft": soft, "hard": hard }))
}

fn mount(mount: &Mount, volume_source: &dyn Fn(&VolumeName) -> PathBuf) -> Value {
    let read_only = |is_read_only: bool| if is_read_only { vec!["ro"] } else { Vec::new() };
    match mount {
        Mount::Tmpfs(tmpfs) => with_unknown(
            &tmpfs.unknown,
            json!({
                "kind": "tmpfs", "source": "tmpfs", "destination": tmpfs.target, "options": tmpfs.options,
            }),
        ),
        Mount::Disk(disk) => with_unknown(&disk.unknown, volume(disk, &volume_source(&disk.volume))),
        Mount::Share(share) => with_unknown(
            &share.unknown,
            json!({
                "kind": "share",
                "type": { "virtiofs": {} },
                "source": share.source,
                "destination": share.target,
                "options": read_only(share.read_only),
            }),
        ),
        Mount::Socket(socket) => with_unknown(
            &socket.unknown,
            json!({
                "kind": "socket",
                "type": { "virtiofs": {} },
                "source": socket.source,
                "destination": socket.target,
                "options": read_only(socket.read_only),
            }),
        ),
        Mount::Unknown(mount) => json!(mount),
    }
}

/// The mount of a volume, with `type` as Apple's tool has it.
fn volume(mount: &DiskMount, source: &Path) -> Value {
    let format = if source.is_dir() { "virtiofs" } else { "ext4" };
    let options = [(mount.read_only, "ro"), (mount.no_copy, "nocopy")];
    let mut shown = json!({
        "kind": "disk",
        "type": {
            "volume": { "name": mount.volume, "format": format, "cache": { "on": {} }, "sync": { "fsync": {} } },
        },
        "source": source,
        "destination": mount.target,
        "options": options.iter().filter(|(is_set, _)| *is_set).map(|(_, option)| *option).collect::<Vec<_>>(),
    });
    if let Some(subpath) = &mount.subpath {
        shown["subpath"] = json!(subpath);
    }
    if mount.anonymous {
        shown["anonymous"] = json!(true);
    }
    shown
}

/// `shown`, an object, with the unknown fields beside the known ones.
fn with_unknown(unknown: &UnknownFields, mut shown: Value) -> Value {
    if let Value::Object(fields) = &mut shown {
        for (key, value) in unknown {
            fields.entry(key).or_insert_with(|| value.clone());
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use container_model::upgrade_config;

    fn record(text: &str) -> UnknownFields {
        let mut fields: UnknownFields = serde_json::from_str(text).unwrap();
        fields.remove("version");
        fields
    }

    fn shown(fields: UnknownFields) -> Value {
        let fields = upgrade_config(1, fields).unwrap();
        configuration(&serde_json::from_value(fields.into()).unwrap(), &|_| PathBuf::new())
    }

    #[test]
    fn unknown_fields_are_shown_where_they_are_on_record() {
        let mut fields = record(include_str!("../../../model/tests/version1/full/config.json"));
        fields.insert("stopSignal".to_owned(), "nonsense".into());
        fields.insert("weather".to_owned(), json!([{ "name": "default" }]));
        fields["initProcess"]["seccomp"] = json!({ "profile": 1 });
        fields["image"]["descriptor"]["artifactType"] = json!("x");
        let mut shown = shown(fields.clone());
        for key in ["networks", "publishedPorts", "publishedSockets", "ssh", "dns"] {
            shown.as_object_mut().unwrap().remove(key).unwrap();
        }
        assert_eq!(shown, Value::Object(fields));
    }

    #[test]
    fn mounts_of_all_kinds_are_shown() {
        let written = json!([
            { "kind": "disk", "volume": "data", "target": "/data", "readOnly": true },
            { "kind": "share", "source": "/home", "target": "/home" },
            { "kind": "socket", "source": "/run/s", "target": "/s" },
            { "kind": "image", "target": "/tools" },
        ]);
        let mounts: Vec<Mount> = serde_json::from_value(written).unwrap();
        let expected = json!([
            {
                "kind": "disk", "source": "/volumes/data", "destination": "/data", "options": ["ro"],
                "type": { "volume": { "name": "data", "format": "ext4", "cache": { "on": {} }, "sync": { "fsync": {} } } },
            },
            { "kind": "share", "type": { "virtiofs": {} }, "source": "/home", "destination": "/home", "options": [] },
            { "kind": "socket", "type": { "virtiofs": {} }, "source": "/run/s", "destination": "/s", "options": [] },
            { "kind": "image", "target": "/tools" },
        ]);
        let image = |name: &VolumeName| Path::new("/volumes").join(name.as_str());
        let shown = mounts.iter().map(|mount| super::mount(mount, &image));
        assert_eq!(shown.collect::<Value>(), expected);
    }
}
