//! A machine that is about to continue from a template.

use container_agent_api::AgentToken;
use container_durable::sync_dir;
use container_hypervisor::GuestMemory;
use container_state::Bundle;
use container_templates::{Template, TemplateKey, TemplateStore};
use tokio::task::spawn_blocking;

use super::disk::SpareDisk;

/// A template, which stays as it is until this is dropped. Of one with a container a copy of its disk is in the place of the container's own, which gets its
/// place back then.
pub(crate) struct Continuation {
    pub(super) key: TemplateKey,
    pub(super) template: Template,
    pub(super) store: TemplateStore,
    pub(super) own_disk: Option<SpareDisk>,
}

/// A template from which a container could not continue. Whether that is to be blamed on it is known when the container has booted.
pub(crate) struct Suspect {
    key: TemplateKey,
    store: TemplateStore,
}

impl Continuation {
    /// Where the memory of the machine comes from.
    pub(crate) fn memory(&self) -> GuestMemory {
        GuestMemory::Restored {
            memory: self.template.memory().to_owned(),
            state: self.template.state().to_owned(),
        }
    }

    /// Whether there is a container in it, and a disk of it in the place of the container's own.
    pub(crate) fn has_container(&self) -> bool {
        self.own_disk.is_some()
    }

    /// What the agent wants to be shown.
    pub(crate) fn token(&self) -> AgentToken {
        AgentToken::new(*self.template.token())
    }

    /// The machine has become the container's: so has the copy of the disk, if there is one. If the container `outlives_power`, what its programs sync from now on is
    /// there after a loss of power.
    pub(crate) async fn keep(self, bundle: &Bundle, outlives_power: bool) {
        let (bundle, Some(own_disk)) = (bundle.clone(), self.own_disk) else {
            return;
        };
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

    /// It did not work. The container's own disk is back afterwards.
    pub(crate) async fn give_up(self) -> Suspect {
        let Self {
            key,
            template,
            store,
            own_disk,
        } = self;
        let _ = spawn_blocking(move || drop((template, own_disk))).await;
        Suspect { key, store }
    }
}

impl Suspect {
    /// Has nobody continue from the template any more.
    pub(crate) async fn discard(self) {
        let Self { key, store } = self;
        let discarding = move || {
            if let Err(error) = store.discard(&key) {
                tracing::warn!(%key, %error, "a template that does not work cannot be discarded");
            }
            store.note_failure(&key);
        };
        let _ = spawn_blocking(discarding).await;
    }
}
