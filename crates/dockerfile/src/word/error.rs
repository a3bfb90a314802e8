//! Why a word cannot be expanded.

use crate::source::Range;

/// How much of a word an error shows.
const SHOWN_CHARS: usize = 80;

/// A word that cannot be expanded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot expand `{word}` in {range}: {problem}")]
pub struct ExpandError {
    /// The word as it was written, shortened when it is long.
    pub word: String,
    /// Where it stands.
    pub range: Range,
    /// What is wrong with it.
    pub problem: ExpandProblem,
}

impl ExpandError {
    pub(super) fn new(word: &str, range: Range, problem: ExpandProblem) -> Self {
        let mut shown: String = word.chars().take(SHOWN_CHARS).collect();
        if shown.len() < word.len() {
            shown.push('…');
        }
        Self {
            word: shown,
            range,
            problem,
        }
    }
}

/// What is wrong with a word.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExpandProblem {
    /// A quote begins and does not end.
    #[error("unexpected end while looking for the matching {}; close it, or escape it", quote_name(*.0))]
    UnclosedQuote(char),
    /// `${` without `}`.
    #[error("`${{` has no closing `}}`")]
    UnclosedBrace,
    /// `${name/pattern}` without the second `/`.
    #[error("a replacement is `${{name/pattern/text}}`, and the second `/` is missing")]
    MissingSlash,
    /// `${}`, `${{`, `${:`: there is no name.
    #[error("bad substitution: `${{` is followed by the name of a variable")]
    BadSubstitution,
    /// Something else than an operator after the name.
    #[error("unsupported modifier `{0}` in a substitution; there are :- - :+ + :? ? # ## % %% / //")]
    UnsupportedModifier(String),
    /// `${name:?message}`, and the variable is missing or empty.
    #[error("{name}: {message}")]
    Required {
        /// The variable.
        name: String,
        /// What the word says about it, or that it must not be missing.
        message: String,
    },
    /// A pattern in which `\` stands before a character that has no other meaning.
    #[error("invalid pattern `{pattern}`: `\\` stands before `*`, `?`, `\\`, `/` and `}}` only")]
    InvalidPattern {
        /// The pattern with its variables expanded.
        pattern: String,
    },
    /// A pattern longer than the limit.
    #[error("a pattern of {chars} characters is longer than the limit of {limit}")]
    PatternTooLong {
        /// Its length.
        chars: usize,
        /// The limit.
        limit: usize,
    },
    /// Substitutions within substitutions beyond the limit.
    #[error("more than {limit} substitutions within each other")]
    TooDeep {
        /// The limit.
        limit: usize,
    },
    /// The values are larger than the limit.
    #[error("the values of its variables have more than {limit_bytes} bytes together")]
    TooLarge {
        /// The limit.
        limit_bytes: usize,
    },
}

fn quote_name(quote: char) -> &'static str {
    if quote == '\'' {
        "single quote (')"
    } else {
        "double quote (\")"
    }
}
