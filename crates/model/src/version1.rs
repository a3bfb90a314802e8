//! Records of containers in format version 1: the shape in which Apple's `container` shows a container, with what it lacks added.
//!
//! Fields that version 1 did not name are kept where that version kept them: at the top of the record, of the first process and of the
//! image's descriptor. One whose name has a meaning in version 2 gives way to that meaning.

use std::collections::BTreeMap;
use std::path::PathBuf;

use container_oci::{Digest, Platform, Reference};
use serde::de::Error as _;
use serde::{Deserialize, Serialize};
use serde_json::{Error, Value};
use time::OffsetDateTime;

use crate::{
    ContainerConfig, ContainerId, ContainerImage, ContainerOptions, ImageDescriptor, InitProcess, Layer, LogConfig,
    Mount, ProcessUser, ResolverConfig, Resources, RestartPolicy, Rlimit, Security, StopSignal, UnknownFields,
};

/// The format version of such records.
const VERSION: u32 = 1;

/// Makes the fields of a container's record in an older format version those of [`ContainerConfig::VERSION`]. The version itself is not
/// among the fields.
///
/// # Errors
/// When they are not those of that version.
pub fn upgrade_config(version: u32, fields: UnknownFields) -> Result<UnknownFields, Error> {
    if version != VERSION {
        return Err(Error::custom(format_args!("there is no format version {version}")));
    }
    let record: Record = serde_json::from_value(Value::Object(fields))?;
    object(&record.into_config()?)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    id: ContainerId,
    image: Image,
    #[serde(default)]
    mounts: Vec<MountOfAnyKind>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    sysctls: BTreeMap<String, String>,
    init_process: Process,
    platform: Platform,
    resources: CpusAndMemory,
    #[serde(default)]
    read_only: bool,
    #[serde(default)]
    cap_add: Vec<String>,
    #[serde(default)]
    cap_drop: Vec<String>,
    #[serde(default)]
    shm_size: Option<u64>,
    #[serde(default)]
    stop_signal: Option<String>,
    #[serde(default)]
    masked_paths: Vec<String>,
    #[serde(default)]
    readonly_paths: Vec<String>,
    #[serde(with = "time::serde::rfc3339")]
    creation_date: OffsetDateTime,
    #[serde(default)]
    options: Options,
    #[serde(flatten)]
    other: UnknownFields,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Image {
    reference: Reference,
    descriptor: ImageDescriptor,
    #[serde(default)]
    manifest_digest: String,
    #[serde(default)]
    layers: Vec<Digest>,
}

#[derive(Deserialize)]
struct MountOfAnyKind {
    kind: String,
    source: String,
    destination: String,
    #[serde(default)]
    options: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Process {
    executable: String,
    arguments: Vec<String>,
    environment: Vec<String>,
    working_directory: String,
    terminal: bool,
    user: User,
    #[serde(default)]
    supplemental_groups: Vec<u32>,
    #[serde(default)]
    rlimits: Vec<Limit>,
    #[serde(flatten)]
    other: UnknownFields,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum User {
    Raw {
        #[serde(rename = "userString")]
        user_string: String,
    },
    Id {
        uid: u32,
        gid: u32,
    },
}

#[derive(Deserialize)]
struct Limit {
    limit: String,
    soft: u64,
    hard: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CpusAndMemory {
    cpus: u32,
    memory_in_bytes: u64,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Options {
    auto_remove: bool,
    stdin: bool,
    kernel: Option<PathBuf>,
}

impl Record {
    fn into_config(self) -> Result<ContainerConfig, Error> {
        let mut config = ContainerConfig {
            id: self.id,
            created: self.creation_date,
            image: self.image.convert()?,
            platform: self.platform,
            process: self.init_process.convert()?,
            mounts: self
                .mounts
                .into_iter()
                .map(MountOfAnyKind::convert)
                .collect::<Result<_, _>>()?,
            networks: Vec::new(),
            published_ports: Vec::new(),
            published_sockets: Vec::new(),
            ssh: false,
            dns: ResolverConfig::default(),
            extra_hosts: Vec::new(),
            hostname: None,
            resources: Resources {
                shm_size_bytes: self.shm_size,
                ..Resources::new(self.resources.cpus, self.resources.memory_in_bytes)
            },
            security: Security {
                added_capabilities: self.cap_add,
                dropped_capabilities: self.cap_drop,
                masked_paths: self.masked_paths,
                readonly_paths: self.readonly_paths,
                read_only_root: self.read_only,
                no_new_privileges: false,
                seccomp_unconfined: false,
                seccomp_profile: None,
                privileged: false,
                devices: Vec::new(),
                unknown: UnknownFields::new(),
            },
            options: ContainerOptions {
                auto_remove: self.options.auto_remove,
                client_addresses: false,
                cold: false,
                stdin: self.options.stdin,
                kernel: self.options.kernel,
                kernel_arguments: Vec::new(),
                log: LogConfig::default(),
                stop_timeout_seconds: None,
                restart: RestartPolicy::No,
                virtualization: false,
                rosetta: false,
                unknown: UnknownFields::new(),
            },
            labels: self.labels,
            annotations: BTreeMap::new(),
            sysctls: self.sysctls,
            stop_signal: self.stop_signal.map(StopSignal::from),
            health_check: None,
            build: None,
            unknown: UnknownFields::new(),
        };
        config.unknown = without_taken(self.other, &config)?;
        Ok(config)
    }
}

impl Image {
    fn convert(self) -> Result<ContainerImage, Error> {
        // A record may lack it; then what the name pointed at is the closest that is known.
        let manifest_digest = match self.manifest_digest.as_str() {
            "" => self.descriptor.known.digest,
            text => text.parse().map_err(Error::custom)?,
        };
        Ok(ContainerImage {
            reference: self.reference,
            descriptor: self.descriptor,
            manifest_digest,
            // A single layer, merged ones and a cover look alike here, and which of them it is does not matter for the file's name.
            layers: self
                .layers
                .into_iter()
                .map(|disk_id| Layer::Untold { disk_id })
                .collect(),
            unknown: UnknownFields::new(),
        })
    }
}

impl MountOfAnyKind {
    /// Only tmpfs was ever mounted. A mount of another kind keeps the names of its fields; what they meant is not known.
    fn convert(self) -> Result<Mount, Error> {
        if self.kind == "tmpfs" {
            return Ok(Mount::tmpfs(self.destination, self.options));
        }
        let fields = [
            ("source".to_owned(), self.source.into()),
            ("destination".to_owned(), self.destination.into()),
            ("options".to_owned(), self.options.into()),
        ];
        Mount::unknown(self.kind, fields.into_iter().collect()).map_err(Error::custom)
    }
}

impl Process {
    fn convert(self) -> Result<InitProcess, Error> {
        let limit = |limit: Limit| Rlimit::new(limit.limit, limit.soft, limit.hard);
        let mut process = InitProcess {
            executable: self.executable,
            arguments: self.arguments,
            environment: self.environment,
            working_directory: self.working_directory,
            terminal: self.terminal,
            user: match self.user {
                User::Raw { user_string } => ProcessUser::Text { text: user_string },
                User::Id { uid, gid } => ProcessUser::Ids { uid, gid },
            },
            supplemental_groups: self.supplemental_groups,
            rlimits: self.rlimits.into_iter().map(limit).collect(),
            additional_groups: Vec::new(),
            oom_score_adj: None,
            use_init: false,
            unknown: UnknownFields::new(),
        };
        process.unknown = without_taken(self.other, &process)?;
        Ok(process)
    }
}

/// The fields whose names `record` does not write itself.
fn without_taken(mut fields: UnknownFields, record: &impl Serialize) -> Result<UnknownFields, Error> {
    let taken = object(record)?;
    fields.retain(|key, _| !taken.contains_key(key));
    Ok(fields)
}

fn object(record: &impl Serialize) -> Result<UnknownFields, Error> {
    match serde_json::to_value(record)? {
        Value::Object(fields) => Ok(fields),
        _ => Err(Error::custom("a record is an object")),
    }
}
