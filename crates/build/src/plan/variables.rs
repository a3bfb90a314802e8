//! The variables of a stage: `ENV`, and `ARG` while it is built.

use std::borrow::Cow;
use std::collections::BTreeMap;

use container_dockerfile::Variables;

/// Variables in the order in which they were set first.
#[derive(Debug, Clone, Default)]
pub(super) struct OrderedVariables {
    entries: Vec<(String, String)>,
    places: BTreeMap<String, usize>,
}

impl OrderedVariables {
    /// Sets a variable; one that was set before keeps its place.
    pub(super) fn set(&mut self, name: &str, value: String) {
        match self.places.get(name).and_then(|place| self.entries.get_mut(*place)) {
            Some(entry) => entry.1 = value,
            None => {
                self.places.insert(name.to_owned(), self.entries.len());
                self.entries.push((name.to_owned(), value));
            }
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let place = self.places.get(name)?;
        self.entries.get(*place).map(|(_, value)| value.as_str())
    }

    pub(super) fn entries(&self) -> &[(String, String)] {
        &self.entries
    }
}

impl FromIterator<(String, String)> for OrderedVariables {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(entries: I) -> Self {
        let mut variables = Self::default();
        for (name, value) in entries {
            variables.set(&name, value);
        }
        variables
    }
}

impl Variables for OrderedVariables {
    fn value(&self, name: &str) -> Option<Cow<'_, str>> {
        self.get(name).map(Cow::Borrowed)
    }
}

/// What a stage's instructions see, and what of it was declared by `ARG`.
#[derive(Debug, Clone, Default)]
pub(super) struct StageVariables {
    /// All that has a value.
    pub(super) all: OrderedVariables,
    /// Declared by `ARG`, those of the stage's base included; each once, in the order of the first declaration.
    args: Vec<(String, Option<String>)>,
}

impl StageVariables {
    /// The environment of a base image.
    pub(super) fn of_environment(entries: &[String]) -> Self {
        let pairs = entries.iter().map(|entry| {
            let (name, value) = entry.split_once('=').unwrap_or((entry, ""));
            (name.to_owned(), value.to_owned())
        });
        Self {
            all: pairs.collect(),
            args: Vec::new(),
        }
    }

    /// Declares a variable of the build. From here on it has the value, if there is one, whatever had the name before.
    pub(super) fn declare(&mut self, name: &str, value: Option<String>) {
        if let Some(value) = &value {
            self.all.set(name, value.clone());
        }
        match self.args.iter_mut().find(|(known, _)| known == name) {
            Some(known) => known.1 = value,
            None => self.args.push((name.to_owned(), value)),
        }
    }

    /// Whether it has a value or was declared.
    pub(super) fn is_known(&self, name: &str) -> bool {
        self.all.get(name).is_some() || self.args.iter().any(|(known, _)| known == name)
    }

    /// What was declared, with the values that commands see now.
    pub(super) fn declared(&self) -> impl Iterator<Item = (&str, &str)> {
        self.args.iter().map(|(name, value)| {
            let seen = self.all.get(name).or(value.as_deref());
            (name.as_str(), seen.unwrap_or_default())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_that_is_set_again_keeps_its_place() {
        let mut variables = StageVariables::of_environment(&["A=1".to_owned(), "B=2".to_owned(), "C".to_owned()]);
        variables.all.set("A", "3".to_owned());
        variables.declare("D", Some("4".to_owned()));
        let shown: Vec<String> = variables
            .all
            .entries()
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        assert_eq!(shown, ["A=3", "B=2", "C=", "D=4"]);
    }

    #[test]
    fn what_env_sets_after_arg_is_what_commands_see() {
        let mut variables = StageVariables::default();
        variables.declare("A", Some("arg".to_owned()));
        variables.declare("B", None);
        variables.all.set("A", "env".to_owned());
        assert_eq!(variables.declared().collect::<Vec<_>>(), [("A", "env"), ("B", "")]);
    }
}
