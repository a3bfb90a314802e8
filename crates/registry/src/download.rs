//! Files at addresses that are no registry's: what `ADD https://…` of a Dockerfile names.
//!
//! The same connections with the same limits as for registries: redirects, silence and pace are bounded, proxies are those of the environment, and
//! nothing leads from https to http. No login is sent but one that the address itself has.

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{DATE, ETAG, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED};
use reqwest::{Method, StatusCode, Url};

use crate::RegistryError;
use crate::http::{Answer, Request, Web, host_of};

/// A time of a file tells versions apart only if the server sent it so much later (RFC 9110, section 8.8.2.2).
const SETTLED: Duration = Duration::from_secs(60);

/// Fetches files.
pub struct Downloads {
    web: Web,
}

/// What a server says about the version of a file that it sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileVersion {
    /// `ETag`, as it was sent.
    pub etag: Option<String>,
    /// `Last-Modified`, as it was sent.
    pub last_modified: Option<String>,
    /// Whether a file with the same `Last-Modified` is the same file.
    pub is_settled: bool,
}

/// The answer to a request for a file.
pub enum Download {
    /// It is still the version that the caller has.
    Unchanged,
    /// It is this one.
    File(Box<DownloadedFile>),
}

/// A file that is being sent.
pub struct DownloadedFile {
    /// What the server says about its version.
    pub version: FileVersion,
    answer: Answer,
}

impl Downloads {
    /// Trusts the system's certificate authorities, and those in the given PEM files.
    ///
    /// # Errors
    /// [`RegistryError::CaFile`]
    pub fn new(ca_files: &[PathBuf]) -> Result<Self, RegistryError> {
        Ok(Self {
            web: Web::new(ca_files)?,
        })
    }

    /// Asks for the file at `url`, an http or https address; `known` is the version that the caller has already.
    ///
    /// # Errors
    /// [`RegistryError`]; the status of an answer that is neither a file nor that it is unchanged is one too.
    pub async fn get(&self, url: &str, known: Option<&FileVersion>) -> Result<Download, RegistryError> {
        let bad = |reason| RegistryError::BadAddress { reason };
        let mut parsed = Url::parse(url).map_err(|_| bad("it is no URL"))?;
        if !matches!(parsed.scheme(), "http" | "https") || !parsed.has_host() {
            return Err(bad("only http and https addresses are fetched"));
        }
        parsed.set_fragment(None);
        let host = host_of(&parsed);
        let mut request = Request::new(Method::GET, parsed);
        for (name, value) in known.into_iter().flat_map(FileVersion::conditions) {
            if let Ok(value) = HeaderValue::from_str(value) {
                request.headers.insert(name, value);
            }
        }
        let answer = self.web.send(&request, None).await?;
        let version = FileVersion::of(&answer);
        match answer.status() {
            StatusCode::OK if known.is_some_and(|known| known.is(&version)) => Ok(Download::Unchanged),
            StatusCode::OK => Ok(Download::File(Box::new(DownloadedFile { version, answer }))),
            StatusCode::NOT_MODIFIED if known.is_some() => Ok(Download::Unchanged),
            _ => Err(answer.failure(&host).await),
        }
    }
}

impl FileVersion {
    fn of(answer: &Answer) -> Self {
        let last_modified = answer.header(LAST_MODIFIED).map(str::to_owned);
        Self {
            etag: answer.header(ETAG).map(str::to_owned),
            is_settled: is_settled(last_modified.as_deref(), answer.header(DATE)),
            last_modified,
        }
    }

    /// The headers that ask for a file only if it is another version. An entity tag is exact, so that a time beside it adds nothing.
    fn conditions(&self) -> impl Iterator<Item = (reqwest::header::HeaderName, &str)> {
        let time = self.last_modified.as_deref().filter(|_| self.is_settled);
        match (&self.etag, time) {
            (Some(etag), _) => Some((IF_NONE_MATCH, etag.as_str())),
            (None, Some(time)) => Some((IF_MODIFIED_SINCE, time)),
            (None, None) => None,
        }
        .into_iter()
    }

    /// Whether both tags are the same, as some servers send a file again that has not changed.
    fn is(&self, other: &Self) -> bool {
        let tag = |version: &Self| {
            version
                .etag
                .as_deref()
                .map(|tag| tag.trim_start_matches("W/").to_owned())
        };
        self.etag.is_some() && tag(self) == tag(other)
    }
}

impl DownloadedFile {
    /// The next bytes; `None` at the end.
    ///
    /// # Errors
    /// [`RegistryError`] when the connection breaks, or is silent or too slow for too long.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, RegistryError> {
        self.answer.chunk().await
    }
}

fn is_settled(last_modified: Option<&str>, date: Option<&str>) -> bool {
    let time = |text: &str| httpdate::parse_http_date(text).ok();
    let (Some(modified), Some(sent)) = (last_modified.and_then(time), date.and_then(time)) else {
        return false;
    };
    sent.duration_since(modified).is_ok_and(|age| age >= SETTLED)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(etag: Option<&str>, is_settled: bool) -> FileVersion {
        FileVersion {
            etag: etag.map(str::to_owned),
            last_modified: Some("Sun, 06 Nov 1994 08:49:37 GMT".to_owned()),
            is_settled,
        }
    }

    #[test]
    fn a_time_is_asked_with_only_where_it_tells_versions_apart() {
        let names = |version: &FileVersion| {
            version
                .conditions()
                .map(|(name, _)| name.as_str().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(names(&version(Some("\"a\""), true)), ["if-none-match"]);
        assert_eq!(names(&version(None, true)), ["if-modified-since"]);
        assert!(names(&version(None, false)).is_empty());
        let modified = "Sun, 06 Nov 1994 08:49:37 GMT";
        for (date, expected) in [
            (Some("Sun, 06 Nov 1994 08:50:37 GMT"), true),
            (Some("Sun, 06 Nov 1994 08:50:36 GMT"), false),
            (Some("Sun, 06 Nov 1994 08:00:00 GMT"), false),
            (None, false),
        ] {
            assert_eq!(is_settled(Some(modified), date), expected, "{date:?}");
        }
    }

    #[test]
    fn a_weak_tag_is_the_tag() {
        assert!(version(Some("W/\"a\""), false).is(&version(Some("\"a\""), true)));
        assert!(!version(Some("\"a\""), true).is(&version(Some("\"b\""), true)));
        assert!(!version(None, true).is(&version(None, true)));
    }
}
