//! Platforms: parsing, normal form and matching.
//!
//! The normal form is containerd's: Go's names for system and architecture, and no variant where it is the default
//! (`arm64/v8`, `amd64/v1`), so that `linux/aarch64`, `arm64` and `linux/arm64/v8` are one platform.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Operating system, architecture and variant, in normal form.
///
/// `oci-spec`'s platform cannot lack a part, as many a document does, has several spellings of one machine (`aarch64`, `arm64/v8`), and
/// reads `armbe` as `arm64be`. The two convert into each other.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "Raw")]
pub struct Platform {
    /// Go's name of the system: `linux`.
    pub os: String,
    /// Go's name of the architecture: `amd64`, `arm64`.
    pub architecture: String,
    /// Variant of the architecture: `v7` of `arm`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
}

/// Why a text is not a platform.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no platform; write os/architecture[/variant], for example linux/arm64")]
pub struct PlatformError {
    /// What was given.
    pub text: String,
}

/// A platform as a document has it.
#[derive(Deserialize)]
struct Raw {
    os: Option<String>,
    architecture: Option<String>,
    variant: Option<String>,
}

impl From<Raw> for Platform {
    /// An architecture without a system means Linux.
    fn from(raw: Raw) -> Self {
        let architecture = raw.architecture.unwrap_or_default();
        let os = raw.os.filter(|os| !os.is_empty());
        let os = os.unwrap_or_else(|| if architecture.is_empty() { "" } else { "linux" }.to_owned());
        Self::new(&os, &architecture, raw.variant.as_deref())
    }
}

impl Platform {
    /// The normal form of the given names; an empty variant counts as missing.
    #[must_use]
    pub fn new(os: &str, architecture: &str, variant: Option<&str>) -> Self {
        let os = match os.to_ascii_lowercase() {
            os if os == "macos" => "darwin".to_owned(),
            os => os,
        };
        let variant = variant
            .map(str::to_ascii_lowercase)
            .filter(|variant| !variant.is_empty());
        let lower = architecture.to_ascii_lowercase();
        let (architecture, variant) = match (lower.as_str(), variant.as_deref()) {
            ("amd64" | "x86_64" | "x86-64", None | Some("v1" | "1")) => ("amd64", None),
            ("amd64" | "x86_64" | "x86-64", Some(_)) => ("amd64", variant),
            ("arm64" | "aarch64", None | Some("v8" | "8" | "v8.0")) => ("arm64", None),
            ("arm64" | "aarch64", Some("9" | "9.0" | "v9.0")) => ("arm64", Some("v9".to_owned())),
            ("arm64" | "aarch64", Some(_)) => ("arm64", variant),
            ("armhf", _) => ("arm", Some("v7".to_owned())),
            ("armel", _) => ("arm", Some("v6".to_owned())),
            ("arm", None) => ("arm", Some("v7".to_owned())),
            ("arm", Some(digit @ ("5" | "6" | "7" | "8"))) => ("arm", Some(format!("v{digit}"))),
            ("i386" | "i486" | "i586" | "i686" | "386", _) => ("386", None),
            (other, _) => (other, variant),
        };
        Self {
            os,
            architecture: architecture.to_owned(),
            variant,
        }
    }

    /// The platform of containers on this host: Linux on its architecture.
    #[must_use]
    pub fn host() -> Self {
        Self::new("linux", std::env::consts::ARCH, None)
    }

    /// How well an image for `offered` serves a request for `self`: 0 is exact, higher is worse, `None` is not at all.
    ///
    /// A request for a variant is served by what was made for an older one, as in containerd (`platforms/compare.go`):
    /// `arm/v7` by `v6` and `v5`, `amd64/v3` by `v2` and plain `amd64`, `arm64/v9` by plain `arm64`. Unlike there, no other
    /// architecture serves, such as `386` for `amd64` or `arm` for `arm64`: whether a machine runs those is not known here.
    #[must_use]
    pub fn distance(&self, offered: &Self) -> Option<u32> {
        if self.os != offered.os || self.architecture != offered.architecture {
            return None;
        }
        if self.variant == offered.variant {
            return Some(0);
        }
        self.level()?.checked_sub(offered.level()?)
    }

    /// The variant as a number that grows with what the processor can do; `None` where variants have no order.
    fn level(&self) -> Option<u32> {
        let variant = match (self.architecture.as_str(), self.variant.as_deref()) {
            ("arm" | "amd64" | "arm64", Some(variant)) => variant,
            ("amd64", None) => "v1",
            ("arm64", None) => "v8",
            _ => return None,
        };
        let (major, minor) = match variant.strip_prefix('v')?.split_once('.') {
            Some((major, minor)) => (major, minor.parse::<u8>().ok()?),
            None => (variant.strip_prefix('v')?, 0),
        };
        Some(u32::from(major.parse::<u8>().ok()?) * 1000 + u32::from(minor))
    }

    /// Whether system and architecture are equal. Configurations often leave the variant out, so it does not count.
    #[must_use]
    pub fn is_same_machine(&self, other: &Self) -> bool {
        self.os == other.os && self.architecture == other.architecture
    }

    /// Whether the architecture, and perhaps the system, is missing, as it may be in a document.
    #[must_use]
    pub fn is_untold(&self) -> bool {
        self.architecture.is_empty()
    }

    /// The platform, with its missing parts taken from `other`.
    #[must_use]
    pub fn completed_by(&self, other: &Self) -> Self {
        let mut complete = self.clone();
        if complete.os.is_empty() {
            complete.os.clone_from(&other.os);
        }
        if complete.is_untold() {
            complete.architecture.clone_from(&other.architecture);
            complete.variant.clone_from(&other.variant);
        }
        complete
    }

    /// Whether both names are the `unknown` that builders give to attestations.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        self.os == "unknown" && self.architecture == "unknown"
    }
}

impl FromStr for Platform {
    type Err = PlatformError;

    /// Reads `os/architecture[/variant]`; the name of an architecture alone, which means Linux; or `linux` alone, which means
    /// this machine's architecture.
    fn from_str(text: &str) -> Result<Self, PlatformError> {
        let error = || PlatformError { text: text.to_owned() };
        let is_word = |word: &&str| {
            word.starts_with(|first: char| first.is_ascii_alphanumeric())
                && word
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
        };
        let parts: Vec<&str> = text.split('/').collect();
        if !parts.iter().all(is_word) {
            return Err(error());
        }
        match parts.as_slice() {
            ["linux"] => Ok(Self::host()),
            [architecture] if is_architecture(architecture) => Ok(Self::new("linux", architecture, None)),
            [os, architecture] => Ok(Self::new(os, architecture, None)),
            [os, architecture, variant] => Ok(Self::new(os, architecture, Some(variant))),
            _ => Err(error()),
        }
    }
}

/// Whether a single word is taken for an architecture. The name of a system other than Linux is more likely a mistake.
fn is_architecture(word: &str) -> bool {
    const KNOWN: [&str; 11] = [
        "amd64", "arm64", "arm", "386", "ppc64le", "s390x", "riscv64", "loong64", "mips64le", "mips64", "ppc64",
    ];
    KNOWN.contains(&Platform::new("linux", word, None).architecture.as_str())
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = |text: &str| if text.is_empty() { "unknown" } else { text }.to_owned();
        write!(f, "{}/{}", word(&self.os), word(&self.architecture))?;
        match &self.variant {
            Some(variant) => write!(f, "/{variant}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn platform(text: &str) -> Platform {
        text.parse().unwrap()
    }

    #[test]
    fn aliases_are_one_platform() {
        for (text, normal) in [
            ("linux/x86_64", "linux/amd64"),
            ("amd64", "linux/amd64"),
            ("linux/amd64/v1", "linux/amd64"),
            ("linux/amd64/v3", "linux/amd64/v3"),
            ("aarch64", "linux/arm64"),
            ("linux/arm64/v8", "linux/arm64"),
            ("linux/arm", "linux/arm/v7"),
            ("armhf", "linux/arm/v7"),
            ("linux/arm/6", "linux/arm/v6"),
            ("linux/amd64/v2", "linux/amd64/v2"),
            ("Linux/X86-64", "linux/amd64"),
            ("linux/aarch64", "linux/arm64"),
            ("linux/arm64/9", "linux/arm64/v9"),
            ("linux/arm64/v8.0", "linux/arm64"),
            ("linux/armel", "linux/arm/v6"),
            ("linux/i386", "linux/386"),
            ("s390x", "linux/s390x"),
            ("riscv64", "linux/riscv64"),
            ("macos/arm64", "darwin/arm64"),
        ] {
            assert_eq!(platform(text).to_string(), normal, "{text}");
        }
    }

    #[test]
    fn the_missing_parts_of_a_platform_are_completed() {
        let of = |text: &str| serde_json::from_str::<Platform>(text).unwrap();
        let host = platform("linux/arm/v6");
        for (text, is_untold, complete) in [
            ("{}", true, "linux/arm/v6"),
            (r#"{"os":"","architecture":null,"variant":""}"#, true, "linux/arm/v6"),
            (r#"{"os":"windows"}"#, true, "windows/arm/v6"),
            (r#"{"architecture":"amd64"}"#, false, "linux/amd64"),
            (r#"{"os":"linux","architecture":"arm64"}"#, false, "linux/arm64"),
        ] {
            assert_eq!(of(text).is_untold(), is_untold, "{text}");
            assert_eq!(of(text).completed_by(&host).to_string(), complete, "{text}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "",
            "windows",
            "linux/",
            "/amd64",
            "linux/amd64/v1/x",
            "linux amd64",
            "linux/..",
            "linux/-x",
        ] {
            assert!(text.parse::<Platform>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_older_variant_serves_a_newer_one() {
        for (wanted, offered, distance) in [
            ("linux/amd64/v3", "linux/amd64/v2", Some(1000)),
            ("linux/amd64/v3", "linux/amd64", Some(2000)),
            ("linux/amd64/v2", "linux/amd64/v3", None),
            ("linux/amd64", "linux/amd64/v2", None),
            ("linux/arm64/v9", "linux/arm64", Some(1000)),
            ("linux/arm64/v8.2", "linux/arm64", Some(2)),
            ("linux/arm64", "linux/arm64/v8.2", None),
            ("linux/arm64", "linux/arm/v7", None),
            ("linux/amd64", "linux/386", None),
            ("linux/s390x/z13", "linux/s390x", None),
        ] {
            assert_eq!(
                platform(wanted).distance(&platform(offered)),
                distance,
                "{wanted} from {offered}"
            );
        }
        assert_eq!(platform("linux"), Platform::host());
    }

    #[test]
    fn an_older_arm_serves_a_newer_but_not_the_other_way_round() {
        assert_eq!(platform("linux/arm/v7").distance(&platform("linux/arm/v6")), Some(1000));
        assert_eq!(platform("linux/arm/v6").distance(&platform("linux/arm/v7")), None);
        assert_eq!(platform("linux/amd64").distance(&platform("linux/amd64/v3")), None);
        assert_eq!(platform("linux/amd64").distance(&platform("linux/amd64")), Some(0));
        assert_eq!(platform("linux/amd64").distance(&platform("windows/amd64")), None);
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_back(text in "[a-z0-9]{1,8}/[a-z0-9][a-z0-9_]{0,7}(/v[0-9])?") {
            let parsed = platform(&text);
            prop_assert_eq!(platform(&parsed.to_string()), parsed);
        }

        #[test]
        fn arbitrary_text_never_panics(text in "\\PC*") {
            let _ = text.parse::<Platform>();
        }
    }
}
