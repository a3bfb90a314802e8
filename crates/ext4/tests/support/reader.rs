//! A reader of EXT4 images that shares no code with the writer. It goes through directories block by block, as a kernel without `dir_index` would.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

pub(crate) struct Reader {
    file: File,
    inodes_per_group: u32,
    block_bytes: u64,
}

#[derive(Debug, Clone)]
pub(crate) struct Inode {
    pub(crate) raw: Vec<u8>,
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(bytes[at..at + 2].try_into().unwrap())
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
}

impl Inode {
    pub(crate) fn mode(&self) -> u16 {
        u16_at(&self.raw, 0)
    }
    pub(crate) fn uid(&self) -> u32 {
        u32::from(u16_at(&self.raw, 2)) | u32::from(u16_at(&self.raw, 0x78)) << 16
    }
    pub(crate) fn gid(&self) -> u32 {
        u32::from(u16_at(&self.raw, 0x18)) | u32::from(u16_at(&self.raw, 0x7a)) << 16
    }
    pub(crate) fn size(&self) -> u64 {
        u64::from(u32_at(&self.raw, 4)) | u64::from(u32_at(&self.raw, 0x6c)) << 32
    }
    pub(crate) fn links(&self) -> u16 {
        u16_at(&self.raw, 0x1a)
    }
    /// Units of 512 bytes.
    pub(crate) fn sectors(&self) -> u32 {
        u32_at(&self.raw, 0x1c)
    }
    pub(crate) fn flags(&self) -> u32 {
        u32_at(&self.raw, 0x20)
    }
    pub(crate) fn modified(&self) -> (i64, u32) {
        let extra = u32_at(&self.raw, 0x88);
        (
            i64::from(u32_at(&self.raw, 0x10) as i32) + (i64::from(extra & 3) << 32),
            extra >> 2,
        )
    }
    pub(crate) fn map(&self) -> &[u8] {
        &self.raw[0x28..0x64]
    }
    pub(crate) fn device(&self) -> (u32, u32) {
        match (u32_at(self.map(), 0), u32_at(self.map(), 4)) {
            (0, new) => ((new >> 8) & 0xfff, (new & 0xff) | (new >> 12) & 0xfff00),
            (old, _) => (old >> 8, old & 0xff),
        }
    }
}

impl Reader {
    pub(crate) fn open(path: &Path) -> Self {
        let file = File::open(path).unwrap();
        let mut superblock = [0; 1024];
        file.read_exact_at(&mut superblock, 1024).unwrap();
        Self {
            file,
            inodes_per_group: u32_at(&superblock, 0x28),
            block_bytes: 1024 << u32_at(&superblock, 0x18),
        }
    }

    fn block(&self, number: u32) -> Vec<u8> {
        let mut block = vec![0; self.block_bytes as usize];
        self.file
            .read_exact_at(&mut block, u64::from(number) * self.block_bytes)
            .unwrap();
        block
    }

    pub(crate) fn inode(&self, number: u32) -> Inode {
        let (group, index) = (
            (number - 1) / self.inodes_per_group,
            (number - 1) % self.inodes_per_group,
        );
        let mut descriptor = [0; 32];
        self.file
            .read_exact_at(&mut descriptor, self.block_bytes.max(2048) + u64::from(group) * 32)
            .unwrap();
        let mut raw = vec![0; 256];
        let at = u64::from(u32_at(&descriptor, 8)) * self.block_bytes + u64::from(index) * 256;
        self.file.read_exact_at(&mut raw, at).unwrap();
        Inode { raw }
    }

    /// Logical block, physical block and length of each extent.
    pub(crate) fn extents(&self, inode: &Inode) -> Vec<(u32, u32, u32)> {
        let mut found = Vec::new();
        self.collect_extents(inode.map(), &mut found);
        found
    }

    fn collect_extents(&self, node: &[u8], found: &mut Vec<(u32, u32, u32)>) {
        assert_eq!(u16_at(node, 0), 0xf30a);
        for index in 0..usize::from(u16_at(node, 2)) {
            let entry = &node[12 + index * 12..];
            if u16_at(node, 6) == 0 {
                found.push((u32_at(entry, 0), u32_at(entry, 8), u32::from(u16_at(entry, 4))));
            } else {
                self.collect_extents(&self.block(u32_at(entry, 4)), found);
            }
        }
    }

    /// The whole content; only for files that fit memory.
    pub(crate) fn content(&self, inode: &Inode) -> Vec<u8> {
        let mut content = vec![0; inode.size().next_multiple_of(self.block_bytes) as usize];
        for (logical, physical, count) in self.extents(inode) {
            let at = logical as usize * self.block_bytes as usize;
            let length = count as usize * self.block_bytes as usize;
            self.file
                .read_exact_at(&mut content[at..at + length], u64::from(physical) * self.block_bytes)
                .unwrap();
        }
        content.truncate(inode.size() as usize);
        content
    }

    pub(crate) fn symlink(&self, inode: &Inode) -> Vec<u8> {
        if inode.size() < 60 {
            inode.map()[..inode.size() as usize].to_vec()
        } else {
            self.content(inode)
        }
    }

    pub(crate) fn entries(&self, directory: &Inode) -> BTreeMap<Vec<u8>, (u32, u8)> {
        let mut entries = BTreeMap::new();
        let content = self.content(directory);
        for block in content.chunks(self.block_bytes as usize) {
            let mut at = 0;
            while at < block.len() {
                let (inode, length, name_length) = (u32_at(block, at), u16_at(block, at + 4), block[at + 6]);
                let name = &block[at + 8..at + 8 + usize::from(name_length)];
                if inode != 0 && name != b"." && name != b".." {
                    assert!(
                        entries.insert(name.to_vec(), (inode, block[at + 7])).is_none(),
                        "a name occurs twice"
                    );
                }
                at += usize::from(length);
                // The index entries of a hashed directory hide behind an entry that covers the block.
                assert!(length >= 8);
            }
        }
        entries
    }

    pub(crate) fn lookup(&self, path: &str) -> (u32, Inode) {
        self.find(path).unwrap_or_else(|| panic!("{path} is not on the disk"))
    }

    pub(crate) fn find(&self, path: &str) -> Option<(u32, Inode)> {
        let mut number = 2;
        for name in path.split('/').filter(|name| !name.is_empty()) {
            number = self.entries(&self.inode(number)).get(name.as_bytes())?.0;
        }
        Some((number, self.inode(number)))
    }

    /// Index and rest of each attribute's name, with its value as it is on disk.
    pub(crate) fn xattrs(&self, inode: &Inode) -> BTreeMap<(u8, Vec<u8>), Vec<u8>> {
        let mut found = BTreeMap::new();
        if u32_at(&inode.raw, 160) == 0xea02_0000 {
            self.collect_xattrs(&inode.raw[164..], 0, &mut found);
        }
        let block = u32_at(&inode.raw, 0x68);
        if block != 0 {
            let block = self.block(block);
            assert_eq!(u32_at(&block, 0), 0xea02_0000);
            self.collect_xattrs(&block, 32, &mut found);
        }
        found
    }

    fn collect_xattrs(&self, area: &[u8], start: usize, found: &mut BTreeMap<(u8, Vec<u8>), Vec<u8>>) {
        let mut at = start;
        while u32_at(area, at) != 0 {
            let (name_length, index, offset) = (usize::from(area[at]), area[at + 1], usize::from(u16_at(area, at + 2)));
            let (inode, size) = (u32_at(area, at + 4), u32_at(area, at + 8) as usize);
            let value = if inode == 0 {
                area[offset..offset + size].to_vec()
            } else {
                self.content(&self.inode(inode))
            };
            let name = area[at + 16..at + 16 + name_length].to_vec();
            assert!(found.insert((index, name), value).is_none());
            at += 16 + name_length.next_multiple_of(4);
        }
    }
}
