//! Anonymous tokens (distribution token specification).

use reqwest::Url;
use serde::Deserialize;

use super::RegistryError;
use super::client::{failure, read_bounded};

/// The largest token answer that is read.
const TOKEN_LIMIT_BYTES: u64 = 256 * 1024;

#[derive(Deserialize)]
struct TokenAnswer {
    token: Option<String>,
    access_token: Option<String>,
}

/// Asks the token server at `realm` for a token that allows `scope`.
pub(super) async fn fetch_token(
    http: &reqwest::Client,
    host: &str,
    realm: &str,
    service: Option<&str>,
    scope: &str,
) -> Result<String, RegistryError> {
    let protocol = |reason| RegistryError::Protocol {
        host: host.to_owned(),
        reason,
    };
    let mut url = Url::parse(realm).map_err(|_| protocol("the address of its token server is no URL"))?;
    let server = url.host_str().unwrap_or(host).to_owned();
    if let Some(service) = service {
        url.query_pairs_mut().append_pair("service", service);
    }
    url.query_pairs_mut().append_pair("scope", scope);
    let response = http
        .get(url)
        .send()
        .await
        .map_err(|error| RegistryError::from_request(&server, &error))?;
    if !response.status().is_success() {
        return Err(failure(response, &server, "token").await);
    }
    let body = read_bounded(response, &server, "token", TOKEN_LIMIT_BYTES).await?;
    let answer: TokenAnswer = serde_json::from_slice(&body).map_err(|_| protocol("its token server sent no token"))?;
    let token = answer.token.or(answer.access_token).filter(|token| !token.is_empty());
    token.ok_or_else(|| protocol("its token server sent no token"))
}
