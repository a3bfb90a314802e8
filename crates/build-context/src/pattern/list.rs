//! Patterns in order, of which the last one that matches decides.

use std::borrow::Cow;

use super::ListError;
use super::expression::Expression;
use super::glob::Glob;

/// Patterns as BuildKit's matcher keeps them: some take back what others match.
#[derive(Debug, Clone, Default)]
pub(crate) struct PatternList {
    patterns: Vec<Pattern>,
}

#[derive(Debug, Clone)]
struct Pattern {
    expression: Expression,
    /// With a `!` before it.
    is_negation: bool,
}

/// What the patterns say of a directory, from which follows what they say of what is in it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hits {
    /// Which patterns match it or a directory above it; nothing for the root, which no pattern matches.
    hits: Vec<bool>,
    /// Whether the last of them is no negation.
    pub(crate) is_matched: bool,
}

impl PatternList {
    /// Adds a pattern; blanks around it and a name's detours do not count, and nothing is no pattern.
    pub(crate) fn add(&mut self, text: &[u8]) -> Result<(), ListError> {
        let text = trim(text);
        if text.is_empty() {
            return Ok(());
        }
        let clean = crate::path::clean(text);
        let (is_negation, pattern) = match clean.strip_prefix(b"!") {
            Some(b"") => return Err(ListError::LoneNegation),
            Some(pattern) => (true, pattern),
            None => (false, &*clean),
        };
        // BuildKit first looks whether it is one of `filepath.Match`, which is a different language.
        Glob::parse(pattern)?;
        self.patterns.push(Pattern {
            expression: Expression::parse(pattern)?,
            is_negation,
        });
        Ok(())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// What the patterns say of a path in a directory, whose own hits are `parent`.
    ///
    /// A pattern that could not change the result is not asked, and then counts as one that does not match, for what is below too. That is BuildKit's
    /// doing, and can be seen: with `a/b` and `!a`, `a/b` is matched.
    pub(crate) fn hits(&self, parent: &Hits, path: &[u8]) -> Hits {
        let mut found = Hits {
            hits: vec![false; self.patterns.len()],
            is_matched: false,
        };
        for (at, pattern) in self.patterns.iter().enumerate() {
            let is_inherited = parent.hits.get(at).copied().unwrap_or_default();
            let can_change = pattern.is_negation == found.is_matched;
            found.hits[at] = is_inherited || (can_change && pattern.expression.matches(path));
            if found.hits[at] {
                found.is_matched = !pattern.is_negation;
            }
        }
        found
    }

    /// Whether something below a directory may be matched that is not, or not be matched that is.
    pub(crate) fn may_differ_below(&self, hits: &Hits, directory: &[u8]) -> bool {
        // Only what stands behind the last one that hit can change the result.
        let decisive = hits.hits.iter().rposition(|hit| *hit).map_or(0, |last| last + 1);
        let later = self.patterns.get(decisive..).unwrap_or_default();
        later
            .iter()
            .any(|pattern| pattern.is_negation == hits.is_matched && pattern.expression.may_match_below(directory))
    }

    /// Whether a path is matched, itself or by way of a directory above it.
    pub(crate) fn covers(&self, path: &[u8]) -> bool {
        let mut is_matched = false;
        for pattern in &self.patterns {
            if pattern.is_negation != is_matched {
                continue;
            }
            let slashes = path
                .iter()
                .enumerate()
                .filter(|(_, byte)| **byte == b'/')
                .map(|(at, _)| at);
            let mut ways = std::iter::once(path.len()).chain(slashes);
            if ways.any(|end| pattern.expression.matches(&path[..end])) {
                is_matched = !pattern.is_negation;
            }
        }
        is_matched
    }
}

/// Without white space at both ends, as Unicode and Go have it.
pub(crate) fn trim(text: &[u8]) -> &[u8] {
    match std::str::from_utf8(text) {
        Ok(text) => text.trim().as_bytes(),
        Err(_) => text.trim_ascii(),
    }
}

/// A pattern that is matched from the root, whether it says so or not.
pub(crate) fn rooted(pattern: &[u8]) -> Cow<'_, [u8]> {
    match pattern {
        [b'/', rest @ ..] if !rest.is_empty() => Cow::Borrowed(rest),
        pattern => Cow::Borrowed(pattern),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(patterns: &[&str]) -> PatternList {
        let mut list = PatternList::default();
        for pattern in patterns {
            list.add(pattern.as_bytes()).unwrap();
        }
        list
    }

    /// Whether a path is matched on a walk from the root.
    fn walk(list: &PatternList, path: &str) -> bool {
        let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        ends.fold(Hits::default(), |hits, end| list.hits(&hits, &path.as_bytes()[..end]))
            .is_matched
    }

    #[test]
    fn the_last_match_wins_and_directories_cover_what_is_in_them() {
        let patterns = list(&["docs", "!docs/README.md", "*.log", "!keep"]);
        for (path, is_matched) in [
            ("docs", true),
            ("docs/a/b", true),
            ("docs/README.md", false),
            ("x.log", true),
            ("keep/x.log", false),
            ("src", false),
        ] {
            assert_eq!(walk(&patterns, path), is_matched, "{path}");
            assert_eq!(patterns.covers(path.as_bytes()), is_matched, "{path}");
        }
    }

    #[test]
    fn a_negation_that_was_not_asked_about_a_directory_does_not_reach_what_is_in_it() {
        let patterns = list(&["a/b", "!a"]);
        assert!(walk(&patterns, "a/b"));
        assert!(!patterns.covers(b"a/b"));
    }

    #[test]
    fn what_cannot_come_back_below_a_directory_is_known() {
        let patterns = list(&["node_modules", "!node_modules/keep/*", "vendor"]);
        let below =
            |path: &str| patterns.may_differ_below(&patterns.hits(&Hits::default(), path.as_bytes()), path.as_bytes());
        assert!(below("node_modules"));
        assert!(!below("vendor"));
        let outer = patterns.hits(&Hits::default(), b"node_modules");
        for (path, may) in [("node_modules/keep", true), ("node_modules/other", false)] {
            let hits = patterns.hits(&outer, path.as_bytes());
            assert_eq!(patterns.may_differ_below(&hits, path.as_bytes()), may, "{path}");
        }
    }

    #[test]
    fn faults_are_told_apart() {
        let mut patterns = PatternList::default();
        assert_eq!(patterns.add(b" ! "), Err(ListError::LoneNegation));
        assert_eq!(patterns.add(b"[a"), Err(ListError::Malformed));
        assert_eq!(patterns.add(b" \t"), Ok(()));
        assert!(patterns.is_empty());
    }
}
