//! `--chmod`: octal, or symbolic as chmod(1) has it.

use std::fmt;
use std::str::FromStr;

const SET_USER: u16 = 0o4000;
const SET_GROUP: u16 = 0o2000;
const STICKY: u16 = 0o1000;
const READ: u16 = 0o444;
const WRITE: u16 = 0o222;
const EXECUTE: u16 = 0o111;

/// Which permission bits files get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Mode {
    /// These, 0 to 0o7777.
    Octal(u16),
    /// Those that they have, changed.
    Symbolic(SymbolicMode),
}

/// `u=rwX,go=rX`
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SymbolicMode {
    text: String,
    changes: Vec<Change>,
}

/// One change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Change {
    /// Which of `rwx` and the special bits may change.
    who: Who,
    operator: Operator,
    permissions: Permissions,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Who {
    user: bool,
    group: bool,
    other: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Add,
    Remove,
    Set,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Permissions {
    /// For all three, before `who` is looked at.
    bits: u16,
    /// `X`: execute, for directories and for what somebody may execute.
    execute_if_any: bool,
    set_id: bool,
    sticky: bool,
    /// `u`, `g`, `o` behind the operator: what that one has.
    copied_shift: Option<u32>,
}

/// A text that is no mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct InvalidMode;

impl FromStr for Mode {
    type Err = InvalidMode;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit()) {
            let bits = u16::from_str_radix(text, 8).map_err(|_| InvalidMode)?;
            return (bits <= 0o7777).then_some(Self::Octal(bits)).ok_or(InvalidMode);
        }
        let mut changes = Vec::new();
        for clause in text.split(',') {
            parse_clause(clause, &mut changes)?;
        }
        Ok(Self::Symbolic(SymbolicMode {
            text: text.to_owned(),
            changes,
        }))
    }
}

fn parse_clause(clause: &str, changes: &mut Vec<Change>) -> Result<(), InvalidMode> {
    let mut letters = clause.chars().peekable();
    let mut who = Who::default();
    while let Some(letter) = letters.next_if(|letter| "ugoa".contains(*letter)) {
        who.user |= matches!(letter, 'u' | 'a');
        who.group |= matches!(letter, 'g' | 'a');
        who.other |= matches!(letter, 'o' | 'a');
    }
    if who == Who::default() {
        who = Who {
            user: true,
            group: true,
            other: true,
        };
    }
    if letters.peek().is_none() {
        return Err(InvalidMode);
    }
    while let Some(letter) = letters.next() {
        let operator = match letter {
            '+' => Operator::Add,
            '-' => Operator::Remove,
            '=' => Operator::Set,
            _ => return Err(InvalidMode),
        };
        let mut permissions = Permissions::default();
        while let Some(letter) = letters.next_if(|letter| "rwxXstugo".contains(*letter)) {
            match letter {
                'r' => permissions.bits |= READ,
                'w' => permissions.bits |= WRITE,
                'x' => permissions.bits |= EXECUTE,
                'X' => permissions.execute_if_any = true,
                's' => permissions.set_id = true,
                't' => permissions.sticky = true,
                'u' => permissions.copied_shift = Some(6),
                'g' => permissions.copied_shift = Some(3),
                _ => permissions.copied_shift = Some(0),
            }
        }
        changes.push(Change {
            who,
            operator,
            permissions,
        });
    }
    Ok(())
}

impl Mode {
    /// The permission bits of something that has `before`.
    #[must_use]
    pub(crate) fn apply(&self, before: u16, is_directory: bool) -> u16 {
        match self {
            Self::Octal(bits) => *bits,
            Self::Symbolic(symbolic) => {
                let changes = symbolic.changes.iter();
                changes.fold(before, |mode, change| change.apply(mode, is_directory))
            }
        }
    }
}

impl Change {
    fn apply(self, mode: u16, is_directory: bool) -> u16 {
        let Permissions {
            mut bits,
            execute_if_any,
            set_id,
            sticky,
            copied_shift,
        } = self.permissions;
        if execute_if_any && (is_directory || mode & EXECUTE != 0) {
            bits |= EXECUTE;
        }
        if let Some(shift) = copied_shift {
            let copied = (mode >> shift) & 0o7;
            bits |= copied << 6 | copied << 3 | copied;
        }
        let mut named = 0;
        let mut special = 0;
        if self.who.user {
            named |= 0o700;
            special |= SET_USER;
        }
        if self.who.group {
            named |= 0o070;
            special |= SET_GROUP;
        }
        if self.who.other {
            named |= 0o007;
        }
        let mut changed = bits & named;
        if set_id {
            changed |= special;
        }
        if sticky {
            changed |= STICKY;
        }
        match self.operator {
            Operator::Add => mode | changed,
            Operator::Remove => mode & !changed,
            // As chmod(1) of GNU: the special bits of a directory stay unless they are named.
            Operator::Set if is_directory => (mode & !named) | changed,
            Operator::Set => (mode & !(named | special)) | changed,
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Octal(bits) => write!(f, "{bits:o}"),
            Self::Symbolic(symbolic) => f.write_str(&symbolic.text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn octal_modes_take_the_place_of_what_was() {
        for (text, expected) in [
            ("0", 0),
            ("755", 0o755),
            ("0755", 0o755),
            ("4755", 0o4755),
            ("07777", 0o7777),
        ] {
            assert_eq!(text.parse::<Mode>().unwrap().apply(0o123, false), expected, "{text}");
        }
        for text in ["", "10000", "8", "789", "-1"] {
            assert!(text.parse::<Mode>().is_err(), "{text}");
        }
    }

    #[test]
    fn symbolic_modes_change_what_was() {
        for (text, before, is_directory, expected) in [
            ("u=rwX,go=rX", 0o600, false, 0o644),
            ("u=rwX,go=rX", 0o700, false, 0o755),
            ("u=rwX,go=rX", 0o600, true, 0o755),
            ("+x", 0o644, false, 0o755),
            ("a-w", 0o666, false, 0o444),
            ("o=", 0o777, false, 0o770),
            ("g=u", 0o740, false, 0o770),
            ("u+s,g+s", 0o755, false, 0o6755),
            ("+t", 0o777, true, 0o1777),
            ("u=rw", 0o4755, false, 0o655),
            ("u+w-x", 0o555, false, 0o655),
        ] {
            let mode: Mode = text.parse().unwrap();
            assert_eq!(mode.apply(before, is_directory), expected, "{text} on {before:o}");
            assert_eq!(mode.to_string(), text);
        }
        for text in ["u", "z+x", "u+q", "u=rw,", "rwx"] {
            assert!(text.parse::<Mode>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics_and_bits_stay_bits(text in "[ugoa+=,rwxXst0-7-]{0,12}", before in 0u16..=0o7777) {
            if let Ok(mode) = text.parse::<Mode>() {
                prop_assert!(mode.apply(before, true) <= 0o7777);
            }
        }
    }
}
