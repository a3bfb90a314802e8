//! Flags of Apple's tool that this release knows but cannot honour.
//!
//! Ignoring them would be worse than refusing: a container without the socket that was asked for looks as if it worked.

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};

use crate::error::CommandError;

/// A flag that a later release brings.
struct Later {
    long: &'static str,
    short: Option<char>,
    takes_value: bool,
}

const fn switch(long: &'static str) -> Later {
    Later {
        long,
        short: None,
        takes_value: false,
    }
}

const fn value(long: &'static str, short: Option<char>) -> Later {
    Later {
        long,
        short,
        takes_value: true,
    }
}

/// Of `run` and `create`.
const OF_CONTAINERS: [Later; 10] = [
    switch("init"),
    value("init-image", None),
    value("kernel-arg", None),
    value("masked-path", None),
    value("read-only-path", None),
    value("publish-socket", None),
    switch("rosetta"),
    value("runtime", None),
    switch("ssh"),
    switch("virtualization"),
];

/// Of `exec`.
const OF_EXEC: [Later; 1] = [value("ulimit", None)];

/// The first flag of `run` or `create` that was given and cannot be honoured.
#[derive(Debug, Default)]
pub(crate) struct LaterFlags(Option<&'static str>);

/// The first flag of `exec` that was given and cannot be honoured.
#[derive(Debug, Default)]
pub(crate) struct ExecLaterFlags(Option<&'static str>);

impl LaterFlags {
    /// Fails when such a flag was given.
    pub(crate) fn refuse(&self) -> Result<(), CommandError> {
        refuse(self.0)
    }
}

impl ExecLaterFlags {
    /// Fails when such a flag was given.
    pub(crate) fn refuse(&self) -> Result<(), CommandError> {
        refuse(self.0)
    }
}

fn refuse(given: Option<&'static str>) -> Result<(), CommandError> {
    match given {
        Some(flag) => Err(CommandError::usage(format!(
            "--{flag} is not available yet in this release"
        ))),
        None => Ok(()),
    }
}

fn augment(command: Command, flags: &'static [Later]) -> Command {
    flags.iter().fold(command, |command, flag| {
        let action = if flag.takes_value {
            ArgAction::Append
        } else {
            ArgAction::SetTrue
        };
        let mut arg = Arg::new(flag.long).long(flag.long).action(action).hide(true);
        if let Some(short) = flag.short {
            arg = arg.short(short);
        }
        command.arg(arg)
    })
}

fn given(matches: &ArgMatches, flags: &'static [Later]) -> Option<&'static str> {
    let was_given = |flag: &&Later| matches.value_source(flag.long) == Some(clap::parser::ValueSource::CommandLine);
    flags.iter().find(was_given).map(|flag| flag.long)
}

impl Args for LaterFlags {
    fn augment_args(command: Command) -> Command {
        augment(command, &OF_CONTAINERS)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for LaterFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(Self(given(matches, &OF_CONTAINERS)))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for ExecLaterFlags {
    fn augment_args(command: Command) -> Command {
        augment(command, &OF_EXEC)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for ExecLaterFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(Self(given(matches, &OF_EXEC)))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_of_a_later_release_is_named_in_the_refusal() {
        let command = LaterFlags::augment_args(Command::new("run"));
        let refused = |line: &[&str]| {
            let matches = command.clone().get_matches_from(line);
            LaterFlags::from_arg_matches(&matches).unwrap().refuse()
        };
        assert!(refused(&["run"]).is_ok());
        assert!(format!("{:?}", refused(&["run", "--runtime", "x"])).contains("--runtime is not available yet"));
        assert!(format!("{:?}", refused(&["run", "--ssh"])).contains("--ssh is not available yet"));
    }
}
