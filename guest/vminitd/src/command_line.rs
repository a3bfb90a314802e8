//! The kernel command line: by which channel the host can be reached.

use container_agent_api::AGENT_CHANNEL_KEY;

/// How the host is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Channel {
    /// A vsock port that any number of connections may come to.
    Vsock,
    /// One virtio-serial port, which is one connection.
    Port,
}

/// The command line names no channel, or one that does not exist.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ChannelError {
    #[error("the kernel command line has no {AGENT_CHANNEL_KEY}=")]
    Missing,
    #[error("the kernel command line has {AGENT_CHANNEL_KEY}={0}, which is neither vsock nor port")]
    Unknown(String),
}

/// Finds the channel. The last mention wins, as with the kernel's own parameters.
pub(crate) fn channel(command_line: &str) -> Result<Channel, ChannelError> {
    let value = command_line
        .split_ascii_whitespace()
        .filter_map(|word| word.strip_prefix(AGENT_CHANNEL_KEY)?.strip_prefix('='))
        .next_back()
        .ok_or(ChannelError::Missing)?;
    match value {
        "vsock" => Ok(Channel::Vsock),
        "port" => Ok(Channel::Port),
        other => Err(ChannelError::Unknown(other.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn channel_is_found_between_other_words() {
        assert_eq!(channel("quiet container.agent=port panic=-1\n"), Ok(Channel::Port));
        assert_eq!(
            channel("container.agent=port container.agent=vsock"),
            Ok(Channel::Vsock)
        );
    }

    #[test]
    fn absent_and_unknown_channels_are_errors() {
        assert_eq!(
            channel("container.agents=port xcontainer.agent=port"),
            Err(ChannelError::Missing)
        );
        assert_eq!(channel("container.agent=tcp"), Err(ChannelError::Unknown("tcp".into())));
    }

    proptest! {
        #[test]
        fn any_command_line_is_survived(text in "(.|\n)*") {
            let _ = channel(&text);
        }
    }
}
