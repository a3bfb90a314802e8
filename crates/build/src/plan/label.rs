//! What progress calls a step.

use std::fmt;

use container_oci::Platform;

/// `[linux/arm64 build 2/5] RUN make`
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StepLabel {
    /// The platform, where a build makes images for several.
    pub(crate) platform: Option<Platform>,
    /// The stage, where there are several.
    pub(crate) stage: Option<String>,
    /// The number of the step in its stage, from 1.
    pub(crate) number: usize,
    /// Steps of the stage.
    pub(crate) total: usize,
    /// Whether the base asked for it.
    pub(crate) is_on_build: bool,
    /// The instruction.
    pub(crate) text: String,
}

impl fmt::Display for StepLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        if let Some(platform) = &self.platform {
            write!(f, "{platform} ")?;
        }
        if let Some(stage) = &self.stage {
            write!(f, "{stage} ")?;
        }
        let width = self.total.max(1).ilog10() as usize + 1;
        write!(f, "{:>width$}/{}] ", self.number, self.total)?;
        if self.is_on_build {
            f.write_str("ONBUILD ")?;
        }
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_look_like_buildkits() {
        let label = StepLabel {
            platform: None,
            stage: None,
            number: 2,
            total: 5,
            is_on_build: false,
            text: "RUN make".to_owned(),
        };
        assert_eq!(label.to_string(), "[2/5] RUN make");
        let full = StepLabel {
            platform: Some("linux/arm64".parse().unwrap()),
            stage: Some("stage-1".to_owned()),
            total: 12,
            is_on_build: true,
            ..label
        };
        assert_eq!(full.to_string(), "[linux/arm64 stage-1  2/12] ONBUILD RUN make");
    }
}
