//! Which platforms a build is for.

use clap::Args;
use container_oci::Platform;

use crate::error::CommandError;

/// The operating system of images, unless another one is named.
const LINUX: &str = "linux";

/// The platforms of the image. `--platform` wins over the other two, as in Apple's tool.
#[derive(Debug, Args)]
pub(super) struct TargetFlags {
    /// Platform that the image is for; several with commas between
    #[arg(long, value_name = "OS/ARCH[/VARIANT]", value_delimiter = ',')]
    platform: Vec<Platform>,

    /// Architecture that the image is for; several with commas between
    #[arg(short, long, value_delimiter = ',')]
    arch: Vec<String>,

    /// Operating system that the image is for
    #[arg(long, value_delimiter = ',')]
    os: Vec<String>,
}

impl TargetFlags {
    /// What the flags name, each once; nothing for this machine.
    pub(super) fn chosen(self) -> Result<Vec<Platform>, CommandError> {
        if !self.platform.is_empty() || (self.arch.is_empty() && self.os.is_empty()) {
            return Ok(each_once(self.platform));
        }
        let or = |named: Vec<String>, otherwise: &str| match named.is_empty() {
            true => vec![otherwise.to_owned()],
            false => named,
        };
        let architectures = or(self.arch, &Platform::host().architecture);
        let mut platforms = Vec::new();
        for os in or(self.os, LINUX) {
            for architecture in &architectures {
                let platform = format!("{os}/{architecture}").parse();
                platforms.push(platform.map_err(|error| CommandError::usage(format!("{error}")))?);
            }
        }
        Ok(each_once(platforms))
    }
}

fn each_once(platforms: Vec<Platform>) -> Vec<Platform> {
    let mut kept: Vec<Platform> = Vec::with_capacity(platforms.len());
    for platform in platforms {
        if !kept.contains(&platform) {
            kept.push(platform);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        flags: TargetFlags,
    }

    fn chosen(words: &[&str]) -> Vec<String> {
        let line = Line::try_parse_from([&["build"], words].concat()).unwrap();
        let chosen = line.flags.chosen().unwrap();
        chosen.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn platforms_are_named_whole_or_by_their_architectures() {
        assert_eq!(chosen(&[]), Vec::<String>::new());
        assert_eq!(chosen(&["--arch", "arm64,amd64"]), ["linux/arm64", "linux/amd64"]);
        assert_eq!(
            chosen(&["-a", "amd64", "-a", "amd64", "--os", "linux"]),
            ["linux/amd64"]
        );
        assert_eq!(
            chosen(&["--platform", "linux/amd64", "--arch", "arm64"]),
            ["linux/amd64"]
        );
        let line = Line::try_parse_from(["build", "--arch", "no such"]).unwrap();
        assert!(line.flags.chosen().is_err());
    }
}
