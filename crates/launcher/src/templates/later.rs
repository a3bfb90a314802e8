//! When a template is built.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use container_hypervisor::MachineSource;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::build::{WantedTemplate, build};

/// A container that runs as long as this is in no hurry any more: its template is built beside it.
const SETTLED: Duration = Duration::from_secs(10);

/// How nice a launcher is that builds a template after its container has ended (nice(2)), and with it the hypervisor that it starts.
const NICENESS: i32 = 10;

/// The template that is to be built once the container has ended, or has run for a while.
#[derive(Debug, Default)]
pub(crate) struct TemplateLater {
    now: Arc<Notify>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl TemplateLater {
    /// Has a template built later, by a machine from `source`, unless another one is still to be built: a later start can want this one again.
    pub(crate) fn plan(&self, wanted: WantedTemplate, source: Box<dyn MachineSource>) {
        let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if task.as_ref().is_some_and(|task| !task.is_finished()) {
            return;
        }
        let now = Arc::clone(&self.now);
        let building = async move {
            let _ = timeout(SETTLED, now.notified()).await;
            let (key, store) = (wanted.key, wanted.description.store.clone());
            match build(wanted, source.as_ref()).await {
                Ok(true) => tracing::info!(%key, "built a template"),
                Ok(false) => {
                    tracing::info!(%key, "no template is built: there is one, or another launcher builds it, or it has failed, or the disk is full")
                }
                Err(error) => {
                    tracing::warn!(%key, %error, "cannot build a template");
                    store.note_failure(&key);
                }
            }
        };
        *task = Some(tokio::spawn(building));
    }

    /// Builds it now, if it is to be built at all, and waits until it is. Dropping the future leaves nothing but a half-made template, which
    /// the next one who looks for templates removes.
    pub(crate) async fn build(&self) {
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task {
            // What other containers do comes first.
            let _ = rustix::process::nice(NICENESS);
            self.now.notify_one();
            let mut building = Building(task);
            let _ = (&mut building.0).await;
        }
    }
}

/// A template that is being built for as long as this lives.
struct Building(JoinHandle<()>);

impl Drop for Building {
    fn drop(&mut self) {
        self.0.abort();
    }
}
