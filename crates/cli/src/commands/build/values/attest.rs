//! `--provenance`, `--sbom` and `--attest`: what is told with an image.

use std::str::FromStr;

use container_build::ProvenanceRequest;

use super::attributes::{Attributes, switch};
use crate::error::CommandError;

/// Why there is no list of what an image consists of.
const NO_SBOM: &str =
    "no list of the software in an image (SBOM) is made yet; programs such as syft make one of the built image";

/// `true`, `false`, or what `--attest type=provenance` takes
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct ProvenanceFlag(Option<ProvenanceRequest>);

impl FromStr for ProvenanceFlag {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match switch(text) {
            Some(wanted) => Ok(Self(wanted.then(ProvenanceRequest::default))),
            None => provenance(Attributes::parse(text)?).map(Self),
        }
    }
}

/// `false`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct SbomFlag;

impl FromStr for SbomFlag {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match switch(text) {
            Some(false) => Ok(Self),
            Some(true) | None => Err(NO_SBOM.to_owned()),
        }
    }
}

/// `type=provenance[,KEY=VALUE…]`, or `type=sbom,disabled=true`
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) enum AttestFlag {
    Provenance(ProvenanceFlag),
    Sbom(SbomFlag),
}

impl FromStr for AttestFlag {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut attributes = Attributes::parse(text)?;
        match attributes.text("type").as_deref() {
            Some("provenance") => provenance(attributes).map(ProvenanceFlag).map(Self::Provenance),
            Some("sbom") => match attributes.flag("disabled")? {
                Some(true) => Ok(Self::Sbom(SbomFlag)),
                Some(false) | None => Err(NO_SBOM.to_owned()),
            },
            Some(other) => Err(format!("{other:?} is no type: provenance and sbom are")),
            None => Err("a type is needed: type=provenance".to_owned()),
        }
    }
}

fn provenance(mut attributes: Attributes) -> Result<Option<ProvenanceRequest>, String> {
    match attributes.text("mode").as_deref() {
        None | Some("min") => {}
        Some("max") => {
            return Err(
                "mode=max tells of every step in BuildKit's own terms, which are not those of this program: mode=min is made".to_owned(),
            );
        }
        Some(other) => return Err(format!("{other:?} is no mode: min is")),
    }
    match attributes.text("version").as_deref() {
        None | Some("v1") => {}
        Some(other) => {
            return Err(format!(
                "provenance is made in version v1 of its form only, and not {other:?}"
            ));
        }
    }
    // There is none but in images.
    attributes.flag("inline-only")?;
    let is_disabled = attributes.flag("disabled")?.unwrap_or(false);
    let request = ProvenanceRequest {
        builder_id: attributes.text("builder-id").unwrap_or_default(),
        is_reproducible: attributes.flag("reproducible")?.unwrap_or(false),
    };
    attributes.finish("provenance")?;
    Ok((!is_disabled).then_some(request))
}

/// What all flags together ask for.
pub(in super::super) fn attestations(
    flags: Vec<AttestFlag>,
    (provenance, sbom): (Option<ProvenanceFlag>, Option<SbomFlag>),
) -> Result<Option<ProvenanceRequest>, CommandError> {
    let short = provenance.map(AttestFlag::Provenance).into_iter();
    let short = short.chain(sbom.map(AttestFlag::Sbom));
    let (mut provenance, mut sbom) = (None, None);
    for flag in flags.into_iter().chain(short) {
        let (name, is_second) = match flag {
            AttestFlag::Provenance(flag) => ("provenance", provenance.replace(flag).is_some()),
            AttestFlag::Sbom(flag) => ("sbom", sbom.replace(flag).is_some()),
        };
        if is_second {
            return Err(CommandError::usage(format!(
                "{name} was given twice, with --{name} and --attest type={name}"
            )));
        }
    }
    Ok(provenance.and_then(|flag| flag.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(flags: &[&str], provenance: Option<&str>) -> Result<Option<ProvenanceRequest>, String> {
        let flags = flags.iter().map(|text| text.parse()).collect::<Result<_, _>>()?;
        let provenance = provenance.map(str::parse).transpose()?;
        attestations(flags, (provenance, None)).map_err(|error| format!("{error:?}"))
    }

    #[test]
    fn provenance_is_asked_for_in_several_ways() {
        let plain = || Some(ProvenanceRequest::default());
        for (text, expected) in [
            ("true", plain()),
            ("1", plain()),
            ("false", None),
            ("mode=min", plain()),
            ("mode=min,inline-only=true,version=v1", plain()),
            ("mode=min,disabled=true", None),
            (
                "builder-id=https://ci.example/7,reproducible=true",
                Some(ProvenanceRequest {
                    builder_id: "https://ci.example/7".to_owned(),
                    is_reproducible: true,
                }),
            ),
        ] {
            assert_eq!(asked(&[], Some(text)), Ok(expected.clone()), "{text}");
            if text.contains('=') {
                assert_eq!(
                    asked(&[&format!("type=provenance,{text}")], None),
                    Ok(expected),
                    "{text}"
                );
            }
        }
        assert_eq!(asked(&["type=sbom,disabled=true"], None), Ok(None));
    }

    #[test]
    fn what_is_not_made_is_refused() {
        for (text, expected) in [
            ("type=provenance,mode=max", "mode=min is made"),
            ("type=provenance,mode=most", "no mode"),
            ("type=provenance,version=v0.2", "version v1"),
            ("type=provenance,what=ever", "what=ever is not supported"),
            ("type=sbom", "SBOM"),
            ("mode=min", "a type is needed"),
            ("type=x", "provenance and sbom"),
        ] {
            let error = asked(&[text], None).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
        let error = asked(&["type=provenance"], Some("false")).unwrap_err();
        assert!(error.contains("given twice"), "{error}");
        assert!("false".parse::<SbomFlag>().is_ok() && "true".parse::<SbomFlag>().is_err());
    }
}
