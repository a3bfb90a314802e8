//! Values in the place of variables.

use super::error::ExpandProblem;
use super::pattern::Pattern;
use super::template::{Content, Operation, Substitution, Template};
use super::variables::Variables;

/// How many bytes the values in one word may have together, those within others and those that are not used included. Each instruction can double what the one
/// before defined.
const GROWTH_LIMIT_BYTES: usize = 1 << 20;

const TOO_LARGE: ExpandProblem = ExpandProblem::TooLarge {
    limit_bytes: GROWTH_LIMIT_BYTES,
};

/// Expands one word.
pub(super) struct Evaluator<'a> {
    variables: &'a dyn Variables,
    growth_bytes: usize,
}

impl<'a> Evaluator<'a> {
    pub(super) fn new(variables: &'a dyn Variables) -> Self {
        Self {
            variables,
            growth_bytes: 0,
        }
    }

    /// The word as one text.
    pub(super) fn text(&mut self, template: &Template) -> Result<String, ExpandProblem> {
        let mut text = String::new();
        self.each(template, &mut |part, _| text.push_str(part))?;
        Ok(text)
    }

    /// The word split at blanks.
    pub(super) fn words(&mut self, template: &Template) -> Result<Vec<String>, ExpandProblem> {
        let mut words = vec![String::new()];
        self.each(template, &mut |part, splits| {
            let mut pieces = part.split(|char: char| splits && char.is_whitespace());
            if let (Some(first), Some(last)) = (pieces.next(), words.last_mut()) {
                last.push_str(first);
            }
            words.extend(pieces.map(str::to_owned));
        })?;
        words.retain(|word| !word.is_empty());
        Ok(words)
    }

    fn each(&mut self, template: &Template, sink: &mut dyn FnMut(&str, bool)) -> Result<(), ExpandProblem> {
        for part in &template.parts {
            match &part.content {
                Content::Text(text) => sink(text, part.splits),
                Content::Substitution(substitution) => {
                    let value = self.substitute(substitution)?;
                    sink(&value, part.splits);
                }
            }
        }
        Ok(())
    }

    fn substitute(&mut self, substitution: &Substitution) -> Result<String, ExpandProblem> {
        let name = &substitution.name;
        let value = self.variables.value(name);
        self.grow(value.as_ref().map_or(0, |value| value.len()))?;
        let is_there = |empty_is_missing: bool| {
            value
                .as_ref()
                .is_some_and(|value| !(empty_is_missing && value.is_empty()))
        };
        let text = || value.as_deref().unwrap_or_default().to_owned();
        Ok(match &substitution.operation {
            Operation::Value => text(),
            Operation::Default { word, empty_is_missing } => {
                let word = self.text(word)?;
                if is_there(*empty_is_missing) { text() } else { word }
            }
            Operation::Alternative { word, empty_is_missing } => {
                let word = self.text(word)?;
                if is_there(*empty_is_missing) {
                    word
                } else {
                    String::new()
                }
            }
            Operation::Required { word, empty_is_missing } => {
                let word = self.text(word)?;
                if !is_there(*empty_is_missing) {
                    return Err(missing(name, word, value.is_some()));
                }
                text()
            }
            Operation::WithoutPrefix(pattern) => {
                let (pattern, longest) = self.pattern_to_remove(pattern, '#')?;
                pattern.without_prefix(&text(), longest)
            }
            Operation::WithoutSuffix(pattern) => {
                let (pattern, longest) = self.pattern_to_remove(pattern, '%')?;
                pattern.without_suffix(&text(), longest)
            }
            Operation::Replace { pattern, text: by, all } => {
                let pattern = Pattern::parse(&self.text(pattern)?)?;
                let by = self.text(by)?;
                let limit = GROWTH_LIMIT_BYTES - self.growth_bytes;
                let replaced = pattern.replace(&text(), &by, *all, limit).ok_or(TOO_LARGE)?;
                self.grow(replaced.len())?;
                replaced
            }
        })
    }

    /// Counts what is read or made. A value counts also where nothing of it is left, because it has been looked through.
    fn grow(&mut self, bytes: usize) -> Result<(), ExpandProblem> {
        self.growth_bytes += bytes;
        if self.growth_bytes > GROWTH_LIMIT_BYTES {
            return Err(TOO_LARGE);
        }
        Ok(())
    }

    /// The pattern, and whether its longest match is meant: the operator is there twice.
    fn pattern_to_remove(&mut self, pattern: &Template, operator: char) -> Result<(Pattern, bool), ExpandProblem> {
        let pattern = self.text(pattern)?;
        let longest = pattern.strip_prefix(operator);
        Ok((Pattern::parse(longest.unwrap_or(&pattern))?, longest.is_some()))
    }
}

fn missing(name: &str, message: String, is_empty: bool) -> ExpandProblem {
    let name = name.to_owned();
    let message = match is_empty {
        _ if !message.is_empty() => message,
        true => "is not allowed to be empty".to_owned(),
        false => "is not allowed to be unset".to_owned(),
    };
    ExpandProblem::Required { name, message }
}
