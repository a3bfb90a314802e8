//! Licence expressions as in the SPDX specification, annex D: identifiers, `WITH`, `AND`, `OR`, parentheses; and the slash that old crates write
//! for `OR`.

use anyhow::{Result, bail};

/// Does `expression` leave a choice whose every licence is in `allowed`?
///
/// # Errors
/// When it is not a licence expression.
pub(crate) fn allows(expression: &str, allowed: &[String]) -> Result<bool> {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut parser = Parser {
        words: spaced.split_whitespace().collect(),
        at: 0,
        allowed,
    };
    let result = parser.any()?;
    if let Some(rest) = parser.peek() {
        bail!("unexpected `{rest}`");
    }
    Ok(result)
}

struct Parser<'a> {
    words: Vec<&'a str>,
    at: usize,
    allowed: &'a [String],
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.words.get(self.at).copied()
    }

    fn accept(&mut self, word: &str) -> bool {
        let found = self.peek() == Some(word);
        self.at += usize::from(found);
        found
    }

    /// Alternatives; `OR` binds weaker than `AND`.
    fn any(&mut self) -> Result<bool> {
        let mut result = self.all()?;
        while self.accept("OR") {
            result |= self.all()?;
        }
        Ok(result)
    }

    fn all(&mut self) -> Result<bool> {
        let mut result = self.single()?;
        while self.accept("AND") {
            result &= self.single()?;
        }
        Ok(result)
    }

    fn single(&mut self) -> Result<bool> {
        if self.accept("(") {
            let result = self.any()?;
            if !self.accept(")") {
                bail!("a parenthesis is not closed");
            }
            return Ok(result);
        }
        let Some(name) = self.peek().filter(|word| !["AND", "OR", "WITH", ")"].contains(word)) else {
            bail!("a licence is missing");
        };
        self.at += 1;
        let mut name = name.to_owned();
        if self.accept("WITH") {
            let Some(exception) = self.peek() else {
                bail!("an exception is missing")
            };
            self.at += 1;
            name = format!("{name} WITH {exception}");
        }
        Ok(self.allowed.contains(&name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(expression: &str) -> Result<bool> {
        allows(
            expression,
            &[
                "MIT".to_owned(),
                "Apache-2.0".to_owned(),
                "Apache-2.0 WITH LLVM-exception".to_owned(),
            ],
        )
    }

    #[test]
    fn one_allowed_alternative_is_enough_and_every_part_is_needed() {
        for right in [
            "MIT",
            "MIT OR GPL-3.0",
            "GPL-3.0/MIT",
            "MIT AND Apache-2.0",
            "(GPL-3.0 OR MIT) AND Apache-2.0",
            "Apache-2.0 WITH LLVM-exception",
        ] {
            assert!(allowed(right).unwrap(), "{right}");
        }
        for wrong in [
            "GPL-3.0",
            "MIT AND GPL-3.0",
            "GPL-3.0 OR MIT AND MPL-2.0",
            "MIT WITH Some-exception",
        ] {
            assert!(!allowed(wrong).unwrap(), "{wrong}");
        }
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        for wrong in ["", "MIT OR", "(MIT", "MIT MIT", "AND MIT", "MIT)", "MIT WITH"] {
            assert!(allowed(wrong).is_err(), "{wrong}");
        }
    }
}
