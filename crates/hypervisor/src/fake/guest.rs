//! What the test wants a guest to do, and what the guest was asked.

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use container_agent_api::v1::{
    BeginStepRequest, ConfigureInterfaceRequest, ControlFile, CreateContainerRequest, HelloRequest, OomKill,
    ParkRequest, ResizeRequest, ResumeRequest, SetNamesRequest, SignalRequest, StartFailure, StartProcess,
    add_archive_open,
};

use tokio::net::UnixListener;

use super::room::Room;
use super::socket::Sockets;
use crate::MachineExit;

/// How the guest gets from power-on to its agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Boot {
    /// The agent answers after this time.
    Ready {
        /// From the machine's start.
        after: Duration,
    },
    /// Nothing ever answers: a hang in boot, or an agent that never opens its port.
    Hang,
    /// The machine ends in boot.
    Die {
        /// From the machine's start.
        after: Duration,
        /// How it ends.
        exit: MachineExit,
    },
    /// Something that is not gRPC arrives; after it, silence.
    Garbage(Vec<u8>),
}

/// How a connection to the agent comes about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// At once, as that of a single port.
    Open,
    /// An attempt waits until this time from the machine's start.
    Late {
        /// The time.
        after: Duration,
    },
    /// An attempt waits for ever.
    Silent,
    /// So many attempts are refused before one succeeds.
    Refused {
        /// How many.
        count: usize,
    },
}

/// What one process does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// How long its start takes.
    pub start_after: Duration,
    /// Written to standard output first, in chunks as large as the protocol allows.
    pub stdout: Vec<u8>,
    /// Written to standard error then.
    pub stderr: Vec<u8>,
    /// What the kernel kills in the container then, which is told to who asks for it.
    pub oom_kills: Vec<OomKill>,
    /// How it goes on.
    pub outcome: Outcome,
}

/// How a process ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It exits by itself.
    Exit {
        /// Exit code.
        code: u32,
        /// Time from the end of its output to its exit.
        after: Duration,
    },
    /// It runs until a signal that is not in `ignores` ends it.
    UntilSignal {
        /// Signals without effect.
        ignores: Vec<u32>,
    },
    /// It copies standard input to standard output and exits with 0 at its end.
    Echo,
    /// The kernel kills it for want of memory, and its log says what it has killed if there is one.
    OutOfMemory {
        /// The kill that is told with the exit.
        killed: Option<OomKill>,
    },
    /// It cannot be started.
    Fail {
        /// Reason for the protocol.
        reason: StartFailure,
        /// Text for the user.
        message: String,
    },
    /// The agent breaks off the call without any outcome.
    Vanish,
}

impl Process {
    /// Exits at once with `code`, without output.
    #[must_use]
    pub fn exits(code: u32) -> Self {
        Self::ends(Outcome::Exit {
            code,
            after: Duration::ZERO,
        })
    }

    /// Does nothing but end in that way.
    #[must_use]
    pub fn ends(outcome: Outcome) -> Self {
        Self {
            start_after: Duration::ZERO,
            stdout: Vec::new(),
            stderr: Vec::new(),
            oom_kills: Vec::new(),
            outcome,
        }
    }

    /// The same, started after this time.
    #[must_use]
    pub fn starting_after(mut self, start_after: Duration) -> Self {
        self.start_after = start_after;
        self
    }

    /// The same with `bytes` on standard output.
    #[must_use]
    pub fn with_stdout(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdout = bytes.into();
        self
    }

    /// The same with processes that the kernel kills after the output.
    #[must_use]
    pub fn with_oom_kills(mut self, kills: impl Into<Vec<OomKill>>) -> Self {
        self.oom_kills = kills.into();
        self
    }

    /// The same with `bytes` on standard error.
    #[must_use]
    pub fn with_stderr(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stderr = bytes.into();
        self
    }
}

/// What a process does, by what was asked to start.
type Script = dyn Fn(&StartProcess) -> Process + Send + Sync;

/// A guest: how it boots, what it prints, what its processes do. Clones are one guest and share what they observed.
#[derive(Clone)]
pub struct Guest {
    pub(super) boot: Boot,
    pub(super) channel: Channel,
    pub(super) console: String,
    pub(super) restored: Boot,
    pub(super) script: Arc<Script>,
    pub(super) refusal: Option<String>,
    pub(super) resume_refusal: Option<String>,
    /// A file of the control group, and why it is refused.
    pub(super) limits_refusal: Option<(String, String)>,
    pub(super) trimmed_bytes: Vec<u64>,
    pub(super) sockets: Sockets,
    pub(super) room: Room,
    observed: Arc<Mutex<Observed>>,
}

/// What a guest was asked to do, in order of arrival.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Observed {
    /// Attempts to connect to the agent.
    pub connect_count: usize,
    /// Handshakes.
    pub hellos: Vec<HelloRequest>,
    /// Containers.
    pub containers: Vec<CreateContainerRequest>,
    /// Calls that were to park it.
    pub parks: Vec<ParkRequest>,
    /// Calls that were to make a restored machine a container. What they say of interfaces and names is only here.
    pub resumes: Vec<ResumeRequest>,
    /// Processes.
    pub starts: Vec<StartProcess>,
    /// Processes that have ended, with their exit codes.
    pub exits: Vec<(String, u32)>,
    /// Standard input of all processes.
    pub stdin: Vec<u8>,
    /// Signals.
    pub signals: Vec<SignalRequest>,
    /// Whether its processes were to stand still or to go on.
    pub pauses: Vec<bool>,
    /// Changes of its limits.
    pub limits: Vec<Vec<ControlFile>>,
    /// Window sizes.
    pub resizes: Vec<ResizeRequest>,
    /// Network interfaces, without those that were released again.
    pub interfaces: Vec<ConfigureInterfaceRequest>,
    /// Changes of the files about names.
    pub names: Vec<SetNamesRequest>,
    /// Archives by the path that they were written to, and from which they are read.
    pub trees: HashMap<Vec<u8>, Vec<u8>>,
    /// Steps that were begun.
    pub steps: Vec<BeginStepRequest>,
    /// How many were sealed.
    pub sealed_count: u32,
    /// Archives that were brought in for steps, and for what.
    pub archives: Vec<(add_archive_open::Use, Vec<u8>)>,
    /// How far the guest's clock is ahead of the host's, nanoseconds.
    pub clock_ahead_ns: i64,
    /// By how much its clock was moved, nanoseconds.
    pub clock_offsets_ns: Vec<i64>,
    /// Shutdowns.
    pub shutdown_count: usize,
    /// Calls that froze the disks.
    pub frozen_count: usize,
    /// Those of them that have ended.
    pub thawed_count: usize,
}

impl fmt::Debug for Guest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guest")
            .field("boot", &self.boot)
            .finish_non_exhaustive()
    }
}

impl Default for Guest {
    /// Boots at once; every process exits with 0.
    fn default() -> Self {
        Self {
            boot: Boot::Ready { after: Duration::ZERO },
            channel: Channel::Open,
            restored: Boot::Ready { after: Duration::ZERO },
            console: "fake guest: booting\n".to_owned(),
            script: Arc::new(|_| Process::exits(0)),
            refusal: None,
            resume_refusal: None,
            limits_refusal: None,
            trimmed_bytes: Vec::new(),
            sockets: Sockets::default(),
            room: Room::default(),
            observed: Arc::default(),
        }
    }
}

impl Guest {
    /// A guest that boots in this way.
    #[must_use]
    pub fn booting(boot: Boot) -> Self {
        Self {
            boot,
            ..Self::default()
        }
    }

    /// A guest that boots at once and whose processes do what `script` says.
    #[must_use]
    pub fn running(script: impl Fn(&StartProcess) -> Process + Send + Sync + 'static) -> Self {
        Self {
            script: Arc::new(script),
            ..Self::default()
        }
    }

    /// The same, but where it is restored from a template, it gets from there to its agent in this way.
    #[must_use]
    pub fn restoring(mut self, restored: Boot) -> Self {
        self.restored = restored;
        self
    }

    /// The same with another way to its agent.
    #[must_use]
    pub fn with_channel(mut self, channel: Channel) -> Self {
        self.channel = channel;
        self
    }

    /// The same with `text` on its console.
    #[must_use]
    pub fn with_console(mut self, text: impl Into<String>) -> Self {
        self.console = text.into();
        self
    }

    /// The same, but its agent refuses to make a container, with these words.
    #[must_use]
    pub fn refusing_the_container(mut self, words: impl Into<String>) -> Self {
        self.refusal = Some(words.into());
        self
    }

    /// The same, but where it is restored its agent refuses to be resumed, with these words.
    #[must_use]
    pub fn refusing_to_resume(mut self, words: impl Into<String>) -> Self {
        self.resume_refusal = Some(words.into());
        self
    }

    /// The same, but its agent refuses to change limits of which this file of the control group is one, with these words.
    #[must_use]
    pub fn refusing_limits(mut self, file: impl Into<String>, words: impl Into<String>) -> Self {
        self.limits_refusal = Some((file.into(), words.into()));
        self
    }

    /// The same, with so many bytes to be discarded on its disks.
    #[must_use]
    pub fn with_trimmed_bytes(mut self, trimmed_bytes: impl Into<Vec<u64>>) -> Self {
        self.trimmed_bytes = trimmed_bytes.into();
        self
    }

    /// The same with a program that listens on the socket `path`, which is in truth that at `at`.
    #[must_use]
    pub fn with_socket(mut self, path: impl Into<String>, at: impl Into<PathBuf>) -> Self {
        self.sockets.programs.insert(path.into(), at.into());
        self
    }

    /// The same with programs that connect to the agent's listener of this number, which is in truth `socket`.
    #[must_use]
    pub fn with_listener(mut self, listener: u32, socket: UnixListener) -> Self {
        self.sockets.listeners.insert(listener, Arc::new(socket));
        self
    }

    /// The same with a clock that is this far ahead of the host's, nanoseconds.
    #[must_use]
    pub fn with_clock_ahead(self, clock_ahead_ns: i64) -> Self {
        self.observe().clock_ahead_ns = clock_ahead_ns;
        self
    }

    /// Takes the host's room for what is written to these images, so that the guest's machines stand still; for no image it gives room again.
    pub fn take_room<T: Into<PathBuf>>(&self, images: impl IntoIterator<Item = T>) {
        self.room.set_short(images.into_iter().map(Into::into).collect());
    }

    /// How often a machine was asked to go on.
    #[must_use]
    pub fn try_count(&self) -> usize {
        self.room.try_count()
    }

    /// Moves the clock and tells the time, nanoseconds since 1970.
    pub(super) fn adjust_clock(&self, offset_ns: i64) -> u64 {
        let mut observed = self.observe();
        if offset_ns != 0 {
            observed.clock_ahead_ns = observed.clock_ahead_ns.saturating_add(offset_ns);
            observed.clock_offsets_ns.push(offset_ns);
        }
        let host = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let host = u64::try_from(host.as_nanos()).unwrap_or(u64::MAX);
        host.saturating_add_signed(observed.clock_ahead_ns)
    }

    /// What it was asked so far.
    #[must_use]
    pub fn observed(&self) -> Observed {
        self.observe().clone()
    }

    pub(super) fn observe(&self) -> MutexGuard<'_, Observed> {
        self.observed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
