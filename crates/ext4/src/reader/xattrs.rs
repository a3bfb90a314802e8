//! Extended attributes.

use super::{Node, Piece, Reader, damaged};
use crate::disk::acl;
use crate::disk::checksum::crc32c;
use crate::disk::get::{u16_at, u32_at};
use crate::disk::xattr::{BLOCK_HEADER_BYTES, CHECKSUM_AT, ENTRY_BYTES, INODE_HEADER_BYTES, MAGIC, MAX_VALUE_BYTES};
use crate::error::ReadError;
use crate::metadata::Xattr;
use crate::xattr_name::{full_name, is_acl};

impl Reader {
    /// The extended attributes of a node, in the form of [`Xattr`].
    ///
    /// # Errors
    /// [`ReadError`]
    pub fn xattrs(&self, node: &Node) -> Result<Vec<Xattr>, ReadError> {
        let mut xattrs = Vec::new();
        let inode = node.xattr_area();
        if u32_at(inode, 0) == MAGIC {
            self.collect(&inode[INODE_HEADER_BYTES..], 0, &mut xattrs)?;
        }
        let number = node.xattr_block();
        if number != 0 {
            let mut block = vec![0; self.block_bytes()];
            self.read_block(number, &mut block)?;
            if u32_at(&block, 0) != MAGIC {
                return Err(damaged("a block of attributes is none"));
            }
            self.verify_block(number, &block)?;
            self.collect(&block, BLOCK_HEADER_BYTES, &mut xattrs)?;
        }
        Ok(xattrs)
    }

    /// Takes in the attributes of an area, whose entries start at `at`.
    fn collect(&self, area: &[u8], mut at: usize, xattrs: &mut Vec<Xattr>) -> Result<(), ReadError> {
        let cut_off = || damaged("an attribute is cut off");
        while u32_at(area, at) != 0 {
            let (name_bytes, index) = match area.get(at..at + 2) {
                Some([name_bytes, index]) => (usize::from(*name_bytes), *index),
                _ => return Err(cut_off()),
            };
            let name_at = at + ENTRY_BYTES;
            let rest = area.get(name_at..name_at + name_bytes).ok_or_else(cut_off)?;
            let Some(name) = full_name(index, rest) else {
                // Kinds that no system call shows.
                at = name_at + name_bytes.next_multiple_of(4);
                continue;
            };
            let length = u32_at(area, at + 8) as usize;
            let value = match u32_at(area, at + 4) {
                0 => {
                    let value_at = usize::from(u16_at(area, at + 2));
                    area.get(value_at..value_at + length).ok_or_else(cut_off)?.to_vec()
                }
                inode => self.large_value(inode)?,
            };
            let value = if is_acl(&name) {
                acl::from_disk(&value).ok_or(damaged("an access list is malformed"))?
            } else {
                value
            };
            xattrs.push(Xattr { name, value });
            at = name_at + name_bytes.next_multiple_of(4);
        }
        Ok(())
    }

    /// Compares the checksum of a block of attributes, "h_checksum", which is over its number too.
    fn verify_block(&self, number: u32, block: &[u8]) -> Result<(), ReadError> {
        let Some(seed) = self.shape.checksum_seed else {
            return Ok(());
        };
        let (before, rest) = block.split_at(CHECKSUM_AT);
        let sum = crc32c(crc32c(seed, &u64::from(number).to_le_bytes()), before);
        match crc32c(crc32c(sum, &[0; 4]), &rest[4..]) == u32_at(rest, 0) {
            true => Ok(()),
            false => Err(damaged("the checksum of a block of attributes is wrong")),
        }
    }

    /// A value that is the content of an inode.
    fn large_value(&self, inode: u32) -> Result<Vec<u8>, ReadError> {
        let node = self.node(inode)?;
        if node.size_bytes() > MAX_VALUE_BYTES as u64 {
            return Err(damaged("the value of an attribute is too large"));
        }
        let mut value = Vec::with_capacity(node.size_bytes() as usize);
        self.content(&node, |piece| {
            match piece {
                Piece::Bytes(bytes) => value.extend_from_slice(bytes),
                Piece::Hole(length) => value.resize(value.len() + length as usize, 0),
            }
            Ok::<_, ReadError>(())
        })?;
        Ok(value)
    }
}
