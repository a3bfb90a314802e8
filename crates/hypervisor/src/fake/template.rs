//! What of a fake machine is in a template: what its agent knows goes through the files.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use container_agent_api::{AgentToken, PARKED_LINE};
use tokio::sync::watch;

use crate::MachineError;

/// What a file of a saved machine's memory begins with.
pub(super) const MEMORY: &str = "memory of a fake machine\n";

/// What a file of a saved machine's devices begins with.
const STATE: &str = "state of a fake machine";

/// What an agent keeps in its machine's memory, so that a restored one knows it.
#[derive(Debug, Clone, Default)]
pub(super) struct AgentMemory(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
pub(super) struct Kept {
    /// What its host has to show.
    token: Option<AgentToken>,
    pub(super) has_container: bool,
    pub(super) has_run: bool,
    pub(super) parked: bool,
    /// Where it tells that it is parked, in a machine that can be saved.
    pub(super) console: Option<File>,
}

impl AgentMemory {
    /// That of an agent that is started with a token.
    pub(super) fn new(token: Option<AgentToken>) -> Self {
        Self(Arc::new(Mutex::new(Kept {
            token,
            ..Kept::default()
        })))
    }

    pub(super) fn keep(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether `shown` is what its host has to show.
    pub(super) fn knows(&self, shown: &[u8]) -> bool {
        self.keep().token.as_ref().is_some_and(|token| token.matches(shown))
    }

    /// Whether it can be parked; the next host has to show `token` then.
    pub(super) fn park(&self, token: &[u8]) -> bool {
        let mut kept = self.keep();
        let Ok(token) = token.try_into() else { return false };
        if kept.has_run || kept.parked {
            return false;
        }
        kept.token = Some(AgentToken::new(token));
        kept.parked = true;
        true
    }

    /// Whether a process may be started.
    pub(super) fn begin_to_run(&self) -> bool {
        let mut kept = self.keep();
        kept.has_run |= !kept.parked;
        !kept.parked
    }

    /// Prints what a parked agent prints.
    pub(super) fn tell_that_it_is_parked(&self) {
        let mut kept = self.keep();
        if kept.parked
            && let Some(mut console) = kept.console.take()
        {
            // Nobody may be reading.
            let _ = writeln!(console, "{PARKED_LINE}");
        }
    }

    pub(super) fn to_text(&self) -> String {
        let Kept {
            token,
            has_container,
            has_run,
            parked,
            console: _,
        } = &*self.keep();
        let token = token.as_ref().map(AgentToken::to_hex).unwrap_or_default();
        format!("{STATE}\n{token}\n{has_container}\n{has_run}\n{parked}\n")
    }

    fn load(&self, text: &str) -> Option<()> {
        let mut lines = text.lines().skip_while(|line| *line != STATE).skip(1);
        let token = AgentToken::from_hex(lines.next()?);
        let mut flag = || lines.next()?.parse().ok();
        *self.keep() = Kept {
            token,
            has_container: flag()?,
            has_run: flag()?,
            parked: flag()?,
            console: None,
        };
        Some(())
    }
}

/// Makes a new file for this user alone.
pub(super) fn new_file(path: &Path) -> io::Result<File> {
    File::options().write(true).create_new(true).mode(0o600).open(path)
}

/// Has `agent` know what that of the saved machine knew.
pub(super) fn restore(memory: &Path, state: &Path, agent: &AgentMemory) -> Result<(), MachineError> {
    let failed = |step| move |reason| MachineError::Restore { step, reason };
    let read = |path| std::fs::read_to_string(path).map_err(|error: io::Error| error.to_string());
    let text = read(memory).map_err(failed("reading the memory"))?;
    if text != MEMORY {
        return Err(failed("reading the memory")("it is of no fake machine".to_owned()));
    }
    let text = read(state).map_err(failed("reading the state"))?;
    let loaded = agent.load(&text);
    loaded.ok_or_else(|| failed("loading the state")("it is of no fake machine".to_owned()))
}

/// Waits while a machine is paused.
pub(super) async fn while_paused(paused: &mut watch::Receiver<bool>) {
    // Without its machine nothing is paused any more.
    let _ = paused.wait_for(|paused| !paused).await;
}
