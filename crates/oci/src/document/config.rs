//! Image configurations (image-spec `config.md`), with Docker's additions.

use std::collections::BTreeMap;

pub use oci_spec::image::History;
use serde::{Deserialize, Serialize};

use super::lenient::{command, history, names, null_default, text, text_map, texts};
use super::{CONFIG_LIMIT_BYTES, DocumentError, Empty, bounded};
use crate::digest::Digest;
use crate::platform::Platform;

/// An image's description of itself and of the process to run in it.
///
/// `oci-spec`'s configuration cannot lack platform or layers, refuses `null` for the layers and takes any text for the digest of one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageConfig {
    /// When the image was made, RFC 3339.
    #[serde(default, deserialize_with = "text", skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// Who made it.
    #[serde(default, deserialize_with = "text", skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// The platform it runs on; may be incomplete ([`Platform::is_untold`]).
    #[serde(flatten)]
    pub platform: Platform,
    /// How to run it.
    #[serde(default, deserialize_with = "null_default")]
    pub config: ProcessDefaults,
    #[serde(default, deserialize_with = "null_default")]
    rootfs: RootFs,
    /// How it was made, the base first.
    #[serde(default, deserialize_with = "history", skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<History>,
    /// `BuildKit`: which steps of a build have made the layers, for later builds; base64 of a list in JSON.
    #[serde(
        rename = "moby.buildkit.cache.v0",
        default,
        deserialize_with = "text",
        skip_serializing_if = "Option::is_none"
    )]
    pub build_cache: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct RootFs {
    /// "MUST be set to `layers`" (image-spec `config.md`); other values are not treated differently.
    #[serde(rename = "type", default, deserialize_with = "null_default")]
    kind: String,
    #[serde(default, deserialize_with = "null_default")]
    diff_ids: Vec<Digest>,
}

impl Default for RootFs {
    fn default() -> Self {
        Self {
            kind: "layers".to_owned(),
            diff_ids: Vec::new(),
        }
    }
}

/// How to run the image unless the user says otherwise.
///
/// `oci-spec`'s type drops what is marked with "Docker" here, and writes labels, ports and volumes in an order of chance.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ProcessDefaults {
    /// `user`, `uid`, `user:group` or `uid:gid`; empty is root.
    #[serde(deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub user: String,
    /// Ports that the image listens on: `80/tcp`.
    #[serde(deserialize_with = "names", skip_serializing_if = "BTreeMap::is_empty")]
    pub exposed_ports: BTreeMap<String, Empty>,
    /// Environment, `NAME=value` each.
    #[serde(deserialize_with = "texts", skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<String>,
    /// The program, in front of `cmd`.
    #[serde(deserialize_with = "command", skip_serializing_if = "Vec::is_empty")]
    pub entrypoint: Vec<String>,
    /// Default arguments, or program and arguments where there is no entry point.
    #[serde(deserialize_with = "command", skip_serializing_if = "Vec::is_empty")]
    pub cmd: Vec<String>,
    /// Paths meant for volumes.
    #[serde(deserialize_with = "names", skip_serializing_if = "BTreeMap::is_empty")]
    pub volumes: BTreeMap<String, Empty>,
    /// Directory to start in; empty is the root.
    #[serde(deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub working_dir: String,
    /// Labels.
    #[serde(deserialize_with = "text_map", skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Signal that asks the process to end: `SIGTERM`, `15`; empty is SIGTERM.
    #[serde(deserialize_with = "null_default", skip_serializing_if = "String::is_empty")]
    pub stop_signal: String,
    /// Docker: what BuildKit says of a command that a Dockerfile gives. It means something on Windows only.
    #[serde(deserialize_with = "null_default", skip_serializing_if = "std::ops::Not::not")]
    pub args_escaped: bool,
    /// Docker: seconds to wait after the stop signal.
    #[serde(rename = "StopTimeout", skip_serializing_if = "Option::is_none")]
    pub stop_timeout_seconds: Option<u32>,
    /// Docker: how to find out whether the process is healthy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub healthcheck: Option<HealthCheck>,
    /// Docker: shell of the Dockerfile's shell forms.
    #[serde(deserialize_with = "command", skip_serializing_if = "Vec::is_empty")]
    pub shell: Vec<String>,
    /// Docker: instructions for images built on this one.
    #[serde(deserialize_with = "texts", skip_serializing_if = "Vec::is_empty")]
    pub on_build: Vec<String>,
}

/// Docker's health check. Durations are in nanoseconds, as in the document; 0 is the default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct HealthCheck {
    /// `["NONE"]`, `["CMD", …]` or `["CMD-SHELL", command]`.
    #[serde(deserialize_with = "command")]
    pub test: Vec<String>,
    /// Time between two checks.
    #[serde(rename = "Interval", skip_serializing_if = "is_zero")]
    pub interval_ns: i64,
    /// Time after which a check has failed.
    #[serde(rename = "Timeout", skip_serializing_if = "is_zero")]
    pub timeout_ns: i64,
    /// Time in which failures do not count.
    #[serde(rename = "StartPeriod", skip_serializing_if = "is_zero")]
    pub start_period_ns: i64,
    /// Time between two checks within the start period.
    #[serde(rename = "StartInterval", skip_serializing_if = "is_zero")]
    pub start_interval_ns: i64,
    /// Failures in a row that make the process unhealthy.
    #[serde(skip_serializing_if = "is_zero")]
    pub retries: i64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_zero(number: &i64) -> bool {
    *number == 0
}

impl ImageConfig {
    /// A configuration without history for the given layers, the base first.
    #[must_use]
    pub fn new(platform: Platform, config: ProcessDefaults, diff_ids: Vec<Digest>) -> Self {
        let rootfs = RootFs {
            diff_ids,
            ..RootFs::default()
        };
        Self {
            created: None,
            author: None,
            platform,
            config,
            rootfs,
            history: Vec::new(),
            build_cache: None,
        }
    }

    /// Reads an image configuration.
    ///
    /// # Errors
    /// [`DocumentError`] when it is too large or not of the shape.
    pub fn parse(bytes: &[u8]) -> Result<Self, DocumentError> {
        Ok(serde_json::from_slice(bounded(bytes, CONFIG_LIMIT_BYTES)?)?)
    }

    /// Digests of the uncompressed layers, the base first.
    #[must_use]
    pub fn diff_ids(&self) -> &[Digest] {
        &self.rootfs.diff_ids
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_docker_configuration_with_nulls_is_read() {
        let text = r#"{"architecture":"arm64","variant":"v8","os":"linux","container":"x","docker_version":"27",
            "config":{"Hostname":"","User":"","ExposedPorts":{"80/tcp":{}},"Env":["A=b"],"Cmd":["sh"],"Image":"x","Volumes":null,
            "WorkingDir":"/w","Entrypoint":null,"OnBuild":null,"Labels":null,"StopSignal":"SIGQUIT","StopTimeout":3,
            "Healthcheck":{"Test":["CMD-SHELL","true"],"Interval":5000000000,"Retries":3},"Shell":["/bin/bash","-c"]},
            "history":[{"created_by":"x","empty_layer":true}],"rootfs":{"type":"layers","diff_ids":null}}"#;
        let config = ImageConfig::parse(text.as_bytes()).unwrap();
        assert_eq!(config.platform.to_string(), "linux/arm64");
        assert_eq!(config.config.cmd, ["sh"]);
        assert_eq!(config.config.stop_timeout_seconds, Some(3));
        let check = config.config.healthcheck.clone().unwrap();
        assert_eq!((check.interval_ns, check.retries), (5_000_000_000, 3));
        assert!(config.config.exposed_ports.contains_key("80/tcp"));
        assert_eq!(config.history[0].empty_layer(), Some(true));
        assert!(config.diff_ids().is_empty());
    }

    #[test]
    fn empty_values_count_as_missing() {
        let text = r#"{"architecture":"","os":null,"created":"","author":"","rootfs":{"type":"","diff_ids":[]},
            "history":[{"created":"","created_by":"","comment":null}],
            "config":{"Entrypoint":[""],"Cmd":[""],"Env":["","A=b",null],"Volumes":{"":{},"/v":null},"Shell":[""],
            "ExposedPorts":{"":{}},"Labels":{"a":null,"b":""},"OnBuild":[""],"User":null,"Healthcheck":{"Test":[""]}}}"#;
        let config = ImageConfig::parse(text.as_bytes()).unwrap();
        assert!(config.platform.is_untold());
        assert_eq!((&config.created, &config.author), (&None, &None));
        assert_eq!(config.history, [History::default()]);
        let expected = ProcessDefaults {
            env: vec!["A=b".into()],
            volumes: [("/v".into(), Empty {})].into(),
            labels: [("a".into(), String::new()), ("b".into(), String::new())].into(),
            healthcheck: Some(HealthCheck::default()),
            ..ProcessDefaults::default()
        };
        assert_eq!(config.config, expected);
        let bare = ImageConfig::parse(b"{}").unwrap();
        assert!(bare.platform.is_untold() && bare.diff_ids().is_empty());
    }

    #[test]
    fn an_empty_argument_is_kept() {
        let text = r#"{"config":{"Entrypoint":["sh","-c",""],"Cmd":["","x"]}}"#;
        let config = ImageConfig::parse(text.as_bytes()).unwrap().config;
        assert_eq!(config.entrypoint, ["sh", "-c", ""]);
        assert_eq!(config.cmd, ["", "x"]);
    }

    #[test]
    fn configurations_are_written_in_a_stable_order() {
        let defaults = ProcessDefaults {
            labels: [("b".into(), "2".into()), ("a".into(), "1".into())].into(),
            ..ProcessDefaults::default()
        };
        let config = ImageConfig::new(Platform::host(), defaults, vec![Digest::Sha256([7; 32])]);
        let text = serde_json::to_string(&config).unwrap();
        assert_eq!(ImageConfig::parse(text.as_bytes()).unwrap(), config);
        assert!(text.contains(r#""Labels":{"a":"1","b":"2"}"#));
    }

    #[test]
    fn a_step_is_written_without_what_it_does_not_say() {
        let text = r#"{"history":[{"created":"t","author":"","created_by":"c","comment":null,"empty_layer":false},{"empty_layer":true}]}"#;
        let config = ImageConfig::parse(text.as_bytes()).unwrap();
        let written = serde_json::to_string(&config).unwrap();
        assert!(
            written.ends_with(r#""history":[{"created":"t","created_by":"c"},{"empty_layer":true}]}"#),
            "{written}"
        );
    }

    #[test]
    fn a_diff_id_that_is_a_path_is_refused() {
        let text = r#"{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":["sha256:../../x"]}}"#;
        assert!(matches!(
            ImageConfig::parse(text.as_bytes()),
            Err(DocumentError::Json(_))
        ));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
            let _ = ImageConfig::parse(&bytes);
        }
    }
}
