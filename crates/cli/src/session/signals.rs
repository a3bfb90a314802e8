//! Signals that this process gets and that are meant for the one in the container.

use container_model::{Signal, exit_code};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use crate::error::{CommandError, cannot};

/// This many INT or TERM end this process, although the one in the container ignores them.
const FORCE_AFTER: u32 = 3;

/// What is passed on, by the name that both sides know: numbers differ between hosts. TSTP is left out, so that the shell's job
/// control still stops this process; KILL and STOP cannot be caught.
const FORWARDED: [(SignalNumber, &str); 8] = [
    (SignalKind::hangup, "HUP"),
    (SignalKind::interrupt, "INT"),
    (SignalKind::quit, "QUIT"),
    (SignalKind::user_defined1, "USR1"),
    (SignalKind::user_defined2, "USR2"),
    (SignalKind::alarm, "ALRM"),
    (SignalKind::terminate, "TERM"),
    (continued, "CONT"),
];

type SignalNumber = fn() -> SignalKind;

fn continued() -> SignalKind {
    SignalKind::from_raw(rustix::process::Signal::CONT.as_raw())
}

/// A signal that arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Arrived {
    /// As the container counts it.
    pub(crate) signal: Signal,
    /// It is one more request to end after several on which the process in the container has not ended.
    pub(crate) force: bool,
}

impl Arrived {
    /// Whether it asks this process to end while there is no process in a container to pass it on to.
    pub(crate) fn is_ending(self) -> bool {
        [Signal::HUP, Signal::INT, Signal::TERM].contains(&self.signal) || self.signal.number() == 3
    }

    /// The failure of a command that such a signal ended.
    pub(crate) fn as_error(self) -> CommandError {
        let number = u8::try_from(self.signal.number()).unwrap_or(0);
        CommandError::silent(exit_code::SIGNAL_BASE.saturating_add(number))
    }
}

/// The signals that arrive from now on.
pub(crate) struct Signals {
    arrived: mpsc::UnboundedReceiver<Signal>,
    requests_to_end: u32,
}

impl Signals {
    /// Takes signals over from the system's default action.
    pub(crate) fn listen() -> Result<Self, CommandError> {
        let (sender, arrived) = mpsc::unbounded_channel();
        for (kind, name) in FORWARDED {
            let mut incoming = signal(kind()).map_err(|error| cannot("listen for signals", error))?;
            let meaning: Signal = name.parse().map_err(|error| cannot("listen for signals", error))?;
            let sender = sender.clone();
            tokio::spawn(async move { while incoming.recv().await.is_some() && sender.send(meaning).is_ok() {} });
        }
        Ok(Self {
            arrived,
            requests_to_end: 0,
        })
    }

    /// The next signal.
    pub(crate) async fn next(&mut self) -> Arrived {
        match self.arrived.recv().await {
            Some(signal) => self.count(signal),
            None => std::future::pending().await,
        }
    }

    /// The next signal that asks this process to end.
    pub(crate) async fn ending(&mut self) -> Arrived {
        loop {
            let arrived = self.next().await;
            if arrived.is_ending() {
                return arrived;
            }
        }
    }

    /// Does the work unless a signal asks this process to end first. The work is then dropped where it stands, and what it has done by
    /// then is not undone here: layers that a pull has fetched stay in the store for the next one, layers that a push has sent stay in
    /// the registry, both without a name; unfinished files of the store are removed by a later command. A container in the making is
    /// undone when its [`container_engine::NewContainer`] is dropped.
    pub(crate) async fn or_end<T, E: Into<CommandError>>(
        &mut self,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, CommandError> {
        tokio::select! {
            result = work => result.map_err(Into::into),
            arrived = self.ending() => Err(arrived.as_error()),
        }
    }

    fn count(&mut self, signal: Signal) -> Arrived {
        if [Signal::INT, Signal::TERM].contains(&signal) {
            self.requests_to_end += 1;
        }
        Arrived {
            signal,
            force: self.requests_to_end >= FORCE_AFTER,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_third_request_to_end_is_forced() {
        let (_sender, arrived) = mpsc::unbounded_channel();
        let mut signals = Signals {
            arrived,
            requests_to_end: 0,
        };
        assert!(!signals.count(Signal::INT).force);
        assert!(!signals.count(Signal::HUP).force);
        assert!(!signals.count(Signal::TERM).force);
        assert!(signals.count(Signal::INT).force);
    }

    #[test]
    fn every_forwarded_signal_has_a_name_that_the_container_knows() {
        for (kind, name) in FORWARDED {
            let meaning: Signal = name.parse().unwrap();
            if cfg!(target_os = "linux") {
                assert_eq!(i64::from(kind().as_raw_value()), i64::from(meaning.number()), "{name}");
            }
        }
    }

    #[tokio::test]
    async fn work_ends_with_the_code_of_the_signal() {
        let (sender, arrived) = mpsc::unbounded_channel();
        let mut signals = Signals {
            arrived,
            requests_to_end: 0,
        };
        sender.send("USR1".parse().unwrap()).unwrap();
        sender.send(Signal::INT).unwrap();
        let never = std::future::pending::<Result<(), CommandError>>();
        let error = signals.or_end(never).await.unwrap_err();
        assert_eq!(format!("{error:?}"), format!("{:?}", CommandError::silent(130)));
        assert_eq!(signals.or_end(async { Ok::<_, CommandError>(7) }).await.unwrap(), 7);
    }

    #[tokio::test]
    async fn signals_arrive_by_name() {
        let mut signals = Signals::listen().unwrap();
        rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::USR1).unwrap();
        assert_eq!(signals.next().await.signal, "USR1".parse().unwrap());
    }
}
