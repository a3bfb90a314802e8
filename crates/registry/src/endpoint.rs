//! One registry or mirror: its address, its HTTP client and its authentication.

use std::sync::Arc;

use reqwest::{StatusCode, Url};

use crate::auth::{Authenticator, Scopes};
use crate::http::{Answer, Authorization, Request, Web};
use crate::{Access, RegistryError};

/// A registry or mirror that requests are sent to.
#[derive(Clone)]
pub(crate) struct Endpoint {
    /// `https://host/`.
    pub(crate) root: Url,
    pub(crate) web: Arc<Web>,
    pub(crate) authenticator: Arc<Authenticator>,
}

impl Endpoint {
    /// The host and its port, for messages.
    pub(crate) fn host(&self) -> String {
        crate::http::host_of(&self.root)
    }

    /// An address below the root.
    pub(crate) fn url(&self, path: &str) -> Result<Url, RegistryError> {
        self.root.join(path).map_err(|_| RegistryError::Protocol {
            host: self.host(),
            reason: "there is no address for this",
        })
    }

    /// Sends the request, and once more with credentials when the registry answers with a challenge. Every other answer is returned,
    /// whatever its status.
    pub(crate) async fn exchange(
        &self,
        request: &Request,
        scopes: &Scopes,
        access: Access,
    ) -> Result<Answer, RegistryError> {
        // The location of an upload may be on another server, which must not see this registry's credentials.
        if !crate::http::is_same_origin(&request.url, &self.root) {
            return self.web.send(request, None).await;
        }
        let sent = self.authenticator.authorization(&self.web, scopes, access).await?;
        let answer = self.web.send(request, sent.as_ref()).await?;
        // A challenge counts only from the registry itself, not from a server that it redirected to.
        if answer.status() != StatusCode::UNAUTHORIZED || !answer.is_from_origin {
            return Ok(answer);
        }
        let (host, challenges) = (answer.host.clone(), answer.challenges());
        let reason = answer.reason().await;
        let answered = self
            .authenticator
            .answer_challenge(&self.web, &challenges, scopes, sent.as_ref(), access)
            .await?;
        let Some(authorization) = answered else {
            let was_password = matches!(sent, Some(Authorization::Basic { .. }));
            return Err(self.authenticator.denied(&host, reason, was_password));
        };
        let answer = self.web.send(request, Some(&authorization)).await?;
        if answer.status() == StatusCode::UNAUTHORIZED && answer.is_from_origin {
            let was_password = matches!(authorization, Authorization::Basic { .. });
            return Err(self.authenticator.denied(&host, answer.reason().await, was_password));
        }
        Ok(answer)
    }

    /// [`Self::exchange`], where an answer without success is an error.
    pub(crate) async fn request(
        &self,
        request: &Request,
        scopes: &Scopes,
        access: Access,
        what: &str,
    ) -> Result<Answer, RegistryError> {
        let answer = self.exchange(request, scopes, access).await?;
        if answer.status().is_success() {
            Ok(answer)
        } else {
            Err(self.failure(answer, what).await)
        }
    }

    /// The error for an answer without success.
    pub(crate) async fn failure(&self, answer: Answer, what: &str) -> RegistryError {
        if answer.status() == StatusCode::FORBIDDEN && answer.is_from_origin {
            let host = answer.host.clone();
            return self.authenticator.denied(&host, answer.reason().await, false);
        }
        answer.failure(what).await
    }
}
