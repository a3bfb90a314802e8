//! Reads one settings file: its text becomes typed values, each with its place in the file.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use container_model::ByteSize;
use container_oci::RegistryHost;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::keys::{self, Kind, Known};
use crate::{Place, SettingsError};

/// The largest file that is read.
const FILE_LIMIT_BYTES: u64 = 1024 * 1024;

/// A value of the type that its key has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Switch(bool),
    Count(u32),
    Size(ByteSize),
    Text(String),
    Texts(Vec<String>),
}

/// A value and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) value: Value,
    pub(crate) place: Place,
}

/// Values by the parts of their keys. A registry in a key has its canonical name.
pub(crate) type Entries = BTreeMap<Vec<String>, Entry>;

/// Reads a file. A missing file has no entries.
pub(crate) fn read(file: &Path) -> Result<Entries, SettingsError> {
    match text(file) {
        Ok(text) if text.len() as u64 > FILE_LIMIT_BYTES => Err(SettingsError::TooLarge {
            file: file.to_owned(),
            limit_bytes: FILE_LIMIT_BYTES,
        }),
        Ok(text) => parse(file, &text),
        Err(source) if matches!(source.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(Entries::new())
        }
        Err(source) => Err(SettingsError::Read {
            file: file.to_owned(),
            source,
        }),
    }
}

fn text(file: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(file)?.take(FILE_LIMIT_BYTES + 1).read_to_string(&mut text)?;
    Ok(text)
}

/// Reads the text of a file.
pub(crate) fn parse(file: &Path, text: &str) -> Result<Entries, SettingsError> {
    let table = DeTable::parse(text).map_err(|error| SettingsError::Syntax {
        file: file.to_owned(),
        line: error.span().map_or(1, |span| line(text, span.start)),
        reason: error.message().to_owned(),
    })?;
    let mut reader = Reader {
        file,
        text,
        entries: Entries::new(),
    };
    reader.table(&mut Vec::new(), table.get_ref())?;
    Ok(reader.entries)
}

/// The line of a byte, counted from 1.
fn line(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

struct Reader<'a> {
    file: &'a Path,
    text: &'a str,
    entries: Entries,
}

impl Reader<'_> {
    fn table(&mut self, path: &mut Vec<String>, table: &DeTable<'_>) -> Result<(), SettingsError> {
        for (name, value) in table {
            let place = Place {
                file: self.file.to_owned(),
                line: line(self.text, name.span().start),
                key: keys::shown(path, name.get_ref()),
            };
            path.push(name.get_ref().clone().into_owned());
            match (keys::look_up(path), value.get_ref()) {
                (Known::Free, _) => {}
                (Known::Table, DeValue::Table(below)) => self.table(path, below)?,
                (Known::Table, other) => return Err(wrong_type(place, "a table", other)),
                (Known::Key(kind), found) => {
                    let value = convert(kind, found, &place)?;
                    self.insert(path, Entry { value, place })?;
                }
                (Known::Unknown, _) => {
                    let suggestion = keys::suggestion(path);
                    return Err(SettingsError::UnknownKey { place, suggestion });
                }
            }
            path.pop();
        }
        Ok(())
    }

    /// Adds an entry under its canonical key.
    ///
    /// TOML itself refuses a key that a file has twice; here the two names of one registry count as one.
    fn insert(&mut self, path: &[String], entry: Entry) -> Result<(), SettingsError> {
        let key = canonical(path);
        if let Some(other) = self.entries.get(&key) {
            return Err(SettingsError::Value {
                reason: format!(
                    "line {} sets {}, which is the same registry",
                    other.place.line, other.place.key
                ),
                place: entry.place,
            });
        }
        self.entries.insert(key, entry);
        Ok(())
    }
}

/// The key with the canonical name of the registry in it: Docker Hub has several names. A name that is no registry stays as it is.
fn canonical(path: &[String]) -> Vec<String> {
    let mut key = path.to_vec();
    if let [registry, hosts, host, _] = key.as_mut_slice()
        && registry == "registry"
        && hosts == "hosts"
        && let Ok(canonical) = host.parse::<RegistryHost>()
    {
        *host = canonical.to_string();
    }
    key
}

fn convert(kind: Kind, found: &DeValue<'_>, place: &Place) -> Result<Value, SettingsError> {
    let bad = |reason: String| SettingsError::Value {
        place: place.clone(),
        reason,
    };
    let integer = |found: &toml::de::DeInteger<'_>| u64::from_str_radix(found.as_str(), found.radix());
    Ok(match (kind, found) {
        (Kind::Switch, DeValue::Boolean(on)) => Value::Switch(*on),
        (Kind::Text, DeValue::String(text)) => Value::Text(text.clone().into_owned()),
        (Kind::Count, DeValue::Integer(number)) => {
            let count = integer(number).ok().and_then(|count| u32::try_from(count).ok());
            Value::Count(count.ok_or_else(|| bad(format!("a number from 0 to {} is needed", u32::MAX)))?)
        }
        (Kind::Size, DeValue::Integer(number)) => {
            let bytes = integer(number).map_err(|_| bad("a number of bytes cannot be negative".to_owned()))?;
            Value::Size(ByteSize(bytes))
        }
        (Kind::Size, DeValue::String(text)) => Value::Size(text.parse().map_err(|error| bad(format!("{error}")))?),
        (Kind::Texts, DeValue::Array(items)) => Value::Texts(texts(items.iter(), place)?),
        (Kind::Switch, other) => return Err(wrong_type(place.clone(), "true or false", other)),
        (Kind::Count, other) => return Err(wrong_type(place.clone(), "a whole number", other)),
        (Kind::Size, other) => return Err(wrong_type(place.clone(), "a size such as \"2g\"", other)),
        (Kind::Text, other) => return Err(wrong_type(place.clone(), "text in quotes", other)),
        (Kind::Texts, other) => return Err(wrong_type(place.clone(), "a list of texts in quotes", other)),
    })
}

fn texts<'a, 'b: 'a>(
    items: impl Iterator<Item = &'a Spanned<DeValue<'b>>>,
    place: &Place,
) -> Result<Vec<String>, SettingsError> {
    items
        .map(|item| match item.get_ref() {
            DeValue::String(text) => Ok(text.clone().into_owned()),
            other => Err(wrong_type(place.clone(), "a list of texts in quotes", other)),
        })
        .collect()
}

fn wrong_type(place: Place, expected: &'static str, found: &DeValue<'_>) -> SettingsError {
    SettingsError::Type {
        place,
        expected,
        found: match found {
            DeValue::String(_) => "text",
            DeValue::Integer(_) => "a whole number",
            DeValue::Float(_) => "a fraction",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn message(text: &str) -> String {
        parse(Path::new("/c.toml"), text).unwrap_err().to_string()
    }

    #[test]
    fn errors_name_file_line_and_key() {
        for (text, expected) in [
            (
                "[container]\n\ncpu = 2\n",
                "unknown setting container.cpu in /c.toml, line 3; did you mean container.cpus?",
            ),
            (
                "[container]\ncpus = \"2\"\n",
                "wrong type of container.cpus in /c.toml, line 2: a whole number is needed, not text",
            ),
            (
                "[container]\ncpus = -1\n",
                "bad value of container.cpus in /c.toml, line 2: a number from 0 to 4294967295 is needed",
            ),
            (
                "container.memory = \"much\"",
                "bad value of container.memory in /c.toml, line 1: invalid size \"much\": a number with b, k, m, g, t or p is needed, for example 512m or 2g",
            ),
            (
                "registry = 1",
                "wrong type of registry in /c.toml, line 1: a table is needed, not a whole number",
            ),
            (
                "[registry.hosts.\"docker.io\"]\nmirrors = [\"a\", 1]",
                "wrong type of registry.hosts.\"docker.io\".mirrors in /c.toml, line 2: a list of texts in quotes is needed, not a whole number",
            ),
            ("colour = 1", "unknown setting colour in /c.toml, line 1"),
            (
                "[registry.hosts.\"docker.io\"]\nmirrors = []\n[registry.hosts.\"index.docker.io\"]\nmirrors = [\"a\"]",
                "bad value of registry.hosts.\"index.docker.io\".mirrors in /c.toml, line 4: line 2 sets registry.hosts.\"docker.io\".mirrors, which is the same registry",
            ),
        ] {
            assert_eq!(message(text), expected);
        }
        assert!(message("a = 1\nb = = 2").starts_with("the settings /c.toml are no valid TOML, line 2: "));
    }

    #[test]
    fn every_key_of_apples_file_is_accepted() {
        let text = r#"
            [build]
            rosetta = true
            cpus = 2
            memory = "2048mb"
            image = "ghcr.io/x/y:1"
            [container]
            cpus = 4
            memory = 1073741824
            [dns]
            domain = "test"
            [kernel]
            url = "https://example.org/k.tar"
            binaryPath = "boot/vmlinux"
            digest = "sha256:00"
            [machine]
            cpus = 4
            memory = "8g"
            homeMount = "ro"
            virtualization = false
            kernelPath = "/k"
            [network]
            subnet = "192.168.64.0/24"
            subnetv6 = "fd00::/64"
            [registry]
            domain = "ghcr.io"
            [vminit]
            image = "x"
            [plugin.mine]
            whatever = { it = ["likes", 1, 2020-01-01] }
        "#;
        let entries = parse(Path::new("/c.toml"), text).unwrap();
        assert_eq!(entries.len(), 19);
    }

    #[test]
    fn a_missing_file_is_empty_and_a_large_one_is_refused() {
        let root = tempfile::tempdir().unwrap();
        assert!(read(&root.path().join("none/config.toml")).unwrap().is_empty());
        let large = root.path().join("large");
        std::fs::write(&large, " ".repeat(1024 * 1024 + 1)).unwrap();
        assert!(matches!(read(&large), Err(SettingsError::TooLarge { .. })));
        assert!(matches!(read(root.path()), Err(SettingsError::Read { .. })));
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(text in "(\\[(registry|container|build)(\\.hosts\\.\"?[a-z.]{0,4}\"?)?\\]\n)?(cpus|memory|domain|mirrors|\\PC{0,8}) ?= ?\\PC{0,20}\n?") {
            let _ = parse(Path::new("/c.toml"), &text);
        }
    }
}
