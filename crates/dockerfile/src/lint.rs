//! What is odd about a Dockerfile that can be built: BuildKit's build checks.
//!
//! [`check`] finds what the file alone shows. What depends on the build (its variables, the images, the context) is asked for where
//! that is known, with the other functions. [`CheckOptions`](crate::CheckOptions) says which findings count.

mod casing;
mod commands;
mod environment;
mod finding;
mod from;
mod outside;
mod ports;
mod stages;

pub use finding::{Finding, Rule};
pub use from::{PREDEFINED_ARGS, invalid_default_args};
pub use outside::{base_image_platform, copy_of_ignored_file, undefined_variables};
pub use ports::port;

use crate::dockerfile::Dockerfile;

/// All that the file alone shows, in the order of the file.
#[must_use]
pub fn check(file: &Dockerfile) -> Vec<Finding> {
    let mut findings = Vec::new();
    for rule in [
        stages::check,
        casing::check,
        from::check,
        commands::check,
        environment::check,
        ports::check,
    ] {
        rule(file, &mut findings);
    }
    findings.sort_by_key(|finding| (finding.range.start.offset, finding.rule));
    findings
}

#[cfg(test)]
mod tests;
