//! Which platform of an image is meant.

use std::env;

use clap::Args;
use container_engine::oci::Platform;

use crate::error::CommandError;

/// Environment variable with the platform that is meant when `--platform` is not given; the name is that of Apple's tool.
const VARIABLE: &str = "CONTAINER_DEFAULT_PLATFORM";

/// Platform flags.
#[derive(Debug, Args)]
pub(crate) struct PlatformFlags {
    /// Platform of the image, for example linux/arm64
    #[arg(long, value_name = "OS/ARCH[/VARIANT]")]
    pub(crate) platform: Option<Platform>,

    /// Architecture of the image
    #[arg(short, long)]
    pub(crate) arch: Option<String>,

    /// Operating system of the image
    #[arg(long)]
    pub(crate) os: Option<String>,
}

impl PlatformFlags {
    /// The platform that was asked for: `--platform`, then the environment, then `--arch` and `--os`; `None` is the host's.
    pub(crate) fn chosen(&self) -> Result<Option<Platform>, CommandError> {
        self.chosen_with(env::var(VARIABLE).ok().as_deref())
    }

    fn chosen_with(&self, variable: Option<&str>) -> Result<Option<Platform>, CommandError> {
        if let Some(platform) = &self.platform {
            return Ok(Some(platform.clone()));
        }
        if let Some(text) = variable.filter(|text| !text.is_empty()) {
            let platform = text
                .parse()
                .map_err(|error| CommandError::usage(format!("{VARIABLE}: {error}")))?;
            tracing::warn!(%platform, "using {VARIABLE}");
            return Ok(Some(platform));
        }
        if self.arch.is_none() && self.os.is_none() {
            return Ok(None);
        }
        let host = Platform::host();
        let text = format!(
            "{}/{}",
            self.os.as_deref().unwrap_or(&host.os),
            self.arch.as_deref().unwrap_or(&host.architecture)
        );
        text.parse()
            .map(Some)
            .map_err(|error| CommandError::usage(format!("{error}")))
    }
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

    #[test]
    fn the_flag_beats_the_environment_beats_the_architecture() {
        let chosen = |platform, arch, variable| {
            flags(platform, arch)
                .chosen_with(variable)
                .unwrap()
                .map(|p| p.to_string())
        };
        assert_eq!(
            chosen(Some("linux/arm64"), None, Some("linux/amd64")).as_deref(),
            Some("linux/arm64")
        );
        assert_eq!(
            chosen(None, Some("arm64"), Some("linux/amd64")).as_deref(),
            Some("linux/amd64")
        );
        assert_eq!(chosen(None, Some("aarch64"), None).as_deref(), Some("linux/arm64"));
        assert_eq!(chosen(None, None, None), None);
        assert!(flags(None, None).chosen_with(Some("nonsense")).is_err());
    }
}
