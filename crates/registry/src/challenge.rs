//! `WWW-Authenticate` (RFC 9110, section 11.6.1; distribution token specification, "Requesting a Token").

use std::collections::BTreeMap;

/// What a registry asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Challenge {
    /// A token from `realm`.
    Bearer {
        realm: String,
        service: Option<String>,
        scope: Option<String>,
    },
    /// User name and password, or something that we do not know.
    Other,
}

/// Reads the value of the header.
pub(super) fn parse(header: &str) -> Challenge {
    let (scheme, rest) = header.trim().split_once(' ').unwrap_or((header.trim(), ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Challenge::Other;
    }
    let mut parameters = parameters(rest);
    match parameters.remove("realm") {
        Some(realm) => Challenge::Bearer {
            realm,
            service: parameters.remove("service"),
            scope: parameters.remove("scope"),
        },
        None => Challenge::Other,
    }
}

/// `name="value", name=value, …`; stops at what it does not understand.
fn parameters(mut text: &str) -> BTreeMap<String, String> {
    let mut parameters = BTreeMap::new();
    while let Some((name, rest)) = text.split_once('=') {
        let name = name.trim_matches(|character: char| character == ',' || character.is_whitespace());
        let (value, rest) = match rest.strip_prefix('"') {
            Some(quoted) => match unquote(quoted) {
                Some(found) => found,
                None => break,
            },
            None => {
                let end = rest.find(',').unwrap_or(rest.len());
                (rest[..end].trim().to_owned(), &rest[end..])
            }
        };
        parameters.entry(name.to_ascii_lowercase()).or_insert(value);
        text = rest;
    }
    parameters
}

/// The quoted string up to its closing quote, and what follows.
fn unquote(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((position, character)) = characters.next() {
        match character {
            '"' => return Some((value, &text[position + 1..])),
            '\\' => value.push(characters.next()?.1),
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_what_registries_send() {
        let bearer = |realm: &str, service: Option<&str>, scope: Option<&str>| Challenge::Bearer {
            realm: realm.into(),
            service: service.map(Into::into),
            scope: scope.map(Into::into),
        };
        for (header, challenge) in [
            (
                r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push""#,
                bearer(
                    "https://auth.docker.io/token",
                    Some("registry.docker.io"),
                    Some("repository:a/b:pull,push"),
                ),
            ),
            (
                r#"bearer realm="x", error="a \"b\"", service=y"#,
                bearer("x", Some("y"), None),
            ),
            (r#"Basic realm="x""#, Challenge::Other),
            (r#"Bearer realm="unfinished"#, Challenge::Other),
            ("Bearer", Challenge::Other),
            ("", Challenge::Other),
        ] {
            assert_eq!(parse(header), challenge, "{header}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_headers_never_panic(header in "(Bearer )?\\PC*") {
            let _ = parse(&header);
        }
    }
}
