//! Extended attributes: checked when an entry comes, written when the disk is finished.

use std::io::{Seek, Write};

use super::Writer;
use crate::disk::acl;
use crate::disk::block_range::BlockRange;
use crate::disk::block_size::BlockSize;
use crate::disk::checksum::crc32c;
use crate::disk::xattr::{Attribute, MAX_VALUE_BYTES, Placed, Value, names_fit, place, values_to_move_out};
use crate::error::WriteError;
use crate::metadata::Xattr;
use crate::sink::Sink;
use crate::xattr_name::{is_acl, split_name};

/// A value that has become an inode's content.
pub(super) struct ValueInode {
    pub(super) range: BlockRange,
    pub(super) size_bytes: u64,
    pub(super) checksum: u32,
}

impl<W: Write + Seek> Writer<W> {
    /// Refuses attributes that could not be written later, and counts their bytes.
    pub(super) fn check_xattrs(&mut self, path: &[u8], xattrs: &[Xattr]) -> Result<(), WriteError> {
        for (at, xattr) in xattrs.iter().enumerate() {
            let valid = split_name(&xattr.name).is_some()
                && xattr.value.len() <= MAX_VALUE_BYTES
                && (!is_acl(&xattr.name) || acl::to_disk(&xattr.value).is_some());
            if !valid || at > 255 || xattrs[..at].iter().any(|earlier| earlier.name == xattr.name) {
                return Err(WriteError::InvalidXattr {
                    path: path.to_vec(),
                    name: xattr.name.clone(),
                });
            }
            self.retain(xattr.name.len() + xattr.value.len())?;
        }
        let fits = |block_size: BlockSize| {
            let names = xattrs.iter().filter_map(|xattr| split_name(&xattr.name));
            names_fit(names.map(|(_, name)| name), block_size.bytes())
        };
        match () {
            () if fits(self.options.block_size) => Ok(()),
            () if fits(BlockSize::Kib4) => Err(WriteError::BlocksTooSmall { path: path.to_vec() }),
            () => Err(WriteError::TooManyXattrs { path: path.to_vec() }),
        }
    }
}

/// Places the attributes of one entry. Values too large for its block become inodes, which are added to `values` and numbered from `first_value_inode`.
pub(super) fn write_xattrs<W: Write + Seek>(
    sink: &mut Sink<W>,
    xattrs: &[Xattr],
    checksum_seed: u32,
    first_value_inode: u32,
    values: &mut Vec<ValueInode>,
) -> Result<Placed, WriteError> {
    let mut attributes: Vec<Attribute> = xattrs.iter().filter_map(attribute).collect();
    let block_bytes = sink.block_bytes();
    for index in values_to_move_out(&attributes, block_bytes) {
        let Value::Here(value) = &attributes[index].value else {
            continue;
        };
        let checksum = crc32c(checksum_seed, value);
        let inode = first_value_inode + values.len() as u32;
        let length = value.len() as u32;
        let range = sink.append(value)?;
        values.push(ValueInode {
            range,
            size_bytes: u64::from(length),
            checksum,
        });
        attributes[index].value = Value::InInode {
            inode,
            length,
            checksum,
        };
    }
    place(&attributes, block_bytes).ok_or_else(|| WriteError::TooManyXattrs { path: Vec::new() })
}

fn attribute(xattr: &Xattr) -> Option<Attribute> {
    let (index, name) = split_name(&xattr.name)?;
    let value = if is_acl(&xattr.name) {
        acl::to_disk(&xattr.value)?
    } else {
        xattr.value.clone()
    };
    Some(Attribute {
        index,
        name: name.to_vec(),
        value: Value::Here(value),
    })
}
