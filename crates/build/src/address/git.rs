//! Addresses of Git repositories, in the forms that BuildKit knows.

use percent_encoding::percent_decode_str;

use super::{AddressError, without_login};
use crate::switch;

const BRANCHES: &str = "refs/heads/";
const TAGS: &str = "refs/tags/";

/// A repository, and what of it is meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GitAddress {
    /// As it was given.
    pub text: String,
    /// What `git` is told: without what follows `#` or `?`.
    pub remote: String,
    /// A branch, a tag, a commit or a full name such as `refs/pull/1/head`; the default branch without it.
    pub reference: Option<String>,
    /// A directory of the repository; all of it when this is empty.
    pub subdirectory: String,
    /// How the commit has to begin.
    pub checksum: Option<String>,
    /// Whether `.git` is kept, if the address says it.
    pub keeps_git_dir: Option<bool>,
    /// Whether submodules are left out.
    pub skips_submodules: bool,
}

impl GitAddress {
    /// The address, if `text` is one: `git://`, `ssh://`, `user@host:path`, or `http(s)://` with a path that ends with `.git`. `#ref:directory` or
    /// `?ref=…&branch=…&tag=…&subdir=…&checksum=…&keep-git-dir=…&submodules=…` may follow.
    ///
    /// # Errors
    /// [`AddressError`]
    pub fn parse(text: &str) -> Result<Option<Self>, AddressError> {
        let (whole, fragment) = match text.split_once('#') {
            Some((whole, fragment)) => (whole, fragment),
            None => (text, ""),
        };
        let (remote, query) = match is_url(whole) {
            true => whole.split_once('?').unwrap_or((whole, "")),
            false => (whole, ""),
        };
        let is_git = match remote.split_once("://") {
            Some(("git" | "ssh", _)) => true,
            Some(("http" | "https", _)) => remote.ends_with(".git"),
            Some(_) => false,
            None => is_at_host(remote),
        };
        if !is_git {
            return Ok(None);
        }
        let malformed = |reason| AddressError::Malformed {
            text: without_login(text),
            reason,
        };
        if remote.bytes().any(|byte| byte <= b' ' || byte == 0x7f) {
            return Err(malformed("it has blanks or control characters"));
        }
        if let Some((_, rest)) = remote.split_once("://") {
            let host = rest.split('/').next().unwrap_or(rest);
            let host = host.rsplit('@').next().unwrap_or(host);
            // `git` and `ssh` would take it for an option.
            if host.is_empty() || host.starts_with('-') {
                return Err(malformed("it names no host"));
            }
        }
        let mut address = Self {
            text: text.to_owned(),
            remote: remote.to_owned(),
            ..Self::default()
        };
        let (reference, subdirectory) = fragment.split_once(':').unwrap_or((fragment, ""));
        address.set_reference(&decoded(reference))?;
        address.set_subdirectory(&decoded(subdirectory))?;
        address.read_query(query)?;
        Ok(Some(address))
    }

    /// The address without a login in it, for messages.
    #[must_use]
    pub fn without_login(&self) -> String {
        without_login(&self.text)
    }

    /// The repository and what of it is meant, without a login and without a directory.
    pub(crate) fn revision_uri(&self) -> String {
        revision_uri(&self.remote, self.reference.as_deref())
    }

    fn read_query(&mut self, query: &str) -> Result<(), AddressError> {
        let (mut tag, mut branch) = (None, None);
        for part in query.split('&').filter(|part| !part.is_empty()) {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            let (key, value) = (decoded(key), decoded(&value.replace('+', " ")));
            let is_switch = matches!(key.as_str(), "keep-git-dir" | "submodules");
            if value.is_empty() && !is_switch {
                return Err(wrong_value(&key, &value, "one is needed"));
            }
            match key.as_str() {
                "ref" => self.set_reference(&value)?,
                "tag" => tag = Some(full_name(&value, TAGS)),
                "branch" => branch = Some(full_name(&value, BRANCHES)),
                "subdir" => self.set_subdirectory(&value)?,
                "checksum" | "commit" => self.checksum = Some(value),
                "keep-git-dir" => self.keeps_git_dir = Some(switch(&key, &value)?),
                "submodules" => self.skips_submodules = !switch(&key, &value)?,
                _ => return Err(AddressError::UnknownQuery { key }),
            }
        }
        for name in [tag, branch].into_iter().flatten() {
            self.set_reference(&name)?;
        }
        if let (None, Some(checksum)) = (&self.reference, self.checksum.clone()) {
            self.set_reference(&checksum)?;
        }
        Ok(())
    }

    fn set_reference(&mut self, name: &str) -> Result<(), AddressError> {
        if name.is_empty() {
            return Ok(());
        }
        if !is_reference(name) {
            return Err(wrong_value("ref", name, "it is no name of a branch, a tag or a commit"));
        }
        match self.reference.replace(name.to_owned()) {
            Some(before) if before != name => Err(AddressError::Conflict {
                one: before,
                other: name.to_owned(),
            }),
            _ => Ok(()),
        }
    }

    fn set_subdirectory(&mut self, path: &str) -> Result<(), AddressError> {
        let names: Vec<&str> = path.split('/').filter(|name| !matches!(*name, "" | ".")).collect();
        if names.contains(&"..") || path.contains('\0') {
            return Err(wrong_value("subdir", path, "it leads out of the repository"));
        }
        let path = names.join("/");
        if path.is_empty() {
            return Ok(());
        }
        match std::mem::replace(&mut self.subdirectory, path.clone()) {
            before if !before.is_empty() && before != path => Err(AddressError::Conflict {
                one: before,
                other: path,
            }),
            _ => Ok(()),
        }
    }
}

/// A repository and a version of it as one address, without a login.
pub(crate) fn revision_uri(remote: &str, reference: Option<&str>) -> String {
    let remote = without_login(remote);
    match reference {
        Some(reference) => format!("{remote}#{reference}"),
        None => remote,
    }
}

fn is_url(text: &str) -> bool {
    text.split_once("://")
        .is_some_and(|(scheme, _)| !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// `user@host:path`
fn is_at_host(text: &str) -> bool {
    let is_word = |text: &str, more: &str| {
        !text.is_empty()
            && !text.starts_with('-')
            && text
                .chars()
                .all(|char| char.is_ascii_alphanumeric() || more.contains(char))
    };
    let Some((user, rest)) = text.split_once('@') else {
        return false;
    };
    match rest.split_once(':') {
        Some((host, path)) => is_word(user, "-_") && is_word(host, "-.") && !path.is_empty(),
        None => false,
    }
}

/// A name as git-check-ref-format(1) allows it, as far as that keeps `git` from taking it for anything else.
fn is_reference(name: &str) -> bool {
    let is_odd = |char: char| char.is_control() || " ~^:?*[\\".contains(char);
    !name.starts_with(['-', '/', '+']) && !name.contains("..") && !name.contains("@{") && !name.contains(is_odd)
}

fn full_name(name: &str, prefix: &str) -> String {
    match name.starts_with(prefix) {
        true => name.to_owned(),
        false => format!("{prefix}{name}"),
    }
}

/// A switch without a value is on.
fn switch(key: &str, value: &str) -> Result<bool, AddressError> {
    match value {
        "" => Ok(true),
        _ => switch::parse(value).ok_or_else(|| wrong_value(key, value, "true or false is needed")),
    }
}

fn wrong_value(key: &str, value: &str, expected: &'static str) -> AddressError {
    AddressError::QueryValue {
        key: key.to_owned(),
        value: value.to_owned(),
        expected,
    }
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests;
