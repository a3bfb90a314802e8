//! Admits one peer, the host, by the machine's token.
//!
//! The token comes from the kernel command line, which a workload can read. A workload cannot use it, because it is void once the host
//! has shown it, and no process of the container is started before.

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
    /// It has not called Hello.
    Unknown,
    /// It has shown the token.
    Admitted,
    /// It has shown a wrong token.
    Refused,
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
            Standing::Unknown => self.admission.redeem(shown),
        };
        if admitted {
            self.standing.send_replace(Standing::Admitted);
            Ok(())
        } else {
            self.standing.send_replace(Standing::Refused);
            Err(Status::permission_denied("this is not the machine's token"))
        }
    }

    /// Whether the peer may make the call with this path: before it is admitted, only Hello.
    pub(crate) fn check_call(&self, path: &str) -> Result<(), Status> {
        let method = path.strip_prefix('/').and_then(|path| path.strip_prefix(SERVICE_NAME));
        if method == Some("/Hello") || self.standing() == Standing::Admitted {
            Ok(())
        } else {
            Err(Status::permission_denied("Hello comes first"))
        }
    }

    /// Whether the peer is admitted.
    pub(crate) fn standing(&self) -> Standing {
        *self.standing.borrow()
    }

    /// Waits until the peer has been admitted or refused.
    pub(crate) async fn known(&self) -> Standing {
        let mut standing = self.standing.subscribe();
        // `self` holds the sender, so the channel cannot close.
        match standing.wait_for(|standing| *standing != Standing::Unknown).await {
            Ok(standing) => *standing,
            Err(_) => Standing::Refused,
        }
    }
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

    #[test]
    fn a_wrong_token_refuses_the_peer_for_good_and_nobody_else() {
        let admission = admission();
        for wrong in [&WRONG[..], &[]] {
            let peer = admission.peer();
            assert!(refused(peer.admit(wrong)));
            assert!(refused(peer.admit(&RIGHT)), "no second guess");
            assert!(refused(peer.check_call("/container.agent.v1.Agent/Run")));
        }
        assert!(admission.peer().admit(&RIGHT).is_ok());
    }

    #[test]
    fn only_hello_may_be_called_before_the_admission() {
        let peer = admission().peer();
        for path in [
            "Run",
            "Signal",
            "Shutdown",
            "CreateContainer",
            "Resize",
            "hello",
            "Hello/",
            "",
        ] {
            assert!(
                refused(peer.check_call(&format!("/container.agent.v1.Agent/{path}"))),
                "{path}"
            );
        }
        assert!(peer.check_call("/container.agent.v1.Agent/Hello").is_ok());
        assert!(peer.admit(&RIGHT).is_ok());
        assert!(peer.check_call("/container.agent.v1.Agent/Run").is_ok());
    }
}
