//! The keys that a settings file may have.

/// The type of a key's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `true` or `false`.
    Switch,
    /// A whole number that is not negative.
    Count,
    /// A number of bytes, with or without a unit.
    Size,
    /// Text.
    Text,
    /// A list of texts.
    Texts,
}

/// Stands for any name in a key's path.
const ANY: &str = "*";

/// Apple's keys (`container` 1.2, "Configuration file") and ours: `build.cache-max-size`, `container.http-proxy`, `proxy`,
/// `registry.ca-files`, what is below `registry.hosts`, and `templates`.
const KEYS: [(&[&str], Kind); 32] = [
    (&["build", "rosetta"], Kind::Switch),
    (&["build", "cpus"], Kind::Count),
    (&["build", "memory"], Kind::Size),
    (&["build", "image"], Kind::Text),
    (&["build", "cache-max-size"], Kind::Size),
    (&["container", "cpus"], Kind::Count),
    (&["container", "memory"], Kind::Size),
    (&["container", "http-proxy"], Kind::Switch),
    (&["dns", "domain"], Kind::Text),
    (&["kernel", "url"], Kind::Text),
    (&["kernel", "binaryPath"], Kind::Text),
    (&["kernel", "digest"], Kind::Text),
    (&["machine", "cpus"], Kind::Count),
    (&["machine", "memory"], Kind::Size),
    (&["machine", "homeMount"], Kind::Text),
    (&["machine", "virtualization"], Kind::Switch),
    (&["machine", "kernelPath"], Kind::Text),
    (&["network", "subnet"], Kind::Text),
    (&["network", "subnetv6"], Kind::Text),
    (&["proxy", "http"], Kind::Text),
    (&["proxy", "https"], Kind::Text),
    (&["proxy", "all"], Kind::Text),
    (&["proxy", "no"], Kind::Text),
    (&["registry", "domain"], Kind::Text),
    (&["registry", "ca-files"], Kind::Texts),
    (&["registry", "hosts", ANY, "mirrors"], Kind::Texts),
    (&["registry", "hosts", ANY, "scheme"], Kind::Text),
    (&["registry", "hosts", ANY, "ca-files"], Kind::Texts),
    (&["templates", "enabled"], Kind::Switch),
    (&["templates", "max-size"], Kind::Size),
    (&["vminit", "image"], Kind::Text),
    // Listed for suggestions only: the keys below it belong to the plugins.
    (&["plugin"], Kind::Text),
];

/// The section that is not read.
const FREE_SECTION: &str = "plugin";

/// What a path in a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    /// A key with a value.
    Key(Kind),
    /// A table with keys below it.
    Table,
    /// Part of a plugin's table, which is not checked.
    Free,
    /// No key and no table.
    Unknown,
}

/// Looks a path up.
pub(crate) fn look_up(path: &[String]) -> Known {
    if path.first().is_some_and(|first| first == FREE_SECTION) {
        return Known::Free;
    }
    let mut below = KEYS.iter().filter(|(key, _)| begins_with(key, path)).peekable();
    match below.peek() {
        Some((key, kind)) if key.len() == path.len() => Known::Key(*kind),
        Some(_) => Known::Table,
        None => Known::Unknown,
    }
}

/// The known name in the place of the last part of `path` that looks most like it, if any does.
pub(crate) fn suggestion(path: &[String]) -> Option<String> {
    let (last, table) = path.split_last()?;
    let names = KEYS
        .iter()
        .filter(|(key, _)| key.len() > table.len() && begins_with(key, table));
    let nearest = names
        .map(|(key, _)| key[table.len()])
        .filter(|name| *name != ANY)
        .map(|name| {
            (
                strsim::damerau_levenshtein(&last.to_lowercase(), &name.to_lowercase()),
                name,
            )
        })
        .min()?;
    // More than a third of the letters wrong makes it another word.
    let is_near = nearest.0 * 3 <= nearest.1.len().max(3);
    is_near.then(|| shown(table, nearest.1))
}

/// A key as it would be written: `registry.hosts."docker.io".mirrors`.
pub(crate) fn shown(table: &[String], last: &str) -> String {
    let is_bare =
        |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    let parts = table.iter().map(String::as_str).chain([last]);
    let quoted: Vec<String> = parts
        .map(|part| {
            if is_bare(part) {
                part.to_owned()
            } else {
                format!("{part:?}")
            }
        })
        .collect();
    quoted.join(".")
}

fn begins_with(key: &[&str], path: &[String]) -> bool {
    key.len() >= path.len() && key.iter().zip(path).all(|(known, part)| *known == ANY || known == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> Vec<String> {
        text.split('/').map(str::to_owned).collect()
    }

    #[test]
    fn keys_tables_and_unknown_names_are_distinguished() {
        assert_eq!(look_up(&path("container/cpus")), Known::Key(Kind::Count));
        assert_eq!(look_up(&path("registry")), Known::Table);
        assert_eq!(look_up(&path("registry/hosts/docker.io")), Known::Table);
        assert_eq!(
            look_up(&path("registry/hosts/docker.io/mirrors")),
            Known::Key(Kind::Texts)
        );
        assert_eq!(look_up(&path("plugin/x/y")), Known::Free);
        assert_eq!(look_up(&path("container/cpu")), Known::Unknown);
        assert_eq!(look_up(&path("container/cpus/x")), Known::Unknown);
    }

    #[test]
    fn a_typing_error_is_recognised_and_another_word_is_not() {
        assert_eq!(suggestion(&path("container/cpu")).as_deref(), Some("container.cpus"));
        assert_eq!(suggestion(&path("registy")).as_deref(), Some("registry"));
        assert_eq!(
            suggestion(&path("machine/homemount")).as_deref(),
            Some("machine.homeMount")
        );
        assert_eq!(
            suggestion(&path("registry/hosts/docker.io/mirror")).as_deref(),
            Some("registry.hosts.\"docker.io\".mirrors")
        );
        assert_eq!(suggestion(&path("colour")), None);
        assert_eq!(suggestion(&path("container/swap")), None);
    }
}
