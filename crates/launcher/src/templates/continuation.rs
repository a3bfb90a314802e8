//! A machine that is about to continue from a template.

use container_agent_api::AgentToken;
use container_durable::sync_dir;
use container_hypervisor::GuestMemory;
use container_state::Bundle;
use container_templates::{Template, TemplateKey, TemplateStore};
use tokio::task::spawn_blocking;

use super::disk::SpareDisk;

/// A template, which stays as it is until this is dropped, and a copy of its disk in the place of the container's own, which gets its place
/// back then.
pub(crate) struct Continuation {
    pub(super) key: TemplateKey,
    pub(super) template: Template,
    pub(super) store: TemplateStore,
    pub(super) own_disk: SpareDisk,
}

impl Continuation {
    /// Where the memory of the machine comes from.
    pub(crate) fn memory(&self) -> GuestMemory {
        GuestMemory::Restored {
            memory: self.template.memory().to_owned(),
            state: self.template.state().to_owned(),
        }
    }

    /// What the agent wants to be shown.
    pub(crate) fn token(&self) -> AgentToken {
        AgentToken::new(*self.template.token())
    }

    /// The machine has become the container's: so has the copy of the disk. If the container `outlives_power`, what its programs sync from now on is
    /// there after a loss of power.
    pub(crate) async fn keep(self, bundle: &Bundle, outlives_power: bool) {
        let (bundle, own_disk) = (bundle.clone(), self.own_disk);
        let keeping = move || {
            bundle.forget_untouched_disk();
            own_disk.give_up();
            // Else the name could be that of the other disk again.
            if outlives_power && let Err(error) = sync_dir(bundle.directory()) {
                tracing::warn!(%error, "the exchange of the container's disk is not synced");
            }
        };
        let _ = spawn_blocking(keeping).await;
    }

    /// Has nobody continue from the template any more: it did not work. The container's own disk is back afterwards.
    pub(crate) async fn discard(self) {
        let Self {
            key,
            template,
            store,
            own_disk,
        } = self;
        let discarding = move || {
            drop((template, own_disk));
            if let Err(error) = store.discard(&key) {
                tracing::warn!(%key, %error, "a template that does not work cannot be discarded");
            }
            store.note_failure(&key);
        };
        let _ = spawn_blocking(discarding).await;
    }
}
