//! Extended headers (POSIX `pax`, "pax Extended Header").

use crate::metadata::Timestamp;

use crate::acl;
use crate::number::{decimal, time};

/// More attributes than any file system holds for one entry.
pub(crate) const MAX_XATTRS: usize = 1024;

/// What extended headers say, as far as it matters here.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pax {
    pub(crate) path: Option<Vec<u8>>,
    pub(crate) link: Option<Vec<u8>>,
    pub(crate) size: Option<u64>,
    pub(crate) uid: Option<u64>,
    pub(crate) gid: Option<u64>,
    pub(crate) modified: Option<Timestamp>,
    pub(crate) xattrs: Vec<(Vec<u8>, Vec<u8>)>,
    pub(crate) sparse: PaxSparse,
}

/// The keys `GNU.sparse.*` of the formats 0.0, 0.1 and 1.0.
#[derive(Debug, Clone, Default)]
pub(crate) struct PaxSparse {
    pub(crate) major: Option<u64>,
    pub(crate) real_size: Option<u64>,
    pub(crate) name: Option<Vec<u8>>,
    /// Offsets and lengths in turn.
    pub(crate) map: Vec<u64>,
}

impl Pax {
    /// Takes in the records of one extended header; `None` when they are malformed.
    pub(crate) fn add(&mut self, mut rest: &[u8]) -> Option<()> {
        while !rest.is_empty() {
            let space = rest.iter().position(|byte| *byte == b' ')?;
            let length = usize::try_from(decimal(&rest[..space])?).ok()?;
            let record = rest.get(space + 1..length)?.strip_suffix(b"\n")?;
            let equals = record.iter().position(|byte| *byte == b'=')?;
            self.add_record(&record[..equals], &record[equals + 1..])?;
            rest = &rest[length..];
        }
        Some(())
    }

    fn add_record(&mut self, key: &[u8], value: &[u8]) -> Option<()> {
        if let Some(name) = key.strip_prefix(b"SCHILY.xattr.") {
            return self.add_xattr(&xattr_name(name), value.to_vec());
        }
        if let Some(name) = key.strip_prefix(b"SCHILY.acl.") {
            let (name, access) = match name {
                b"access" => (b"system.posix_acl_access".as_slice(), true),
                b"default" => (b"system.posix_acl_default".as_slice(), false),
                _ => return Some(()),
            };
            return acl::parse(value, access).map_or(Some(()), |value| self.add_xattr(name, value));
        }
        // A record without a value takes one back that a global header gave.
        let given = !value.is_empty();
        match key {
            b"path" => self.path = given.then(|| value.to_vec()),
            b"linkpath" => self.link = given.then(|| value.to_vec()),
            b"size" => self.size = parse_if(given, || decimal(value))?,
            b"uid" => self.uid = parse_if(given, || decimal(value))?,
            b"gid" => self.gid = parse_if(given, || decimal(value))?,
            b"mtime" => self.modified = parse_if(given, || time(value))?,
            b"GNU.sparse.major" => self.sparse.major = Some(decimal(value)?),
            b"GNU.sparse.realsize" | b"GNU.sparse.size" => self.sparse.real_size = Some(decimal(value)?),
            b"GNU.sparse.name" => self.sparse.name = Some(value.to_vec()),
            b"GNU.sparse.offset" | b"GNU.sparse.numbytes" => self.sparse.map.push(decimal(value)?),
            b"GNU.sparse.map" => {
                let numbers = value.split(|byte| *byte == b',').filter(|number| !number.is_empty());
                self.sparse.map = numbers.map(decimal).collect::<Option<_>>()?;
            }
            _ => {}
        }
        Some(())
    }

    fn add_xattr(&mut self, name: &[u8], value: Vec<u8>) -> Option<()> {
        if self.xattrs.len() >= MAX_XATTRS {
            return None;
        }
        self.xattrs.retain(|(earlier, _)| earlier != name);
        self.xattrs.push((name.to_vec(), value));
        Some(())
    }

    /// Keeps only what may hold for all entries that follow.
    pub(crate) fn into_global(self) -> Self {
        Self {
            xattrs: Vec::new(),
            sparse: PaxSparse::default(),
            ..self
        }
    }
}

/// GNU tar writes the two characters so that would end or begin something else in a keyword.
fn xattr_name(keyword: &[u8]) -> Vec<u8> {
    let mut name = Vec::with_capacity(keyword.len());
    let mut rest = keyword;
    while let Some((first, after)) = rest.split_first() {
        let (byte, after) = match rest {
            [b'%', b'3', b'D', after @ ..] => (b'=', after),
            [b'%', b'2', b'5', after @ ..] => (b'%', after),
            _ => (*first, after),
        };
        name.push(byte);
        rest = after;
    }
    name
}

fn parse_if<T>(given: bool, parse: impl FnOnce() -> Option<T>) -> Option<Option<T>> {
    if given { parse().map(Some) } else { Some(None) }
}

#[cfg(test)]
mod tests {
    use super::Pax;

    #[test]
    fn records_may_hold_any_bytes() {
        let mut pax = Pax::default();
        pax.add(b"12 path=a\nb\n28 SCHILY.xattr.user.k=\0=\n\xff\n14 mtime=-1.5\n13 ignored=x\n")
            .unwrap();
        assert_eq!(pax.path.as_deref(), Some(&b"a\nb"[..]));
        assert_eq!(pax.xattrs, [(b"user.k".to_vec(), b"\0=\n\xff".to_vec())]);
        assert_eq!(pax.modified.unwrap().seconds, -2);
    }

    #[test]
    fn malformed_records_are_refused() {
        for wrong in [
            &b"x"[..],
            b"5 a=b",
            b"99 path=a\n",
            b"0 \n",
            b"3 a\n",
            b"7 pathb\n",
            b"9 size=x\n",
            b"-1 a=b\n",
        ] {
            assert!(Pax::default().add(wrong).is_none(), "{}", wrong.escape_ascii());
        }
    }
}
