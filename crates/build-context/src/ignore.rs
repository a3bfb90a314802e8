//! Which files do not exist for a build.

use crate::pattern::{Hits, ListError, PatternList};

/// The longest line, as in BuildKit, whose scanner gives up there.
const MAX_LINE_BYTES: usize = 64 << 10;

/// The rules of a `.dockerignore` file, as BuildKit reads and matches them.
///
/// The last rule that matches decides. A rule that matches a directory covers what is in it, and a rule with a `!` before it brings back what others cover,
/// also from within a directory.
#[derive(Debug, Clone, Default)]
pub struct Ignore {
    patterns: PatternList,
}

/// Why a text is no ignore file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IgnoreError {
    /// A `!` without a pattern.
    #[error("line {line}: illegal exclusion pattern: \"!\"")]
    LoneNegation {
        /// The number of the line, from 1.
        line: usize,
    },
    /// A pattern that is none.
    #[error("line {line}: syntax error in pattern \"{}\"", .pattern.escape_ascii())]
    BadPattern {
        /// The number of the line, from 1.
        line: usize,
        /// The pattern.
        pattern: Vec<u8>,
    },
    /// A line of more than 64 KiB.
    #[error("line {line} is too long")]
    LineTooLong {
        /// The number of the line, from 1.
        line: usize,
    },
}

impl Ignore {
    /// Reads the text of an ignore file. A byte order mark, lines that start with `#` and blank lines mean nothing.
    ///
    /// # Errors
    /// [`IgnoreError`]
    pub fn parse(text: &[u8]) -> Result<Self, IgnoreError> {
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        let mut patterns = PatternList::default();
        for (at, bytes) in text.split(|byte| *byte == b'\n').enumerate() {
            let line = at + 1;
            if bytes.len() >= MAX_LINE_BYTES {
                return Err(IgnoreError::LineTooLong { line });
            }
            if bytes.starts_with(b"#") {
                continue;
            }
            let pattern = pattern_of(bytes);
            patterns.add(&pattern).map_err(|error| match error {
                ListError::LoneNegation => IgnoreError::LoneNegation { line },
                ListError::Malformed => IgnoreError::BadPattern { line, pattern },
            })?;
        }
        Ok(Self { patterns })
    }

    /// Whether a rule covers `path` itself or a directory on the way to it, and no later one takes that back: for a warning that a source is ignored
    /// (`CopyIgnoredFile`). The path is one from the root, without `.` and `..`.
    ///
    /// On a walk BuildKit decides a little differently (a rule that a directory did not need is not asked about what is in it), so that
    /// [`Context::select`](crate::Context::select) may find what this says is covered, and the other way round.
    #[must_use]
    pub fn covers(&self, path: &[u8]) -> bool {
        self.patterns.covers(path)
    }

    /// What the rules say of a path, on a walk.
    pub(crate) fn hits(&self, parent: &Hits, path: &[u8]) -> Hits {
        match self.patterns.is_empty() {
            true => Hits::default(),
            false => self.patterns.hits(parent, path),
        }
    }

    /// Whether something below a directory that is ignored may be not.
    pub(crate) fn may_bring_back_below(&self, hits: &Hits, directory: &[u8]) -> bool {
        self.patterns.may_differ_below(hits, directory)
    }
}

/// The pattern of a line: its path without detours, and from the root whether it says so or not.
fn pattern_of(line: &[u8]) -> Vec<u8> {
    use crate::pattern::{rooted, trim};
    let line = trim(line);
    let (negation, pattern) = match line.strip_prefix(b"!") {
        Some(pattern) => (b"!".as_slice(), trim(pattern)),
        None => (b"".as_slice(), line),
    };
    if pattern.is_empty() {
        return negation.to_vec();
    }
    [negation, &rooted(&crate::path::clean(pattern))].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lines_are_read_as_buildkit_reads_them() {
        let ignore =
            Ignore::parse(b"\xef\xbb\xbf# a comment\r\n  /build//out/ \r\n\n ! ./build/out/../out/keep\n #x\n\tlast")
                .unwrap();
        for (path, is_covered) in [
            ("build/out", true),
            ("build/out/x", true),
            ("build/out/keep", false),
            // A comment starts in the first column only.
            ("#x", true),
            ("last", true),
            ("build", false),
        ] {
            assert_eq!(ignore.covers(path.as_bytes()), is_covered, "{path}");
        }
    }

    #[test]
    fn faults_name_their_line() {
        assert_eq!(
            Ignore::parse(b"a\n!\n").unwrap_err(),
            IgnoreError::LoneNegation { line: 2 }
        );
        let error = Ignore::parse(b"\n\n[a\n").unwrap_err();
        assert_eq!(error.to_string(), "line 3: syntax error in pattern \"[a\"");
        let long = vec![b'a'; MAX_LINE_BYTES];
        assert_eq!(Ignore::parse(&long).unwrap_err(), IgnoreError::LineTooLong { line: 1 });
    }

    #[test]
    fn without_rules_nothing_is_covered() {
        let ignore = Ignore::parse(b"# nothing\n\n").unwrap();
        assert!(!ignore.covers(b"anything"));
    }

    proptest! {
        #[test]
        fn any_text_is_rules_or_an_error(text: Vec<u8>, path: Vec<u8>) {
            if let Ok(ignore) = Ignore::parse(&text) {
                let _ = ignore.covers(&path);
            }
        }

        /// For rules without negations both ways of asking are the same.
        #[test]
        fn what_a_walk_finds_is_what_a_path_says(
            rules in proptest::collection::vec("[ab*?/.]{1,6}", 0..4),
            names in proptest::collection::vec("[ab.]{1,2}", 1..4),
        ) {
            let ignore = Ignore::parse(rules.join("\n").as_bytes()).unwrap();
            let path = names.join("/");
            prop_assume!(crate::path::clean(path.as_bytes()) == path.as_bytes());
            let mut hits = Hits::default();
            for end in path.match_indices('/').map(|(at, _)| at).chain([path.len()]) {
                let way = &path.as_bytes()[..end];
                hits = ignore.hits(&hits, way);
            }
            prop_assert_eq!(hits.is_matched, ignore.covers(path.as_bytes()));
        }
    }
}
