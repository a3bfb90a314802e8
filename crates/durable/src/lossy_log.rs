//! A log of lines on a disk that may be full.

use std::io::{self, Write};

/// Writes lines, each with one call, and never fails: a line for which there is no room is lost, and once there is room again the log says
/// how many were. What a program has to say must not end it.
#[derive(Debug)]
pub struct LossyLog<W> {
    file: W,
    lost_lines: u64,
}

impl<W: Write> LossyLog<W> {
    /// Writes to `file`.
    pub fn new(file: W) -> Self {
        Self { file, lost_lines: 0 }
    }

    fn write_line(&mut self, line: &[u8]) -> io::Result<()> {
        if self.lost_lines > 0 {
            // The beginning of the first lost line may be there.
            let lines = self.lost_lines;
            let gap = format!("\n{lines} lines are missing here: they could not be written\n");
            self.file.write_all(gap.as_bytes())?;
            self.lost_lines = 0;
        }
        self.file.write_all(line)
    }
}

impl<W: Write> Write for LossyLog<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.write_line(line).is_err() {
            self.lost_lines += 1;
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let _ = self.file.flush();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file on a disk with room for so many bytes.
    struct Disk<'a> {
        room_bytes: &'a mut usize,
        written: &'a mut Vec<u8>,
    }

    impl Write for Disk<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let fitting = bytes.len().min(*self.room_bytes);
            if fitting == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            *self.room_bytes -= fitting;
            self.written.extend_from_slice(&bytes[..fitting]);
            Ok(fitting)
        }

        fn flush(&mut self) -> io::Result<()> {
            Err(io::ErrorKind::StorageFull.into())
        }
    }

    #[test]
    fn lines_that_do_not_fit_are_lost_and_counted() {
        let (mut room_bytes, mut written) = (8, Vec::new());
        let mut log = LossyLog::new(Disk {
            room_bytes: &mut room_bytes,
            written: &mut written,
        });
        for line in ["one\n", "two too long\n", "three\n"] {
            assert_eq!(log.write(line.as_bytes()).unwrap(), line.len());
            log.flush().unwrap();
        }
        *log.file.room_bytes = 1000;
        log.write_all(b"four\n").unwrap();
        log.write_all(b"five\n").unwrap();
        let text = String::from_utf8(written).unwrap();
        assert_eq!(
            text,
            "one\ntwo \n2 lines are missing here: they could not be written\nfour\nfive\n"
        );
    }
}
