//! Converts the host's requests to the workload library's types, or refuses them.

mod changes;
mod mounts;
mod names;
mod resume;
mod step;

use std::collections::HashMap;
use std::path::PathBuf;

use container_agent_api::v1;
use container_workload::{
    CapabilitySet, ContainerSpec, ControlFile, DeviceSpec, FilterProgram, Limits, ProcessSpec, Rlimit, Role, Seccomp,
    SharesDevice, Streams, WindowSize,
};
use prost::Message as _;
use tonic::Status;

use crate::own_network;

pub(crate) use changes::changes;
pub(crate) use names::names;
pub(crate) use resume::{Resume, ResumedContainer, resume};
pub(crate) use step::{archive_use, step};

/// signal(7); the number is the same on all architectures.
pub(crate) const SIGKILL: u32 = 9;

const DEFAULT_SHM_BYTES: u64 = 64 << 20;

/// Longest host name, uname(2).
const HOSTNAME_MAX_BYTES: usize = 64;

/// The container, its disks looked up by serial.
pub(crate) fn container(
    request: v1::CreateContainerRequest,
    mut disks: HashMap<String, PathBuf>,
) -> Result<ContainerSpec, Status> {
    let hostname = hostname(request.hostname)?;
    let names = names(request.names)?;
    let mut disk = |serial: &str| {
        disks
            .remove(serial)
            .ok_or_else(|| Status::invalid_argument(format!("disk \"{serial}\" is missing or named twice")))
    };
    let layers = request
        .layer_disks
        .iter()
        .map(|serial| disk(serial))
        .collect::<Result<_, _>>()?;
    let writable = disk(&request.writable_disk)?;
    let (volumes, mounts) = mounts::mounts(request.mounts, &mut disk)?;
    request
        .masked_paths
        .iter()
        .chain(&request.readonly_paths)
        .try_for_each(|path| absolute(path))?;
    mounts.iter().try_for_each(|mount| absolute(&mount.target))?;
    if let Some(name) = request
        .sysctls
        .keys()
        .find(|name| name.split('.').any(|part| part.is_empty() || part.contains('/')))
    {
        return Err(Status::invalid_argument(format!(
            "\"{name}\" is not the name of a kernel parameter"
        )));
    }
    Ok(ContainerSpec {
        hostname,
        names,
        layers,
        writable,
        is_for_steps: request.steps,
        read_only_root: request.read_only_root,
        volumes,
        shares: Some(request.shares_tag)
            .filter(|tag| !tag.is_empty())
            .map(|tag| SharesDevice {
                tag,
                owner: request.shares_owner,
            }),
        mounts,
        limits: limits(request.memory_limit_bytes, request.cpu_quota_us),
        shm_size_bytes: given(request.shm_size_bytes).unwrap_or(DEFAULT_SHM_BYTES),
        sysctls: request.sysctls.into_iter().collect(),
        masked_paths: request.masked_paths,
        readonly_paths: request.readonly_paths,
        control_files: control_files(request.control_files)?,
        devices: request.devices.into_iter().map(device).collect::<Result<_, _>>()?,
        privileged: request.privileged,
        translator_tag: Some(request.translator_tag).filter(|tag| !tag.is_empty()),
    })
}

/// The limits of a container that runs.
pub(crate) fn control_files(files: Vec<v1::ControlFile>) -> Result<Vec<ControlFile>, Status> {
    files.into_iter().map(control_file).collect()
}

/// A file of limits. What decides about the group itself, and which processes are in it, is the agent's.
fn control_file(file: v1::ControlFile) -> Result<ControlFile, Status> {
    let is_limit = file.name.split_once('.').is_some_and(|(controller, limit)| {
        controller != "cgroup" && !controller.is_empty() && !limit.is_empty() && !file.name.contains(['/', '\0'])
    });
    match is_limit {
        true => Ok(ControlFile {
            name: file.name,
            value: file.value,
            optional: file.optional,
        }),
        false => Err(Status::invalid_argument(format!(
            "\"{}\" is not the name of a limit",
            file.name
        ))),
    }
}

fn device(device: v1::Device) -> Result<DeviceSpec, Status> {
    for path in [&device.path, &device.target] {
        absolute(path)?;
        let is_node = path.starts_with("/dev/") && path.split('/').all(|part| part != "..");
        if !is_node {
            return Err(Status::invalid_argument(format!("\"{path}\" is not below /dev")));
        }
    }
    Ok(DeviceSpec {
        read: device.access.contains('r'),
        write: device.access.contains('w'),
        path: device.path,
        target: device.target,
    })
}

fn absolute(path: &str) -> Result<(), Status> {
    match path.starts_with('/') && !path.contains('\0') {
        true => Ok(()),
        false => Err(Status::invalid_argument(format!("\"{path}\" is not an absolute path"))),
    }
}

fn given(value: u64) -> Option<u64> {
    (value != 0).then_some(value)
}

/// Limits of the container, of which zero is none.
fn limits(memory_bytes: u64, cpu_quota_us: u64) -> Limits {
    Limits {
        memory_bytes: given(memory_bytes),
        cpu_quota_us: given(cpu_quota_us),
    }
}

fn hostname(hostname: String) -> Result<String, Status> {
    let is_name = !hostname.is_empty()
        && hostname.len() <= HOSTNAME_MAX_BYTES
        && !hostname.contains(|c: char| c.is_control() || c.is_whitespace());
    is_name
        .then_some(hostname)
        .ok_or_else(|| Status::invalid_argument("the host name is empty, too long, or has blanks"))
}

/// A process to start: the host's name for it, its role, its description, how its streams are connected, and whether kills for lack of memory are told
/// meanwhile.
#[derive(Debug)]
pub(crate) struct Start {
    pub(crate) id: String,
    pub(crate) role: Role,
    pub(crate) spec: ProcessSpec,
    pub(crate) streams: Streams,
    pub(crate) tells_oom_kills: bool,
}

/// Converts the first message of a Run call.
pub(crate) fn start(request: v1::StartProcess) -> Result<Start, Status> {
    let role = match request.role() {
        v1::ProcessRole::Init => Role::Init,
        v1::ProcessRole::Exec => Role::Exec,
        v1::ProcessRole::Unspecified => return Err(Status::invalid_argument("the process has no role")),
    };
    if request.process_id.is_empty() {
        return Err(Status::invalid_argument("the process has no id"));
    }
    let spec = request
        .spec
        .ok_or_else(|| Status::invalid_argument("the process has no description"))?;
    if spec.arguments.is_empty() {
        return Err(Status::invalid_argument(
            "the process has no arguments, not even its program",
        ));
    }
    if spec
        .arguments
        .iter()
        .chain(&spec.environment)
        .any(|text| text.contains('\0'))
    {
        return Err(Status::invalid_argument("an argument or a variable holds a zero byte"));
    }
    let streams = match (request.detached, spec.terminal) {
        (true, _) => Streams::Null,
        (false, true) => Streams::Terminal(window_size(spec.window_size)),
        (false, false) => Streams::Pipes { stdin: request.stdin },
    };
    let refuse = |error: &dyn std::fmt::Display| Status::invalid_argument(error.to_string());
    let rlimits = spec
        .rlimits
        .iter()
        .map(|limit| Rlimit::new(&limit.name, limit.soft, limit.hard))
        .collect::<Result<_, _>>()
        .map_err(|error| refuse(&error))?;
    Ok(Start {
        id: request.process_id,
        role,
        spec: ProcessSpec {
            capabilities: CapabilitySet::from_names(&spec.capabilities).map_err(|error| refuse(&error))?,
            arguments: spec.arguments,
            environment: spec.environment,
            working_directory: spec.working_directory,
            user: spec.user,
            additional_gids: spec.additional_gids,
            rlimits,
            no_new_privileges: spec.no_new_privileges,
            seccomp: seccomp(spec.seccomp, &spec.seccomp_filter)?,
            has_init: spec.init,
            own_network: spec.own_network.then_some(own_network::prepare),
            additional_groups: spec.additional_groups,
            oom_score_adj: spec.oom_score_adj,
        },
        streams,
        tells_oom_kills: request.tell_oom_kills,
    })
}

/// The description in an encoded [`v1::StartProcess`], for the process itself.
pub(crate) fn read_spec(encoded: &[u8]) -> Option<ProcessSpec> {
    let request = v1::StartProcess::decode(encoded).ok()?;
    start(request).ok().map(|start| start.spec)
}

fn seccomp(is_confined: bool, filter: &[u8]) -> Result<Seccomp, Status> {
    match (is_confined, filter) {
        (false, _) => Ok(Seccomp::Unconfined),
        (true, []) => Ok(Seccomp::Default),
        (true, filter) => FilterProgram::from_bytes(filter)
            .map(Seccomp::Filter)
            .map_err(|error| Status::invalid_argument(error.to_string())),
    }
}

/// A window size; numbers too large for the kernel's type become its largest.
pub(crate) fn window_size(size: Option<v1::WindowSize>) -> WindowSize {
    let size = size.unwrap_or_default();
    let fit = |cells: u32| u16::try_from(cells).unwrap_or(u16::MAX);
    WindowSize {
        rows: fit(size.rows),
        columns: fit(size.columns),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tonic::Code;

    fn process() -> v1::StartProcess {
        v1::StartProcess {
            process_id: "1".into(),
            role: v1::ProcessRole::Init.into(),
            spec: Some(v1::ProcessSpec {
                arguments: vec!["true".into()],
                ..Default::default()
            }),
            ..Default::default()
        }
    }

    #[test]
    fn incomplete_processes_are_refused() {
        assert!(start(process()).is_ok());
        for spoil in [
            |start: &mut v1::StartProcess| start.process_id.clear(),
            |start: &mut v1::StartProcess| start.role = 0,
            |start: &mut v1::StartProcess| start.role = 99,
            |start: &mut v1::StartProcess| start.spec = None,
            |start: &mut v1::StartProcess| start.spec.as_mut().unwrap().arguments.clear(),
            |start: &mut v1::StartProcess| start.spec.as_mut().unwrap().arguments.push("a\0b".into()),
            |start: &mut v1::StartProcess| start.spec.as_mut().unwrap().capabilities.push("CAP_FLY".into()),
        ] {
            let mut process = process();
            spoil(&mut process);
            assert_eq!(start(process).unwrap_err().code(), Code::InvalidArgument);
        }
    }

    #[test]
    fn control_files_are_limits_and_devices_are_below_dev() {
        let file = |name: &str| {
            control_file(v1::ControlFile {
                name: name.into(),
                ..Default::default()
            })
        };
        assert!(file("pids.max").is_ok());
        for name in ["", "pids", "cgroup.procs", "../pids.max", ".max", "pids."] {
            assert_eq!(file(name).unwrap_err().code(), Code::InvalidArgument, "{name}");
        }
        let node = |path: &str, target: &str| {
            device(v1::Device {
                path: path.into(),
                target: target.into(),
                access: "rm".into(),
            })
        };
        let fuse = node("/dev/fuse", "/dev/x").unwrap();
        assert!(fuse.read && !fuse.write);
        for (path, target) in [
            ("/etc/x", "/dev/x"),
            ("/dev/x", "/x"),
            ("/dev/../x", "/dev/x"),
            ("x", "/dev/x"),
        ] {
            assert!(node(path, target).is_err(), "{path} {target}");
        }
    }

    #[test]
    fn a_filter_replaces_the_default_profile_unless_nothing_is_confined() {
        let of = |is_confined, filter: &[u8]| seccomp(is_confined, filter).map_err(|status| status.code());
        assert_eq!(of(true, &[]), Ok(Seccomp::Default));
        assert_eq!(of(false, &[6; 8]), Ok(Seccomp::Unconfined));
        assert!(matches!(of(true, &[6; 8]), Ok(Seccomp::Filter(_))));
        assert_eq!(of(true, &[6; 9]), Err(Code::InvalidArgument));
    }

    #[test]
    fn detached_processes_have_no_streams() {
        let mut process = process();
        process.detached = true;
        assert_eq!(start(process).unwrap().streams, Streams::Null);
    }

    #[test]
    fn a_disk_cannot_be_two_layers() {
        let disks = HashMap::from([
            ("a".to_owned(), PathBuf::from("/dev/sda")),
            ("w".to_owned(), PathBuf::from("/dev/sdb")),
        ]);
        let request = v1::CreateContainerRequest {
            hostname: "box".into(),
            layer_disks: vec!["a".into(), "a".into()],
            writable_disk: "w".into(),
            ..Default::default()
        };
        assert_eq!(container(request, disks).unwrap_err().code(), Code::InvalidArgument);
    }
}
