//! Rules, and what breaks them.

use std::fmt;

use crate::directives::CheckOptions;
use crate::source::Range;

/// Something that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule.
    pub rule: Rule,
    /// The instruction.
    pub range: Range,
    /// What breaks it, and what to write in its place where that is not plain.
    pub message: String,
}

impl fmt::Display for Finding {
    /// `StageNameCasing: … (line 3)`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({})", self.rule.name(), self.message, self.range)
    }
}

impl CheckOptions {
    /// Whether findings of a rule count: it is not skipped, and asked for if it is on trial.
    #[must_use]
    pub fn includes(&self, rule: Rule) -> bool {
        !self.skip.contains(rule.name()) && (!rule.is_experimental() || self.experimental.contains(rule.name()))
    }
}

macro_rules! rules {
    ($($rule:ident $name:literal $slug:literal $description:literal,)*) => {
        /// A rule for Dockerfiles.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Rule {
            $(#[doc = $description] $rule,)*
        }

        impl Rule {
            /// All rules.
            pub const ALL: [Self; 22] = [$(Self::$rule),*];

            /// Its name, as `# check=skip=` has it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$rule => $name,)*
                }
            }

            /// What it asks for.
            #[must_use]
            pub const fn description(self) -> &'static str {
                match self {
                    $(Self::$rule => $description,)*
                }
            }

            /// The page about it.
            #[must_use]
            pub const fn url(self) -> &'static str {
                match self {
                    $(Self::$rule => concat!("https://docs.docker.com/go/dockerfile/rule/", $slug, "/"),)*
                }
            }
        }
    };
}

rules! {
    StageNameCasing "StageNameCasing" "stage-name-casing"
        "Names of stages are in lower case.",
    FromAsCasing "FromAsCasing" "from-as-casing"
        "`AS` is written in the case of its `FROM`.",
    NoEmptyContinuation "NoEmptyContinuation" "no-empty-continuation"
        "No line is empty within an instruction; that will become an error.",
    ConsistentInstructionCasing "ConsistentInstructionCasing" "consistent-instruction-casing"
        "All instructions are in the same case, upper or lower.",
    DuplicateStageName "DuplicateStageName" "duplicate-stage-name"
        "No two stages have the same name.",
    ReservedStageName "ReservedStageName" "reserved-stage-name"
        "No stage is called `scratch` or `context`.",
    JsonArgsRecommended "JSONArgsRecommended" "json-args-recommended"
        "`CMD` and `ENTRYPOINT` are in JSON form, so that signals reach the program and not a shell.",
    MaintainerDeprecated "MaintainerDeprecated" "maintainer-deprecated"
        "A label names the author; `MAINTAINER` is deprecated.",
    UndefinedArgInFrom "UndefinedArgInFrom" "undefined-arg-in-from"
        "`FROM` names only variables that an `ARG` before the first `FROM` declares.",
    WorkdirRelativePath "WorkdirRelativePath" "workdir-relative-path"
        "The first `WORKDIR` is absolute, because the one of the base image may change.",
    UndefinedVar "UndefinedVar" "undefined-var"
        "Variables are defined before they are used.",
    MultipleInstructionsDisallowed "MultipleInstructionsDisallowed" "multiple-instructions-disallowed"
        "A stage has one `CMD`, one `ENTRYPOINT` and one `HEALTHCHECK`: only the last one counts.",
    LegacyKeyValueFormat "LegacyKeyValueFormat" "legacy-key-value-format"
        "`ENV` and `LABEL` have `=` between name and value.",
    InvalidBaseImagePlatform "InvalidBaseImagePlatform" "invalid-base-image-platform"
        "A base image is for the platform that is built.",
    RedundantTargetPlatform "RedundantTargetPlatform" "redundant-target-platform"
        "`FROM` does not ask for `$TARGETPLATFORM`, which is what it takes in any case.",
    SecretsUsedInArgOrEnv "SecretsUsedInArgOrEnv" "secrets-used-in-arg-or-env"
        "No secret is in `ARG` or `ENV`, which everybody sees who has the image.",
    InvalidDefaultArgInFrom "InvalidDefaultArgInFrom" "invalid-default-arg-in-from"
        "`FROM` names an image with the defaults of its variables, too.",
    FromPlatformFlagConstDisallowed "FromPlatformFlagConstDisallowed" "from-platform-flag-const-disallowed"
        "`FROM --platform` has a variable, so that other platforms can be built.",
    CopyIgnoredFile "CopyIgnoredFile" "copy-ignored-file"
        "What is copied is not excluded by `.dockerignore`.",
    InvalidDefinitionDescription "InvalidDefinitionDescription" "invalid-definition-description"
        "A comment right above `ARG` or a named `FROM` begins with the name that it describes.",
    ExposeProtoCasing "ExposeProtoCasing" "expose-proto-casing"
        "The protocol of an exposed port is in lower case.",
    ExposeInvalidFormat "ExposeInvalidFormat" "expose-invalid-format"
        "`EXPOSE` names no address and no port of the host.",
}

impl Rule {
    /// Whether it is on trial, and counts only where [`CheckOptions::experimental`] asks for it.
    #[must_use]
    pub const fn is_experimental(self) -> bool {
        matches!(self, Self::InvalidDefinitionDescription)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
