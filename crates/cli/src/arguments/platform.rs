//! Which platform of an image is meant.
//!
//! `--platform` wins over everything. `run` and `create` then look at the environment, because in Apple's tool their `--arch` always
//! has a value. In the commands that fetch or hand on an image `--arch` and `--os` win over the environment.

use std::env;
use std::ffi::{OsStr, OsString};

use clap::Args;
use container_engine::PlatformChoice;
use container_oci::Platform;

use crate::error::{self, CommandError};

/// Environment variable with the platform that is meant when no flag says it; the name is that of Apple's tool.
const VARIABLE: &str = "CONTAINER_DEFAULT_PLATFORM";

/// The platform that a container is to have.
#[derive(Debug, Args)]
pub(crate) struct PlatformFlags {
    /// Platform of the image, for example linux/arm64 (also: CONTAINER_DEFAULT_PLATFORM)
    #[arg(long, value_name = "OS/ARCH[/VARIANT]")]
    platform: Option<Platform>,

    /// Architecture of the image
    #[arg(short, long)]
    arch: Option<String>,

    /// Operating system of the image
    #[arg(long)]
    os: Option<String>,
}

/// The platforms of an image that is fetched or handed on.
#[derive(Debug, Args)]
#[command(next_help_heading = "Platform options")]
pub(crate) struct SelectionFlags {
    #[command(flatten)]
    platform: PlatformFlags,

    /// All platforms of the image
    #[arg(long, conflicts_with_all = ["platform", "arch", "os"])]
    all_platforms: bool,
}

impl PlatformFlags {
    /// The platform for a container: `--platform`, then the environment, then `--arch` and `--os`; `None` is the host's.
    pub(crate) fn of_container(&self) -> Result<Option<Platform>, CommandError> {
        self.of_container_with(env::var_os(VARIABLE))
    }

    fn of_container_with(&self, variable: Option<OsString>) -> Result<Option<Platform>, CommandError> {
        if let Some(platform) = &self.platform {
            return Ok(Some(platform.clone()));
        }
        match from_environment(variable.as_deref())? {
            Some(platform) => Ok(Some(platform)),
            None => self.parts(),
        }
    }

    /// What `--arch` and `--os` say; what one of them leaves out is the host's.
    fn parts(&self) -> Result<Option<Platform>, CommandError> {
        if self.arch.is_none() && self.os.is_none() {
            return Ok(None);
        }
        let host = Platform::host();
        let text = format!(
            "{}/{}",
            self.os.as_deref().unwrap_or(&host.os),
            self.arch.as_deref().unwrap_or(&host.architecture)
        );
        let platform = text.parse().map_err(|error| CommandError::usage(format!("{error}")))?;
        Ok(Some(platform))
    }
}

impl SelectionFlags {
    /// The choice: `--all-platforms`, `--platform`, `--arch` and `--os`, then the environment.
    pub(crate) fn choice(&self) -> Result<PlatformChoice, CommandError> {
        self.choice_with(env::var_os(VARIABLE))
    }

    fn choice_with(&self, variable: Option<OsString>) -> Result<PlatformChoice, CommandError> {
        if self.all_platforms {
            return Ok(PlatformChoice::All);
        }
        let said = match &self.platform.platform {
            Some(platform) => Some(platform.clone()),
            None => self.platform.parts()?,
        };
        let chosen = match said {
            Some(platform) => Some(platform),
            None => from_environment(variable.as_deref())?,
        };
        Ok(chosen.map_or(PlatformChoice::Default, PlatformChoice::Only))
    }
}

/// The platform in the environment, with a warning that it comes from there: the user may have set it long ago.
fn from_environment(variable: Option<&OsStr>) -> Result<Option<Platform>, CommandError> {
    let Some(value) = variable.filter(|value| !value.is_empty()) else {
        return Ok(None);
    };
    let platform: Platform = value
        .to_string_lossy()
        .parse()
        .map_err(|error| CommandError::usage(format!("{VARIABLE}: {error}")))?;
    error::warn(format_args!("using platform {platform} from {VARIABLE}"));
    Ok(Some(platform))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(platform: Option<&str>, arch: Option<&str>) -> PlatformFlags {
        PlatformFlags {
            platform: platform.map(|text| text.parse().unwrap()),
            arch: arch.map(str::to_owned),
            os: None,
        }
    }

    fn variable(text: Option<&str>) -> Option<OsString> {
        text.map(OsString::from)
    }

    #[test]
    fn for_a_container_the_flag_beats_the_environment_beats_the_architecture() {
        for (platform, arch, environment, chosen) in [
            (Some("linux/arm64"), None, Some("linux/amd64"), Some("linux/arm64")),
            (None, Some("arm64"), Some("linux/amd64"), Some("linux/amd64")),
            (None, Some("aarch64"), None, Some("linux/arm64")),
            (None, Some("arm64"), Some(""), Some("linux/arm64")),
            (None, None, None, None),
        ] {
            let platform = flags(platform, arch).of_container_with(variable(environment)).unwrap();
            assert_eq!(platform.map(|platform| platform.to_string()).as_deref(), chosen);
        }
    }

    #[test]
    fn for_an_image_the_environment_comes_last() {
        let only = |text: &str| PlatformChoice::Only(text.parse().unwrap());
        for (platform, arch, environment, chosen) in [
            (Some("linux/arm64"), None, Some("linux/amd64"), only("linux/arm64")),
            (None, Some("arm64"), Some("linux/riscv64"), only("linux/arm64")),
            (None, None, Some("linux/riscv64"), only("linux/riscv64")),
            (None, None, None, PlatformChoice::Default),
        ] {
            let selection = SelectionFlags {
                platform: flags(platform, arch),
                all_platforms: false,
            };
            assert_eq!(selection.choice_with(variable(environment)).unwrap(), chosen);
        }
        let all = SelectionFlags {
            platform: flags(None, None),
            all_platforms: true,
        };
        assert_eq!(
            all.choice_with(variable(Some("linux/riscv64"))).unwrap(),
            PlatformChoice::All
        );
    }

    #[test]
    fn nonsense_in_the_environment_is_blamed_on_the_variable() {
        let error = flags(None, None)
            .of_container_with(variable(Some("nonsense")))
            .unwrap_err();
        assert!(
            format!("{error:?}").contains("CONTAINER_DEFAULT_PLATFORM: \\\"nonsense\\\""),
            "{error:?}"
        );
        // It is not read when a flag says the platform.
        assert!(
            flags(Some("linux/arm64"), None)
                .of_container_with(variable(Some("nonsense")))
                .is_ok()
        );
    }
}
