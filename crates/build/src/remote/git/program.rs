//! Running `git`.
//!
//! It sees neither the configuration of the user and the system nor their credential helpers, has no hooks, no terminal to ask at, and only protocols that fetch
//! over the network: so no program is started but `git`, its parts and `ssh`, whatever a repository says.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::Command;

use super::ssh;
use crate::remote::RemoteError;

/// The longest time that one command may take.
const LIMIT: Duration = Duration::from_secs(3600);
/// How much of an answer is read; the names of a repository that match a pattern are far less.
const ANSWER_BYTES: u64 = 16 << 20;
/// How much of what it says is kept for errors: the end.
const SAID_BYTES: usize = 2048;
/// Files that a command makes can be read by everybody, as in BuildKit, whatever the user's own mask; and none has more than 64 GiB, in blocks of 512 bytes,
/// whatever a server sends. A lower limit of the user's stays.
const CONFINED: &str = "umask 022; ulimit -f 134217728 2>/dev/null; exec git \"$@\"";
/// What is passed on of the environment: what finds programs, proxies, certificates and keys.
const PASSED_ON: [&str; 14] = [
    "PATH",
    "TMPDIR",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "ALL_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "all_proxy",
    "GIT_SSL_CAINFO",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    SSH_AGENT,
];
/// Says where the user's agent is.
const SSH_AGENT: &str = "SSH_AUTH_SOCK";
/// Set for every command.
const ENVIRONMENT: [(&str, &str); 8] = [
    ("GIT_CONFIG_NOSYSTEM", "1"),
    ("GIT_CONFIG_GLOBAL", "/dev/null"),
    // Neither `.gitconfig` nor `.netrc` is found.
    ("HOME", "/dev/null"),
    ("XDG_CONFIG_HOME", "/dev/null"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GIT_ALLOW_PROTOCOL", "git:http:https:ssh"),
    ("GIT_SSH_COMMAND", ssh::COMMAND),
    ("LC_ALL", "C"),
];
/// Set for every command on its command line.
const SETTINGS: [&str; 8] = [
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "init.defaultBranch=master",
    "advice.detachedHead=false",
    "gc.auto=0",
    "submodule.recurse=false",
    // Slower than this for so long is given up.
    "http.lowSpeedLimit=136",
    "http.lowSpeedTime=120",
];
/// The secret that is a token for servers, and with a host behind a dot for one of them.
const TOKEN: &str = "GIT_AUTH_TOKEN";
/// The secret that is the value of a header.
const HEADER: &str = "GIT_AUTH_HEADER";

/// What servers let a build in for.
#[derive(Clone, Default)]
pub(crate) struct GitAccess {
    /// Tokens and headers, by the names of the secrets that they are.
    tokens: BTreeMap<String, String>,
    /// The socket of an agent other than the user's.
    ssh_agent: Option<PathBuf>,
}

impl GitAccess {
    /// Without tokens, and with the agent that was given, else the user's.
    pub(crate) fn of_agent(ssh_agent: Option<PathBuf>) -> Self {
        Self {
            tokens: BTreeMap::new(),
            ssh_agent,
        }
    }

    /// Whether a secret of the build is for servers of repositories.
    pub(crate) fn is_token(id: &str) -> bool {
        let is = |name: &str| {
            id.strip_prefix(name)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        is(TOKEN) || is(HEADER)
    }

    /// Adds a secret.
    pub(crate) fn insert(&mut self, id: &str, value: &[u8]) {
        let value = String::from_utf8_lossy(value).trim_end().to_owned();
        self.tokens.insert(id.to_owned(), value);
    }

    /// The setting that sends what was given for the server of an https address, name and value. It is a variable of the environment, as everybody sees command lines.
    fn setting(&self, remote: &str) -> Option<(String, String)> {
        let (scheme, rest) = remote.split_once("://").filter(|(scheme, _)| *scheme == "https")?;
        let authority = rest.split('/').next().unwrap_or(rest);
        let host = authority.rsplit('@').next().unwrap_or(authority);
        let find = |name: &str| {
            let own = self.tokens.get(&format!("{name}.{host}"));
            own.or_else(|| self.tokens.get(name))
        };
        let value = match (find(HEADER), find(TOKEN)) {
            (Some(header), _) => header.clone(),
            (None, Some(token)) => format!("basic {}", STANDARD.encode(format!("x-access-token:{token}"))),
            (None, None) => return None,
        };
        Some((
            format!("http.{scheme}://{host}/.extraheader"),
            format!("Authorization: {value}"),
        ))
    }
}

/// `git` for one repository.
pub(super) struct Git<'a> {
    /// The repository, for errors.
    url: String,
    setting: Option<(String, String)>,
    ssh_agent: Option<PathBuf>,
    directory: &'a Path,
}

/// A command that failed.
pub(super) struct Failed {
    pub(super) error: RemoteError,
    /// The end of what it said.
    pub(super) said: String,
}

impl From<Failed> for RemoteError {
    fn from(failed: Failed) -> Self {
        failed.error
    }
}

impl<'a> Git<'a> {
    /// Commands that run in `directory`.
    ///
    /// # Errors
    /// [`RemoteError::NoGit`]
    pub(super) fn new(url: String, remote: &str, access: &GitAccess, directory: &'a Path) -> Result<Self, RemoteError> {
        let paths = std::env::var_os("PATH").unwrap_or_default();
        if !std::env::split_paths(&paths).any(|path| path.join("git").is_file()) {
            return Err(RemoteError::NoGit { url });
        }
        Ok(Self {
            url,
            setting: access.setting(remote),
            ssh_agent: access.ssh_agent.clone(),
            directory,
        })
    }

    /// Runs a command to its end; what it wrote.
    pub(super) async fn run(&self, arguments: &[&str]) -> Result<Vec<u8>, Failed> {
        let mut answer = Vec::new();
        self.read(arguments, async |mut stream| {
            (&mut stream).take(ANSWER_BYTES).read_to_end(&mut answer).await?;
            Ok(())
        })
        .await?;
        Ok(answer)
    }

    /// Runs a command, whose output `read` reads. If that stops before its end, the command is ended too, and that is no failure.
    pub(super) async fn read<T>(
        &self,
        arguments: &[&str],
        read: impl AsyncFnOnce(tokio::process::ChildStdout) -> Result<T, RemoteError>,
    ) -> Result<T, Failed> {
        let verb = arguments.first().copied().unwrap_or_default();
        let quiet = |error| Failed {
            error,
            said: String::new(),
        };
        let mut child = self.command(arguments).spawn().map_err(|error| quiet(error.into()))?;
        let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
            return Err(quiet(RemoteError::Interrupted));
        };
        let work = async {
            let (read, said) = tokio::join!(read(stdout), end_of(stderr));
            let status = child.wait().await.map_err(RemoteError::from)?;
            Ok::<_, RemoteError>((read?, said, status))
        };
        let (value, said, status) = match tokio::time::timeout(LIMIT, work).await {
            Ok(done) => done.map_err(quiet)?,
            Err(_) => {
                return Err(quiet(RemoteError::GitTimeout {
                    url: self.url.clone(),
                    verb: verb.to_owned(),
                    limit: LIMIT,
                }));
            }
        };
        match status.success() {
            true => Ok(value),
            false => Err(Failed {
                error: RemoteError::Git {
                    url: self.url.clone(),
                    verb: verb.to_owned(),
                    output: said.clone(),
                    advice: ssh::advice(&said),
                },
                said,
            }),
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", CONFINED, "git"]).arg("-C").arg(self.directory);
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        command.args(arguments.iter().map(OsStr::new));
        command.env_clear();
        for name in PASSED_ON {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        if let Some(agent) = &self.ssh_agent {
            command.env(SSH_AGENT, agent);
        }
        command.envs(ENVIRONMENT);
        if let Some((name, value)) = &self.setting {
            command.envs([
                ("GIT_CONFIG_COUNT", "1"),
                ("GIT_CONFIG_KEY_0", name),
                ("GIT_CONFIG_VALUE_0", value),
            ]);
        }
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }
}

/// Reads a stream to its end; the end of it, for people.
async fn end_of(mut stream: impl AsyncRead + Unpin) -> String {
    let mut kept = Vec::new();
    let mut buffer = [0; 4096];
    // Without more to read there is no more to say.
    while let Ok(length @ 1..) = stream.read(&mut buffer).await {
        kept.extend_from_slice(buffer.get(..length).unwrap_or_default());
        if kept.len() > 2 * SAID_BYTES {
            kept.drain(..kept.len() - SAID_BYTES);
        }
    }
    let start = kept.len().saturating_sub(SAID_BYTES);
    container_terminal::printable_lines(&String::from_utf8_lossy(kept.get(start..).unwrap_or_default()))
        .trim()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_for_https_and_that_of_a_host_is_the_one() {
        let mut tokens = GitAccess::default();
        tokens.insert("GIT_AUTH_TOKEN", b"any\n");
        tokens.insert("GIT_AUTH_TOKEN.one.example", b"own");
        let value = |remote: &str| tokens.setting(remote).map(|(_, value)| value);
        let basic = |token: &str| {
            Some(format!(
                "Authorization: basic {}",
                STANDARD.encode(format!("x-access-token:{token}"))
            ))
        };
        assert_eq!(value("https://two.example/a.git"), basic("any"));
        assert_eq!(value("https://me@one.example/a.git"), basic("own"));
        assert_eq!(value("http://two.example/a.git"), None);
        assert_eq!(value("git@two.example:a.git"), None);
        tokens.insert("GIT_AUTH_HEADER", b"bearer x");
        assert_eq!(
            tokens.setting("https://two.example:1/a.git").unwrap(),
            (
                "http.https://two.example:1/.extraheader".to_owned(),
                "Authorization: bearer x".to_owned()
            )
        );
        assert!(GitAccess::is_token("GIT_AUTH_TOKEN.h") && !GitAccess::is_token("GIT_AUTH_TOKENS"));
    }
}
