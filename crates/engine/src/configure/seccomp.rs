//! A seccomp profile of the user's.

use container_launcher::seccomp_filter;
use container_oci::Platform;
use container_seccomp_profile::{Profile, ProfileError};
use serde_json::Value;

use crate::backend;
use crate::error::RequestError;
use crate::request::SeccompRequest;

/// The document of the profile that is asked for. It is made a program of once, for the machine that the platform is likely to get, so that a bad
/// profile is told before there is a container.
pub(super) fn profile(request: &SeccompRequest, platform: &Platform) -> Result<Option<Value>, RequestError> {
    let SeccompRequest::Profile { file, text } = request else {
        return Ok(None);
    };
    let refused = |error: ProfileError| RequestError::SeccompProfile {
        file: file.clone(),
        reason: error.to_string(),
    };
    let document = Profile::document(text).map_err(refused)?;
    seccomp_filter(&document, backend::guest_architecture(platform), &[]).map_err(refused)?;
    Ok(Some(document))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(text: &str) -> Result<Option<Value>, String> {
        let request = SeccompRequest::Profile {
            file: "/p.json".into(),
            text: text.to_owned(),
        };
        profile(&request, &Platform::host()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_profile_is_kept_as_it_was_written_and_a_bad_one_is_told_with_its_file() {
        let text = r#"{"defaultAction":"SCMP_ACT_ALLOW","comment":"kept"}"#;
        assert_eq!(ask(text).unwrap().unwrap()["comment"], "kept");
        let error = ask(r#"{"defaultAction":"SCMP_ACT_NOTIFY"}"#).unwrap_err();
        assert!(
            error.starts_with("--security-opt seccomp=/p.json: the profile asks"),
            "{error}"
        );
        for usual in [SeccompRequest::Default, SeccompRequest::Unconfined] {
            assert_eq!(profile(&usual, &Platform::host()).unwrap(), None);
        }
    }
}
