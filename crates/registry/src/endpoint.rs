//! One registry or mirror: an address, and who we are there.

use std::sync::Arc;

use reqwest::{StatusCode, Url};

use crate::auth::{Authorization, Gate, Scopes};
use crate::http::{Answer, Request, Web};
use crate::{Access, RegistryError};

/// A registry that can be asked.
#[derive(Clone)]
pub(crate) struct Endpoint {
    /// `https://host/`.
    pub(crate) root: Url,
    pub(crate) web: Arc<Web>,
    pub(crate) gate: Arc<Gate>,
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

    /// Sends the request as who we are, logging in where that is asked for. Any answer that is not about that is given back.
    pub(crate) async fn exchange(
        &self,
        request: &Request,
        scopes: &Scopes,
        access: Access,
    ) -> Result<Answer, RegistryError> {
        // An upload may have been sent to another server: that one gets no credentials of this.
        if !crate::http::is_same_origin(&request.url, &self.root) {
            return self.web.send(request, None).await;
        }
        let sent = self.gate.authorization(&self.web, scopes, access).await?;
        let answer = self.web.send(request, sent.as_ref()).await?;
        // Whoever we were redirected to may not ask for credentials.
        if answer.status() != StatusCode::UNAUTHORIZED || !answer.is_from_origin {
            return Ok(answer);
        }
        let (host, challenges) = (answer.host.clone(), answer.challenges());
        let reason = answer.reason().await;
        let meeting = self
            .gate
            .meet(&self.web, &challenges, scopes, sent.as_ref(), access)
            .await?;
        let Some(authorization) = meeting else {
            let was_password = matches!(sent, Some(Authorization::Basic { .. }));
            return Err(self.gate.denied(&host, reason, was_password));
        };
        let answer = self.web.send(request, Some(&authorization)).await?;
        if answer.status() == StatusCode::UNAUTHORIZED && answer.is_from_origin {
            let was_password = matches!(authorization, Authorization::Basic { .. });
            return Err(self.gate.denied(&host, answer.reason().await, was_password));
        }
        Ok(answer)
    }

    /// The same, where only success will do.
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

    /// The error that fits an answer which is no success.
    pub(crate) async fn failure(&self, answer: Answer, what: &str) -> RegistryError {
        if answer.status() == StatusCode::FORBIDDEN && answer.is_from_origin {
            let host = answer.host.clone();
            return self.gate.denied(&host, answer.reason().await, false);
        }
        answer.failure(what).await
    }
}
