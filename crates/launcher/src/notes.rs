//! What is to be written down of a container that lives.

use std::sync::mpsc::Sender;

use container_model::{
    Event, Health, NetworkAttachment, NetworkStatus, OomKill, Phase, PublishedPort, Resources, RestartPolicy,
};
use container_state::StateError;
use tokio::sync::oneshot;

/// Networks and published ports of a container that runs.
pub(crate) type ObservedNetworks = (Vec<NetworkStatus>, Vec<PublishedPort>);

/// Something to be written down.
pub(crate) enum Note {
    Phase(Phase, oneshot::Sender<()>),
    Networks(ObservedNetworks),
    ChangedNetworks {
        observed: ObservedNetworks,
        attachments: Vec<NetworkAttachment>,
        written: oneshot::Sender<()>,
    },
    Updated {
        resources: Box<Resources>,
        restart: RestartPolicy,
        written: oneshot::Sender<Result<(), StateError>>,
    },
    Paused {
        paused: bool,
        written: oneshot::Sender<()>,
    },
    /// What checks have found, to be written at once if it `is_due`, and else with what is written next.
    Health {
        health: Box<Health>,
        is_due: bool,
    },
    /// The kernel has killed so many processes, the last of which is told.
    OomKills {
        count: u64,
        last: OomKill,
    },
    Event(Box<Event>, oneshot::Sender<()>),
    /// A user has stopped the container; to be written with the next phase.
    StoppedByUser,
    /// The container is asked to end because its host goes down; to be written with the next phase.
    EndedWithHost,
    /// Nothing more comes.
    End,
}

/// The way to the writer for those that outlive a run.
#[derive(Clone)]
pub(crate) struct Notes(Sender<Note>);

impl Notes {
    pub(crate) fn new(notes: Sender<Note>) -> Self {
        Self(notes)
    }

    /// Records at once that a running container is on other networks. The receiver hears when that is done.
    pub(crate) fn changed_networks(
        &self,
        observed: ObservedNetworks,
        attachments: Vec<NetworkAttachment>,
    ) -> oneshot::Receiver<()> {
        let (written, done) = oneshot::channel();
        let note = Note::ChangedNetworks {
            observed,
            attachments,
            written,
        };
        // Without a writer the container has ended.
        let _ = self.0.send(note);
        done
    }

    /// Records at once that the container is to have other limits or another restart policy. The receiver hears whether it is so.
    pub(crate) fn updated(
        &self,
        resources: Resources,
        restart: RestartPolicy,
    ) -> oneshot::Receiver<Result<(), StateError>> {
        let (written, done) = oneshot::channel();
        // Without a writer the container has ended.
        let _ = self.0.send(Note::Updated {
            resources: Box::new(resources),
            restart,
            written,
        });
        done
    }

    /// Tells an event after what was to be recorded before it. The receiver hears when that is done.
    pub(crate) fn event(&self, event: Event) -> oneshot::Receiver<()> {
        let (written, done) = oneshot::channel();
        // Without a writer the container has ended.
        let _ = self.0.send(Note::Event(Box::new(event), written));
        done
    }

    /// Records what checks have found: at once if that `is_due`, and else with whatever is recorded next.
    pub(crate) fn health(&self, health: Health, is_due: bool) {
        // Without a writer the container has ended.
        let _ = self.0.send(Note::Health {
            health: Box::new(health),
            is_due,
        });
    }

    /// Records at once that the kernel has killed `count` processes for lack of memory.
    pub(crate) fn oom_kills(&self, count: u64, last: OomKill) {
        // Without a writer the container has ended.
        let _ = self.0.send(Note::OomKills { count, last });
    }

    /// Records whether the processes of a running container stand still. The receiver hears when that is done.
    pub(crate) fn paused(&self, paused: bool) -> oneshot::Receiver<()> {
        let (written, done) = oneshot::channel();
        // Without a writer the container has ended.
        let _ = self.0.send(Note::Paused { paused, written });
        done
    }
}
