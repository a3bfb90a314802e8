//! The forked child, from the fork to the program.

use std::convert::Infallible;
use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::fs::{Mode, OFlags};
use rustix::process::{chdir, chroot, setsid, umask};
use rustix::thread::{ThreadNameSpaceType, move_into_thread_name_spaces, set_no_new_privs};

use crate::capability::become_identity;
use crate::container::Container;
use crate::failure::{StartFailure, StartFailureKind};
use crate::fork::unshare_cgroup_namespace;
use crate::identity::{self, Identity};
use crate::mount::bind;
use crate::program::{DEFAULT_PATH, exec_failure, find};
use crate::rlimit;
use crate::root_mounts::mount_inside;
use crate::seccomp;
use crate::spec::{ProcessSpec, Role};
use crate::stdio::ChildStdio;
use crate::working_directory::WorkingDirectory;

/// Everything the child needs. After the fork this is the child's copy of the parent's memory.
pub(crate) struct Setup<'a> {
    pub(crate) container: &'a Container,
    pub(crate) role: Role,
    pub(crate) spec: &'a ProcessSpec,
    pub(crate) stdio: &'a ChildStdio,
}

/// Prepares the process and executes its program. Returns, with an exit code, only after a failure, which it has
/// reported.
pub(crate) fn run(setup: &Setup<'_>, report: &OwnedFd) -> u8 {
    let Err(failure) = prepare_and_execute(setup);
    // Writing fails when the parent has gone, which needs no report.
    let _ = rustix::io::write(report, &failure.encode());
    match failure.kind {
        StartFailureKind::NotFound => 127,
        StartFailureKind::NotExecutable => 126,
        _ => 125,
    }
}

fn prepare_and_execute(setup: &Setup<'_>) -> Result<Infallible, StartFailure> {
    setsid().map_err(|error| StartFailure::setup("make a session", error))?;
    match setup.role {
        Role::Init => enter_new_container(setup.container)?,
        Role::Exec => enter_running_container(setup.container)?,
    }
    setup
        .stdio
        .install()
        .map_err(|error| StartFailure::setup("connect the standard streams", error))?;
    if let (Role::Init, Some(name)) = (setup.role, setup.stdio.terminal_name()) {
        // The file that is bound over it has its own owner and mode.
        rustix::fs::open(
            "/dev/console",
            OFlags::WRONLY | OFlags::CREATE | OFlags::CLOEXEC,
            Mode::RUSR | Mode::WUSR,
        )
        .map_err(|error| StartFailure::setup("make /dev/console", error))
        .map(drop)
        .and_then(|()| bind(name, "/dev/console").map_err(|error| StartFailure::setup("make /dev/console", error)))?;
    }
    let spec = setup.spec;
    umask(Mode::from_raw_mode(0o022));
    rlimit::apply(&spec.rlimits)?;
    let identity = resolve_identity(spec)?;
    if !identity.uid.is_root() {
        setup
            .stdio
            .give_to(identity.uid)
            .map_err(|error| StartFailure::setup("own the standard streams", error))?;
    }
    let directory = WorkingDirectory::new(&spec.working_directory)?;
    if setup.role == Role::Init {
        directory.make()?;
    }
    if spec.no_new_privileges {
        set_no_new_privs(true).map_err(|error| StartFailure::setup("set no_new_privs", error))?;
    }
    if spec.seccomp {
        // Before the capabilities go: without no_new_privs a filter needs CAP_SYS_ADMIN. The profile allows all that
        // follows.
        seccomp::install(spec.capabilities)
            .map_err(|error| StartFailure::setup("install the seccomp profile", error))?;
    }
    become_identity(&identity, spec.capabilities)?;
    // From here on the process has the rights of the program's user, so that it enters no directory and finds no program that this
    // user may not.
    directory.enter()?;
    execute(spec, &identity, setup.stdio.terminal_name().is_some())
}

/// New namespaces: makes the prepared root this process's root and completes it from inside.
fn enter_new_container(container: &Container) -> Result<(), StartFailure> {
    unshare_cgroup_namespace().map_err(|error| StartFailure::setup("make a cgroup namespace", error))?;
    rustix::system::sethostname(container.spec.hostname.as_bytes())
        .map_err(|error| StartFailure::setup("set the host name", error))?;
    // pivot_root(2) does not work on the initial RAM file system; moving the mount over it has the same result.
    chdir(container.layout.root())
        .and_then(|()| rustix::mount::mount_move(".", "/"))
        .and_then(|()| chroot("."))
        .map_err(|error| StartFailure::setup("change the root", error))?;
    mount_inside(&container.spec)
}

fn enter_running_container(container: &Container) -> Result<(), StartFailure> {
    let Some(init) = &container.init else {
        return Err(StartFailure::setup("start", "the container is not running"));
    };
    let namespaces = ThreadNameSpaceType::MOUNT
        | ThreadNameSpaceType::HOST_NAME_AND_NIS_DOMAIN_NAME
        | ThreadNameSpaceType::INTER_PROCESS_COMMUNICATION
        | ThreadNameSpaceType::CONTROL_GROUP;
    move_into_thread_name_spaces(init.as_fd(), namespaces)
        .map_err(|error| StartFailure::setup("enter the container", error))
}

fn resolve_identity(spec: &ProcessSpec) -> Result<Identity, StartFailure> {
    let (passwd, group) = (read_text("/etc/passwd"), read_text("/etc/group"));
    identity::resolve(&spec.user, &spec.additional_gids, &passwd, &group)
        .map_err(|error| StartFailure::new(StartFailureKind::User, error.to_string()))
}

/// A text file of the image; empty when it is missing, because an image need not have one.
fn read_text(path: &str) -> String {
    let mut bytes = Vec::new();
    if let Ok(file) = std::fs::File::open(path) {
        let _ = file.take(identity::USER_FILE_MAX_BYTES).read_to_end(&mut bytes);
    }
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

fn execute(spec: &ProcessSpec, identity: &Identity, terminal: bool) -> Result<Infallible, StartFailure> {
    let Some((name, arguments)) = spec.arguments.split_first() else {
        return Err(StartFailure::new(
            StartFailureKind::NotFound,
            "there is no program to run",
        ));
    };
    let variables = || spec.environment.iter().filter_map(|variable| variable.split_once('='));
    let value = |key: &str| {
        variables()
            .filter(|(candidate, _)| *candidate == key)
            .map(|(_, value)| value)
            .next_back()
    };
    let path = find(name, value("PATH").unwrap_or(DEFAULT_PATH))?;
    let mut command = Command::new(&path);
    command
        .arg0(name)
        .args(arguments)
        .env_clear()
        .envs(variables().filter(|(key, _)| !key.is_empty()));
    if value("HOME").is_none_or(str::is_empty) {
        command.env("HOME", &identity.home);
    }
    if terminal && value("TERM").is_none() {
        command.env("TERM", "xterm");
    }
    Err(exec_failure(&path, &command.exec()))
}
