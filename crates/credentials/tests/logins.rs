//! The login store, with a key ring that lives in memory.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use container_credentials::{
    Credentials, Environment, Keyring, KeyringError, KeyringKind, LoginError, LoginStore, RemovedLogin, SavedLogin,
};
use container_oci::RegistryHost;
use container_registry::{Credential, CredentialSource, Secret};
use tempfile::TempDir;

#[derive(Debug, Default)]
struct MemoryKeyring {
    secrets: Mutex<BTreeMap<(String, String), String>>,
    is_locked: AtomicBool,
}

impl MemoryKeyring {
    fn check(&self) -> Result<(), KeyringError> {
        if self.is_locked.load(Ordering::SeqCst) {
            return Err(KeyringError {
                kind: self.kind(),
                reason: "it is locked".to_owned(),
            });
        }
        Ok(())
    }
}

impl Keyring for MemoryKeyring {
    fn kind(&self) -> KeyringKind {
        KeyringKind::SecretService
    }

    fn store(&self, host: &RegistryHost, username: &str, secret: &Secret) -> Result<(), KeyringError> {
        self.check()?;
        let key = (host.to_string(), username.to_owned());
        self.secrets.lock().unwrap().insert(key, secret.reveal().to_owned());
        Ok(())
    }

    fn fetch(&self, host: &RegistryHost, username: &str) -> Result<Option<Secret>, KeyringError> {
        self.check()?;
        let key = (host.to_string(), username.to_owned());
        Ok(self.secrets.lock().unwrap().get(&key).map(Secret::new))
    }

    fn delete(&self, host: &RegistryHost, username: &str) -> Result<(), KeyringError> {
        self.check()?;
        self.secrets
            .lock()
            .unwrap()
            .remove(&(host.to_string(), username.to_owned()));
        Ok(())
    }
}

struct Setup {
    root: TempDir,
    keyring: Arc<MemoryKeyring>,
    store: LoginStore,
}

fn setup() -> Setup {
    let root = tempfile::tempdir().unwrap();
    let keyring = Arc::new(MemoryKeyring::default());
    let store = LoginStore::new(root.path(), Some(keyring.clone()));
    Setup { root, keyring, store }
}

fn host(text: &str) -> RegistryHost {
    RegistryHost::from_address(text).unwrap()
}

fn password(username: &str, password: &str) -> Credential {
    Credential::Password {
        username: username.to_owned(),
        password: Secret::new(password),
    }
}

fn record(root: &Path) -> String {
    std::fs::read_to_string(root.join("registries.json")).unwrap()
}

#[test]
fn a_secret_goes_to_the_key_ring_and_only_there() {
    let Setup { root, keyring, store } = setup();
    let saved = store.save(&host("docker.io"), "ann", &Secret::new("hunter2")).unwrap();
    assert!(matches!(saved, SavedLogin::InKeyring(KeyringKind::SecretService)));
    assert!(!record(root.path()).contains("hunter2"));
    assert_eq!(
        store.credential(&host("https://index.docker.io/v1/")).unwrap(),
        Some(password("ann", "hunter2"))
    );
    assert!(matches!(
        store.remove(&host("docker.io")).unwrap(),
        Some(RemovedLogin::Gone)
    ));
    assert!(keyring.secrets.lock().unwrap().is_empty());
    assert_eq!(store.credential(&host("docker.io")).unwrap(), None);
    assert!(store.remove(&host("docker.io")).unwrap().is_none());
}

#[test]
fn without_a_key_ring_the_secret_is_in_a_file_of_the_owner() {
    let root = tempfile::tempdir().unwrap();
    let store = LoginStore::new(root.path(), None);
    let saved = store.save(&host("ghcr.io"), "ann", &Secret::new("hunter2")).unwrap();
    let SavedLogin::InFile { path, keyring: None } = saved else {
        panic!("{saved:?}");
    };
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(
        store.credential(&host("ghcr.io")).unwrap(),
        Some(password("ann", "hunter2"))
    );
    assert!(matches!(
        store.remove(&host("ghcr.io")).unwrap(),
        Some(RemovedLogin::Gone)
    ));
    assert!(!record(root.path()).contains("hunter2"));
}

#[test]
fn a_key_ring_that_is_locked_leads_to_the_file_and_back() {
    let Setup { root, keyring, store } = setup();
    keyring.is_locked.store(true, Ordering::SeqCst);
    let saved = store.save(&host("a"), "ann", &Secret::new("first")).unwrap();
    assert!(matches!(saved, SavedLogin::InFile { keyring: Some(_), .. }));
    assert_eq!(store.credential(&host("a")).unwrap(), Some(password("ann", "first")));
    keyring.is_locked.store(false, Ordering::SeqCst);
    store.save(&host("a"), "ann", &Secret::new("second")).unwrap();
    assert!(!record(root.path()).contains("first"));
    assert_eq!(store.credential(&host("a")).unwrap(), Some(password("ann", "second")));
}

#[test]
fn logging_out_with_a_locked_key_ring_says_what_is_left() {
    let Setup {
        root: _root,
        keyring,
        store,
    } = setup();
    store.save(&host("a"), "ann", &Secret::new("s")).unwrap();
    keyring.is_locked.store(true, Ordering::SeqCst);
    assert!(matches!(store.credential(&host("a")), Err(LoginError::Keyring(_))));
    assert!(matches!(
        store.remove(&host("a")).unwrap(),
        Some(RemovedLogin::SecretLeft(_))
    ));
    assert!(store.list().unwrap().is_empty());
}

#[test]
fn logging_in_as_another_user_deletes_the_first_secret() {
    let Setup {
        root: _root,
        keyring,
        store,
    } = setup();
    store.save(&host("a"), "ann", &Secret::new("1")).unwrap();
    let created = store.list().unwrap()[0].created;
    store.save(&host("a"), "bob", &Secret::new("2")).unwrap();
    let logins = store.list().unwrap();
    assert_eq!((logins.len(), logins[0].username.as_str()), (1, "bob"));
    assert_eq!(logins[0].created, created);
    assert!(logins[0].modified >= created);
    let secrets = keyring.secrets.lock().unwrap();
    assert_eq!(
        secrets.keys().map(|(_, user)| user.as_str()).collect::<Vec<_>>(),
        ["bob"]
    );
}

#[test]
fn many_logins_at_once_lose_nothing() {
    let Setup { root: _root, store, .. } = setup();
    std::thread::scope(|scope| {
        for index in 0..16 {
            let store = store.clone();
            scope.spawn(move || {
                let host = host(&format!("r{index}.example"));
                store.save(&host, "ann", &Secret::new(format!("s{index}"))).unwrap();
            });
        }
    });
    assert_eq!(store.list().unwrap().len(), 16);
    assert_eq!(
        store.credential(&host("r7.example")).unwrap(),
        Some(password("ann", "s7"))
    );
}

#[test]
fn fields_of_a_newer_program_survive() {
    let Setup { root, store, .. } = setup();
    let text = r#"{"version": 1, "colour": "red", "registries": {"a": {"username": "ann", "created": "2026-01-02T03:04:05Z",
        "modified": "2026-01-02T03:04:05Z", "secret": {"in": "file", "value": "s"}, "note": 7}}}"#;
    std::fs::write(root.path().join("registries.json"), text).unwrap();
    store.save(&host("b"), "bob", &Secret::new("t")).unwrap();
    store.save(&host("a"), "ann", &Secret::new("u")).unwrap();
    let record = record(root.path());
    assert!(
        record.contains("\"colour\": \"red\"") && record.contains("\"note\": 7"),
        "{record}"
    );
}

#[test]
fn a_damaged_record_is_an_error_that_names_the_file() {
    let Setup { root, store, .. } = setup();
    std::fs::write(root.path().join("registries.json"), "{").unwrap();
    let credentials = Credentials::new(Environment::default(), store);
    let error = credentials.credential("a").unwrap_err().to_string();
    assert!(error.contains("registries.json"), "{error}");
}

#[test]
fn secrets_do_not_show_in_debug_output() {
    let root = tempfile::tempdir().unwrap();
    let store = LoginStore::new(root.path(), None);
    store.save(&host("a"), "ann", &Secret::new("hunter2")).unwrap();
    let found = store.credential(&host("a")).unwrap();
    let shown = format!("{found:?} {:?} {store:?}", store.list().unwrap());
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn the_environment_wins_over_the_login_over_docker_over_podman() {
    let Setup { root, store, .. } = setup();
    let docker = root.path().join("docker");
    std::fs::create_dir(&docker).unwrap();
    // "docker:d" and "podman:p".
    let entries = |auth: &str, hosts: &[&str]| {
        let entries: Vec<String> = hosts
            .iter()
            .map(|host| format!(r#""{host}": {{"auth": "{auth}"}}"#))
            .collect();
        format!(r#"{{"auths": {{{}}}}}"#, entries.join(", "))
    };
    let config = entries("ZG9ja2VyOmQ=", &["a", "b", "c", "https://index.docker.io/v1/"]);
    std::fs::write(docker.join("config.json"), config).unwrap();
    let podman = root.path().join("auth.json");
    std::fs::write(&podman, entries("cG9kbWFuOnA=", &["a", "b", "c", "d"])).unwrap();
    for name in ["a", "b"] {
        store.save(&host(name), "login", &Secret::new("l")).unwrap();
    }
    let credentials = Credentials::new(
        Environment {
            credential: Some((host("a"), password("environment", "e"))),
            docker_config: Some(docker.clone()),
            podman_auth: Some(podman),
            ..Environment::default()
        },
        store,
    );
    for (name, expected) in [
        ("a", Some(password("environment", "e"))),
        ("b", Some(password("login", "l"))),
        ("c", Some(password("docker", "d"))),
        ("docker.io", Some(password("docker", "d"))),
        ("d", Some(password("podman", "p"))),
        ("e", None),
    ] {
        assert_eq!(credentials.credential(name).unwrap(), expected, "{name}");
    }
    // A damaged file of Docker is passed over.
    std::fs::write(docker.join("config.json"), "{").unwrap();
    assert_eq!(credentials.credential("c").unwrap(), Some(password("podman", "p")));
}

#[test]
fn helpers_come_before_what_the_file_has_and_may_be_missing() {
    let Setup { root, store, .. } = setup();
    let program = root.path().join("docker-credential-own");
    let script = "#!/bin/sh\nread -r host\n[ \"$host\" = a ] && echo '{\"Username\":\"helped\",\"Secret\":\"h\"}' && exit\n\
        echo 'credentials not found in native keychain'; exit 1\n";
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let config = r#"{"credsStore": "missing", "credHelpers": {"a": "own", "b": "own"},
        "auths": {"a": {"auth": "ZG9ja2VyOmQ="}, "b": {"auth": "ZG9ja2VyOmQ="}}}"#;
    std::fs::write(root.path().join("config.json"), config).unwrap();
    let environment = Environment {
        docker_config: Some(root.path().to_owned()),
        search_path: root.path().as_os_str().to_owned(),
        ..Environment::default()
    };
    let credentials = Credentials::new(environment, store);
    assert_eq!(credentials.credential("a").unwrap(), Some(password("helped", "h")));
    assert_eq!(credentials.credential("b").unwrap(), Some(password("docker", "d")));
    assert_eq!(credentials.credential("c").unwrap(), None);
}
