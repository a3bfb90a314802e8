//! Frames of a network as a file that Wireshark and tcpdump read: pcapng, draft-ietf-opsawg-pcapng.
//!
//! Each machine is an interface with the name of its container. A block is written in one call of the writer, so that a reader of a pipe
//! never waits for the rest of one for long. Times are in nanoseconds. After an error of the writer the capture may end within a block.

mod whole_blocks;

use std::io::{self, Write};
use std::time::Duration;

pub use whole_blocks::WholeBlocks;

/// Section Header Block, section 4.1.
const SECTION_HEADER: u32 = 0x0A0D_0D0A;

/// Byte-Order Magic, section 4.1. All is written in little-endian.
const BYTE_ORDER_MAGIC: u32 = 0x1A2B_3C4D;

/// Major and Minor Version, section 4.1.
const VERSION: (u16, u16) = (1, 0);

/// Section Length that is not known, section 4.1.
const UNKNOWN_SECTION_LENGTH: u64 = u64::MAX;

/// Interface Description Block, section 4.2.
const INTERFACE_DESCRIPTION: u32 = 1;

/// Enhanced Packet Block, section 4.3.
const ENHANCED_PACKET: u32 = 6;

/// LINKTYPE_ETHERNET, draft-ietf-opsawg-pcaplinktype.
const LINK_TYPE_ETHERNET: u16 = 1;

/// opt_endofopt, section 3.5.
const OPTION_END: u16 = 0;

/// shb_userappl, section 4.1.
const OPTION_APPLICATION: u16 = 4;

/// if_name, section 4.2.
const OPTION_INTERFACE_NAME: u16 = 2;

/// if_tsresol, section 4.2: the value is the negative power of ten of a second.
const OPTION_TIME_RESOLUTION: u16 = 9;
const NANOSECONDS: u8 = 9;

/// epb_flags, section 4.3.1: the two lowest bits are the direction.
const OPTION_PACKET_FLAGS: u16 = 2;
const FLAG_INBOUND: u32 = 0b01;
const FLAG_OUTBOUND: u32 = 0b10;

/// Which way a frame went, seen from the switch, whose port the interface is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The machine sent it: inbound.
    FromMachine,
    /// The machine is to get it: outbound.
    ToMachine,
}

/// Writes a capture.
#[derive(Debug)]
pub struct PcapngWriter<W> {
    writer: W,
    /// Most bytes of a frame that are written; 0 is no limit.
    snap_length: u32,
    interfaces: u32,
    block: Vec<u8>,
}

impl<W: Write> PcapngWriter<W> {
    /// Begins a capture, of each frame at most `snap_length` bytes, or all of it when that is 0.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn new(writer: W, snap_length: u32) -> io::Result<Self> {
        let mut capture = Self {
            writer,
            snap_length,
            interfaces: 0,
            block: Vec::new(),
        };
        capture.begin(SECTION_HEADER);
        capture.block.extend(BYTE_ORDER_MAGIC.to_le_bytes());
        capture.block.extend(VERSION.0.to_le_bytes());
        capture.block.extend(VERSION.1.to_le_bytes());
        capture.block.extend(UNKNOWN_SECTION_LENGTH.to_le_bytes());
        capture.option(
            OPTION_APPLICATION,
            concat!("container ", env!("CARGO_PKG_VERSION")).as_bytes(),
        );
        capture.option(OPTION_END, &[]);
        capture.end()?;
        Ok(capture)
    }

    /// Adds an interface, and gives its number for [`PcapngWriter::packet`]. A name longer than 65,535 bytes is cut.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn interface(&mut self, name: &str) -> io::Result<u32> {
        self.begin(INTERFACE_DESCRIPTION);
        self.block.extend(LINK_TYPE_ETHERNET.to_le_bytes());
        self.block.extend(0_u16.to_le_bytes());
        self.block.extend(self.snap_length.to_le_bytes());
        let end = name.floor_char_boundary(usize::from(u16::MAX));
        self.option(OPTION_INTERFACE_NAME, name.get(..end).unwrap_or_default().as_bytes());
        self.option(OPTION_TIME_RESOLUTION, &[NANOSECONDS]);
        self.option(OPTION_END, &[]);
        self.end()?;
        let number = self.interfaces;
        self.interfaces += 1;
        Ok(number)
    }

    /// Adds a frame of an interface. The time is that since the beginning of 1970.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidInput`] for an interface that was not added or a frame of more than 4 GiB, else those of the writer.
    pub fn packet(
        &mut self,
        interface: u32,
        since_epoch: Duration,
        direction: Direction,
        frame: &[u8],
    ) -> io::Result<()> {
        let length = u32::try_from(frame.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
        if interface >= self.interfaces {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let limit = if self.snap_length == 0 {
            u32::MAX
        } else {
            self.snap_length
        };
        let captured = frame.get(..limit.min(length) as usize).unwrap_or(frame);
        // The 64 bits last until the year 2554.
        let nanoseconds = u64::try_from(since_epoch.as_nanos()).unwrap_or(u64::MAX);
        let flag = match direction {
            Direction::FromMachine => FLAG_INBOUND,
            Direction::ToMachine => FLAG_OUTBOUND,
        };
        self.begin(ENHANCED_PACKET);
        self.block.extend(interface.to_le_bytes());
        self.block.extend(((nanoseconds >> 32) as u32).to_le_bytes());
        self.block.extend((nanoseconds as u32).to_le_bytes());
        self.block.extend(limit.min(length).to_le_bytes());
        self.block.extend(length.to_le_bytes());
        self.padded(captured);
        self.option(OPTION_PACKET_FLAGS, &flag.to_le_bytes());
        self.option(OPTION_END, &[]);
        self.end()
    }

    /// Passes on what the writer holds back.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }

    /// The writer, for taking what it has got so far.
    pub fn writer_mut(&mut self) -> &mut W {
        &mut self.writer
    }

    /// The writer.
    pub fn into_writer(self) -> W {
        self.writer
    }

    /// Begins a block, section 3.1: type, and the length that is known at its end.
    fn begin(&mut self, kind: u32) {
        self.block.clear();
        self.block.extend(kind.to_le_bytes());
        self.block.extend([0; 4]);
    }

    /// Adds an option, section 3.5. Those here are shorter than the length can say.
    fn option(&mut self, code: u16, value: &[u8]) {
        self.block.extend(code.to_le_bytes());
        self.block.extend((value.len() as u16).to_le_bytes());
        self.padded(value);
    }

    /// Adds bytes up to a multiple of four.
    fn padded(&mut self, bytes: &[u8]) {
        self.block.extend(bytes);
        self.block.resize(self.block.len().next_multiple_of(4), 0);
    }

    /// Ends a block: its length is at both ends, section 3.1.
    fn end(&mut self) -> io::Result<()> {
        let length = u32::try_from(self.block.len() + 4).map_err(|_| io::ErrorKind::InvalidInput)?;
        self.block.extend(length.to_le_bytes());
        if let Some(field) = self.block.get_mut(4..8) {
            field.copy_from_slice(&length.to_le_bytes());
        }
        self.writer.write_all(&self.block)
    }
}

#[cfg(test)]
mod tests;
