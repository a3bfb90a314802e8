//! What clients see and want between two runs of the container.

use container_model::Signal;

use super::{Ending, Progress, Session};

/// SIGINT, SIGQUIT, SIGKILL and SIGTERM, signal(7): by them people and other programs end a program.
const ENDING_SIGNALS: [u32; 4] = [2, 3, 9, 15];

impl Session {
    /// The end of a run that another one follows is on record.
    pub(crate) fn set_ended_run(&self, ending: Ending) {
        self.ended_run.send_replace(Some(ending));
    }

    /// Waits for the next end of a workload that is on record, whether another run follows it or not.
    pub(crate) async fn next_exit(&self) -> Ending {
        let mut ended_run = self.ended_run.subscribe();
        let exited = async {
            // The sender is ours, so the channel cannot close.
            while ended_run.changed().await.is_ok() {
                let ending = ended_run.borrow_and_update().clone();
                if let Some(ending) = ending.filter(|ending| ending.exit.is_some()) {
                    return ending;
                }
            }
            std::future::pending().await
        };
        tokio::select! {
            ending = exited => ending,
            ending = self.recorded() => ending,
        }
    }

    /// Whether a run has ended, and the workload of the one that follows it does not run yet.
    pub(crate) fn is_between_runs(&self) -> bool {
        match *self.progress.borrow() {
            Progress::Pausing => true,
            Progress::Booting | Progress::Ready(_) => self.ended_run.borrow().is_some(),
            _ => false,
        }
    }

    /// Whether this signal is meant to end the workload, and with it the container.
    pub(crate) fn is_ending(&self, signal: Signal) -> bool {
        let own = self.stop_signal.get();
        ENDING_SIGNALS.contains(&signal.number()) || own == Some(&signal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use container_model::ExitStatus;
    use futures_util::FutureExt as _;

    fn ended(exit_code: Option<u8>) -> Ending {
        Ending {
            exit: exit_code.map(|exit_code| ExitStatus {
                exit_code,
                signal: None,
                oom_killed: false,
            }),
            ..Ending::default()
        }
    }

    fn code(ending: Option<Ending>) -> Option<u8> {
        Some(ending?.exit?.exit_code)
    }

    #[tokio::test]
    async fn the_next_exit_is_the_first_one_from_now_on() {
        let session = Session::new();
        session.set_ended_run(ended(Some(1)));
        assert_eq!(code(session.next_exit().now_or_never()), None);
        let mut waiting = Box::pin(session.next_exit());
        assert!(waiting.as_mut().now_or_never().is_none());
        // One that did not come to run has no exit.
        session.set_ended_run(ended(None));
        assert!(waiting.as_mut().now_or_never().is_none());
        session.set_ended_run(ended(Some(2)));
        assert_eq!(code(waiting.now_or_never()), Some(2));
        session.set_progress(Progress::Recorded(ended(Some(3))));
        assert_eq!(code(session.next_exit().now_or_never()), Some(3));
    }

    #[test]
    fn a_boot_is_between_runs_if_there_was_one_before() {
        let session = Session::new();
        assert!(!session.is_between_runs());
        session.set_progress(Progress::Pausing);
        assert!(session.is_between_runs());
        session.set_ended_run(ended(Some(1)));
        session.set_progress(Progress::Booting);
        assert!(session.is_between_runs());
        session.set_progress(Progress::Ended(ended(Some(1))));
        assert!(!session.is_between_runs());
    }

    #[test]
    fn the_stop_signal_is_meant_to_end_it_and_so_are_those_that_end_programs() {
        let session = Session::new();
        let [hup, int] = [1, 2].map(|number| Signal::from_number(number).unwrap());
        assert!(session.is_ending(int) && session.is_ending(Signal::KILL) && !session.is_ending(hup));
        session.set_stop_signal(hup);
        assert!(session.is_ending(hup));
    }
}
