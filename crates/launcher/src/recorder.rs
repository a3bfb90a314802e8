//! Writing down what is observed, beside the things that happen.

use std::sync::mpsc::{self, Sender};

use container_model::{ContainerConfig, Event, Phase};
use container_state::{AnonymousVolumes, ContainerLock, EventLog, Remains};
use time::OffsetDateTime;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, spawn_blocking};

use crate::notes::{Note, Notes, ObservedNetworks};
use crate::session::{Ending, Wishes};

/// Writes phases in their order on a thread of its own, so that a slow disk does not hold up the container. It holds the
/// container's lock.
pub(crate) struct Recorder {
    notes: Sender<Note>,
    writer: JoinHandle<ContainerLock>,
    teller: Teller,
}

/// Tells events of a container that is no machine of a build.
#[derive(Clone)]
struct Teller(Option<EventLog>);

impl Teller {
    /// That an event cannot be told changes nothing of what has happened.
    fn tell(&self, event: &Event) {
        if let Some(Err(error)) = self.0.as_ref().map(|events| events.append(event)) {
            tracing::warn!(%error, action = event.action, "cannot tell an event");
        }
    }
}

impl Recorder {
    pub(crate) fn start(mut owned: ContainerLock, config: ContainerConfig, events: EventLog) -> Self {
        let teller = Teller(Some(events).filter(|_| config.build.is_none()));
        let of_writer = teller.clone();
        let (notes, received) = mpsc::channel();
        let writer = spawn_blocking(move || {
            if let Err(error) = owned.keep_room() {
                tracing::warn!(%error, "cannot keep room for the record of the container's end");
            }
            let mut config = config;
            let mut networks = None;
            for note in received {
                match note {
                    Note::Phase(phase, written) => {
                        if matches!(phase, Phase::Starting { .. }) {
                            owned.note_health(None);
                        }
                        write(&owned, phase, networks.take());
                        // The caller may not wait for it.
                        let _ = written.send(());
                    }
                    Note::Networks(observed) => networks = Some(observed),
                    Note::ChangedNetworks {
                        observed: (observed, ports),
                        attachments,
                        written,
                    } => {
                        config.networks = attachments;
                        let recorded = owned.write_config(&config);
                        if let Err(error) = recorded.and_then(|()| owned.write_networks(observed, ports)) {
                            tracing::error!(%error, "cannot record the container's networks");
                        }
                        let _ = written.send(());
                    }
                    Note::Updated {
                        resources,
                        restart,
                        written,
                    } => {
                        let mut updated = config.clone();
                        updated.resources = *resources;
                        updated.options.restart = restart;
                        let recorded = owned.write_config(&updated);
                        if recorded.is_ok() {
                            config = updated;
                        }
                        let _ = written.send(recorded);
                    }
                    Note::Paused { paused, written } => {
                        if let Err(error) = owned.write_paused(paused) {
                            tracing::error!(%error, "cannot record whether the container is paused");
                        }
                        let _ = written.send(());
                    }
                    Note::Health { health, is_due } => {
                        owned.note_health(Some(*health));
                        if is_due && let Err(error) = owned.write_health() {
                            tracing::warn!(%error, "cannot record what the checks of the container have found");
                        }
                    }
                    Note::OomKills { count, last } => {
                        if let Err(error) = owned.write_oom_kills(count, last) {
                            tracing::warn!(%error, "cannot record what the kernel has killed for lack of memory");
                        }
                    }
                    Note::Event(event, written) => {
                        of_writer.tell(&event);
                        let _ = written.send(());
                    }
                    Note::StoppedByUser => owned.note_stopped_by_user(),
                    Note::EndedWithHost => owned.note_ended_with_host(),
                    Note::End => break,
                }
            }
            owned
        });
        Self { notes, writer, teller }
    }

    /// Records a phase after those before it. The receiver hears when that is done.
    pub(crate) fn phase(&self, phase: Phase) -> oneshot::Receiver<()> {
        let (written, done) = oneshot::channel();
        // The writer lives until `finish`.
        let _ = self.notes.send(Note::Phase(phase, written));
        done
    }

    /// Records networks and ports together with the next phase.
    pub(crate) fn networks(&self, observed: ObservedNetworks) {
        let _ = self.notes.send(Note::Networks(observed));
    }

    /// Records together with the next phase who wants the container to end, if anybody does: a user, or its host that goes down.
    pub(crate) fn who_ends(&self, wishes: Wishes) {
        let by_user = wishes.by_user.then_some(Note::StoppedByUser);
        let by_host = wishes.by_host.then_some(Note::EndedWithHost);
        for note in by_user.into_iter().chain(by_host) {
            let _ = self.notes.send(note);
        }
    }

    /// The way to the writer for those that outlive a run.
    pub(crate) fn notes(&self) -> Notes {
        Notes::new(self.notes.clone())
    }

    /// Records the end, or removes the container when it is not to outlive it or when its maker has abandoned it. It still belongs to this
    /// launcher afterwards.
    pub(crate) async fn finish(self, config: &ContainerConfig, ending: &Ending) -> Possession {
        // Others may still have a way to the writer.
        let _ = self.notes.send(Note::End);
        let phase = ending.phase();
        let (auto_remove, teller) = (config.options.auto_remove, self.teller);
        let destroy = Event::of_container(config, "destroy");
        let finished = async {
            let owned = self.writer.await?;
            let finish = move || {
                let possession = finish(owned, phase, auto_remove);
                if let Possession::Remains(_) = possession {
                    teller.tell(&Event {
                        at: OffsetDateTime::now_utc(),
                        ..destroy
                    });
                }
                possession
            };
            spawn_blocking(finish).await
        };
        finished.await.unwrap_or_else(|error| {
            tracing::error!(%error, "the container's end is not on record");
            Possession::None
        })
    }
}

fn finish(mut owned: ContainerLock, phase: Phase, auto_remove: bool) -> Possession {
    if !(auto_remove || owned.bundle().is_abandoned()) {
        if let Err(error) = owned.write_last_phase(phase) {
            tracing::error!(%error, "cannot record the container's end");
        }
        return Possession::Container(owned);
    }
    match owned.take_away(AnonymousVolumes::Delete) {
        Ok(remains) => Possession::Remains(Box::new(remains)),
        Err(error) => {
            tracing::error!(%error, "cannot remove the container");
            Possession::None
        }
    }
}

/// What belongs to a launcher whose container's end is on record. Others wait for it.
#[must_use]
pub(crate) enum Possession {
    /// The container.
    Container(ContainerLock),
    /// The files of one that has been removed.
    Remains(Box<Remains>),
    None,
}

impl Possession {
    /// Leaves the container to others, and clears away what remains of one that has been removed.
    pub(crate) async fn let_go(self) {
        match self {
            Self::Container(owned) => drop(owned),
            Self::Remains(remains) => {
                let _ = spawn_blocking(move || remains.clear()).await;
            }
            Self::None => {}
        }
    }
}

/// A record that cannot be written does not end the container: the next command finds a live record without an owner and repairs it.
fn write(owned: &ContainerLock, phase: Phase, networks: Option<ObservedNetworks>) {
    if let Err(error) = owned.write_phase_and_networks(phase, networks) {
        tracing::error!(%error, "cannot record the container's phase");
    }
}
