//! The forked child, from the fork to the program.

use std::convert::Infallible;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::fs::{Mode, OFlags};
use rustix::process::{DumpableBehavior, chdir, chroot, getpid, set_dumpable_behavior, setpgid, setsid, umask};
use rustix::stdio::stdin;
use rustix::termios::tcsetpgrp;
use rustix::thread::{ThreadNameSpaceType, move_into_thread_name_spaces, set_no_new_privs};

use crate::capability::become_identity;
use crate::container::Container;
use crate::failure::{StartFailure, StartFailureKind};
use crate::fork::{Forked, fork, keep_only, unshare_cgroup_namespace};
use crate::identity::{self, Identity};
use crate::in_root::read_text;
use crate::init;
use crate::mount::bind;
use crate::program::{DEFAULT_PATH, exec_failure, find};
use crate::rlimit;
use crate::root_mounts::mount_inside;
use crate::seccomp;
use crate::spec::{NetworkSetup, ProcessSpec, Role};
use crate::stdio::ChildStdio;
use crate::waiting::{ReadSpec, take_task};
use crate::working_directory::WorkingDirectory;

/// Everything the child needs. After the fork this is the child's copy of the parent's memory.
pub(crate) struct Setup<'a> {
    /// The container's.
    pub(crate) hostname: &'a str,
    pub(crate) role: Role,
    pub(crate) spec: &'a ProcessSpec,
    pub(crate) stdio: &'a ChildStdio,
}

/// Prepares the process and executes its program. Returns, with an exit code, only after a failure, which it has
/// reported.
pub(crate) fn run(container: &Container, setup: &Setup<'_>, report: &OwnedFd) -> u8 {
    let network = setup.spec.own_network;
    let entered = match setup.role {
        Role::Init => enter_new_container(container, network),
        Role::Exec => enter_running_container(container),
    };
    match entered {
        Ok(()) => run_inside(setup, report),
        Err(failure) => tell(&failure, report),
    }
}

/// What [`run`] does, for a first process that is told what to run when it has entered the container.
pub(crate) fn run_later(container: &Container, channel: UnixStream, read_spec: ReadSpec) -> u8 {
    // Without a task it ends, and the one that is forked in its place tells why.
    let task = enter_new_container(container, None)
        .ok()
        .and_then(|()| take_task(channel).ok());
    let Some(task) = task else { return 1 };
    let Some(spec) = read_spec(&task.encoded_spec) else {
        let failure = StartFailure::setup("start", "the description of the process is unreadable");
        return tell(&failure, &task.report);
    };
    let setup = Setup {
        hostname: &task.hostname,
        role: Role::Init,
        spec: &spec,
        stdio: &task.stdio,
    };
    run_inside(&setup, &task.report)
}

/// In the container: connects the streams and executes the program.
fn run_inside(setup: &Setup<'_>, report: &OwnedFd) -> u8 {
    let ended = connect(setup).and_then(|()| match setup.role == Role::Init && setup.spec.has_init {
        true => run_below_init(setup, report),
        false => become_program(setup).map(|never| match never {}),
    });
    match ended {
        Ok(code) => code,
        Err(failure) => tell(&failure, report),
    }
}

/// Reports a failure; gives the exit code for it.
fn tell(failure: &StartFailure, report: &OwnedFd) -> u8 {
    // Writing fails when the parent has gone, which needs no report.
    let _ = rustix::io::write(report, &failure.encode());
    match failure.kind {
        StartFailureKind::NotFound => 127,
        StartFailureKind::NotExecutable => 126,
        _ => 125,
    }
}

/// Makes a session and connects the streams. A first process gives the container its name.
fn connect(setup: &Setup<'_>) -> Result<(), StartFailure> {
    setsid().map_err(|error| StartFailure::setup("make a session", error))?;
    if setup.role == Role::Init {
        rustix::system::sethostname(setup.hostname.as_bytes())
            .map_err(|error| StartFailure::setup("set the host name", error))?;
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
    Ok(())
}

/// Forks the program and stays its PID 1; gives the exit code.
fn run_below_init(setup: &Setup<'_>, report: &OwnedFd) -> Result<u8, StartFailure> {
    let spec = setup.spec;
    // Before there are two who could report it.
    let identity = resolve_identity(spec)?;
    let signals = init::Signals::block().map_err(|error| StartFailure::setup("block signals", error))?;
    let program = fork(0, None, || {
        let released = || {
            signals
                .release()
                .map_err(|error| StartFailure::setup("release signals", error))
        };
        let Err(failure) = lead_group(setup.stdio)
            .and_then(|()| released())
            .and_then(|()| become_program(setup));
        tell(&failure, report)
    });
    let Forked { pid, pidfd } = program.map_err(|error| StartFailure::setup("fork", error))?;
    limit_rights(spec, &identity)?;
    // Its memory is a copy of this program's, which is no business of the container's.
    set_dumpable_behavior(DumpableBehavior::NotDumpable)
        .map_err(|error| StartFailure::setup("protect PID 1", error))?;
    // Closed by number below.
    std::mem::forget(pidfd);
    keep_only(&[]).map_err(|error| StartFailure::setup("close descriptors", error))?;
    Ok(init::serve(&signals, pid))
}

/// Makes the calling process the leader of a group of its own, which is the one in the foreground of its terminal: what is typed there goes to
/// it alone, and not to PID 1 as well.
fn lead_group(stdio: &ChildStdio) -> Result<(), StartFailure> {
    let failed = |error| StartFailure::setup("make a process group", error);
    setpgid(None, None).map_err(failed)?;
    match stdio.terminal_name() {
        Some(_) => tcsetpgrp(stdin(), getpid()).map_err(failed),
        None => Ok(()),
    }
}

fn become_program(setup: &Setup<'_>) -> Result<Infallible, StartFailure> {
    let spec = setup.spec;
    umask(Mode::from_raw_mode(0o022));
    rlimit::apply(&spec.rlimits)?;
    if let Some(score) = spec.oom_score_adj {
        std::fs::write("/proc/self/oom_score_adj", score.to_string())
            .map_err(|error| StartFailure::setup("set oom_score_adj", error))?;
    }
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
    limit_rights(spec, &identity)?;
    // From here on the process has the rights of the program's user, so that it enters no directory and finds no program that this
    // user may not.
    directory.enter()?;
    execute(spec, &identity, setup.stdio.terminal_name().is_some())
}

/// Gives the calling process the rights of the program's user.
fn limit_rights(spec: &ProcessSpec, identity: &Identity) -> Result<(), StartFailure> {
    if spec.no_new_privileges {
        set_no_new_privs(true).map_err(|error| StartFailure::setup("set no_new_privs", error))?;
    }
    let confine = || {
        seccomp::install(&spec.seccomp, spec.capabilities)
            .map_err(|error| StartFailure::setup("install the seccomp profile", error))
    };
    // Without no_new_privs a filter needs CAP_SYS_ADMIN, so that it is there before the capabilities go: a profile has to allow what that takes.
    // Otherwise it is the last thing, and a profile need not know of it.
    if spec.no_new_privileges {
        become_identity(identity, spec.capabilities)?;
        confine()
    } else {
        confine()?;
        become_identity(identity, spec.capabilities)
    }
}

/// New namespaces: makes the prepared root this process's root and completes it from inside.
fn enter_new_container(container: &Container, own_network: Option<NetworkSetup>) -> Result<(), StartFailure> {
    if let Some(prepare) = own_network {
        prepare().map_err(|error| StartFailure::setup("prepare the network namespace", error))?;
    }
    unshare_cgroup_namespace().map_err(|error| StartFailure::setup("make a cgroup namespace", error))?;
    // pivot_root(2) does not work on the initial RAM file system; moving the mount over it has the same result.
    chdir(container.layout.root())
        .and_then(|()| rustix::mount::mount_move(".", "/"))
        .and_then(|()| chroot("."))
        .map_err(|error| StartFailure::setup("change the root", error))?;
    mount_inside(&container.spec, own_network.is_some())
}

fn enter_running_container(container: &Container) -> Result<(), StartFailure> {
    let Some(init) = &container.init else {
        return Err(StartFailure::setup("start", "the container is not running"));
    };
    let namespaces = ThreadNameSpaceType::MOUNT
        | ThreadNameSpaceType::HOST_NAME_AND_NIS_DOMAIN_NAME
        | ThreadNameSpaceType::INTER_PROCESS_COMMUNICATION
        | ThreadNameSpaceType::NETWORK
        | ThreadNameSpaceType::CONTROL_GROUP;
    move_into_thread_name_spaces(init.as_fd(), namespaces)
        .map_err(|error| StartFailure::setup("enter the container", error))
}

fn resolve_identity(spec: &ProcessSpec) -> Result<Identity, StartFailure> {
    let root = rustix::fs::open("/", OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
        .map_err(|error| StartFailure::setup("open the root", error))?;
    let text = |path| read_text(root.as_fd(), path, identity::USER_FILE_MAX_BYTES);
    let (passwd, group) = (text("/etc/passwd"), text("/etc/group"));
    let failed = |error: identity::IdentityError| StartFailure::new(StartFailureKind::User, error.to_string());
    let mut identity = identity::resolve(&spec.user, &spec.additional_gids, &passwd, &group).map_err(failed)?;
    identity.add_groups(&spec.additional_groups, &group).map_err(failed)?;
    Ok(identity)
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
