//! The Secret Service of a Linux desktop (freedesktop.org, "Secret Service API Draft"), over the session bus.
//!
//! Secrets cross the bus in the session's "plain" form, unencrypted: the bus is a local socket of this user, and a program that can
//! read its traffic can ask the service itself. The user is not asked to unlock a collection, because nobody may be present: a locked
//! one that cannot be unlocked without a prompt is an error.

use std::collections::HashMap;
use std::env;
use std::path::{Path, PathBuf};
use std::time::Duration;

use container_oci::RegistryHost;
use container_registry::Secret;
use serde::{Deserialize, Serialize};
use zbus::{Connection, Message, ObjectPath, OwnedObjectPath, OwnedVariant, Type, Variant, connection};

use super::{Keyring, KeyringError, KeyringKind};
use crate::bounded::within;

/// The longest time for one call with all of its messages; a healthy service needs milliseconds.
const TIME_LIMIT: Duration = Duration::from_secs(3);

const SERVICE: &str = "org.freedesktop.secrets";
const SERVICE_PATH: &str = "/org/freedesktop/secrets";
const SERVICE_INTERFACE: &str = "org.freedesktop.Secret.Service";
const COLLECTION_INTERFACE: &str = "org.freedesktop.Secret.Collection";
const ITEM_INTERFACE: &str = "org.freedesktop.Secret.Item";
/// "No object" and "no prompt".
const NONE: &str = "/";
/// Content type of the secrets.
const CONTENT_TYPE: &str = "text/plain; charset=utf8";
/// Value of `xdg:schema` that marks our items.
const SCHEMA: &str = "com.apple.container.registry";

/// The service on the bus of this session.
#[derive(Debug, Clone)]
pub(super) struct SecretService {
    address: String,
}

impl SecretService {
    /// The service of this session; `None` without a session bus.
    pub(super) fn of_session() -> Option<Self> {
        let set = env::var("DBUS_SESSION_BUS_ADDRESS")
            .ok()
            .filter(|address| !address.is_empty());
        let usual = || {
            let path = PathBuf::from(env::var_os("XDG_RUNTIME_DIR")?).join("bus");
            path.exists().then(|| address(&path)).flatten()
        };
        set.or_else(usual).map(|address| Self { address })
    }

    /// Runs a conversation with the service on a thread and a runtime of its own.
    fn converse<T: Send + 'static>(
        &self,
        conversation: impl AsyncFnOnce(&Bus) -> zbus::Result<T> + Send + 'static,
    ) -> Result<T, KeyringError> {
        let address = self.address.clone();
        let spoken = within(TIME_LIMIT, move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let bus = Bus::connect(&address).await?;
                conversation(&bus).await
            })
        });
        match spoken {
            Some(Ok(answer)) => Ok(answer),
            Some(Err(failure)) => Err(error(describe(&failure))),
            None => Err(error(format!("no answer within {} s", TIME_LIMIT.as_secs()))),
        }
    }
}

impl Keyring for SecretService {
    fn kind(&self) -> KeyringKind {
        KeyringKind::SecretService
    }

    fn store(&self, host: &RegistryHost, username: &str, secret: &Secret) -> Result<(), KeyringError> {
        let (attributes, label, secret) = (attributes(host, username), label(host), secret.clone());
        self.converse(async move |bus| {
            let collection = bus.default_collection().await?;
            bus.create_item(&collection, label, attributes, &secret).await
        })
    }

    fn fetch(&self, host: &RegistryHost, username: &str) -> Result<Option<Secret>, KeyringError> {
        let attributes = attributes(host, username);
        let bytes = self.converse(async move |bus| match bus.find(&attributes).await? {
            Some(item) => bus.secret(&item).await.map(Some),
            None => Ok(None),
        })?;
        bytes
            .map(|bytes| String::from_utf8(bytes).map(Secret::new))
            .transpose()
            .map_err(|_| error("its item is no text".to_owned()))
    }

    fn delete(&self, host: &RegistryHost, username: &str) -> Result<(), KeyringError> {
        let attributes = attributes(host, username);
        self.converse(async move |bus| match bus.find(&attributes).await? {
            Some(item) => bus.delete(&item).await,
            None => Ok(()),
        })
    }
}

/// A secret on the bus: session, parameters of its encryption, content, content type.
#[derive(Serialize, Deserialize, Type)]
struct Wire(OwnedObjectPath, Vec<u8>, Vec<u8>, String);

/// A connection with an open session.
struct Bus {
    connection: Connection,
    session: OwnedObjectPath,
}

impl Bus {
    async fn connect(address: &str) -> zbus::Result<Self> {
        let connection = connection::Builder::address(address)
            .method_timeout(TIME_LIMIT)
            .build()
            .await?;
        let reply = connection
            .call_method(
                Some(SERVICE),
                SERVICE_PATH,
                Some(SERVICE_INTERFACE),
                "OpenSession",
                &("plain", Variant::from("")),
            )
            .await?;
        let (_, session): (OwnedVariant, OwnedObjectPath) = reply.body().deserialize()?;
        Ok(Self { connection, session })
    }

    async fn default_collection(&self) -> zbus::Result<OwnedObjectPath> {
        let reply = self.call_service("ReadAlias", &"default").await?;
        let collection: OwnedObjectPath = reply.body().deserialize()?;
        if collection.as_str() == NONE {
            return Err(zbus::Error::Failure("it has no default collection".to_owned()));
        }
        self.unlock(collection).await
    }

    /// The first item with these attributes, unlocked.
    async fn find(&self, attributes: &HashMap<&str, String>) -> zbus::Result<Option<OwnedObjectPath>> {
        let reply = self.call_service("SearchItems", attributes).await?;
        let (unlocked, locked): (Vec<OwnedObjectPath>, Vec<OwnedObjectPath>) = reply.body().deserialize()?;
        match (unlocked.into_iter().next(), locked.into_iter().next()) {
            (Some(item), _) => Ok(Some(item)),
            (None, Some(item)) => self.unlock(item).await.map(Some),
            (None, None) => Ok(None),
        }
    }

    /// Unlocks an object if that needs no prompt.
    async fn unlock(&self, object: OwnedObjectPath) -> zbus::Result<OwnedObjectPath> {
        let reply = self.call_service("Unlock", &vec![&object]).await?;
        let (_, prompt): (Vec<OwnedObjectPath>, OwnedObjectPath) = reply.body().deserialize()?;
        refuse_prompt(&prompt)?;
        Ok(object)
    }

    async fn create_item(
        &self,
        collection: &ObjectPath<'_>,
        label: String,
        attributes: HashMap<&'static str, String>,
        secret: &Secret,
    ) -> zbus::Result<()> {
        let properties = HashMap::from([
            ("org.freedesktop.Secret.Item.Label", Variant::from(label)),
            ("org.freedesktop.Secret.Item.Attributes", Variant::from(attributes)),
        ]);
        let content = secret.reveal().as_bytes().to_vec();
        let wire = Wire(self.session.clone(), Vec::new(), content, CONTENT_TYPE.to_owned());
        // One with the same attributes is replaced.
        let body = (properties, wire, true);
        let reply = self.call(collection, COLLECTION_INTERFACE, "CreateItem", &body).await?;
        let (_, prompt): (OwnedObjectPath, OwnedObjectPath) = reply.body().deserialize()?;
        refuse_prompt(&prompt)
    }

    async fn secret(&self, item: &ObjectPath<'_>) -> zbus::Result<Vec<u8>> {
        let reply = self.call(item, ITEM_INTERFACE, "GetSecret", &self.session).await?;
        let Wire(_, _, content, _) = reply.body().deserialize()?;
        Ok(content)
    }

    async fn delete(&self, item: &ObjectPath<'_>) -> zbus::Result<()> {
        let reply = self.call(item, ITEM_INTERFACE, "Delete", &()).await?;
        let prompt: OwnedObjectPath = reply.body().deserialize()?;
        refuse_prompt(&prompt)
    }

    async fn call_service(&self, method: &str, body: &(impl Serialize + Type)) -> zbus::Result<Message> {
        let service = ObjectPath::from_static_str_unchecked(SERVICE_PATH);
        self.call(&service, SERVICE_INTERFACE, method, body).await
    }

    async fn call(
        &self,
        object: &ObjectPath<'_>,
        interface: &str,
        method: &str,
        body: &(impl Serialize + Type),
    ) -> zbus::Result<Message> {
        self.connection
            .call_method(Some(SERVICE), object, Some(interface), method, body)
            .await
    }
}

/// The address of the bus at a socket, unless it would need escaping.
fn address(socket: &Path) -> Option<String> {
    let path = socket.to_str()?;
    // D-Bus Specification, "Server Addresses": what may stand unescaped.
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_/.\\*".contains(&byte);
    path.bytes().all(is_plain).then(|| format!("unix:path={path}"))
}

fn attributes(host: &RegistryHost, username: &str) -> HashMap<&'static str, String> {
    HashMap::from([
        ("xdg:schema", SCHEMA.to_owned()),
        ("server", host.to_string()),
        ("user", username.to_owned()),
    ])
}

fn label(host: &RegistryHost) -> String {
    format!("Container registry {host}")
}

fn refuse_prompt(prompt: &OwnedObjectPath) -> zbus::Result<()> {
    if prompt.as_str() == NONE {
        return Ok(());
    }
    Err(zbus::Error::Failure(
        "it is locked; unlock it, for example by logging in to the desktop".to_owned(),
    ))
}

/// The library's message, without its names of types.
fn describe(failure: &zbus::Error) -> String {
    match failure {
        zbus::Error::Failure(reason) => reason.clone(),
        zbus::Error::MethodError(name, description, _) => match description {
            Some(description) => description.clone(),
            None => name.to_string(),
        },
        other => other.to_string(),
    }
}

fn error(reason: String) -> KeyringError {
    KeyringError {
        kind: KeyringKind::SecretService,
        reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_bus_is_an_error_at_once() {
        let service = SecretService {
            address: "unix:path=/nonexistent/bus".to_owned(),
        };
        let error = service.fetch(&RegistryHost::default(), "ann").unwrap_err();
        assert!(
            error.to_string().starts_with("the Secret Service cannot be used: "),
            "{error}"
        );
    }

    #[test]
    fn a_bus_that_hangs_is_given_up() {
        let root = tempfile::tempdir().unwrap();
        let socket = root.path().join("bus");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        let service = SecretService {
            address: address(&socket).unwrap(),
        };
        let error = service.fetch(&RegistryHost::default(), "ann").unwrap_err();
        assert!(error.to_string().contains("no answer within 3 s"), "{error}");
    }

    #[test]
    fn paths_that_would_need_escaping_are_left_alone() {
        assert_eq!(
            address(Path::new("/run/user/0/bus")).as_deref(),
            Some("unix:path=/run/user/0/bus")
        );
        assert_eq!(address(Path::new("/a;b")), None);
    }
}
