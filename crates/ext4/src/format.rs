//! Empty writable disks, made by writing a few blocks however large they are.
//!
//! Every group starts with its own bitmaps and inode table, so a group that nothing was ever put in needs nothing on disk: its descriptor says that the bitmaps
//! are to be computed and the table is zeros already. Written are the first group (superblock, descriptors, the root directory and the empty directories in
//! it, the journal's first block) and the bitmap of the last one, which may not be left to be computed. One copy of superblock and descriptors lies in the
//! second group. Metadata carries checksums; a journal, if there is one, keeps the disk consistent through a sudden end of the machine; `discard` is a
//! default mount option, so that space freed in the guest goes back to the host.

mod directories;
mod plan;

use std::io::{Seek, SeekFrom, Write};

use crate::disk::extent::inline_map;
use crate::disk::group::GroupDescriptor;
use crate::disk::put::low32;
use crate::disk::superblock::{
    JournalBackup, SUPERBLOCK_BYTES, Superblock, checksum_seed, compat, incompat, ro_compat,
};
use crate::disk::writable::{MAX_JOURNAL_BYTES, MIN_JOURNAL_BYTES};
use crate::disk::{BLOCK_BYTES, BLOCKS_PER_GROUP, JOURNAL_INODE, journal};
use crate::error::FormatError;
use crate::metadata::Timestamp;
use plan::Plan;

/// EXT4_DEFM_XATTR_USER, EXT4_DEFM_ACL, EXT4_DEFM_DISCARD ("s_default_mount_opts").
const DEFAULT_MOUNT_OPTIONS: u32 = 0x4 | 0x8 | 0x400;

/// What an empty disk is made with.
#[derive(Debug, Clone)]
pub struct FormatOptions {
    /// Size of the disk, rounded down to whole blocks. The file takes almost nothing of it until the guest writes.
    pub size_bytes: u64,
    /// Identity of the file system; also seeds the hashes of directories.
    pub uuid: [u8; 16],
    /// Volume label, cut off after 16 bytes.
    pub label: String,
    /// When the disk was made, and the time of its root directory.
    pub made: Timestamp,
    /// Permission bits, owner and group of the root directory and of those in it.
    pub root: (u16, u32, u32),
    /// Names of empty directories in the root. Together they fit one block: 12 bytes for the shortest names, 264 for the longest, 4,060 in all.
    pub directories: Vec<String>,
    /// The journal that keeps the disk consistent. Without one it mounts faster, but may be damaged when the machine ends before it is unmounted.
    pub journal: Option<Journal>,
}

/// The journal of a disk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Journal {
    /// What goes through it.
    pub mode: JournalMode,
    /// Its size, rounded up to whole blocks; `None` is a sixteenth of the disk, within [`Journal::MIN_BYTES`] and [`Journal::MAX_BYTES`].
    pub size_bytes: Option<u64>,
}

/// What goes through a journal, the `data=` of ext4(5).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum JournalMode {
    /// Metadata; the data that it speaks of is written before.
    #[default]
    Ordered,
    /// Metadata only: after a crash files may hold what was in their blocks before.
    Writeback,
    /// Metadata and data.
    Data,
}

impl Journal {
    /// The smallest journal.
    pub const MIN_BYTES: u64 = MIN_JOURNAL_BYTES;
    /// The largest one, so that it fits the first group: a larger one would only grow the file on the host.
    pub const MAX_BYTES: u64 = MAX_JOURNAL_BYTES;
}

impl JournalMode {
    /// EXT3_DEFM_JMODE_DATA, EXT3_DEFM_JMODE_ORDERED, EXT3_DEFM_JMODE_WBACK ("s_default_mount_opts"). Ordered is what the kernel does anyway.
    fn default_mount_options(self) -> u32 {
        match self {
            Self::Ordered => 0,
            Self::Writeback => 0x60,
            Self::Data => 0x20,
        }
    }
}

/// What was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WritableDisk {
    /// Size of the file system and of the file.
    pub size_bytes: u64,
    /// Size of the journal, 0 without one.
    pub journal_bytes: u64,
    /// Inodes that the guest can use.
    pub inodes: u32,
}

/// Makes an empty EXT4 file system in `out`, which must be empty or read as zeros. The file is not synced.
///
/// # Errors
/// [`FormatError::Size`] outside of 8 MiB to 16 TiB, [`FormatError::JournalSize`], [`FormatError::DirectoryName`], [`FormatError::TooManyDirectories`], all before anything is written;
/// [`FormatError::Io`].
pub fn format_writable<W: Write + Seek>(out: &mut W, options: &FormatOptions) -> Result<WritableDisk, FormatError> {
    let seed = checksum_seed(&options.uuid);
    let mut contents = directories::blocks(&options.directories, seed)?;
    let plan = Plan::new(options)?;
    let mut superblock = Superblock {
        blocks: plan.blocks,
        inodes: plan.inodes_per_group * plan.groups,
        inodes_per_group: plan.inodes_per_group,
        uuid: options.uuid,
        label: crate::writer::label_bytes(&options.label),
        hash_seed: crate::writer::hash_seed(options.uuid),
        made_seconds: low32(options.made.seconds.max(0) as u64),
        compat: compat::EXT_ATTR | compat::DIR_INDEX | compat::SPARSE_SUPER2,
        incompat: incompat::FILETYPE | incompat::EXTENTS,
        ro_compat: ro_compat::LARGE_FILE
            | ro_compat::HUGE_FILE
            | ro_compat::DIR_NLINK
            | ro_compat::EXTRA_ISIZE
            | ro_compat::METADATA_CSUM,
        default_mount_options: DEFAULT_MOUNT_OPTIONS
            | options
                .journal
                .map_or(0, |journal| journal.mode.default_mount_options()),
        backup_groups: [u32::from(plan.groups > 1), 0],
        ..Superblock::default()
    };
    let mut journal_bytes = 0;
    if let Some(range) = plan.journal {
        journal_bytes = u64::from(range.count) * BLOCK_BYTES as u64;
        superblock.compat |= compat::HAS_JOURNAL;
        superblock.journal = Some(JournalBackup {
            inode: JOURNAL_INODE,
            map: inline_map(range),
            size_bytes: journal_bytes,
        });
        // It lies right behind the directories.
        contents.extend_from_slice(&journal::empty_superblock(range.count, &options.uuid));
    }

    let groups: Vec<GroupDescriptor> = (0..plan.groups).map(|group| plan.descriptor(group, seed)).collect();
    superblock.free_blocks = groups.iter().map(|group| u64::from(group.free_blocks)).sum();
    superblock.free_inodes = groups.iter().map(|group| group.free_inodes).sum();
    let descriptors: Vec<u8> = (0..)
        .zip(&groups)
        .flat_map(|(number, group)| group.encode_with_checksum(seed, number))
        .collect();

    // The head of the first group is one run: superblock, descriptors, bitmaps, inode table.
    let mut head = vec![0; SUPERBLOCK_BYTES];
    head.extend_from_slice(&superblock.encode(0));
    head.resize(BLOCK_BYTES, 0);
    head.extend_from_slice(&descriptors);
    head.resize(plan.block_bitmap_of(0) as usize * BLOCK_BYTES, 0);
    head.extend_from_slice(plan.block_bitmap(0).as_bytes());
    head.extend_from_slice(plan.inode_bitmap().as_bytes());
    head.extend_from_slice(&plan.first_inodes(seed, options));
    write_block(out, 0, &head)?;
    write_block(out, u64::from(plan.root_block), &contents)?;
    if plan.groups > 1 {
        let last = plan.groups - 1;
        write_block(
            out,
            u64::from(plan.block_bitmap_of(last)),
            plan.block_bitmap(last).as_bytes(),
        )?;
        let mut copy = superblock.encode(1).to_vec();
        copy.resize(BLOCK_BYTES, 0);
        copy.extend_from_slice(&descriptors);
        write_block(out, BLOCKS_PER_GROUP, &copy)?;
    }
    let size_bytes = plan.blocks * BLOCK_BYTES as u64;
    out.seek(SeekFrom::Start(size_bytes - 1))?;
    out.write_all(&[0])?;
    Ok(WritableDisk {
        size_bytes,
        journal_bytes,
        inodes: superblock.free_inodes,
    })
}

fn write_block<W: Write + Seek>(out: &mut W, block: u64, bytes: &[u8]) -> Result<(), FormatError> {
    out.seek(SeekFrom::Start(block * BLOCK_BYTES as u64))?;
    Ok(out.write_all(bytes)?)
}
