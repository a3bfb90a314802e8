//! Writes EXT4 images in one pass, without mounting and without root, and reads them back.
//!
//! [`Writer`] turns a stream of entries (directories, files, links, devices) into a read-only disk just large enough for them: the contents of
//! regular files go to the image as they arrive; everything else waits in a scratch file, with little more than twenty bytes of memory an entry, and is written
//! by [`Writer::finish`].
//! [`Reader`] reads such a disk, also one that Linux has written to, and [`Writer::lay`] lays one over another by the rules of a stack of layers.
//! A disk written with [`Room`] is a writable one instead, with a journal and free space; [`Writer::copy`] starts it with all that another one has.
//! [`format_writable`] makes an empty disk, with a journal or without, by writing a handful of blocks, however large the disk;
//! [`mount_state`] tells what has become of it, and [`free_space`] where nothing is on it.
//!
//! `e2fsck -fn` finds no fault in a finished disk, stock Linux kernels (6.1 and later) mount it, and equal input gives equal bytes.
//! Limits: 16 TiB a writable disk, 4 TiB a read-only one with blocks of 1 KiB, 65,000 hard links a file.

mod disk;
mod error;
mod format;
mod free_space;
mod metadata;
mod mount_state;
mod path;
mod reader;
mod scratch;
mod sink;
mod tree;
mod writer;
mod xattr_name;

pub use disk::ROOT_INODE;
pub use disk::block_size::BlockSize;
pub use error::{FormatError, ReadError, WriteError};
pub use format::{FormatOptions, Journal, JournalMode, WritableDisk, format_writable};
pub use free_space::{FreeSpace, free_space};
pub use metadata::{DeviceNumber, Metadata, Timestamp, Xattr};
pub use mount_state::{MountState, mount_state};
pub use reader::{Names, Node, NodeKind, Piece, Reader, Volume};
pub use scratch::ScratchFile;
pub use writer::{EntryKind, FileWriter, Limits, Options, Room, RootMetadata, Stat, Summary, Writer};
