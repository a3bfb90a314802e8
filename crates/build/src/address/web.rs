//! Addresses of files.

use std::fmt;

use percent_encoding::percent_decode_str;

/// The name of what has none in its address.
const NAMELESS: &str = "__unnamed__";

/// The address of a file, with http or https.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct WebAddress(String);

impl WebAddress {
    /// The address, if `text` is one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_web = text.starts_with("http://") || text.starts_with("https://");
        is_web.then(|| Self(text.to_owned()))
    }

    /// As it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address without a login in it, for messages.
    #[must_use]
    pub fn without_login(&self) -> String {
        without_login(&self.0)
    }

    /// What a file is called that is copied from here: the last name in its path.
    #[must_use]
    pub fn file_name(&self) -> String {
        let rest = self.0.split_once("://").map_or(self.0.as_str(), |(_, rest)| rest);
        let path = rest.split(['#', '?']).next().unwrap_or(rest);
        let path = path.split_once('/').map_or("", |(_, path)| path);
        let decoded = percent_decode_str(path).decode_utf8();
        let path = decoded.as_deref().unwrap_or(path);
        match path.rsplit('/').find(|name| !name.is_empty()) {
            Some(name) if name != "." && name != ".." && !name.contains('\0') => name.to_owned(),
            _ => NAMELESS.to_owned(),
        }
    }
}

impl fmt::Debug for WebAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WebAddress").field(&self.without_login()).finish()
    }
}

/// An address without the user name and the password that it may have.
pub(crate) fn without_login(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        return text.to_owned();
    };
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let host = authority.rsplit('@').next().unwrap_or(authority);
    format!("{scheme}://{host}{path}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_fetched_is_named_after_its_address() {
        for (url, expected) in [
            ("https://example.com/a/b.tar.gz?x=/y#z", "b.tar.gz"),
            ("https://example.com/a/", "a"),
            ("https://example.com/a%20b", "a b"),
            ("https://example.com/a%2Fb", "b"),
            ("https://example.com/%ff", "%ff"),
            ("https://example.com/x%00", NAMELESS),
            ("https://example.com/", NAMELESS),
            ("https://example.com", NAMELESS),
            ("https://example.com/..", NAMELESS),
            ("https://example.com/%2e%2e", NAMELESS),
        ] {
            assert_eq!(WebAddress::parse(url).unwrap().file_name(), expected, "{url}");
        }
    }

    #[test]
    fn a_login_is_not_shown() {
        let address = WebAddress::parse("https://me:secret@host/a@b").unwrap();
        assert_eq!(format!("{address:?}"), "WebAddress(\"https://host/a@b\")");
    }

    proptest! {
        #[test]
        fn a_name_is_one_name(path in "\\PC{0,20}") {
            let name = WebAddress::parse(&format!("http://h/{path}")).unwrap().file_name();
            prop_assert!(!name.is_empty() && !name.contains('/') && name != "." && name != "..");
        }
    }
}
