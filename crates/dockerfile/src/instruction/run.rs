//! `RUN`.

use std::fmt;

use super::mount::MountFlag;
use crate::error::{ParseError, ParseProblem};
use crate::flags::{self, Flags};
use crate::heredoc::{Heredoc, Marker};
use crate::json;
use crate::request::Request;

/// `RUN [flags] command`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// `--mount=`, in their order.
    pub mounts: Vec<MountFlag>,
    /// `--network=`
    pub network: Network,
    /// `--security=`
    pub security: Security,
    /// What is run.
    pub command: RunCommand,
}

/// The command of `RUN`. Never expanded: the shell does it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunCommand {
    /// A line for the shell.
    Shell {
        /// Without blanks around it; may be empty.
        line: String,
        /// What the line's `<<` stand for, for a shell that knows them.
        heredocs: Vec<Heredoc>,
    },
    /// Nothing but a heredoc: a script for the shell, or an executable file when its first line says so.
    Script(Heredoc),
    /// `["program", "argument"]`: no shell takes part. May be empty.
    Exec(Vec<String>),
}

/// Which network `RUN` sees.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Network {
    /// That of the build.
    #[default]
    Default,
    /// None but its own loopback.
    None,
    /// That of the host.
    Host,
}

/// What `RUN` may do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Security {
    /// What a container may.
    #[default]
    Sandbox,
    /// Everything.
    Insecure,
}

impl Run {
    pub(super) fn parse(request: &Request<'_>) -> Result<Self, ParseError> {
        let flags = request.flags("RUN", &["mount", "network", "security"])?;
        let escape = request.arguments.escape();
        let mounts = flags.values("mount")?.into_iter();
        let mounts = mounts.map(|(value, range)| MountFlag::parse(value, escape, range));
        Ok(Self {
            mounts: mounts.collect::<Result<_, _>>()?,
            network: choice(&flags, "network", &NETWORKS)?,
            security: choice(&flags, "security", &SECURITIES)?,
            command: RunCommand::parse(request)?,
        })
    }
}

const NETWORKS: [(&str, Network); 3] = [
    ("default", Network::Default),
    ("none", Network::None),
    ("host", Network::Host),
];

const SECURITIES: [(&str, Security); 2] = [("sandbox", Security::Sandbox), ("insecure", Security::Insecure)];

/// One of a few values of a flag.
fn choice<T: Copy + Default>(flags: &Flags<'_>, flag: &'static str, choices: &[(&str, T)]) -> Result<T, ParseError> {
    let Some((value, range)) = flags.value(flag)? else {
        return Ok(T::default());
    };
    let chosen = choices.iter().find(|(name, _)| *name == value);
    chosen.map(|(_, choice)| *choice).ok_or_else(|| {
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        let value = value.to_owned();
        let expected = names.join(" or ");
        ParseError::new(range, ParseProblem::FlagValue { flag, value, expected })
    })
}

impl RunCommand {
    /// What the shell gets, as the argument behind those of `SHELL`. `None` when none takes part, and for an executable script.
    #[must_use]
    pub fn shell_script(&self) -> Option<String> {
        match self {
            Self::Shell { line, heredocs } => {
                let mut script = line.clone();
                for heredoc in heredocs {
                    script.push('\n');
                    script.push_str(&heredoc.content);
                    script.push_str(&heredoc.name);
                }
                Some(script)
            }
            Self::Script(script) => (!script.is_executable()).then(|| script.body().into_owned()),
            Self::Exec(_) => None,
        }
    }

    fn parse(request: &Request<'_>) -> Result<Self, ParseError> {
        if let Some(arguments) = request.json()? {
            return Ok(Self::Exec(arguments));
        }
        let line = request.arguments.as_str();
        Ok(match request.heredocs.as_slice() {
            [script] if Marker::read(line).is_some() => Self::Script(script.clone()),
            heredocs => Self::Shell {
                line: line.to_owned(),
                heredocs: heredocs.to_vec(),
            },
        })
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RUN")?;
        for mount in &self.mounts {
            flags::write_value(f, "mount", Some(&mount.to_string()))?;
        }
        if self.network != Network::default() {
            let network = NETWORKS.iter().find(|(_, network)| *network == self.network);
            flags::write_value(f, "network", network.map(|(name, _)| *name))?;
        }
        if self.security != Security::default() {
            let security = SECURITIES.iter().find(|(_, security)| *security == self.security);
            flags::write_value(f, "security", security.map(|(name, _)| *name))?;
        }
        match &self.command {
            RunCommand::Shell { line, heredocs } => {
                flags::write_arguments(f, line)?;
                heredocs.iter().try_for_each(|heredoc| heredoc.write_body(f))
            }
            RunCommand::Script(script) => {
                write!(f, " {script}")?;
                script.write_body(f)
            }
            RunCommand::Exec(arguments) => write!(f, " {}", json::write(arguments.iter().map(String::as_str))),
        }
    }
}
