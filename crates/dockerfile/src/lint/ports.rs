//! Exposed ports.

use super::finding::{Finding, Rule};
use crate::dockerfile::Dockerfile;
use crate::instruction::Instruction;
use crate::port::PortRange;
use crate::source::Range;

pub(super) fn check(file: &Dockerfile, findings: &mut Vec<Finding>) {
    for located in file.stages.iter().flat_map(|stage| &stage.instructions) {
        let Instruction::Expose(expose) = &located.value else {
            continue;
        };
        for word in &expose.ports {
            if word.variables().is_ok_and(|variables| variables.is_empty())
                && let Ok(text) = word.expand(&|_: &str| None)
            {
                findings.extend(port(&text, located.source.range));
            }
        }
    }
}

/// What is odd about a port of `EXPOSE`. Ports without variables are among those that [`check`](super::check) looks at.
#[must_use]
pub fn port(text: &str, range: Range) -> Vec<Finding> {
    let Ok(ports) = text.parse::<PortRange>() else {
        return Vec::new();
    };
    let protocol = text.rsplit_once('/').map_or("", |(_, protocol)| protocol);
    let casing = (protocol != protocol.to_ascii_lowercase()).then(|| {
        let message = format!("defined protocol '{protocol}' for the exposed port '{text}' should be lowercase");
        (Rule::ExposeProtoCasing, message)
    });
    let format = ports.names_host.then(|| {
        let message = format!("EXPOSE should not name an IP address or a port of the host, found '{text}'");
        (Rule::ExposeInvalidFormat, message)
    });
    let findings = casing.into_iter().chain(format);
    findings
        .map(|(rule, message)| Finding { rule, range, message })
        .collect()
}
