//! Arguments that are an array in JSON, or else words between blanks: of `COPY`, `ADD` and `VOLUME`.

use std::fmt;

use crate::error::ParseError;
use crate::flags;
use crate::json::{self, Json};
use crate::request::Request;
use crate::statement::is_blank;
use crate::word::Word;

/// The arguments of an instruction.
pub(super) struct Words {
    pub(super) words: Vec<Word>,
    pub(super) is_json: bool,
}

impl Words {
    pub(super) fn parse(request: &Request<'_>) -> Result<Self, ParseError> {
        let arguments = request.arguments;
        Ok(match request.json()? {
            Some(texts) => {
                let (escape, range) = (arguments.escape(), arguments.range());
                let words = texts.into_iter().map(|text| Word::new(text, escape, range)).collect();
                Self { words, is_json: true }
            }
            None => Self {
                words: arguments.split_blanks().iter().map(|word| word.word()).collect(),
                is_json: false,
            },
        })
    }
}

/// Writes words so that [`Words::parse`] reads them: in JSON where it has to be.
pub(super) fn write(f: &mut fmt::Formatter<'_>, words: &[String], needs_json: bool) -> fmt::Result {
    let is_word = |word: &String| !word.is_empty() && !word.contains(|char| is_blank(char) || char == '\n');
    let plain = words.join(" ");
    // White space of other kinds is a part of a word, and taken off at both ends.
    let is_plain = words.iter().all(is_word) && plain.trim() == plain;
    if !needs_json && is_plain && matches!(json::read(&plain), Json::None) {
        return flags::write_arguments(f, &plain);
    }
    write!(f, " {}", json::write(words.iter().map(String::as_str)))
}

/// Writes words that have no JSON form.
pub(super) fn write_plain<'a>(f: &mut fmt::Formatter<'_>, words: impl Iterator<Item = &'a str>) -> fmt::Result {
    flags::write_arguments(f, &words.collect::<Vec<_>>().join(" "))
}
