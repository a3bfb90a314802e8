//! The kernel command line: how the host can be reached, how it is known, and how the machine ends.

use container_agent_api::{AGENT_CHANNEL_KEY, AGENT_TOKEN_KEY, AgentToken, POWER_KEY};

use crate::power::Power;

/// How the host is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Channel {
    /// A vsock port, to which anybody may come.
    Vsock,
    /// One virtio-serial port, which is one connection.
    Port,
}

/// What the command line says of the host.
#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) channel: Channel,
    pub(crate) token: AgentToken,
}

/// The command line does not say what it has to. The token is not repeated.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CommandLineError {
    #[error("the kernel command line has no {0}=")]
    Missing(&'static str),
    #[error("the kernel command line has {AGENT_CHANNEL_KEY}={0}, which is neither vsock nor port")]
    Channel(String),
    #[error("the kernel command line has a {AGENT_TOKEN_KEY}= that is no token")]
    Token,
    #[error("the kernel command line has {POWER_KEY}={0}, which is neither off nor restart")]
    Power(String),
}

/// Finds channel and token.
pub(crate) fn host(command_line: &str) -> Result<Host, CommandLineError> {
    let channel = match value(command_line, AGENT_CHANNEL_KEY)? {
        "vsock" => Channel::Vsock,
        "port" => Channel::Port,
        other => return Err(CommandLineError::Channel(other.to_owned())),
    };
    let token = AgentToken::from_hex(value(command_line, AGENT_TOKEN_KEY)?).ok_or(CommandLineError::Token)?;
    Ok(Host { channel, token })
}

/// How the machine is to end itself.
pub(crate) fn power(command_line: &str) -> Result<Power, CommandLineError> {
    match last(command_line, POWER_KEY) {
        None => Ok(Power::DEFAULT),
        Some("off") => Ok(Power::Off),
        Some("restart") => Ok(Power::Restart),
        Some(other) => Err(CommandLineError::Power(other.to_owned())),
    }
}

fn value<'a>(command_line: &'a str, key: &'static str) -> Result<&'a str, CommandLineError> {
    last(command_line, key).ok_or(CommandLineError::Missing(key))
}

/// The last value of a key. The last one wins, as with the kernel's own parameters.
fn last<'a>(command_line: &'a str, key: &str) -> Option<&'a str> {
    command_line
        .split_ascii_whitespace()
        .filter_map(|word| word.strip_prefix(key)?.strip_prefix('='))
        .next_back()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TOKEN: &str = "container.token=0707070707070707070707070707070707070707070707070707070707070707";

    #[test]
    fn channel_and_token_are_found_between_other_words() {
        let found = host(&format!("quiet container.agent=port {TOKEN} panic=-1\n")).unwrap();
        assert_eq!(found.channel, Channel::Port);
        assert!(found.token.matches(&[7; 32]));
        let last = host(&format!("{TOKEN} container.agent=port container.agent=vsock")).unwrap();
        assert_eq!(last.channel, Channel::Vsock);
    }

    #[test]
    fn absent_and_unknown_words_are_errors() {
        let error = |line: &str| host(line).unwrap_err();
        assert_eq!(
            error(&format!("container.agents=port xcontainer.agent=port {TOKEN}")),
            CommandLineError::Missing(AGENT_CHANNEL_KEY)
        );
        assert_eq!(
            error(&format!("container.agent=tcp {TOKEN}")),
            CommandLineError::Channel("tcp".into())
        );
        assert_eq!(
            error("container.agent=port"),
            CommandLineError::Missing(AGENT_TOKEN_KEY)
        );
        assert_eq!(error("container.agent=port container.token=7"), CommandLineError::Token);
    }

    #[test]
    fn the_host_says_how_the_machine_ends() {
        assert_eq!(power("quiet"), Ok(Power::DEFAULT));
        assert_eq!(power("container.power=restart container.power=off\n"), Ok(Power::Off));
        assert_eq!(power("container.power=restart"), Ok(Power::Restart));
        assert_eq!(
            power("container.power=sleep"),
            Err(CommandLineError::Power("sleep".into()))
        );
    }

    proptest! {
        #[test]
        fn any_command_line_is_read_without_a_panic(text in "(.|\n)*") {
            let _ = host(&text);
            let _ = power(&text);
        }
    }
}
