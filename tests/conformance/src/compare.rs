//! What is compared of an image.

use serde_json::{Map, Value};

use crate::base::Bases;
use crate::case::Expected;
use crate::tree::Tree;

/// What machines and builders bring themselves.
const OWN_FILES: [&str; 13] = [
    "dev",
    "dev/console",
    "dev/mqueue",
    "dev/pts",
    "dev/shm",
    "etc",
    "etc/hostname",
    "etc/hosts",
    "etc/resolv.conf",
    "proc",
    "run",
    "run/.containerenv",
    "sys",
];

/// The parts of a configuration that are compared.
const KEYS: [&str; 13] = [
    "ArgsEscaped",
    "Cmd",
    "Entrypoint",
    "Env",
    "ExposedPorts",
    "Healthcheck",
    "Labels",
    "OnBuild",
    "Shell",
    "StopSignal",
    "User",
    "Volumes",
    "WorkingDir",
];

/// In what an image differs from what is expected, first of all in its files.
pub(crate) fn difference(expected: &Expected, root: Tree, config: Map<String, Value>, bases: &Bases) -> Option<String> {
    let (wanted, got) = (
        comparable_tree(expected.tree.clone()),
        comparable_tree(bases.without_base(root)),
    );
    files(&wanted, &got).or_else(|| {
        let (wanted, got) = (comparable_config(expected.config.clone()), comparable_config(config));
        values(&wanted, &got)
    })
}

fn files(wanted: &Tree, got: &Tree) -> Option<String> {
    let paths: std::collections::BTreeSet<_> = wanted.keys().chain(got.keys()).collect();
    let differing: Vec<_> = paths
        .into_iter()
        .filter(|path| wanted.get(*path) != got.get(*path))
        .collect();
    let first = differing.first()?;
    let text = |tree: &Tree| tree.get(*first).map_or("nothing".to_owned(), ToString::to_string);
    Some(format!(
        "{} files differ, first /{first}: expected {}, got {}",
        differing.len(),
        text(wanted),
        text(got)
    ))
}

fn values(wanted: &Map<String, Value>, got: &Map<String, Value>) -> Option<String> {
    let key = KEYS.iter().find(|key| wanted.get(**key) != got.get(**key))?;
    let text = |map: &Map<String, Value>| map.get(*key).map_or("nothing".to_owned(), Value::to_string);
    Some(format!("{key}: expected {}, got {}", text(wanted), text(got)))
}

fn comparable_tree(mut tree: Tree) -> Tree {
    tree.retain(|path, _| !OWN_FILES.contains(&path.as_str()));
    tree
}

/// The compared parts, without those that say nothing; the order of the environment counts as little.
fn comparable_config(mut config: Map<String, Value>) -> Map<String, Value> {
    if let Some(Value::Array(variables)) = config.get_mut("Env") {
        variables.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
    }
    config.retain(|key, value| {
        let says_nothing = match &*value {
            Value::Null | Value::Bool(false) => true,
            Value::String(text) => text.is_empty() || (key == "WorkingDir" && text == "/"),
            Value::Array(values) => values.is_empty(),
            Value::Object(values) => values.is_empty(),
            _ => false,
        };
        !says_nothing
    });
    config
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn map(value: Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap()
    }

    #[test]
    fn what_says_nothing_makes_no_difference() {
        let (one, other) = (
            json!({"WorkingDir": "/", "Env": ["B=", "A="], "Cmd": []}),
            json!({"Env": ["A=", "B="]}),
        );
        assert_eq!(
            values(&comparable_config(map(one)), &comparable_config(map(other))),
            None
        );
    }

    #[test]
    fn a_difference_names_both_sides() {
        let (one, other) = (map(json!({"User": "a"})), map(json!({"User": "b"})));
        assert_eq!(values(&one, &other).unwrap(), "User: expected \"a\", got \"b\"");
    }
}
