//! What the framework says when something fails, and what our errors make of it.

use std::fmt;
use std::io;

use container_hypervisor::{CreateError, MachineError};

/// What messages call the framework.
pub(crate) const FRAMEWORK: &str = "Virtualization.framework";

/// Whose codes the framework's own are: `VZErrorDomain`, whose text is its name.
pub(crate) const VZ_DOMAIN: &str = "VZErrorDomain";

/// Whose codes are those of errno(3): `NSPOSIXErrorDomain`, whose text is its name.
const POSIX_DOMAIN: &str = "NSPOSIXErrorDomain";

/// The permission to use the framework.
pub(crate) const ENTITLEMENT: &str = "com.apple.security.virtualization";

/// How the framework calls a disk that it does not get: mostly one that another machine may write to, because it locks it.
const DISK_REFUSED: &str = "storage device attachment is invalid";

/// An `NSError` with all that it tells, or a failure of our own, which has no domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct VzFailure {
    /// Whose code it is; empty for ours.
    pub(crate) domain: String,
    /// The code within the domain.
    pub(crate) code: i64,
    /// What it says, without its code.
    pub(crate) text: String,
    /// What it says of the cause, where it does.
    pub(crate) reason: Option<String>,
    /// What led to it.
    pub(crate) underlying: Vec<Self>,
}

impl VzFailure {
    /// A failure of our own making.
    pub(crate) fn ours(text: impl Into<String>) -> Self {
        Self {
            domain: String::new(),
            code: 0,
            text: text.into(),
            reason: None,
            underlying: Vec::new(),
        }
    }

    /// As the system's own failure to work with a file.
    pub(crate) fn of_file(error: &io::Error, what: &str) -> Self {
        Self {
            domain: POSIX_DOMAIN.to_owned(),
            code: error.raw_os_error().unwrap_or_default().into(),
            ..Self::ours(format!("{what}: {error}"))
        }
    }

    /// Whether it, or what led to it, is about the permission to use the framework. Only its words tell: its code stands for everything
    /// that a configuration lacks.
    pub(crate) fn is_about_entitlement(&self) -> bool {
        let texts = [Some(&self.text), self.reason.as_ref()];
        let names_it = |text: &String| text.contains(ENTITLEMENT) || text.contains("entitlement");
        let ours = texts.into_iter().flatten().any(names_it);
        ours || self.underlying.iter().any(Self::is_about_entitlement)
    }

    /// As an answer to `action`: `start`, `stop`, …
    pub(crate) fn to(&self, action: &'static str) -> MachineError {
        if self.domain.is_empty() {
            return MachineError::Control {
                command: action.to_owned(),
                reason: self.words(),
            };
        }
        MachineError::Framework {
            action,
            domain: self.domain.clone(),
            code: self.code,
            reason: self.words(),
        }
    }

    /// As a machine that does not start.
    pub(crate) fn of_start(&self) -> MachineError {
        MachineError::Start {
            program: format!("a machine with {FRAMEWORK}"),
            source: io::Error::other(self.to_string()),
        }
    }

    /// As a machine that cannot be made.
    pub(crate) fn of_configuration(&self) -> CreateError {
        CreateError::Refused {
            hypervisor: FRAMEWORK,
            reason: self.to_string(),
        }
    }

    fn words(&self) -> String {
        let mut words = self.text.trim_end_matches('.').to_owned();
        // The text often ends with the reason.
        if let Some(reason) = self.reason.as_deref().filter(|reason| !self.text.contains(*reason)) {
            words = format!("{words}: {}", reason.trim_end_matches('.'));
        }
        for cause in &self.underlying {
            words = format!("{words}, because of: {cause}");
        }
        if words.contains(DISK_REFUSED) {
            words.push_str("; another machine may have one of the disks that this one writes to");
        }
        words
    }
}

impl fmt::Display for VzFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words())?;
        if self.domain.is_empty() {
            return Ok(());
        }
        write!(f, " ({} {})", self.domain, self.code)
    }
}

impl std::error::Error for VzFailure {}

#[cfg(test)]
mod tests {
    use super::*;

    fn invalid(reason: Option<&str>, underlying: Vec<VzFailure>) -> VzFailure {
        VzFailure {
            domain: VZ_DOMAIN.to_owned(),
            code: 2,
            text: "Invalid virtual machine configuration.".to_owned(),
            reason: reason.map(str::to_owned),
            underlying,
        }
    }

    #[test]
    fn a_message_has_the_cause_and_every_code() {
        let file = VzFailure::of_file(&io::Error::from_raw_os_error(1), "/d/root");
        let failure = invalid(Some("The storage device attachment is invalid."), vec![file]);
        assert_eq!(
            failure.to_string(),
            "Invalid virtual machine configuration: The storage device attachment is invalid, because of: /d/root: Operation not \
             permitted (os error 1) (NSPOSIXErrorDomain 1); another machine may have one of the disks that this one writes to \
             (VZErrorDomain 2)"
        );
        assert_eq!(
            failure.of_configuration().to_string(),
            format!("Virtualization.framework refuses the machine: {failure}")
        );
    }

    #[test]
    fn a_reason_that_the_text_has_is_not_said_twice() {
        let failure = invalid(Some("Invalid virtual machine configuration"), Vec::new());
        assert_eq!(
            failure.to("pause").to_string(),
            "cannot pause the machine: Invalid virtual machine configuration (VZErrorDomain 2)"
        );
        assert_eq!(
            failure.of_start().to_string(),
            "cannot start a machine with Virtualization.framework: Invalid virtual machine configuration (VZErrorDomain 2)"
        );
    }

    #[test]
    fn a_failure_of_ours_has_no_code() {
        let failure = VzFailure::ours("the machine has ended");
        assert_eq!(failure.to_string(), "the machine has ended");
        assert_eq!(failure.to("pause").to_string(), "pause: the machine has ended");
    }

    #[test]
    fn a_missing_entitlement_is_told_by_its_words_at_any_depth() {
        let text = "The process doesn’t have the “com.apple.security.virtualization” entitlement.";
        assert!(invalid(Some(text), Vec::new()).is_about_entitlement());
        assert!(invalid(None, vec![VzFailure::ours(text)]).is_about_entitlement());
        assert!(!invalid(Some("The boot loader is invalid."), Vec::new()).is_about_entitlement());
    }
}
