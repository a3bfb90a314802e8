//! What a container was made to say of itself in its log.

use container_model::ContainerConfig;

/// The labels and variables that `--log-opt labels=…` and `env=…` named, as far as the container has them: `KEY=VALUE`, with commas
/// between, sorted, in the encoding of queries of URLs, as Docker writes them.
pub(super) fn details(config: &ContainerConfig) -> String {
    let log = &config.options.log;
    let labels = log
        .labels
        .iter()
        .filter_map(|key| Some((key.as_str(), config.labels.get(key)?.as_str())));
    let variables = config
        .process
        .environment
        .iter()
        .filter_map(|variable| variable.split_once('='));
    let variables = variables.filter(|(name, _)| log.environment.iter().any(|wanted| wanted == name));
    let mut details: Vec<String> = labels
        .chain(variables)
        .map(|(key, value)| format!("{}={}", encoded(key), encoded(value)))
        .collect();
    details.sort();
    details.dedup();
    details.join(",")
}

/// In the encoding of queries: letters, digits and `-_.~` stay, spaces are `+` (Go, `url.QueryEscape`).
fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b'-' | b'_' | b'.' | b'~' => encoded.push(byte.into()),
            byte if byte.is_ascii_alphanumeric() => encoded.push(byte.into()),
            b' ' => encoded.push('+'),
            byte => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_cannot_be_mistaken_for_what_separates_them() {
        assert_eq!(encoded("a b,c=d/\n~é"), "a+b%2Cc%3Dd%2F%0A~%C3%A9");
    }
}
