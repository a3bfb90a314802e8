//! What a profile means for one architecture and one set of capabilities: a verdict for each number of a system call.

use std::collections::BTreeMap;
use std::str::FromStr as _;

use syscalls::{aarch64, x86_64};

use crate::document::{Argument, Entry, Filter, Profile};
use crate::error::ProfileError;

/// The largest error number, `MAX_ERRNO` of `linux/err.h`.
const ERROR_NUMBER_LIMIT: u32 = 4095;
const EPERM: u32 = 1;

/// The processors of machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Architecture {
    /// 64-bit x86.
    X86_64,
    /// 64-bit Arm.
    Aarch64,
}

impl Architecture {
    /// Its name in lists of architectures.
    fn scmp_name(self) -> &'static str {
        match self {
            Self::X86_64 => "SCMP_ARCH_X86_64",
            Self::Aarch64 => "SCMP_ARCH_AARCH64",
        }
    }

    /// Its name in the conditions of rules, which is Go's.
    fn go_name(self) -> &'static str {
        match self {
            Self::X86_64 => "amd64",
            Self::Aarch64 => "arm64",
        }
    }

    /// The number of a system call that it has.
    pub(crate) fn number(self, name: &str) -> Option<u32> {
        let number = match self {
            Self::X86_64 => x86_64::Sysno::from_str(name).ok()?.id(),
            Self::Aarch64 => aarch64::Sysno::from_str(name).ok()?.id(),
        };
        u32::try_from(number).ok()
    }
}

/// What happens to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Allow,
    Log,
    Errno(u32),
    Trace(u32),
    Trap,
    KillThread,
    KillProcess,
}

impl Action {
    fn parse(name: &str, errno_ret: Option<u32>) -> Result<Self, ProfileError> {
        let data = errno_ret.unwrap_or(EPERM);
        let checked = |limit| match data <= limit {
            true => Ok(data),
            false => Err(ProfileError::ErrorNumber(data)),
        };
        Ok(match name {
            "SCMP_ACT_ALLOW" => Self::Allow,
            "SCMP_ACT_LOG" => Self::Log,
            "SCMP_ACT_ERRNO" => Self::Errno(checked(ERROR_NUMBER_LIMIT)?),
            "SCMP_ACT_TRACE" => Self::Trace(checked(ERROR_NUMBER_LIMIT)?),
            "SCMP_ACT_TRAP" => Self::Trap,
            "SCMP_ACT_KILL" | "SCMP_ACT_KILL_THREAD" => Self::KillThread,
            "SCMP_ACT_KILL_PROCESS" => Self::KillProcess,
            "SCMP_ACT_NOTIFY" => return Err(ProfileError::Notify),
            _ => return Err(ProfileError::Action(name.to_owned())),
        })
    }
}

/// How an argument has to compare with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    /// The argument's bits of this mask are the value.
    Masked(u64),
}

/// A condition on one argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Condition {
    /// The argument, 0 to 5.
    pub(crate) index: u32,
    pub(crate) comparison: Comparison,
    pub(crate) value: u64,
}

impl Condition {
    fn of(argument: &Argument) -> Result<Self, ProfileError> {
        if argument.index > 5 {
            return Err(ProfileError::Argument(argument.index));
        }
        let (comparison, value) = match argument.op.as_str() {
            "SCMP_CMP_EQ" => (Comparison::Equal, argument.value),
            "SCMP_CMP_NE" => (Comparison::NotEqual, argument.value),
            "SCMP_CMP_LT" => (Comparison::Less, argument.value),
            "SCMP_CMP_LE" => (Comparison::LessOrEqual, argument.value),
            "SCMP_CMP_GT" => (Comparison::Greater, argument.value),
            "SCMP_CMP_GE" => (Comparison::GreaterOrEqual, argument.value),
            "SCMP_CMP_MASKED_EQ" => (Comparison::Masked(argument.value), argument.value_two),
            _ => return Err(ProfileError::Comparison(argument.op.clone())),
        };
        Ok(Self {
            index: argument.index,
            comparison,
            value,
        })
    }
}

/// What happens to one system call: the action of the first alternative whose conditions are all met, else the last one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) alternatives: Vec<(Vec<Condition>, Action)>,
    pub(crate) otherwise: Action,
}

/// A profile's rules for one architecture and one set of capabilities.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) default: Action,
    /// By number.
    pub(crate) verdicts: BTreeMap<u32, Verdict>,
    /// The newest system call that the profile knows. Where calls are refused by default, later ones do not exist, so that programs fall back to
    /// what there was before, as runc has it.
    pub(crate) newest: Option<u32>,
}

impl Rules {
    /// The rules of `profile`.
    ///
    /// # Errors
    /// When the profile is for other architectures, or has something that there is not; also in rules that do not apply.
    pub(crate) fn of(
        profile: &Profile,
        architecture: Architecture,
        capabilities: &[String],
    ) -> Result<Self, ProfileError> {
        check_architecture(profile, architecture)?;
        let default = Action::parse(&profile.default_action, profile.default_errno_ret)?;
        let mut verdicts: BTreeMap<u32, Verdict> = BTreeMap::new();
        let mut newest = None;
        for entry in profile.syscalls.iter().flatten() {
            let action = Action::parse(&entry.action, entry.errno_ret)?;
            let conditions: Vec<Condition> = entry
                .args
                .iter()
                .flatten()
                .map(Condition::of)
                .collect::<Result<_, _>>()?;
            // A name that this architecture does not have is one of another or of a later kernel.
            let numbers = entry.names.iter().chain(&entry.name);
            let numbers: Vec<u32> = numbers.filter_map(|name| architecture.number(name)).collect();
            newest = newest.max(numbers.iter().copied().max());
            if !applies(entry, architecture, capabilities) || action == default {
                continue;
            }
            for number in numbers {
                let verdict = verdicts.entry(number).or_insert_with(|| Verdict {
                    alternatives: Vec::new(),
                    otherwise: default,
                });
                if conditions.is_empty() {
                    verdict.otherwise = action;
                } else {
                    let alternatives = alternatives(&conditions);
                    verdict
                        .alternatives
                        .extend(alternatives.map(|conditions| (conditions, action)));
                }
            }
        }
        Ok(Self {
            default,
            verdicts,
            newest: newest.filter(|_| matches!(default, Action::Errno(_))),
        })
    }
}

/// Conditions are met together, but those of a rule that has several about one argument one by one: libseccomp takes no two about one, and runc then
/// makes a rule of each.
fn alternatives(conditions: &[Condition]) -> impl Iterator<Item = Vec<Condition>> {
    let is_repeated = |at: usize| conditions[..at].iter().any(|other| other.index == conditions[at].index);
    let parts = match (0..conditions.len()).any(is_repeated) {
        true => conditions.chunks(1),
        false => conditions.chunks(conditions.len()),
    };
    parts.map(<[Condition]>::to_vec)
}

fn check_architecture(profile: &Profile, architecture: Architecture) -> Result<(), ProfileError> {
    let own = architecture.scmp_name();
    let listed = profile.architectures.iter().flatten().map(String::as_str);
    let mapped = profile
        .arch_map
        .iter()
        .flatten()
        .map(|entry| entry.architecture.as_str());
    let mut all = listed.chain(mapped).peekable();
    match all.peek().is_none() || all.any(|name| name == own) {
        true => Ok(()),
        false => Err(ProfileError::Architecture(own)),
    }
}

/// Whether all that a rule is for is there, and nothing that it is not for.
fn applies(entry: &Entry, architecture: Architecture, capabilities: &[String]) -> bool {
    let has = |capability: &String| capabilities.contains(capability);
    let is_own = |name: &String| name == architecture.go_name();
    let is_included =
        |filter: &Filter| filter.caps.iter().all(has) && (filter.arches.is_empty() || filter.arches.iter().any(is_own));
    let is_excluded = |filter: &Filter| filter.caps.iter().any(has) || filter.arches.iter().any(is_own);
    entry.includes.as_ref().is_none_or(is_included) && !entry.excludes.as_ref().is_some_and(is_excluded)
}
