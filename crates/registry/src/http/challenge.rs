//! `WWW-Authenticate` (RFC 9110, section 11.6.1; distribution token specification, "Requesting a Token").

use std::collections::BTreeMap;

/// A challenge whose scheme is supported. Others are left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Challenge {
    /// A bearer token from the token server at `realm`.
    Bearer {
        realm: String,
        service: Option<String>,
        scope: Option<String>,
    },
    /// User name and password.
    Basic,
}

/// Parses the values of the header. There may be several, with several challenges in each.
pub(crate) fn parse<'a>(headers: impl Iterator<Item = &'a str>) -> Vec<Challenge> {
    headers.flat_map(parse_one).collect()
}

fn parse_one(header: &str) -> Vec<Challenge> {
    let mut found: Vec<(String, BTreeMap<String, String>)> = Vec::new();
    let mut rest = header;
    loop {
        rest = rest.trim_start_matches(|character: char| character == ',' || character.is_whitespace());
        let end = rest.find(is_delimiter).unwrap_or(rest.len());
        if end == 0 {
            // The end, or something that is not a token (RFC 9110, section 5.6.2): the rest cannot be parsed.
            break;
        }
        let (word, after) = rest.split_at(end);
        match (after.trim_start().strip_prefix('='), found.last_mut()) {
            (Some(after), Some((_, parameters))) => {
                let Some((value, after)) = value(after.trim_start()) else {
                    break;
                };
                parameters.entry(word.to_ascii_lowercase()).or_insert(value);
                rest = after;
            }
            (Some(_), None) => break,
            (None, _) => {
                found.push((word.to_ascii_lowercase(), BTreeMap::new()));
                rest = after;
            }
        }
    }
    found.into_iter().filter_map(challenge).collect()
}

fn is_delimiter(character: char) -> bool {
    matches!(character, ',' | '=' | '"') || character.is_whitespace()
}

/// Makes a challenge of its scheme and parameters. A parameter with an empty value counts as missing.
fn challenge((scheme, mut parameters): (String, BTreeMap<String, String>)) -> Option<Challenge> {
    parameters.retain(|_, value| !value.is_empty());
    match scheme.as_str() {
        "bearer" => Some(Challenge::Bearer {
            realm: parameters.remove("realm")?,
            service: parameters.remove("service"),
            scope: parameters.remove("scope"),
        }),
        "basic" => Some(Challenge::Basic),
        _ => None,
    }
}

/// A parameter's value, quoted or not, and what follows.
fn value(text: &str) -> Option<(String, &str)> {
    match text.strip_prefix('"') {
        Some(quoted) => unquote(quoted),
        None => {
            let end = text
                .find(|character: char| character == ',' || character.is_whitespace())
                .unwrap_or(text.len());
            Some((text[..end].to_owned(), &text[end..]))
        }
    }
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

    fn bearer(realm: &str, service: Option<&str>, scope: Option<&str>) -> Challenge {
        Challenge::Bearer {
            realm: realm.into(),
            service: service.map(Into::into),
            scope: scope.map(Into::into),
        }
    }

    #[test]
    fn reads_what_registries_send() {
        let docker = r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push""#;
        let hub = bearer(
            "https://auth.docker.io/token",
            Some("registry.docker.io"),
            Some("repository:a/b:pull,push"),
        );
        for (header, challenges) in [
            (docker, vec![hub.clone()]),
            (
                r#"bearer realm="x", error="a \"b\"", service=y"#,
                vec![bearer("x", Some("y"), None)],
            ),
            (r#"Basic realm="x""#, vec![Challenge::Basic]),
            ("basic", vec![Challenge::Basic]),
            (
                &format!("Negotiate, Basic realm=\"a, b\", {docker}"),
                vec![Challenge::Basic, hub],
            ),
            (
                r#"Bearer realm = "x" , Basic"#,
                vec![bearer("x", None, None), Challenge::Basic],
            ),
            (r#"Bearer realm="unfinished"#, vec![]),
            ("Bearer", vec![]),
            (r#"Bearer realm="",service="x""#, vec![]),
            (r#"Bearer realm="", Basic realm="""#, vec![Challenge::Basic]),
            (r#"Bearer realm="x",service="",scope="""#, vec![bearer("x", None, None)]),
            ("Negotiate TlRMTVNTUAAB==, Basic realm=\"x\"", vec![Challenge::Basic]),
            ("= , Basic", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(parse([header].into_iter()), challenges, "{header}");
        }
        let several = parse(["Basic realm=x", "Bearer realm=y"].into_iter());
        assert_eq!(several, [Challenge::Basic, bearer("y", None, None)]);
    }

    proptest! {
        #[test]
        fn arbitrary_headers_never_panic(headers in prop::collection::vec("(Bearer |Basic )?\\PC*", 0..3)) {
            let _ = parse(headers.iter().map(String::as_str));
        }

        #[test]
        fn quoted_values_come_back(realm in "[ -~]{1,30}", service in "[ -~]{1,30}") {
            let quote = |text: &str| text.replace('\\', r"\\").replace('"', "\\\"");
            let header = format!("Basic realm=\"z\", Bearer realm=\"{}\",service=\"{}\"", quote(&realm), quote(&service));
            prop_assert_eq!(
                parse([header.as_str()].into_iter()),
                vec![Challenge::Basic, bearer(&realm, Some(&service), None)]
            );
        }
    }
}
