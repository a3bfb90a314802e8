//! Answers.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use container_oci::Digest;
use reqwest::header::{CONTENT_RANGE, CONTENT_TYPE, LOCATION, RANGE, RETRY_AFTER, WWW_AUTHENTICATE};
use reqwest::{Response, StatusCode, Url};
use tokio::time::{Instant, timeout};

use super::challenge::{self, Challenge};
use super::pace::{Pace, SILENCE_LIMIT, TooSlow};
use super::{host_of, resolve};
use crate::RegistryError;
use crate::error::shorten;

/// How much of an error page is read.
const ERROR_PAGE_LIMIT_BYTES: u64 = 64 * 1024;
/// The longest wait for a document, which has a few megabytes at most.
const DOCUMENT_LIMIT: Duration = Duration::from_secs(300);

/// An answer, its body unread.
pub(crate) struct Answer {
    response: Response,
    url: Url,
    /// The server, for messages.
    pub(crate) host: String,
    /// Whether the answer is from the server that was asked, not from another one that it redirected to.
    pub(crate) is_from_origin: bool,
    pace: Pace,
    /// Time spent waiting for the body so far.
    waited: Duration,
}

impl Answer {
    pub(super) fn new(response: Response, url: &Url, is_from_origin: bool) -> Self {
        Self {
            response,
            url: url.clone(),
            host: host_of(url),
            is_from_origin,
            pace: Pace::default(),
            waited: Duration::ZERO,
        }
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.response.status()
    }

    /// A header's value, if there is one and it is text.
    pub(crate) fn header(&self, name: impl reqwest::header::AsHeaderName) -> Option<&str> {
        let value = self.response.headers().get(name)?.to_str().ok()?;
        Some(value.trim()).filter(|value| !value.is_empty())
    }

    /// `Content-Type` without parameters, in lower case.
    pub(crate) fn content_type(&self) -> Option<String> {
        let value = self.header(CONTENT_TYPE)?;
        Some(value.split(';').next().unwrap_or(value).trim().to_ascii_lowercase())
    }

    /// `Docker-Content-Digest` (distribution-spec, "Pulling manifests"), if it is a valid digest.
    pub(crate) fn digest(&self) -> Option<Digest> {
        self.header("docker-content-digest")?.trim().parse().ok()
    }

    pub(crate) fn challenges(&self) -> Vec<Challenge> {
        let values = self.response.headers().get_all(WWW_AUTHENTICATE).iter();
        challenge::parse(values.filter_map(|value| value.to_str().ok()))
    }

    /// The address in `Location`.
    pub(crate) fn location(&self) -> Result<Option<Url>, RegistryError> {
        self.header(LOCATION)
            .map(|location| resolve(&self.url, location))
            .transpose()
    }

    /// The offset in `Content-Range`.
    pub(crate) fn range_start(&self) -> Option<u64> {
        range_start(self.header(CONTENT_RANGE)?)
    }

    /// The number of an upload's bytes that the registry has, as it says in `Range`.
    pub(crate) fn uploaded_bytes(&self) -> Option<u64> {
        uploaded_bytes(self.header(RANGE)?)
    }

    /// The next bytes of the body; `None` at its end.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, RegistryError> {
        let before = Instant::now();
        let chunk = match timeout(SILENCE_LIMIT, self.response.chunk()).await {
            Ok(chunk) => chunk.map_err(|error| RegistryError::from_request(&self.host, error))?,
            Err(_) => {
                let host = self.host.clone();
                return Err(RegistryError::Timeout { host });
            }
        };
        let waited = before.elapsed();
        self.waited += waited;
        if let Some(chunk) = &chunk {
            let counted = self.pace.count(waited, chunk.len() as u64);
            counted.map_err(|slow| self.too_slow(slow))?;
        }
        Ok(chunk)
    }

    fn too_slow(&self, slow: TooSlow) -> RegistryError {
        RegistryError::TooSlow {
            host: self.host.clone(),
            bytes: slow.bytes,
            seconds: slow.waited.as_secs(),
        }
    }

    /// The whole body, if it is not larger than allowed.
    pub(crate) async fn bytes(mut self, what: &str, limit_bytes: u64) -> Result<Bytes, RegistryError> {
        let too_large = |host: &str| RegistryError::TooLarge {
            host: host.to_owned(),
            what: what.to_owned(),
            limit_bytes,
        };
        if self
            .response
            .content_length()
            .is_some_and(|length| length > limit_bytes)
        {
            return Err(too_large(&self.host));
        }
        let mut body = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            if body.len() as u64 + chunk.len() as u64 > limit_bytes {
                return Err(too_large(&self.host));
            }
            body.extend_from_slice(&chunk);
            if self.waited > DOCUMENT_LIMIT {
                return Err(self.too_slow(TooSlow {
                    bytes: body.len() as u64,
                    waited: self.waited,
                }));
            }
        }
        Ok(body.into())
    }

    /// The message in an answer without success.
    pub(crate) async fn reason(self) -> String {
        let status = self.status();
        let page = self.bytes("error", ERROR_PAGE_LIMIT_BYTES).await.unwrap_or_default();
        reason(&page).unwrap_or_else(|| status.canonical_reason().unwrap_or("no reason given").to_owned())
    }

    /// The error for an answer without success.
    pub(crate) async fn failure(self, what: &str) -> RegistryError {
        let (host, status) = (self.host.clone(), self.status());
        if status == StatusCode::NOT_FOUND {
            return RegistryError::NotFound { what: what.to_owned() };
        }
        let retry_after = self
            .header(RETRY_AFTER)
            .and_then(|value| retry_after(value, SystemTime::now()));
        RegistryError::Status {
            host,
            status: status.as_u16(),
            reason: self.reason().await,
            retry_after,
        }
    }
}

/// The first message of an error document: a registry's (distribution-spec, "Error Codes"), or a token server's (RFC 6749,
/// section 5.2).
fn reason(page: &[u8]) -> Option<String> {
    let document: serde_json::Value = serde_json::from_slice(page).ok()?;
    let first = document.get("errors").and_then(|errors| errors.get(0));
    let (object, fields) = match first {
        Some(error) => (error, ["message", "code"].as_slice()),
        None => (
            &document,
            ["error_description", "error", "details", "message"].as_slice(),
        ),
    };
    let texts = fields.iter().filter_map(|field| object.get(field)?.as_str());
    texts.map(shorten).find(|text| !text.is_empty())
}

/// `Retry-After` (RFC 9110, section 10.2.3): seconds, or a date.
fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    match value.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => {
            let date = httpdate::parse_http_date(value).ok()?;
            Some(date.duration_since(now).unwrap_or_default())
        }
    }
}

/// The offset in `Content-Range: bytes 10-19/20` (RFC 9110, section 14.4).
fn range_start(value: &str) -> Option<u64> {
    value.strip_prefix("bytes ")?.split('-').next()?.trim().parse().ok()
}

/// The number of bytes in `Range: 0-<last>` (distribution-spec, "Pushing a blob in chunks"); some registries put
/// `bytes=` in front.
///
/// Registries send `0-0` for no byte as well as for one. It counts as none.
fn uploaded_bytes(value: &str) -> Option<u64> {
    let value = value.trim();
    let (first, last) = value.strip_prefix("bytes=").unwrap_or(value).split_once('-')?;
    let last: u64 = last.trim().parse().ok()?;
    match (first.trim().parse::<u64>().ok()?, last) {
        (0, 0) => Some(0),
        (0, last) => last.checked_add(1),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    #[test]
    fn retry_after_is_read_as_seconds_or_as_a_date() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        for (value, seconds) in [
            ("7", Some(7)),
            (" 0 ", Some(0)),
            ("Sun, 06 Nov 1994 08:49:57 GMT", Some(20)),
            ("Sun, 06 Nov 1994 08:49:17 GMT", Some(0)),
            ("Sunday, 06-Nov-94 08:49:47 GMT", Some(10)),
            ("-1", None),
            ("soon", None),
        ] {
            assert_eq!(retry_after(value, now), seconds.map(Duration::from_secs), "{value}");
        }
    }

    #[test]
    fn ranges_are_read_in_all_their_forms() {
        assert_eq!(range_start("bytes 10-19/20"), Some(10));
        assert_eq!(range_start("bytes */20"), None);
        for (value, bytes) in [
            ("0-0", Some(0)),
            ("0-1", Some(2)),
            ("bytes=0-1023", Some(1024)),
            ("5-9", None),
            ("0-", None),
            ("0-18446744073709551615", None),
        ] {
            assert_eq!(uploaded_bytes(value), bytes, "{value}");
        }
    }

    #[test]
    fn the_messages_of_registries_and_token_servers_are_found() {
        for (page, words) in [
            (
                r#"{"errors":[{"code":"DENIED","message":"no\u001b[31m way"}]}"#,
                Some("no\u{fffd}[31m way"),
            ),
            (r#"{"errors":[{"code":"DENIED"}]}"#, Some("DENIED")),
            (r#"{"errors":[{"code":"DENIED","message":""}]}"#, Some("DENIED")),
            (r#"{"errors":[],"error":null,"message":"no"}"#, Some("no")),
            (
                r#"{"error":"invalid_grant","error_description":"expired"}"#,
                Some("expired"),
            ),
            (
                r#"{"details":"incorrect username or password"}"#,
                Some("incorrect username or password"),
            ),
            ("<html>", None),
            ("{}", None),
        ] {
            assert_eq!(reason(page.as_bytes()).as_deref(), words, "{page}");
        }
    }

    /// A body without an end, which comes in pieces with a pause before each.
    struct Drip {
        piece: Bytes,
        pause: Duration,
        next: Pin<Box<tokio::time::Sleep>>,
    }

    impl http_body::Body for Drip {
        type Data = Bytes;
        type Error = std::io::Error;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
        ) -> Poll<Option<std::io::Result<http_body::Frame<Bytes>>>> {
            std::task::ready!(self.next.as_mut().poll(cx));
            self.next = Box::pin(tokio::time::sleep(self.pause));
            Poll::Ready(Some(Ok(http_body::Frame::data(self.piece.clone()))))
        }
    }

    fn slow_answer(piece: impl Into<Bytes>, pause: Duration) -> Answer {
        let body = Drip {
            piece: piece.into(),
            pause,
            next: Box::pin(tokio::time::sleep(pause)),
        };
        let response = http::Response::new(reqwest::Body::wrap(body));
        Answer::new(response.into(), &Url::parse("http://r.example/v2/").unwrap(), true)
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_comes_too_slowly_is_a_transient_error() {
        let mut answer = slow_answer(&b"x"[..], Duration::from_secs(59));
        let error = loop {
            if let Err(error) = answer.chunk().await {
                break error;
            }
        };
        assert_eq!(error.to_string(), "r.example sends too slowly: 3 bytes in 177 s");
        assert!(error.is_transient());

        let mut slow = slow_answer(vec![0; 4096], Duration::from_secs(10));
        for _ in 0..1000 {
            slow.chunk().await.unwrap();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_wait_for_a_document_is_bounded() {
        let answer = slow_answer(vec![b' '; 4096], Duration::from_secs(10));
        let error = answer.bytes("manifest", 4 << 20).await.unwrap_err();
        assert_eq!(error.to_string(), "r.example sends too slowly: 126976 bytes in 310 s");
    }

    proptest! {
        #[test]
        fn arbitrary_values_never_panic(value in "(bytes[ =])?\\PC*", page: Vec<u8>) {
            let _ = (range_start(&value), uploaded_bytes(&value), reason(&page));
            let _ = retry_after(&value, SystemTime::now());
        }

        #[test]
        fn every_range_comes_back(last in 1..u64::MAX) {
            prop_assert_eq!(uploaded_bytes(&format!("0-{last}")), Some(last + 1));
            prop_assert_eq!(range_start(&format!("bytes {last}-{last}/*")), Some(last));
        }
    }
}
