//! From a request and an image to a container's configuration, without I/O.

mod devices;
mod health;
pub(crate) mod limits;
mod log;
pub(crate) mod machine;
mod mounts;
pub(crate) mod networks;
mod paths;
mod ports;
pub(crate) mod proxies;
mod seccomp;
mod sockets;
mod sysctls;
mod target;

use std::collections::BTreeMap;

use container_model::{
    ByteSize, ContainerConfig, ContainerId, ContainerImage, ContainerOptions, DiskMount, InitProcess, Mount,
    NetworkAttachment, ProcessUser, Resources, Security, StopSignal, UnknownFields, check_host_name, merge_environment,
};
use container_oci::{Platform, ProcessDefaults};
use time::OffsetDateTime;

pub(crate) use health::health_check;
pub(crate) use mounts::inherited;

use sockets::SSH_AGENT_VARIABLE;

use crate::error::RequestError;
use crate::{CreateRequest, NetworkingRequest, SeccompRequest, SecurityRequest, UserRequest};

/// `PATH` of images that set none, as Docker has it.
const DEFAULT_PATH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Paths hidden from a workload: the default list of container runtimes for Linux (OCI runtime specification, `linux.maskedPaths`).
const MASKED_PATHS: [&str; 11] = [
    "/proc/asound",
    "/proc/acpi",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/sys/firmware",
    "/sys/devices/virtual/powercap",
];

/// Paths that a workload cannot write to (OCI runtime specification, `linux.readonlyPaths`).
const READONLY_PATHS: [&str; 5] = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

/// What is known of the image a container is made from.
pub(crate) struct ImageFacts<'a> {
    /// Processors when the request names no number.
    pub(crate) default_cpus: u32,
    pub(crate) image: ContainerImage,
    pub(crate) platform: Platform,
    /// Volumes of other containers that it gets.
    pub(crate) inherited_volumes: Vec<DiskMount>,
    pub(crate) defaults: &'a ProcessDefaults,
}

/// Puts a container's configuration together.
///
/// # Errors
/// [`RequestError`] when no container can be made of the request.
pub(crate) fn configure(
    request: &CreateRequest,
    image: ImageFacts<'_>,
    id: ContainerId,
    created: OffsetDateTime,
) -> Result<ContainerConfig, RequestError> {
    let mut command = command(request, &image)?;
    let executable = command.remove(0);
    let defaults = image.defaults;
    let networking = &request.networking;
    let networks = check_networking(networking)?;
    let exposed = networking.publish_all.then_some(&defaults.exposed_ports);
    let image_signal = Some(&defaults.stop_signal).filter(|text| !text.is_empty());
    let (masked_paths, readonly_paths) = protected_paths(&request.security)?;
    let seccomp_profile = seccomp::profile(&request.security.seccomp, &image.platform)?;
    let process = InitProcess {
        executable,
        arguments: command,
        environment: environment(
            &defaults.env,
            request,
            networking.hostname.as_deref().unwrap_or_else(|| id.hostname()),
        ),
        working_directory: working_directory(request, defaults)?,
        terminal: request.terminal,
        user: user(&request.user, defaults)?,
        supplemental_groups: supplemental_groups(&request.user),
        rlimits: request.rlimits.clone(),
        additional_groups: request.additional_groups.clone(),
        oom_score_adj: limits::oom_score_adj(&request.limits)?,
        use_init: request.init,
        unknown: UnknownFields::new(),
    };
    Ok(ContainerConfig {
        id,
        created,
        resources: resources(request, image.default_cpus)?,
        image: image.image,
        platform: image.platform,
        process,
        mounts: mounts::mounts(request, image.inherited_volumes, defaults.volumes.keys())?,
        published_ports: ports::published(&networking.ports, exposed, !networks.is_empty())?,
        published_sockets: sockets::published(&request.published_sockets)?,
        ssh: request.ssh,
        networks,
        dns: networking.dns.clone(),
        extra_hosts: networking.extra_hosts.clone(),
        hostname: networking.hostname.clone(),
        security: Security {
            added_capabilities: request.cap_add.clone(),
            dropped_capabilities: request.cap_drop.clone(),
            masked_paths,
            readonly_paths,
            read_only_root: request.read_only,
            no_new_privileges: request.security.no_new_privileges,
            seccomp_unconfined: request.security.seccomp == SeccompRequest::Unconfined,
            seccomp_profile,
            privileged: request.security.privileged,
            devices: devices::devices(&request.security.devices)?,
            unknown: UnknownFields::new(),
        },
        options: ContainerOptions {
            auto_remove: request.auto_remove,
            stdin: request.stdin,
            client_addresses: networking.client_addresses,
            cold: request.cold,
            kernel: request.kernel.clone(),
            kernel_arguments: request.machine.kernel_arguments.clone(),
            log: log::log(&request.log)?,
            stop_timeout_seconds: request.stop_timeout_seconds,
            restart: request.restart,
            virtualization: request.machine.virtualization,
            rosetta: request.machine.rosetta,
            unknown: UnknownFields::new(),
        },
        labels: labels(defaults, request),
        annotations: request.annotations.clone(),
        sysctls: request.machine.sysctls.clone(),
        stop_signal: match request.stop_signal {
            Some(signal) => Some(signal.into()),
            None => image_signal.cloned().map(StopSignal::from),
        },
        health_check: health_check(&request.health, defaults)?,
        build: None,
        unknown: UnknownFields::new(),
    })
}

/// The paths that are hidden, and those that are protected.
fn protected_paths(request: &SecurityRequest) -> Result<(Vec<String>, Vec<String>), RequestError> {
    let (masked, readonly): (&[&str], &[&str]) = match request.privileged || request.system_paths_unconfined {
        true => (&[], &[]),
        false => (&MASKED_PATHS, &READONLY_PATHS),
    };
    Ok((
        paths::paths("--masked-path", masked, &request.masked_paths)?,
        paths::paths("--read-only-path", readonly, &request.readonly_paths)?,
    ))
}

/// Checks what needs neither the image nor the host.
pub(crate) fn check_request(request: &CreateRequest) -> Result<(), RequestError> {
    if request.auto_remove && !request.restart.is_no() {
        return Err(RequestError::RemovedAndRestarted);
    }
    health::check(&request.health)?;
    machine::check_kernel_arguments(&request.machine.kernel_arguments)?;
    sysctls::check(&request.machine.sysctls)?;
    log::log(&request.log)?;
    protected_paths(&request.security)?;
    devices::devices(&request.security.devices)?;
    limits::limits(&request.limits, request.cpus, request.memory.map(|memory| memory.0))?;
    limits::oom_score_adj(&request.limits)?;
    let is_group = |group: &String| !group.is_empty() && !group.contains([':', ',', '\n', '\0']);
    match request.additional_groups.iter().find(|group| !is_group(group)) {
        Some(group) => Err(RequestError::Group { group: group.clone() }),
        None => Ok(()),
    }
}

/// Checks what is mounted and which sockets are published, as far as that can be done without the image; gives the mounts.
pub(crate) fn check_mounts(request: &CreateRequest, inherited: Vec<DiskMount>) -> Result<Vec<Mount>, RequestError> {
    sockets::published(&request.published_sockets)?;
    mounts::mounts(request, inherited, &[])
}

/// Checks what can be checked without the image; gives what the container asks of its networks.
pub(crate) fn check_networking(request: &NetworkingRequest) -> Result<Vec<NetworkAttachment>, RequestError> {
    let networks = networks::attachments(&request.networks)?;
    let exposed = request.publish_all.then(BTreeMap::new);
    ports::published(&request.ports, exposed.as_ref(), !networks.is_empty())?;
    if let Some(name) = &request.hostname {
        check_host_name(name)?;
    }
    Ok(networks)
}

/// Entrypoint and command as Docker combines them: an entrypoint from the command line drops the image's command.
fn command(request: &CreateRequest, image: &ImageFacts<'_>) -> Result<Vec<String>, RequestError> {
    let entrypoint = match &request.entrypoint {
        Some(program) if program.is_empty() => Vec::new(),
        Some(program) => vec![program.clone()],
        None => image.defaults.entrypoint.clone(),
    };
    let arguments = if request.arguments.is_empty() && request.entrypoint.is_none() {
        &image.defaults.cmd
    } else {
        &request.arguments
    };
    let command: Vec<String> = entrypoint.into_iter().chain(arguments.iter().cloned()).collect();
    if command.is_empty() {
        return Err(RequestError::NoCommand {
            image: image.image.reference.to_string(),
        });
    }
    Ok(command)
}

/// The image's environment, then the SSH agent if there is one, then the request's.
fn environment(image: &[String], request: &CreateRequest, hostname: &str) -> Vec<String> {
    let hostname = format!("HOSTNAME={hostname}");
    let base = [DEFAULT_PATH, hostname.as_str()];
    let agent = request.ssh.then_some(SSH_AGENT_VARIABLE);
    // An entry without "=" would take the host's value in some tools; here it says nothing.
    let image = image.iter().map(String::as_str).filter(|entry| entry.contains('='));
    let own = request.environment.iter().map(String::as_str);
    merge_environment(base.into_iter().chain(image).chain(agent).chain(own))
}

fn working_directory(request: &CreateRequest, defaults: &ProcessDefaults) -> Result<String, RequestError> {
    let path = request.working_directory.as_deref().unwrap_or(&defaults.working_dir);
    match path {
        "" => Ok("/".to_owned()),
        path if path.starts_with('/') => Ok(path.to_owned()),
        // An image may say "app" where it means "/app"; Docker takes it so.
        path if request.working_directory.is_none() => Ok(format!("/{path}")),
        path => Err(RequestError::WorkingDirectory { path: path.to_owned() }),
    }
}

fn user(request: &UserRequest, defaults: &ProcessDefaults) -> Result<ProcessUser, RequestError> {
    if let (Some(uid), Some(gid), None) = (request.uid, request.gid, &request.user) {
        return Ok(ProcessUser::Ids { uid, gid });
    }
    Ok(match user_text(request)? {
        Some(text) => ProcessUser::Text { text },
        None if defaults.user.is_empty() => ProcessUser::ROOT,
        None => ProcessUser::Text {
            text: defaults.user.clone(),
        },
    })
}

/// `--gid` alone becomes a supplementary group, as in Apple's tool.
fn supplemental_groups(request: &UserRequest) -> Vec<u32> {
    match (request.uid, request.gid) {
        (None, Some(gid)) => vec![gid],
        _ => Vec::new(),
    }
}

/// The user of a request in the form the guest takes; `None` leaves it to the image or the container.
pub(crate) fn user_text(request: &UserRequest) -> Result<Option<String>, RequestError> {
    match (&request.user, request.uid, request.gid) {
        (Some(_), Some(_), _) | (Some(_), _, Some(_)) => Err(RequestError::TwoUsers),
        (Some(user), None, None) => Ok(Some(user.clone())),
        (None, Some(uid), Some(gid)) => Ok(Some(format!("{uid}:{gid}"))),
        (None, Some(uid), None) => Ok(Some(uid.to_string())),
        (None, None, _) => Ok(None),
    }
}

/// The image's labels, overridden by the request's.
fn labels(defaults: &ProcessDefaults, request: &CreateRequest) -> BTreeMap<String, String> {
    let mut labels = defaults.labels.clone();
    labels.extend(request.labels.clone());
    labels
}

fn resources(request: &CreateRequest, default_cpus: u32) -> Result<Resources, RequestError> {
    let cpus = limits::processors(request.cpus.unwrap_or(default_cpus))?;
    let memory_bytes = limits::memory_bytes(request.memory.unwrap_or(ByteSize(Resources::DEFAULT_MEMORY_BYTES)))?;
    let storage_bytes = request.storage_size.map(|size| size.0);
    let sizes = Resources::MINIMUM_STORAGE_BYTES..=Resources::MAXIMUM_STORAGE_BYTES;
    if let Some(asked) = storage_bytes.filter(|bytes| !sizes.contains(bytes)) {
        return Err(RequestError::Storage { asked: ByteSize(asked) });
    }
    Ok(Resources {
        shm_size_bytes: request.shm_size.map(|size| size.0),
        storage_bytes,
        control_group: limits::limits(&request.limits, Some(cpus), Some(memory_bytes))?,
        ..Resources::new(cpus, memory_bytes)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use container_oci::{Descriptor, Digest, media_type};

    fn request() -> CreateRequest {
        CreateRequest::new("busybox".parse().unwrap())
    }

    fn configured(request: &CreateRequest, defaults: &ProcessDefaults) -> Result<ContainerConfig, RequestError> {
        let digest = Digest::Sha256([1; 32]);
        let image = ImageFacts {
            default_cpus: 2,
            image: ContainerImage {
                reference: "busybox".parse().unwrap(),
                descriptor: Descriptor::new(media_type::OCI_MANIFEST, digest, 1).into(),
                manifest_digest: digest,
                layers: Vec::new(),
                unknown: UnknownFields::new(),
            },
            platform: "linux/amd64".parse().unwrap(),
            inherited_volumes: Vec::new(),
            defaults,
        };
        configure(request, image, "web-1".parse().unwrap(), OffsetDateTime::UNIX_EPOCH)
    }

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    fn command_of(entrypoint: Option<&str>, arguments: &str) -> Vec<String> {
        let defaults = ProcessDefaults {
            entrypoint: words("/entry -x"),
            cmd: words("serve"),
            ..Default::default()
        };
        let mut request = request();
        request.entrypoint = entrypoint.map(str::to_owned);
        request.arguments = words(arguments);
        let process = configured(&request, &defaults).unwrap().process;
        std::iter::once(process.executable).chain(process.arguments).collect()
    }

    #[test]
    fn entrypoint_and_command_combine_as_in_docker() {
        assert_eq!(command_of(None, ""), words("/entry -x serve"));
        assert_eq!(command_of(None, "stop now"), words("/entry -x stop now"));
        assert_eq!(command_of(Some("sh"), ""), words("sh"));
        assert_eq!(command_of(Some("sh"), "-c true"), words("sh -c true"));
        assert_eq!(command_of(Some(""), "true"), words("true"));
    }

    #[test]
    fn an_image_without_command_needs_one() {
        let error = configured(&request(), &ProcessDefaults::default()).unwrap_err();
        assert!(matches!(error, RequestError::NoCommand { .. }));
    }

    #[test]
    fn later_environment_wins_and_the_host_never_leaks() {
        let defaults = ProcessDefaults {
            cmd: words("sh"),
            env: words("A=1 B=2 LEAK"),
            ..Default::default()
        };
        let mut request = request();
        request.environment = words("B=3 A=");
        let environment = configured(&request, &defaults).unwrap().process.environment;
        assert_eq!(environment[2..], ["A=", "B=3"]);
        assert_eq!(environment[1], "HOSTNAME=web-1");
        request.environment = words("B PATH LEAK A=4");
        let environment = configured(&request, &defaults).unwrap().process.environment;
        assert_eq!(environment, ["HOSTNAME=web-1", "A=4"]);
    }

    #[test]
    fn a_host_name_is_the_container_s_and_in_its_environment() {
        let defaults = ProcessDefaults {
            cmd: words("sh"),
            ..Default::default()
        };
        let mut request = request();
        request.networking.hostname = Some("db.example".to_owned());
        let config = configured(&request, &defaults).unwrap();
        assert_eq!(config.hostname(), "db.example");
        assert!(config.process.environment.contains(&"HOSTNAME=db.example".to_owned()));
        request.networking.hostname = Some("a_b".to_owned());
        assert!(matches!(
            configured(&request, &defaults),
            Err(RequestError::HostName(_))
        ));
    }

    #[test]
    fn ports_of_the_image_are_published_on_request_only() {
        let defaults = ProcessDefaults {
            cmd: words("sh"),
            exposed_ports: [("80/tcp".to_owned(), container_oci::Empty::default())].into(),
            ..Default::default()
        };
        let mut request = request();
        let ports = |request: &CreateRequest| configured(request, &defaults).map(|config| config.published_ports.len());
        assert_eq!(ports(&request), Ok(0));
        request.networking.publish_all = true;
        assert_eq!(ports(&request), Ok(1));
        request.networking.networks = crate::NetworkSelection::None;
        assert_eq!(ports(&request), Err(RequestError::PortsWithoutNetwork));
    }

    #[test]
    fn users_combine_as_documented() {
        let user = |user: Option<&str>, uid, gid| {
            user_text(&UserRequest {
                user: user.map(str::to_owned),
                uid,
                gid,
            })
        };
        assert_eq!(user(Some("www"), None, None), Ok(Some("www".to_owned())));
        assert_eq!(user(None, Some(5), Some(6)), Ok(Some("5:6".to_owned())));
        assert_eq!(user(None, Some(5), None), Ok(Some("5".to_owned())));
        assert_eq!(user(None, None, Some(6)), Ok(None));
        assert_eq!(user(Some("www"), None, Some(6)), Err(RequestError::TwoUsers));
        let only_group = UserRequest {
            user: None,
            uid: None,
            gid: Some(6),
        };
        assert_eq!(supplemental_groups(&only_group), [6]);
    }

    #[test]
    fn memory_has_a_floor_and_whole_mebibytes() {
        let defaults = ProcessDefaults {
            cmd: words("sh"),
            ..Default::default()
        };
        let mut request = request();
        request.memory = Some(ByteSize(100 << 20));
        assert!(matches!(
            configured(&request, &defaults),
            Err(RequestError::Memory { .. })
        ));
        request.memory = Some(ByteSize((300 << 20) + 1));
        assert_eq!(
            configured(&request, &defaults).unwrap().resources.memory_bytes,
            301 << 20
        );
    }

    #[test]
    fn working_directories_are_absolute() {
        let defaults = ProcessDefaults {
            cmd: words("sh"),
            working_dir: "app".to_owned(),
            ..Default::default()
        };
        let mut request = request();
        assert_eq!(
            configured(&request, &defaults).unwrap().process.working_directory,
            "/app"
        );
        request.working_directory = Some("relative".to_owned());
        assert!(matches!(
            configured(&request, &defaults),
            Err(RequestError::WorkingDirectory { .. })
        ));
    }

    #[test]
    fn the_stop_signal_is_the_callers_or_what_the_image_says() {
        let mut defaults = ProcessDefaults {
            cmd: words("sh"),
            ..Default::default()
        };
        let signal = |request: &CreateRequest, defaults: &ProcessDefaults| {
            let signal = configured(request, defaults).unwrap().stop_signal;
            signal.map(|signal| (signal.as_str().to_owned(), signal.signal().ok()))
        };
        assert_eq!(signal(&request(), &defaults), None);
        for (text, meant) in [("QUIT", Some("QUIT")), ("nonsense", None)] {
            defaults.stop_signal = text.to_owned();
            let meant = meant.map(|name| name.parse().unwrap());
            assert_eq!(signal(&request(), &defaults), Some((text.to_owned(), meant)));
        }
        let mut request = request();
        request.stop_signal = Some(container_model::Signal::INT);
        let own = ("SIGINT".to_owned(), Some(container_model::Signal::INT));
        assert_eq!(signal(&request, &defaults), Some(own));
    }
}
