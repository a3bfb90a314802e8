//! `docker-credential-<name>`: a program that keeps credentials (docker `credential-helpers`, "Development").
//!
//! It reads the registry from standard input and writes its answer as JSON to standard output. The size of the answer and the time
//! for it are limited. It is looked for in `PATH` only, by a name without slashes.

use std::ffi::OsStr;
use std::io::{self, Read as _, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use container_oci::RegistryHost;
use container_registry::Credential;
use container_terminal::excerpt;
use serde::Deserialize;

use super::auth_file::{null_default, password_of};
use crate::bounded::within;

/// The longest answer.
const ANSWER_LIMIT_BYTES: u64 = 64 * 1024;
/// The longest wait; a helper may ask the user to unlock something.
const TIME_LIMIT: Duration = Duration::from_secs(30);
/// Time between two checks whether a helper has ended, which it does right after its answer.
const END_PAUSE: Duration = Duration::from_millis(2);
/// What a helper prints when it has nothing (docker `credential-helpers`, `errCredentialsNotFoundMessage`).
const NOT_FOUND: &str = "credentials not found in native keychain";
/// Docker Hub's address for helpers (docker `registry/config.go`, `IndexServer`).
const DOCKER_HUB_ADDRESS: &str = "https://index.docker.io/v1/";
/// How much of a helper's error message is repeated.
const SHOWN_CHARS: usize = 200;

/// Why a helper gave no usable answer. An answer, which may hold a secret, is not part of it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HelperError {
    #[error("its name must consist of letters, digits, '_' and '-'")]
    Name,
    #[error("there is no program docker-credential-{name} on the PATH")]
    Missing { name: String },
    #[error("docker-credential-{name} cannot be run: {source}")]
    Run { name: String, source: io::Error },
    #[error("docker-credential-{name} did not answer within {} s", TIME_LIMIT.as_secs())]
    Timeout { name: String },
    #[error("docker-credential-{name} sent more than {ANSWER_LIMIT_BYTES} bytes")]
    TooLarge { name: String },
    #[error("docker-credential-{name} failed: {reason}")]
    Failed { name: String, reason: String },
    #[error("docker-credential-{name} sent no valid answer")]
    Answer { name: String },
}

#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "Username", default, deserialize_with = "null_default")]
    username: String,
    #[serde(rename = "Secret", default, deserialize_with = "null_default")]
    secret: String,
}

/// Asks the helper for the credential of `host`; `None` when it has none.
pub(crate) fn ask(name: &str, host: &RegistryHost, search_path: &OsStr) -> Result<Option<Credential>, HelperError> {
    ask_within(TIME_LIMIT, name, host, search_path)
}

fn ask_within(
    limit: Duration,
    name: &str,
    host: &RegistryHost,
    search_path: &OsStr,
) -> Result<Option<Credential>, HelperError> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if name.is_empty() || !name.bytes().all(is_plain) {
        return Err(HelperError::Name);
    }
    let program = find(name, search_path).ok_or_else(|| HelperError::Missing { name: name.to_owned() })?;
    let address = if *host == RegistryHost::default() {
        DOCKER_HUB_ADDRESS
    } else {
        host.as_str()
    };
    let (is_success, output) = run(limit, name, program, address)?;
    answer(name, is_success, &output)
}

/// The answer of a helper that has ended.
fn answer(name: &str, is_success: bool, output: &[u8]) -> Result<Option<Credential>, HelperError> {
    if is_success {
        let answer: Answer =
            serde_json::from_slice(output).map_err(|_| HelperError::Answer { name: name.to_owned() })?;
        return Ok(password_of(&answer.username, &answer.secret));
    }
    let text = String::from_utf8_lossy(output);
    if text.contains(NOT_FOUND) {
        return Ok(None);
    }
    Err(HelperError::Failed {
        name: name.to_owned(),
        reason: first_words(&text),
    })
}

/// The message of a helper that failed: one line of limited length, and none if it looks like an answer.
fn first_words(text: &str) -> String {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty());
    match line {
        None => "it says no reason".to_owned(),
        Some(line) if line.starts_with('{') => "it gives an answer nonetheless".to_owned(),
        Some(line) => excerpt(line, SHOWN_CHARS),
    }
}

fn find(name: &str, search_path: &OsStr) -> Option<PathBuf> {
    let program = format!("docker-credential-{name}");
    std::env::split_paths(search_path)
        // A relative directory would make the answer depend on the working directory.
        .filter(|directory| directory.is_absolute())
        .map(|directory| directory.join(&program))
        .find(|path| path.is_file())
}

/// Runs the program. Returns whether it succeeded and what it printed.
fn run(limit: Duration, name: &str, program: PathBuf, address: &str) -> Result<(bool, Vec<u8>), HelperError> {
    let failed = |source| HelperError::Run {
        name: name.to_owned(),
        source,
    };
    let deadline = Instant::now() + limit;
    let mut child = Command::new(program)
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(failed)?;
    let (stdin, stdout, address) = (child.stdin.take(), child.stdout.take(), address.to_owned());
    let output = within(limit, move || exchange(stdin, stdout, &address));
    let ended = match &output {
        Some(Ok(output)) if output.len() as u64 <= ANSWER_LIMIT_BYTES => wait(&mut child, deadline),
        _ => Ok(None),
    };
    if !matches!(ended, Ok(Some(_))) {
        // Killing fails when it has just ended by itself. Waiting removes the zombie in both cases.
        let _ = child.kill();
        let _ = child.wait();
    }
    let timeout = || HelperError::Timeout { name: name.to_owned() };
    let output = output.ok_or_else(timeout)?.map_err(failed)?;
    if output.len() as u64 > ANSWER_LIMIT_BYTES {
        return Err(HelperError::TooLarge { name: name.to_owned() });
    }
    let status = ended.map_err(failed)?.ok_or_else(timeout)?;
    Ok((status.success(), output))
}

/// Sends the address and reads the answer, at most a byte more than is allowed.
fn exchange(stdin: Option<ChildStdin>, stdout: Option<ChildStdout>, address: &str) -> io::Result<Vec<u8>> {
    if let Some(mut stdin) = stdin {
        // A helper may close its input without reading it.
        let _ = stdin.write_all(address.as_bytes());
    }
    let mut output = Vec::new();
    if let Some(stdout) = stdout {
        stdout.take(ANSWER_LIMIT_BYTES + 1).read_to_end(&mut output)?;
    }
    Ok(output)
}

/// Waits for the end of a program that has closed its output; `None` when it does not come in time.
fn wait(child: &mut Child, deadline: Instant) -> io::Result<Option<ExitStatus>> {
    loop {
        match child.try_wait()? {
            None if Instant::now() < deadline => std::thread::sleep(END_PAUSE),
            status => return Ok(status),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use container_registry::Secret;
    use proptest::prelude::*;
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt as _;

    fn ask_script(script: &str, host: &str) -> Result<Option<Credential>, HelperError> {
        ask_script_within(TIME_LIMIT, script, host)
    }

    fn ask_script_within(limit: Duration, script: &str, host: &str) -> Result<Option<Credential>, HelperError> {
        let root = tempfile::tempdir().unwrap();
        let program = root.path().join("docker-credential-test");
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
        ask_within(limit, "test", &host.parse().unwrap(), root.path().as_os_str())
    }

    fn password(username: &str, password: &str) -> Credential {
        Credential::Password {
            username: username.to_owned(),
            password: Secret::new(password),
        }
    }

    #[test]
    fn a_helper_reads_the_registry_and_prints_the_credential() {
        let script = r#"read -r host; echo "{\"ServerURL\":\"$host\",\"Username\":\"$1\",\"Secret\":\"for $host\"}""#;
        assert_eq!(
            ask_script(script, "ghcr.io").unwrap(),
            Some(password("get", "for ghcr.io"))
        );
        assert_eq!(
            ask_script(script, "docker.io").unwrap(),
            Some(password("get", "for https://index.docker.io/v1/"))
        );
    }

    #[test]
    fn a_refresh_token_is_recognised() {
        let found = ask_script(r#"echo '{"Username":"<token>","Secret":"r"}'"#, "a").unwrap();
        assert_eq!(found, Some(Credential::IdentityToken(Secret::new("r"))));
    }

    #[test]
    fn a_helper_without_a_credential_is_not_an_error() {
        assert_eq!(ask_script(&format!("echo '{NOT_FOUND}'; exit 1"), "a").unwrap(), None);
        for answer in [
            r#"{"Username":"","Secret":""}"#,
            r#"{"Username":null,"Secret":null}"#,
            "{}",
        ] {
            assert_eq!(ask_script(&format!("echo '{answer}'"), "a").unwrap(), None, "{answer}");
        }
    }

    #[test]
    fn errors_do_not_contain_the_answer() {
        let message = |script| ask_script(script, "a").unwrap_err().to_string();
        assert_eq!(
            message("echo 'pass is not initialized'; exit 1"),
            "docker-credential-test failed: pass is not initialized"
        );
        assert_eq!(message("echo hunter2"), "docker-credential-test sent no valid answer");
        assert!(!message(r#"echo '{"Secret":"hunter2"}'; exit 1"#).contains("hunter2"));
        assert!(message("exit 3").contains("no reason"));
    }

    #[test]
    fn an_endless_answer_is_cut() {
        let error = ask_script("yes", "a").unwrap_err();
        assert!(matches!(error, HelperError::TooLarge { .. }), "{error}");
    }

    #[test]
    fn a_helper_that_hangs_is_killed() {
        let error = ask_script_within(Duration::from_millis(100), "exec sleep 600", "a").unwrap_err();
        assert!(matches!(error, HelperError::Timeout { .. }), "{error}");
    }

    #[test]
    fn names_with_slashes_are_refused() {
        for name in ["", "../x", "a/b", "a b", "x;y"] {
            let error = ask(name, &RegistryHost::default(), OsStr::new("/bin")).unwrap_err();
            assert!(matches!(error, HelperError::Name), "{name}");
        }
        let error = ask("none", &RegistryHost::default(), OsStr::new("relative:/nowhere")).unwrap_err();
        assert!(matches!(error, HelperError::Missing { .. }));
    }

    proptest! {
        #[test]
        fn arbitrary_output_never_panics(is_success: bool, output in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = answer("x", is_success, &output);
        }
    }
}
