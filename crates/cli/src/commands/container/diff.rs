//! `container diff`.

use std::io::{self, Write as _};

use clap::Args;
use container_engine::{Engine, RootChange};
use container_model::ContainerQuery;
use serde_json::{Value, json};

use crate::error::CommandError;
use crate::output::{self, Format};
use crate::session::Signals;

/// Show what a container has changed in its root file system
///
/// A for added, C for changed, D for deleted; a directory in which something changed is changed as well. Bytes of a path that are no text are
/// written as they are, in JSON as replacement characters.
#[derive(Debug, Args)]
pub(crate) struct Diff {
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,

    /// Container
    container: ContainerQuery,
}

impl Diff {
    pub(crate) async fn run(self) -> Result<u8, CommandError> {
        let engine = Engine::open()?;
        let id = engine.find(&self.container)?;
        let mut signals = Signals::listen()?;
        let changes = signals.or_end(engine.changes(&id)).await?;
        match self.format {
            Format::Table => {
                let mut stdout = io::stdout().lock();
                stdout.write_all(&lines(&changes))?;
                stdout.flush()?;
            }
            format => {
                let list = changes.iter().map(|change| {
                    json!({ "kind": change.letter.to_string(), "path": String::from_utf8_lossy(&change.path) })
                });
                output::text(&format.render(list.collect::<Value>())?)?;
            }
        }
        Ok(0)
    }
}

/// A line for each; what would end a line or drive a terminal is escaped.
fn lines(changes: &[RootChange]) -> Vec<u8> {
    let mut text = Vec::new();
    for change in changes {
        text.extend([change.letter as u8, b' ']);
        for byte in &change.path {
            match byte {
                0..0x20 | 0x7f => text.extend(byte.escape_ascii()),
                _ => text.push(*byte),
            }
        }
        text.push(b'\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_change_is_one_line_with_the_bytes_of_its_path() {
        let change = |letter, path: &[u8]| RootChange {
            letter,
            path: path.to_vec(),
        };
        let changes = [change('A', b"/a\xff b"), change('D', b"/new\nline\x1b[2J")];
        assert_eq!(lines(&changes), b"A /a\xff b\nD /new\\nline\\x1b[2J\n");
    }
}
