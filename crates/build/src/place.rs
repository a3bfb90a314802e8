//! Where something stands in a Dockerfile.

use std::fmt;

use container_dockerfile::{Excerpt, Range};

/// Around the lines of a Dockerfile.
const RULE: &str = "--------------------";

/// Where something stands in a Dockerfile, and what stands there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The Dockerfile, as it was named.
    pub file: String,
    /// The part of it.
    pub range: Range,
    /// The lines there and around, each with its end; those that are meant are marked.
    pub excerpt: String,
}

impl fmt::Display for Place {
    /// As BuildKit shows it: file and line, and the lines between two rules.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, range, excerpt } = self;
        write!(f, "{file}:{}\n{RULE}\n{excerpt}{RULE}", range.start.line)
    }
}

/// A Dockerfile as it was read.
#[derive(Debug)]
pub(crate) struct DockerfileText {
    name: String,
    bytes: Vec<u8>,
}

impl DockerfileText {
    pub(crate) fn new(name: String, bytes: Vec<u8>) -> Self {
        Self { name, bytes }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn place(&self, range: Range) -> Place {
        let text = String::from_utf8_lossy(&self.bytes);
        Place {
            file: self.name.clone(),
            range,
            excerpt: Excerpt::new(&text, range).to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use container_dockerfile::Dockerfile;

    #[test]
    fn a_place_is_shown_with_its_file_and_its_lines() {
        let text = DockerfileText::new("a/Dockerfile".to_owned(), b"FROM a\nRUN --mount=tpye=y c\n".to_vec());
        let range = Dockerfile::parse(text.bytes()).unwrap_err().range;
        assert_eq!(
            text.place(range).to_string(),
            "a/Dockerfile:2\n--------------------\n  1 |     FROM a\n  2 | >>> RUN --mount=tpye=y c\n    |         ^^^^^^^^^^^^^^\n--------------------"
        );
    }

    #[test]
    fn what_is_no_text_is_shown_as_well_as_it_can_be() {
        let text = DockerfileText::new(String::new(), b"FROM \xff\n".to_vec());
        let range = Dockerfile::parse(text.bytes()).unwrap_err().range;
        assert!(text.place(range).excerpt.contains(">>> FROM \u{fffd}"));
    }
}
