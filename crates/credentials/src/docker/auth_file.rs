//! Docker's `config.json` and podman's `auth.json` (containers-auth.json(5)), which is a part of it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use container_oci::RegistryHost;
use container_registry::{Credential, Secret};
use serde::{Deserialize, Deserializer};

/// The largest file that is read.
const FILE_LIMIT_BYTES: u64 = 4 * 1024 * 1024;

/// The encoding of `auth`, with or without padding, because files have both.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The part of the file that is about credentials. Keys are addresses in many spellings.
#[derive(Default, Deserialize)]
pub(crate) struct AuthFile {
    #[serde(default, deserialize_with = "null_default")]
    auths: BTreeMap<String, Option<Auth>>,
    #[serde(default, rename = "credsStore")]
    store: Option<String>,
    #[serde(default, rename = "credHelpers", deserialize_with = "null_default")]
    helpers: BTreeMap<String, Option<String>>,
}

/// Reads `null`, which Go programs write for an empty map or text, as the default value.
pub(super) fn null_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Auth {
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
    identitytoken: Option<String>,
}

/// Why the file cannot be used. Has no content of the file in it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AuthFileError {
    #[error("{0}")]
    Read(#[from] io::Error),
    #[error("it is larger than {FILE_LIMIT_BYTES} bytes")]
    TooLarge,
    #[error("it is damaged in line {line}, column {column}")]
    Json { line: usize, column: usize },
    #[error("\"auth\" is not base64 of a user name and a password with a colon between")]
    Auth,
}

impl AuthFile {
    /// Reads the file; `None` when it is not there.
    pub(crate) fn read(path: &Path) -> Result<Option<Self>, AuthFileError> {
        let mut bytes = Vec::new();
        match File::open(path) {
            Ok(file) => file.take(FILE_LIMIT_BYTES + 1).read_to_end(&mut bytes)?,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        if bytes.len() as u64 > FILE_LIMIT_BYTES {
            return Err(AuthFileError::TooLarge);
        }
        Self::parse(&bytes).map(Some)
    }

    fn parse(bytes: &[u8]) -> Result<Self, AuthFileError> {
        // The parser's message may repeat a value.
        serde_json::from_slice(bytes).map_err(|error| AuthFileError::Json {
            line: error.line(),
            column: error.column(),
        })
    }

    /// The helpers to ask about `host`, in this order: its own, then the one for all.
    pub(crate) fn helpers(&self, host: &RegistryHost) -> Vec<&str> {
        let own = self.helpers.iter().filter(|(address, _)| is_for(address, host));
        let own = own.filter_map(|(_, name)| name.as_ref());
        own.chain(&self.store)
            .map(String::as_str)
            .filter(|name| !name.is_empty())
            .collect()
    }

    /// The credential for `host` that the file itself has.
    pub(crate) fn credential(&self, host: &RegistryHost) -> Result<Option<Credential>, AuthFileError> {
        let entries = self.auths.iter().filter(|(address, _)| is_for(address, host));
        for auth in entries.filter_map(|(_, auth)| auth.as_ref()) {
            if let Some(credential) = auth.credential()? {
                return Ok(Some(credential));
            }
        }
        Ok(None)
    }
}

impl Auth {
    /// `None` for the empty entry that Docker leaves where a helper keeps the secret.
    fn credential(&self) -> Result<Option<Credential>, AuthFileError> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        if let Some(token) = given(&self.identitytoken) {
            return Ok(Some(Credential::IdentityToken(Secret::new(token))));
        }
        if let Some(auth) = given(&self.auth) {
            let decoded = BASE64.decode(auth.trim()).map_err(|_| AuthFileError::Auth)?;
            let decoded = String::from_utf8(decoded).map_err(|_| AuthFileError::Auth)?;
            let (username, password) = decoded.split_once(':').ok_or(AuthFileError::Auth)?;
            // Old versions padded with zero bytes (docker `config/configfile`, `decodeAuth`).
            return Ok(password_of(username, password.trim_matches('\0')));
        }
        match (given(&self.username), given(&self.password)) {
            (Some(username), Some(password)) => Ok(password_of(&username, &password)),
            _ => Ok(None),
        }
    }
}

/// The credential of a user name and a secret; Docker marks a refresh token by a special user name.
pub(super) fn password_of(username: &str, secret: &str) -> Option<Credential> {
    /// docker `credential-helpers`, "tokens".
    const TOKEN_USER: &str = "<token>";
    match (username, secret) {
        (_, "") | ("", _) => None,
        (TOKEN_USER, token) => Some(Credential::IdentityToken(Secret::new(token))),
        (username, password) => Some(Credential::Password {
            username: username.to_owned(),
            password: Secret::new(password),
        }),
    }
}

/// Whether an address of the file is that of `host`. One with a path is podman's for a namespace only, unless it is the path of
/// a registry's interface.
fn is_for(address: &str, host: &RegistryHost) -> bool {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let path = rest.split_once('/').map_or("", |(_, path)| path);
    matches!(path.trim_end_matches('/'), "" | "v1" | "v2")
        && RegistryHost::from_address(address).is_ok_and(|found| found == *host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn file(text: &str) -> AuthFile {
        AuthFile::parse(text.as_bytes()).unwrap()
    }

    fn host(text: &str) -> RegistryHost {
        text.parse().unwrap()
    }

    fn found(file: &AuthFile, name: &str) -> Option<(String, String)> {
        match file.credential(&host(name)).unwrap()? {
            Credential::Password { username, password } => Some((username, password.reveal().to_owned())),
            Credential::IdentityToken(token) => Some(("<token>".to_owned(), token.reveal().to_owned())),
        }
    }

    fn pair(username: &str, secret: &str) -> Option<(String, String)> {
        Some((username.to_owned(), secret.to_owned()))
    }

    #[test]
    fn every_spelling_of_a_registry_is_found() {
        // "ann:a:b" and "bob:p", the second without padding.
        let file = file(
            r#"{"auths": {
                "https://index.docker.io/v1/": {"auth": "YW5uOmE6Yg=="},
                "ghcr.io": {"auth": "Ym9iOnA"},
                "https://quay.io/v2": {"username": "eve", "password": "q"},
                "127.0.0.1:5000": {"auth": "Ym9iOnA=", "identitytoken": "refresh"},
                "empty.example": {}, "null.example": null,
                "quay.example/team": {"auth": "Ym9iOnA"}
            }, "HttpHeaders": {"x": "y"}, "psFormat": "table"}"#,
        );
        assert_eq!(found(&file, "docker.io"), pair("ann", "a:b"));
        assert_eq!(found(&file, "ghcr.io"), pair("bob", "p"));
        assert_eq!(found(&file, "quay.io"), pair("eve", "q"));
        assert_eq!(found(&file, "127.0.0.1:5000"), pair("<token>", "refresh"));
        for other in [
            "127.0.0.1",
            "127.0.0.1:5001",
            "empty.example",
            "null.example",
            "quay.example",
            "x",
        ] {
            assert_eq!(found(&file, other), None, "{other}");
        }
    }

    #[test]
    fn the_helper_of_a_host_comes_before_the_one_for_all() {
        let file = file(r#"{"credsStore": "all", "credHelpers": {"index.docker.io": "hub", "gcr.io": "gcloud"}}"#);
        assert_eq!(file.helpers(&host("docker.io")), ["hub", "all"]);
        assert_eq!(file.helpers(&host("gcr.io")), ["gcloud", "all"]);
        assert_eq!(file.helpers(&host("quay.io")), ["all"]);
    }

    #[test]
    fn null_and_empty_fields_count_as_missing() {
        for text in [
            r#"{"auths": null, "credsStore": null, "credHelpers": null}"#,
            r#"{"auths": {"a": null}, "credsStore": "", "credHelpers": {"a": "", "b": null}}"#,
            r#"{"auths": {"a": {"auth": "", "identitytoken": "", "username": "", "password": null}}}"#,
            // ":".
            r#"{"auths": {"a": {"auth": "Og=="}}}"#,
        ] {
            let file = file(text);
            assert!(file.helpers(&host("a")).is_empty(), "{text}");
            assert_eq!(found(&file, "a"), None, "{text}");
        }
    }

    #[test]
    fn a_damaged_file_is_described_without_its_content() {
        let message = |text: &str| AuthFile::parse(text.as_bytes()).err().unwrap().to_string();
        assert_eq!(
            message(r#"{"auths": {"a": "hunter2"}}"#),
            "it is damaged in line 1, column 25"
        );
        let bad = file(r#"{"auths": {"a": {"auth": "hunter2!"}}}"#);
        let message = bad.credential(&host("a")).unwrap_err().to_string();
        assert!(!message.contains("hunter2"), "{message}");
    }

    #[test]
    fn a_missing_file_is_none() {
        let root = tempfile::tempdir().unwrap();
        assert!(AuthFile::read(&root.path().join("config.json")).unwrap().is_none());
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..200),
            "\\{\"auths\": ?\\{\"[a-z:/.]{0,9}\": ?\\{\"(auth|username|identitytoken)\": ?\"[A-Za-z0-9+/=]{0,12}\"\\}\\}\\}"
                .prop_map(String::into_bytes),
        ]) {
            if let Ok(file) = AuthFile::parse(&bytes) {
                let _ = (file.helpers(&host("docker.io")).len(), file.credential(&host("docker.io")).is_ok());
            }
        }

        #[test]
        fn user_names_and_passwords_are_read_as_they_were_written(username in "[^:\0]{1,20}", password in "[^\0]{1,20}") {
            prop_assume!(username != "<token>");
            let auth = BASE64.encode(format!("{username}:{password}"));
            let file = file(&format!(r#"{{"auths": {{"a": {{"auth": "{auth}"}}}}}}"#));
            prop_assert_eq!(found(&file, "a"), Some((username, password)));
        }
    }
}
