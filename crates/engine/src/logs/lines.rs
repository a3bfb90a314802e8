//! From records to what is shown: the lines that were asked for, with what stands before them.

use bytes::Bytes;
use container_model::LogStream;
use container_state::Record;
use time::OffsetDateTime;

/// Some bytes of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogPiece {
    /// Where they came from.
    pub stream: LogStream,
    /// The bytes.
    pub bytes: Bytes,
}

/// Pieces that are put together until there are enough of them.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    pieces: Vec<(LogStream, Vec<u8>)>,
    length_bytes: usize,
}

impl Pieces {
    fn push(&mut self, stream: LogStream, bytes: &[u8]) {
        self.length_bytes += bytes.len();
        match self.pieces.last_mut() {
            Some((last, piece)) if *last == stream => piece.extend_from_slice(bytes),
            _ => self.pieces.push((stream, bytes.to_vec())),
        }
    }

    /// Bytes in all of them.
    pub(super) fn length_bytes(&self) -> usize {
        self.length_bytes
    }

    pub(super) fn finish(self) -> impl Iterator<Item = LogPiece> {
        self.pieces.into_iter().map(|(stream, bytes)| LogPiece {
            stream,
            bytes: bytes.into(),
        })
    }
}

/// Which lines are shown, by when they began, and how.
#[derive(Debug, Clone, Default)]
pub(super) struct LineOptions {
    pub(super) since: Option<OffsetDateTime>,
    pub(super) until: Option<OffsetDateTime>,
    /// The time stands before each line.
    pub(super) timestamps: bool,
    /// What else stands before it.
    pub(super) details: Option<String>,
}

/// The lines of a log, of each stream by itself. A line may be longer than memory: it passes through in parts.
#[derive(Debug)]
pub(super) struct Lines {
    options: LineOptions,
    streams: [Line; 2],
    is_past: bool,
}

/// The line that a stream is in.
#[derive(Debug, Clone, Copy)]
struct Line {
    /// Whether it is one of those that are shown.
    is_shown: bool,
    /// Whether it has begun and not ended.
    is_open: bool,
}

impl Lines {
    /// `from_beginning` says whether the first records are those of the log: a line that they go on with is shown then.
    pub(super) fn new(options: LineOptions, from_beginning: bool) -> Self {
        let line = Line {
            is_shown: from_beginning,
            is_open: false,
        };
        Self {
            options,
            streams: [line; 2],
            is_past: false,
        }
    }

    /// Whether a line has begun that is later than all that are shown.
    pub(super) fn is_past(&self) -> bool {
        self.is_past
    }

    /// Adds what is shown of a record.
    pub(super) fn push(&mut self, record: &Record<'_>, pieces: &mut Pieces) {
        let (stream, time) = (record.stream, record.time());
        let mut line = self.streams[stream as usize];
        let (going_on, beginning) = match record.continues {
            true => record.payload.split_at(first_line_end(record.payload)),
            false => record.payload.split_at(0),
        };
        if !record.continues && line.is_open && line.is_shown {
            // Its end was lost, or its program has ended.
            pieces.push(stream, b"\n");
        }
        if !going_on.is_empty() {
            if line.is_shown {
                if !line.is_open {
                    pieces.push(stream, self.before(time).as_bytes());
                }
                pieces.push(stream, going_on);
            }
            line.is_open = !going_on.ends_with(b"\n");
        }
        if !beginning.is_empty() {
            self.is_past |= self.options.until.is_some_and(|until| time > until);
            line.is_shown = !self.is_past && self.options.since.is_none_or(|since| time >= since);
            line.is_open = !beginning.ends_with(b"\n");
            if line.is_shown {
                self.push_lines(stream, time, beginning, pieces);
            }
        }
        self.streams[stream as usize] = line;
    }

    fn push_lines(&self, stream: LogStream, time: OffsetDateTime, bytes: &[u8], pieces: &mut Pieces) {
        let before = self.before(time);
        if before.is_empty() {
            pieces.push(stream, bytes);
            return;
        }
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            pieces.push(stream, before.as_bytes());
            pieces.push(stream, line);
        }
    }

    /// What stands before a line.
    fn before(&self, time: OffsetDateTime) -> String {
        let mut before = String::new();
        if self.options.timestamps {
            before = timestamp(time) + " ";
        }
        if let Some(details) = &self.options.details {
            before += details;
            before.push(' ');
        }
        before
    }
}

fn first_line_end(bytes: &[u8]) -> usize {
    let end = bytes.iter().position(|byte| *byte == b'\n');
    end.map_or(bytes.len(), |end| end + 1)
}

/// A time as RFC 3339 has it, with nine digits of the second, as Docker's logs do.
fn timestamp(time: OffsetDateTime) -> String {
    let (date, clock) = (time.date(), time.time());
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:09}Z",
        date.year(),
        u8::from(date.month()),
        date.day(),
        clock.hour(),
        clock.minute(),
        clock.second(),
        clock.nanosecond()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use LogStream::{Stderr, Stdout};

    fn shown(lines: &mut Lines, records: &[(LogStream, bool, u64, &str)]) -> Vec<(LogStream, String)> {
        let mut pieces = Pieces::default();
        for (stream, continues, seconds, payload) in records {
            let record = Record {
                stream: *stream,
                continues: *continues,
                time_ns: seconds * 1_000_000_000 + 5,
                payload: payload.as_bytes(),
            };
            lines.push(&record, &mut pieces);
        }
        let pieces = pieces.finish();
        pieces
            .map(|piece| (piece.stream, String::from_utf8(piece.bytes.to_vec()).unwrap()))
            .collect()
    }

    fn seconds(seconds: i64) -> Option<OffsetDateTime> {
        Some(OffsetDateTime::from_unix_timestamp(seconds).unwrap())
    }

    #[test]
    fn bytes_are_shown_as_they_came_and_streams_stay_apart() {
        let records = [
            (Stdout, false, 1, "a\nb"),
            (Stdout, true, 2, "c\n"),
            (Stderr, false, 2, "d"),
            (Stdout, false, 3, "e"),
        ];
        let mut lines = Lines::new(LineOptions::default(), true);
        let expected = [(Stdout, "a\nbc\n"), (Stderr, "d"), (Stdout, "e")];
        assert_eq!(
            shown(&mut lines, &records),
            expected.map(|(stream, text)| (stream, text.to_owned()))
        );
    }

    #[test]
    fn a_line_that_nothing_goes_on_with_ends() {
        let records = [(Stdout, false, 1, "first run"), (Stdout, false, 2, "second run")];
        let mut lines = Lines::new(LineOptions::default(), true);
        assert_eq!(
            shown(&mut lines, &records),
            [(Stdout, "first run\nsecond run".to_owned())]
        );
    }

    #[test]
    fn each_line_has_the_time_at_which_it_began() {
        let options = LineOptions {
            timestamps: true,
            details: Some("a=b".to_owned()),
            ..LineOptions::default()
        };
        let records = [
            (Stdout, false, 1, "a\nb"),
            (Stdout, true, 2, "c\nd\n"),
            (Stdout, false, 3, "\n"),
        ];
        let mut lines = Lines::new(options, true);
        let text = shown(&mut lines, &records).remove(0).1;
        let expected = "1970-01-01T00:00:01.000000005Z a=b a\n1970-01-01T00:00:01.000000005Z a=b bc\n\
                        1970-01-01T00:00:02.000000005Z a=b d\n1970-01-01T00:00:03.000000005Z a=b \n";
        assert_eq!(text, expected);
    }

    #[test]
    fn lines_are_chosen_by_when_they_began() {
        let records = [
            (Stdout, false, 1, "early "),
            (Stderr, false, 4, "in"),
            (Stdout, true, 5, "and on\nin "),
            (Stdout, true, 6, "and on\n"),
            (Stderr, false, 9, "late"),
            (Stdout, false, 9, "later\n"),
        ];
        let options = LineOptions {
            since: seconds(2),
            until: seconds(7),
            ..LineOptions::default()
        };
        let mut lines = Lines::new(options, true);
        let expected = [(Stderr, "in"), (Stdout, "in and on\n"), (Stderr, "\n")];
        assert_eq!(
            shown(&mut lines, &records),
            expected.map(|(stream, text)| (stream, text.to_owned()))
        );
        assert!(lines.is_past());
    }

    #[test]
    fn what_goes_on_with_a_line_before_the_start_is_left_out() {
        let records = [(Stdout, true, 1, "rest\nwhole\n")];
        for (from_beginning, expected) in [(true, "rest\nwhole\n"), (false, "whole\n")] {
            let mut lines = Lines::new(LineOptions::default(), from_beginning);
            assert_eq!(shown(&mut lines, &records), [(Stdout, expected.to_owned())]);
        }
    }
}
