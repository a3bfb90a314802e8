//! Any bytes behind its mark are a file of a log: it is read from both ends in bounded memory, and each byte is in a record or passed over. A record that
//! is written behind them is found from the end.
#![no_main]

use std::io::Cursor;

use container_state::{Backwards, FILE_MARK, Forwards, Record};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&[u8], u64)| {
    let (bytes, time_ns) = input;
    let mut forwards = Forwards::new(Cursor::new(bytes));
    let mut encoded = Vec::new();
    let mut given_bytes = 0;
    while let Ok(Some(record)) = forwards.next(true) {
        given_bytes += record.encoded_bytes() as u64;
        if encoded.is_empty() {
            Record { time_ns, ..record }.encode(&mut encoded);
        }
    }
    assert_eq!(given_bytes + forwards.take_damaged_bytes(), bytes.len() as u64);

    let file = [FILE_MARK.as_slice(), bytes, &encoded].concat();
    let mut backwards = Backwards::new(Cursor::new(&file)).expect("a file in memory is read");
    if !encoded.is_empty() {
        let last = backwards.previous().expect("a file in memory is read").expect("a whole record is at the end");
        assert_eq!((last.end, last.record.time_ns), (file.len() as u64, time_ns));
    }
    let mut end = file.len() as u64;
    while let Ok(Some(placed)) = backwards.previous() {
        assert!(placed.offset >= FILE_MARK.len() as u64 && placed.end <= end);
        end = placed.offset;
    }
});
