//! What is said to clients beside the workload's output.

use tokio::sync::watch;

/// What is to be said of the machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Notice {
    /// Nothing.
    #[default]
    None,
    /// It stands still.
    Paused {
        /// Why.
        reason: String,
    },
    /// It went on after it had stood still.
    GoesOn,
}

/// The notices for one client: what is so when it comes, and what changes.
pub(crate) struct Notices(watch::Receiver<Notice>);

impl Notices {
    pub(super) fn new(mut receiver: watch::Receiver<Notice>) -> Self {
        // That a machine went on is news only for those who knew that it stood still.
        if matches!(*receiver.borrow_and_update(), Notice::Paused { .. }) {
            receiver.mark_changed();
        }
        Self(receiver)
    }

    /// Waits for the next thing to say. A call that is dropped loses nothing.
    pub(crate) async fn next(&mut self) -> String {
        while self.0.changed().await.is_ok() {
            match &*self.0.borrow_and_update() {
                Notice::None => {}
                Notice::Paused { reason } => {
                    return format!("the container is paused: {reason}; free some space and it goes on by itself");
                }
                Notice::GoesOn => return "the container goes on: the host's disk has room again".to_owned(),
            }
        }
        std::future::pending().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;

    #[test]
    fn a_client_hears_what_is_so_and_what_changes_but_no_old_news() {
        let sender = watch::Sender::new(Notice::None);
        let mut early = Notices::new(sender.subscribe());
        assert_eq!(early.next().now_or_never(), None);
        let reason = "the host's disk is full".to_owned();
        sender.send_replace(Notice::Paused { reason });
        let mut late = Notices::new(sender.subscribe());
        for client in [&mut early, &mut late] {
            let text = client.next().now_or_never().unwrap();
            assert!(text.contains("paused: the host's disk is full;"), "{text}");
            assert_eq!(client.next().now_or_never(), None);
        }
        sender.send_replace(Notice::GoesOn);
        let text = early.next().now_or_never().unwrap();
        assert!(text.contains("goes on"), "{text}");
        assert_eq!(Notices::new(sender.subscribe()).next().now_or_never(), None);
        sender.send_replace(Notice::None);
        assert_eq!(late.next().now_or_never(), None);
    }
}
