//! What is told of a container while it lives. The recorder writes it down, so that it is told in the order in which it happens, and what belongs to a
//! phase beside the record of that phase. The machine of a build is not told of.

use std::sync::{Arc, MutexGuard, PoisonError};

use container_agent_api::v1::OomKill;
use container_model::{ContainerConfig, Event, ExitStatus, HealthStatus, NetworkStatus, Signal};
use time::OffsetDateTime;
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::notes::Notes;
use crate::oom_kills::{OomKills, oom_notice};
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
        self.tell_oom_kills(exit.oom_killed);
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

    /// Tells that the kernel has killed processes for lack of memory, unless others were told a moment ago: [`Run::tell_waiting_oom_kills`] is then to be
    /// called when it is due.
    pub(crate) fn note_oom_kill(&self, kill: &OomKill) {
        let (process, pid, count) = (&kill.process, kill.pid, kill.count);
        tracing::warn!(
            process,
            pid,
            count,
            resident_bytes = kill.resident_bytes,
            "killed for lack of memory"
        );
        let now = Instant::now();
        let is_due = {
            let mut kills = self.oom_kills();
            kills.add(kill);
            kills.due(now) == Some(now)
        };
        if is_due {
            self.tell_waiting_oom_kills();
        }
    }

    /// Waits until there are kills to be told of.
    pub(crate) async fn oom_kills_are_due(&self) {
        let due = self.oom_kills().due(Instant::now());
        match due {
            Some(due) => tokio::time::sleep_until(due).await,
            None => std::future::pending().await,
        }
    }

    /// Tells of the kills that have been noted since the last time, and records them.
    pub(crate) fn tell_waiting_oom_kills(&self) {
        let Some(kill) = self.oom_kills().take(Instant::now()) else {
            return;
        };
        self.notes.oom_kills(kill.count, observed(Some(&kill)));
        let mut event = Event::of_container(&self.config, "oom").with("process", &kill.process);
        if kill.pid != 0 {
            event = event.with("pid", kill.pid);
        }
        if kill.count > 1 {
            event = event.with("count", kill.count);
        }
        drop(self.notes.event(event.with("residentBytes", kill.resident_bytes)));
    }

    /// Tells of what has not been told when the workload has ended. A guest that cannot say what was killed says that something was (`has_killed`).
    fn tell_oom_kills(&self, has_killed: bool) {
        self.tell_waiting_oom_kills();
        if has_killed && self.oom_kills().all().is_none() {
            self.notes.oom_kills(1, observed(None));
            drop(self.tell("oom"));
        }
    }

    /// What a user should know who sees only that the workload has ended like this.
    pub(crate) fn oom_notice(&self, exit: ExitStatus) -> Option<String> {
        let kills = self.oom_kills();
        let kill = kills.all().filter(|_| exit.exit_code != 0);
        (kill.is_some() || exit.oom_killed).then(|| oom_notice(kill))
    }

    fn oom_kills(&self) -> MutexGuard<'_, OomKills> {
        self.oom_kills.lock().unwrap_or_else(PoisonError::into_inner)
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

/// As it is recorded.
fn observed(kill: Option<&OomKill>) -> container_model::OomKill {
    container_model::OomKill {
        at: OffsetDateTime::now_utc(),
        process: kill.map(|kill| kill.process.clone()),
        pid: kill.map(|kill| kill.pid).filter(|pid| *pid != 0),
        resident_bytes: kill.map(|kill| kill.resident_bytes),
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
