//! Finding where the last lines of a log begin, from its end.

use std::io;

use container_state::{Backwards, FILE_MARK, OutputLogFiles, Record};
use time::OffsetDateTime;

/// A place in a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Start {
    /// Number of the file.
    pub(super) number: u64,
    /// Where in the file a record begins, bytes.
    pub(super) offset: u64,
    /// How much of the record's payload is before the place, bytes.
    pub(super) skipped: usize,
}

/// Where the last `wanted` lines that are not empty begin, of those that have begun until then; `None` when that is the log's beginning.
pub(super) fn last_lines(
    files: &OutputLogFiles,
    wanted: usize,
    until: Option<OffsetDateTime>,
) -> io::Result<Option<Start>> {
    let mut search = Search {
        wanted,
        has_text: [false; 2],
    };
    for number in files.numbers()?.into_iter().rev() {
        let Some(file) = files.open(number)? else { continue };
        let mut records = Backwards::new(file)?;
        while let Some(placed) = records.previous()? {
            let start = |offset, skipped| {
                Some(Start {
                    number,
                    offset,
                    skipped,
                })
            };
            if wanted == 0 {
                return Ok(start(placed.end, 0));
            }
            if until.is_some_and(|until| placed.record.time() > until) {
                continue;
            }
            if let Some(skipped) = search.look_through(&placed.record) {
                return Ok(start(placed.offset, skipped));
            }
        }
    }
    Ok(None)
}

/// The oldest file with something that arrived at `since` or later, else the last one; `None` when there is no file.
pub(super) fn first_since(files: &OutputLogFiles, since: OffsetDateTime) -> io::Result<Option<Start>> {
    let mut found = None;
    for number in files.numbers()?.into_iter().rev() {
        let Some(file) = files.open(number)? else { continue };
        let last_is_earlier = Backwards::new(file)?
            .previous()?
            .is_some_and(|last| last.record.time() < since);
        if last_is_earlier {
            found = found.or(Some(number));
            break;
        }
        found = Some(number);
    }
    Ok(found.map(|number| Start {
        number,
        offset: FILE_MARK.len() as u64,
        skipped: 0,
    }))
}

/// The search for lines that are not empty, over one record after the other.
struct Search {
    wanted: usize,
    /// Whether the line that the search is in has text, of each stream.
    has_text: [bool; 2],
}

impl Search {
    /// How many bytes of the record are before the first wanted line, if that begins in it.
    fn look_through(&mut self, record: &Record<'_>) -> Option<usize> {
        let stream = record.stream as usize;
        for (offset, byte) in record.payload.iter().enumerate().rev() {
            match byte {
                b'\n' if self.line_begins(stream) => return Some(offset + 1),
                b'\n' => {}
                byte => self.has_text[stream] |= *byte != b'\r',
            }
        }
        (!record.continues && self.line_begins(stream)).then_some(0)
    }

    /// Counts the line that the stream is in; whether it is the last to be found.
    fn line_begins(&mut self, stream: usize) -> bool {
        if !std::mem::take(&mut self.has_text[stream]) {
            return false;
        }
        self.wanted = self.wanted.saturating_sub(1);
        self.wanted == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::written::Written;
    use container_model::LogStream::{Stderr, Stdout};

    /// What is behind the start, records apart.
    fn last(log: &Written, wanted: usize) -> Vec<String> {
        let start = last_lines(&log.files, wanted, None).unwrap();
        let records = log.records(
            start.map_or(1, |start| start.number),
            start.map_or(8, |start| start.offset),
        );
        let mut texts: Vec<String> = records.into_iter().map(|(_, text)| text).collect();
        if let (Some(start), Some(first)) = (start, texts.first_mut()) {
            first.drain(..start.skipped);
        }
        texts
    }

    #[test]
    fn lines_are_counted_where_they_begin_and_empty_ones_are_not() {
        let mut log = Written::new();
        log.file(&[(Stdout, 1, "a\n\r\n\nb\nc")]);
        log.file(&[(Stderr, 2, "oops\nno"), (Stdout, 3, "c\n"), (Stderr, 4, "no\n\n")]);
        assert_eq!(last(&log, 0), [""; 0]);
        assert_eq!(last(&log, 1), ["no", "c\n", "no\n\n"]);
        assert_eq!(last(&log, 2), ["oops\nno", "c\n", "no\n\n"]);
        assert_eq!(last(&log, 3), ["c"]);
        assert_eq!(last(&log, 4), ["b\nc"]);
        assert_eq!(last(&log, 5), ["a\n\r\n\nb\nc"]);
        assert_eq!(last_lines(&log.files, 6, None).unwrap(), None);
    }

    #[test]
    fn what_is_later_than_asked_for_is_not_counted() {
        let mut log = Written::new();
        log.file(&[(Stdout, 1, "a\n"), (Stdout, 2, "b\n"), (Stdout, 3, "c\n")]);
        let until = OffsetDateTime::from_unix_timestamp(2).unwrap();
        let start = last_lines(&log.files, 1, Some(until)).unwrap().unwrap();
        assert_eq!(log.records(1, start.offset)[0].1, "b\n");
    }

    #[test]
    fn files_that_ended_before_are_passed_over() {
        let mut log = Written::new();
        let since = |seconds| OffsetDateTime::from_unix_timestamp(seconds).unwrap();
        assert_eq!(first_since(&log.files, since(0)).unwrap(), None);
        log.file(&[(Stdout, 1, "a\n"), (Stdout, 2, "b\n")]);
        log.file(&[(Stdout, 3, "c\n"), (Stdout, 5, "d\n")]);
        let number = |seconds| first_since(&log.files, since(seconds)).unwrap().unwrap().number;
        assert_eq!([0, 2, 3, 5, 6].map(number), [1, 1, 2, 2, 2]);
    }
}
