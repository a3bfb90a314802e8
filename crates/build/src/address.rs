//! Addresses of what is not on this machine: files, and Git repositories.

mod error;
mod git;
mod web;

pub use error::AddressError;
pub use git::GitAddress;
pub(crate) use git::revision_uri;
pub use web::WebAddress;
pub(crate) use web::without_login;

/// Where something is that has to be fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// A file: `https://example.com/a.tar.gz`.
    Web(WebAddress),
    /// A repository: `https://example.com/a.git#main:docs`, `git@example.com:a.git`.
    Git(GitAddress),
}

impl Address {
    /// What `text` is the address of; `None` for a path. An http address is that of a repository if its path ends with `.git`.
    ///
    /// # Errors
    /// [`AddressError`] for the address of a repository that says something else than a version and a directory of it.
    pub fn parse(text: &str) -> Result<Option<Self>, AddressError> {
        if let Some(git) = GitAddress::parse(text)? {
            return Ok(Some(Self::Git(git)));
        }
        Ok(WebAddress::parse(text).map(Self::Web))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_paths() {
        for (text, expected) in [
            ("https://example.com/a.tar.gz", "web"),
            ("http://example.com", "web"),
            ("https://example.com/a.gitx", "web"),
            ("https://github.com/a/b.git", "git"),
            ("https://github.com/a/b.git#main:dir", "git"),
            ("https://github.com/a/b.git?branch=main", "git"),
            ("git@github.com:a/b", "git"),
            ("deploy@host.example:b.git", "git"),
            ("ssh://git@host/a", "git"),
            ("git://host/a", "git"),
            ("ftp://host/a.git", "path"),
            ("file:///a.git", "path"),
            ("http/file", "path"),
            ("./b.git", "path"),
            ("../git@host:a", "path"),
            ("a/me@host:b", "path"),
            ("me@host", "path"),
            ("C:a", "path"),
        ] {
            let kind = match Address::parse(text).unwrap() {
                Some(Address::Web(_)) => "web",
                Some(Address::Git(_)) => "git",
                None => "path",
            };
            assert_eq!(kind, expected, "{text}");
        }
    }
}
