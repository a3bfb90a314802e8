//! What follows the end of a container's program.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Whether a container whose program has ended is started again, in the words of Docker's `--restart`.
///
/// Written as by Docker, except that a number of zero is left out: `{"name": "on-failure", "maximumRetryCount": 3}`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum RestartPolicy {
    /// It is not.
    #[default]
    No,
    /// When the exit code was not zero.
    OnFailure {
        /// How often, until a user starts it; zero: without a limit.
        #[serde(default, skip_serializing_if = "is_unlimited")]
        maximum_retry_count: u32,
    },
    /// However it ended.
    Always,
    /// The same. What starts containers together, such as after a boot of the host, leaves one alone that a user has stopped.
    UnlessStopped,
}

fn is_unlimited(count: &u32) -> bool {
    *count == 0
}

impl RestartPolicy {
    /// Whether the container is never started again by itself.
    #[must_use]
    pub fn is_no(&self) -> bool {
        *self == Self::No
    }
}

/// Text that is no restart policy. The messages are Docker's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RestartPolicyError {
    /// Nothing before the colon.
    #[error("invalid restart policy format: no policy provided before colon")]
    NoName,
    /// What follows the colon is no number, or too large for one.
    #[error("invalid restart policy format: maximum retry count must be an integer")]
    NoNumber,
    /// The number is below zero.
    #[error("invalid restart policy: maximum retry count cannot be negative")]
    Negative,
    /// A number for a policy that has none.
    #[error("invalid restart policy: maximum retry count can only be used with 'on-failure'")]
    NumberWithout,
    /// The same, with a number below zero.
    #[error("invalid restart policy: maximum retry count can only be used with 'on-failure' and cannot be negative")]
    NegativeWithout,
    /// There is no such policy.
    #[error(
        "invalid restart policy: unknown policy '{name}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'"
    )]
    Unknown {
        /// What was written.
        name: String,
    },
}

impl FromStr for RestartPolicy {
    type Err = RestartPolicyError;

    /// Reads `no`, `always`, `unless-stopped`, `on-failure` or `on-failure:N`. As in Docker, nothing at all means `no`, and a number of zero is none.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, count) = match text.split_once(':') {
            Some(("", _)) => return Err(RestartPolicyError::NoName),
            Some((name, "")) => (name, 0),
            Some((name, count)) => (name, count.parse::<i64>().map_err(|_| RestartPolicyError::NoNumber)?),
            None => (text, 0),
        };
        let without_number = |policy| match count {
            0 => Ok(policy),
            1.. => Err(RestartPolicyError::NumberWithout),
            _ => Err(RestartPolicyError::NegativeWithout),
        };
        match name {
            "" | "no" => without_number(Self::No),
            "always" => without_number(Self::Always),
            "unless-stopped" => without_number(Self::UnlessStopped),
            "on-failure" if count < 0 => Err(RestartPolicyError::Negative),
            "on-failure" => Ok(Self::OnFailure {
                maximum_retry_count: u32::try_from(count).map_err(|_| RestartPolicyError::NoNumber)?,
            }),
            name => Err(RestartPolicyError::Unknown { name: name.to_owned() }),
        }
    }
}

impl fmt::Display for RestartPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::No => f.write_str("no"),
            Self::OnFailure { maximum_retry_count: 0 } => f.write_str("on-failure"),
            Self::OnFailure { maximum_retry_count } => write!(f, "on-failure:{maximum_retry_count}"),
            Self::Always => f.write_str("always"),
            Self::UnlessStopped => f.write_str("unless-stopped"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn policies_are_written_as_in_docker() {
        let failures = |maximum_retry_count| RestartPolicy::OnFailure { maximum_retry_count };
        for (text, policy, record) in [
            ("no", RestartPolicy::No, json!({ "name": "no" })),
            ("always", RestartPolicy::Always, json!({ "name": "always" })),
            (
                "unless-stopped",
                RestartPolicy::UnlessStopped,
                json!({ "name": "unless-stopped" }),
            ),
            ("on-failure", failures(0), json!({ "name": "on-failure" })),
            (
                "on-failure:3",
                failures(3),
                json!({ "name": "on-failure", "maximumRetryCount": 3 }),
            ),
        ] {
            assert_eq!(text.parse(), Ok(policy));
            assert_eq!(policy.to_string(), text);
            assert_eq!(serde_json::to_value(policy).unwrap(), record);
            assert_eq!(serde_json::from_value::<RestartPolicy>(record).unwrap(), policy);
        }
        for (text, policy) in [
            ("", RestartPolicy::No),
            ("always:", RestartPolicy::Always),
            ("always:0", RestartPolicy::Always),
            ("on-failure:", failures(0)),
            ("on-failure:+2", failures(2)),
        ] {
            assert_eq!(text.parse(), Ok(policy), "{text}");
        }
    }

    #[test]
    fn bad_values_have_the_messages_of_docker() {
        for (text, message) in [
            (":1", "invalid restart policy format: no policy provided before colon"),
            (
                "always:2:3",
                "invalid restart policy format: maximum retry count must be an integer",
            ),
            (
                "on-failure:x",
                "invalid restart policy format: maximum retry count must be an integer",
            ),
            (
                "on-failure:99999999999",
                "invalid restart policy format: maximum retry count must be an integer",
            ),
            (
                "on-failure:-1",
                "invalid restart policy: maximum retry count cannot be negative",
            ),
            (
                "always:1",
                "invalid restart policy: maximum retry count can only be used with 'on-failure'",
            ),
            (
                "no:-1",
                "invalid restart policy: maximum retry count can only be used with 'on-failure' and cannot be negative",
            ),
            (
                "sometimes",
                "invalid restart policy: unknown policy 'sometimes'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'",
            ),
        ] {
            assert_eq!(
                text.parse::<RestartPolicy>().unwrap_err().to_string(),
                message,
                "{text}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_policy_or_an_error(text in "[a-z:0-9+-]{0,20}|\\PC{0,12}") {
            if let Ok(policy) = text.parse::<RestartPolicy>() {
                prop_assert_eq!(policy.to_string().parse(), Ok(policy));
            }
        }
    }
}
