//! Debug messages, on standard error, for those who ask.

/// Environment variable that asks for debug messages, whatever its value: the name is that of Apple's tool.
const VARIABLE: &str = "CONTAINER_DEBUG";

/// Shows debug messages if the flag or the environment asks for them. Otherwise nothing is set up, which costs nothing.
pub(crate) fn start(flag: bool) {
    if flag || std::env::var_os(VARIABLE).is_some() {
        tracing_subscriber::fmt()
            .with_max_level(tracing::Level::DEBUG)
            .with_writer(std::io::stderr)
            .with_ansi(container_terminal::is_terminal(std::io::stderr()))
            .init();
    }
}
