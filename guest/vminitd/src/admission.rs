//! Admits one peer, the host, by the machine's token.
//!
//! The token comes from the kernel command line, which a workload can read. A workload cannot use it, because it is void once the host
//! has shown it, and no process of the container is started before.
//!
//! A host that parks the machine leaves a token for the next one, and is no host any more.

use std::sync::{Arc, Mutex, PoisonError};

use container_agent_api::AgentToken;
use container_agent_api::v1::agent_server::SERVICE_NAME;
use tokio::sync::watch;
use tonic::Status;

/// The machine's token, until a peer has shown it. Clones share it.
#[derive(Clone)]
pub(crate) struct Admission(Arc<Mutex<Option<AgentToken>>>);

/// Whether a peer is admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It has not called Hello, nor Resume.
    Unknown,
    /// Its Hello or Resume is being answered.
    Greeting,
    /// It has shown the token.
    Admitted,
    /// It has shown a wrong token.
    Refused,
    /// It has parked the machine.
    Left,
}

/// The other end of one connection. Clones are one peer.
#[derive(Clone)]
pub(crate) struct Peer {
    admission: Admission,
    standing: Arc<watch::Sender<Standing>>,
}

impl Admission {
    pub(crate) fn new(token: AgentToken) -> Self {
        Self(Arc::new(Mutex::new(Some(token))))
    }

    /// A peer that has just connected.
    pub(crate) fn peer(&self) -> Peer {
        Peer {
            admission: self.clone(),
            standing: Arc::new(watch::Sender::new(Standing::Unknown)),
        }
    }

    /// Whether `shown` is the token. The token is void after it has been shown.
    fn redeem(&self, shown: &[u8]) -> bool {
        let mut token = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let matches = token.as_ref().is_some_and(|token| token.matches(shown));
        if matches {
            *token = None;
        }
        matches
    }
}

impl Peer {
    /// Admits the peer for the token in its Hello, or refuses it for good. An admitted peer may call Hello again.
    pub(crate) fn admit(&self, shown: &[u8]) -> Result<(), Status> {
        let admitted = match self.standing() {
            Standing::Admitted => true,
            Standing::Refused => false,
            Standing::Unknown | Standing::Greeting => self.admission.redeem(shown),
            Standing::Left => return Err(left()),
        };
        if admitted {
            self.standing.send_replace(Standing::Admitted);
            Ok(())
        } else {
            self.standing.send_replace(Standing::Refused);
            Err(Status::permission_denied("this is not the machine's token"))
        }
    }

    /// Has the next peer show `token`, and this one make no call any more.
    pub(crate) fn leave(&self, token: AgentToken) {
        *self.admission.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(token);
        self.standing.send_replace(Standing::Left);
    }

    /// A call with this path has arrived.
    pub(crate) fn arrive(&self, path: &str) -> Arrival {
        let method = path.strip_prefix('/').and_then(|path| path.strip_prefix(SERVICE_NAME));
        let is_greeting = matches!(method, Some("/Hello" | "/Resume"));
        if is_greeting && self.standing() == Standing::Unknown {
            self.standing.send_replace(Standing::Greeting);
        }
        Arrival {
            peer: self.clone(),
            is_greeting,
        }
    }

    /// Whether the peer is admitted.
    pub(crate) fn standing(&self) -> Standing {
        *self.standing.borrow()
    }

    /// Waits until the peer has parked the machine.
    pub(crate) async fn left(&self) {
        // `self` holds the sender, so the channel cannot close.
        let _ = self
            .standing
            .subscribe()
            .wait_for(|standing| *standing == Standing::Left)
            .await;
    }

    /// Waits until the peer has been admitted or refused.
    pub(crate) async fn known(&self) -> Standing {
        let mut standing = self.standing.subscribe();
        // `self` holds the sender, so the channel cannot close.
        let is_known = |standing: &Standing| !matches!(standing, Standing::Unknown | Standing::Greeting);
        match standing.wait_for(is_known).await {
            Ok(standing) => *standing,
            Err(_) => Standing::Refused,
        }
    }
}

/// A call that has arrived. A greeting is over when it is dropped.
pub(crate) struct Arrival {
    peer: Peer,
    is_greeting: bool,
}

impl Arrival {
    /// Whether the peer may make the call: before it is admitted, only Hello and Resume. A call that was sent behind one of these waits until that is
    /// answered.
    pub(crate) async fn check(&self) -> Result<(), Status> {
        if self.is_greeting {
            return Ok(());
        }
        let mut standing = self.peer.standing.subscribe();
        // The peer holds the sender, so the channel cannot close.
        let _ = standing.wait_for(|standing| *standing != Standing::Greeting).await;
        match self.peer.standing() {
            Standing::Admitted => Ok(()),
            Standing::Left => Err(left()),
            Standing::Unknown | Standing::Greeting | Standing::Refused => {
                Err(Status::permission_denied("Hello comes first"))
            }
        }
    }
}

impl Drop for Arrival {
    fn drop(&mut self) {
        if self.is_greeting {
            // It has been refused for another reason than its token.
            self.peer.standing.send_if_modified(|standing| {
                let is_open = *standing == Standing::Greeting;
                if is_open {
                    *standing = Standing::Unknown;
                }
                is_open
            });
        }
    }
}

fn left() -> Status {
    Status::failed_precondition("this machine is parked")
}

#[cfg(test)]
mod tests {
    use super::*;
    use container_agent_api::AGENT_TOKEN_BYTES;
    use tonic::Code;

    const RIGHT: [u8; AGENT_TOKEN_BYTES] = [7; AGENT_TOKEN_BYTES];
    const WRONG: [u8; AGENT_TOKEN_BYTES] = [8; AGENT_TOKEN_BYTES];

    fn admission() -> Admission {
        Admission::new(AgentToken::new(RIGHT))
    }

    fn refused(result: Result<(), Status>) -> bool {
        result.is_err_and(|status| status.code() == Code::PermissionDenied)
    }

    #[test]
    fn the_token_admits_one_peer_and_then_nobody() {
        let admission = admission();
        let (first, second) = (admission.peer(), admission.peer());
        assert!(first.admit(&RIGHT).is_ok());
        assert!(first.admit(&[]).is_ok(), "it is known by its connection now");
        assert!(refused(second.admit(&RIGHT)));
    }

    async fn check(peer: &Peer, method: &str) -> Result<(), Status> {
        peer.arrive(&format!("/container.agent.v1.Agent/{method}"))
            .check()
            .await
    }

    #[tokio::test]
    async fn a_wrong_token_refuses_the_peer_for_good_and_nobody_else() {
        let admission = admission();
        for wrong in [&WRONG[..], &[]] {
            let peer = admission.peer();
            assert!(refused(peer.admit(wrong)));
            assert!(refused(peer.admit(&RIGHT)), "no second guess");
            assert!(refused(check(&peer, "Run").await));
        }
        assert!(admission.peer().admit(&RIGHT).is_ok());
    }

    #[tokio::test]
    async fn only_hello_and_resume_may_be_called_before_the_admission() {
        let peer = admission().peer();
        for method in [
            "Run",
            "Signal",
            "Shutdown",
            "CreateContainer",
            "Park",
            "Resize",
            "hello",
            "Hello/",
            "",
        ] {
            assert!(refused(check(&peer, method).await), "{method}");
        }
        assert!(check(&peer, "Hello").await.is_ok());
        assert!(check(&peer, "Resume").await.is_ok());
        assert!(refused(check(&peer, "Run").await), "the greetings are over");
        assert!(peer.admit(&RIGHT).is_ok());
        assert!(check(&peer, "Run").await.is_ok());
    }

    #[tokio::test]
    async fn a_call_behind_a_greeting_waits_for_it() {
        for (shown, allowed) in [(RIGHT, true), (WRONG, false)] {
            let peer = admission().peer();
            let greeting = peer.arrive("/container.agent.v1.Agent/Resume");
            let behind = peer.arrive("/container.agent.v1.Agent/Run");
            let (answer, ()) = tokio::join!(biased; behind.check(), async {
                tokio::task::yield_now().await;
                let _ = peer.admit(&shown);
                drop(greeting);
            });
            assert_eq!(answer.is_ok(), allowed);
        }
    }

    #[tokio::test]
    async fn after_a_host_has_left_the_next_one_is_admitted_by_its_own_token() {
        let admission = admission();
        let first = admission.peer();
        assert!(first.admit(&RIGHT).is_ok());
        first.leave(AgentToken::new(WRONG));
        assert_eq!(check(&first, "Run").await.unwrap_err().code(), Code::FailedPrecondition);
        assert_eq!(first.admit(&WRONG).unwrap_err().code(), Code::FailedPrecondition);
        assert_eq!(first.standing(), Standing::Left);
        assert!(refused(admission.peer().admit(&RIGHT)), "that is of the first host");
        assert!(admission.peer().admit(&WRONG).is_ok());
    }
}
