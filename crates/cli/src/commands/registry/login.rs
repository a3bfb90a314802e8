//! `container registry login`.

use std::io::{self, IsTerminal as _, Read as _, Write as _};

use clap::Args;
use container_engine::{Engine, KeyringFailure, LoginRequest, Password, SavedLogin, Scheme};

use super::prompt::prompt;
use super::server::registry;
use crate::arguments::SchemeFlags;
use crate::error::{CommandError, cannot, warn};
use crate::session::Signals;

/// The longest password or token.
const SECRET_LIMIT_BYTES: u64 = 64 * 1024;

/// Log in to a registry
///
/// The registry is asked whether it accepts the login before it is kept. The password is kept in the key ring of the system where there is one.
#[derive(Debug, Args)]
pub(crate) struct Login {
    #[command(flatten)]
    scheme: SchemeFlags,

    /// User name; asked for otherwise
    #[arg(short, long, value_name = "NAME")]
    username: Option<String>,

    /// Password; others can read it in the list of processes, so prefer --password-stdin
    #[arg(short, long, conflicts_with = "password_stdin")]
    password: Option<String>,

    /// Read the password from standard input
    #[arg(long, requires = "username")]
    password_stdin: bool,

    /// Registry, for example ghcr.io; that of short image names otherwise
    server: Option<String>,
}

impl Login {
    pub(crate) async fn run(self) -> Result<u8, CommandError> {
        let engine = Engine::open()?.configured()?;
        let host = registry(&engine, self.server.as_deref())?;
        let scheme = match (self.scheme.scheme(), self.server) {
            (Scheme::Auto, Some(server)) if server.starts_with("http://") => Scheme::Http,
            (scheme, _) => scheme,
        };
        let mut signals = Signals::listen()?;
        let username = match self.username {
            Some(username) => username,
            None => prompt("Username: ", false, "--username", &mut signals).await?,
        };
        let password = match self.password {
            Some(password) => {
                warn("a password on the command line can be read by others; use --password-stdin");
                password
            }
            None if self.password_stdin => password_from_stdin()?,
            None => prompt("Password: ", true, "--password-stdin", &mut signals).await?,
        };
        for (what, text) in [("user name", &username), ("password", &password)] {
            if text.is_empty() {
                return Err(CommandError::usage(format!("the {what} is empty")));
            }
        }
        let request = LoginRequest {
            host,
            scheme,
            username,
            password: Password::new(password),
        };
        let saved = signals.or_end(engine.login(request)).await?;
        if let Some(warning) = warning(&saved) {
            warn(warning);
        }
        // Not on standard output: it is no result. When not even standard error can be written to, the exit code has to do.
        let _ = writeln!(io::stderr(), "Login succeeded");
        Ok(0)
    }
}

/// What is to be said when the password is not in a key ring.
fn warning(saved: &SavedLogin) -> Option<String> {
    match saved {
        SavedLogin::InKeyring => None,
        SavedLogin::InFile { path, keyring } => {
            let why = match keyring {
                Some(KeyringFailure { keyring, reason }) => format!("{keyring} cannot be used ({reason})"),
                None => "this session has no key ring".to_owned(),
            };
            Some(format!(
                "{why}: the password is stored unencrypted in {}, which only you can read",
                path.display()
            ))
        }
    }
}

/// The first and only thing on standard input, without the end of its line.
fn password_from_stdin() -> Result<String, CommandError> {
    let mut stdin = io::stdin();
    if stdin.is_terminal() {
        return Err(
            CommandError::usage("--password-stdin needs a password on standard input")
                .with_hint("container registry login --username NAME SERVER"),
        );
    }
    let mut text = String::new();
    let read = stdin.by_ref().take(SECRET_LIMIT_BYTES + 1).read_to_string(&mut text);
    read.map_err(|error| cannot("read the password", error))?;
    if text.len() as u64 > SECRET_LIMIT_BYTES {
        return Err(CommandError::usage(format!(
            "a password longer than {SECRET_LIMIT_BYTES} bytes is none"
        )));
    }
    let end = text.trim_end_matches(['\r', '\n']).len();
    text.truncate(end);
    Ok(text)
}
