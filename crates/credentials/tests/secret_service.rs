//! A real Secret Service: GNOME Keyring on a session bus of its own.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

use std::process::{Command, Stdio};

use container_credentials::{KeyringKind, LoginStore, RemovedLogin, SavedLogin, system_keyring};
use container_oci::RegistryHost;
use container_registry::{Credential, Secret};
use container_require::{is_installed, require};

/// Says to this program that it runs inside the session.
const INSIDE: &str = "CONTAINER_TEST_IN_SESSION";
/// Unlocks a new key ring with an empty home directory, then becomes this program again.
const SESSION: &str =
    r#"printf secret | gnome-keyring-daemon --unlock --components=secrets >/dev/null && exec "$0" "$@""#;

#[test]
fn a_login_lives_in_the_secret_service() {
    if std::env::var_os(INSIDE).is_some() {
        return log_in_and_out();
    }
    for program in ["dbus-run-session", "gnome-keyring-daemon"] {
        require!(
            is_installed(program),
            "{program}: Debian's packages dbus and gnome-keyring"
        );
    }
    let home = tempfile::tempdir().unwrap();
    let output = Command::new("dbus-run-session")
        .args(["--", "sh", "-c", SESSION])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "a_login_lives_in_the_secret_service", "--nocapture"])
        .env(INSIDE, "1")
        .env("HOME", home.path())
        .env("XDG_RUNTIME_DIR", home.path())
        .env_remove("XDG_DATA_HOME")
        .env_remove("DBUS_SESSION_BUS_ADDRESS")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.status.success(), "{said}");
}

fn log_in_and_out() {
    let root = tempfile::tempdir().unwrap();
    let keyring = system_keyring().expect("a session bus");
    let store = LoginStore::new(root.path(), Some(keyring.clone()));
    let host: RegistryHost = "registry.example:5000".parse().unwrap();
    for secret in ["first", "hunter2"] {
        let saved = store.save(&host, "ann", &Secret::new(secret)).unwrap();
        assert!(
            matches!(saved, SavedLogin::InKeyring(KeyringKind::SecretService)),
            "{saved:?}"
        );
    }
    let record = std::fs::read_to_string(root.path().join("registries.json")).unwrap();
    assert!(!record.contains("hunter2"), "{record}");
    let found = store.credential(&host).unwrap();
    let password = Secret::new("hunter2");
    let username = "ann".to_owned();
    assert_eq!(found, Some(Credential::Password { username, password }));
    assert!(matches!(store.remove(&host).unwrap(), Some(RemovedLogin::Gone)));
    assert_eq!(keyring.fetch(&host, "ann").unwrap(), None);
}
