//! What is told of a container while it lives. The recorder writes it down, so that it is told in the order in which it happens, and what belongs to a
//! phase beside the record of that phase. The machine of a build is not told of.

use std::sync::Arc;

use container_model::{ContainerConfig, Event, HealthStatus, NetworkStatus, Signal};
use tokio::sync::oneshot;

use crate::notes::Notes;
use crate::session::{Ending, Run};

/// So much of a command is told, characters.
const COMMAND_CHARACTERS: usize = 1024;

impl Run {
    /// Tells that the workload runs. The receiver hears when that is written.
    pub(crate) fn tell_start(&self) -> oneshot::Receiver<()> {
        self.tell_networks("connect");
        self.tell("start")
    }

    /// Tells how the workload has ended.
    pub(crate) fn tell_end(&self, ending: &Ending) {
        let Some(exit) = ending.exit.filter(|_| ending.ran()) else {
            return;
        };
        if exit.oom_killed {
            drop(self.tell("oom"));
        }
        let mut die = Event::of_container(&self.config, "die").with("exitCode", exit.exit_code);
        if let Some(signal) = exit.signal {
            die = die.with("signal", signal);
        }
        if let Some((started, finished)) = ending.started.zip(ending.finished) {
            die = die.with("execDuration", (finished - started).whole_seconds().max(0));
        }
        drop(self.notes.event(die));
        self.tell_networks("disconnect");
    }

    /// Tells that the workload is sent a signal.
    pub(crate) fn tell_kill(&self, signal: Signal) {
        let event = Event::of_container(&self.config, "kill");
        drop(self.notes.event(event.with("signal", signal.number())));
    }

    /// Tells that checks say something else of the container than before.
    pub(crate) fn tell_health(&self, status: HealthStatus) {
        drop(self.tell(&format!("health_status: {}", status.as_str())));
    }

    fn tell(&self, action: &str) -> oneshot::Receiver<()> {
        self.notes.event(Event::of_container(&self.config, action))
    }

    fn tell_networks(&self, action: &str) {
        let (networks, _) = self.networks.observed();
        for NetworkStatus { network, .. } in networks {
            drop(self.notes.event(Event::of_network(&self.config, &network, action)));
        }
    }
}

/// What is told of one more process in the container.
pub(crate) struct ExecEvents {
    notes: Notes,
    config: Arc<ContainerConfig>,
    process_id: String,
    command: String,
}

impl ExecEvents {
    pub(crate) fn new(run: &Run, process_id: &str, arguments: &[String]) -> Self {
        Self {
            notes: run.notes.clone(),
            config: Arc::clone(&run.config),
            process_id: process_id.strip_prefix("exec-").unwrap_or(process_id).to_owned(),
            command: arguments.join(" ").chars().take(COMMAND_CHARACTERS).collect(),
        }
    }

    /// It is about to be started.
    pub(crate) fn create(&self) {
        self.tell(self.event(format!("exec_create: {}", self.command)));
    }

    /// It runs.
    pub(crate) fn start(&self) {
        self.tell(self.event(format!("exec_start: {}", self.command)));
    }

    /// It has ended.
    pub(crate) fn die(&self, exit_code: u32) {
        self.tell(self.event("exec_die".to_owned()).with("exitCode", exit_code));
    }

    fn event(&self, action: String) -> Event {
        Event::of_container(&self.config, action).with("execID", &self.process_id)
    }

    fn tell(&self, event: Event) {
        drop(self.notes.event(event));
    }
}
