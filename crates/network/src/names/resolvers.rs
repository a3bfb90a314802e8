//! The resolvers of the host, as its own programs use them.

use std::fs::{File, Metadata};
use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6, ToSocketAddrs};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where the host's resolvers are written. resolv.conf(5).
const PATH: &str = "/etc/resolv.conf";

/// Port of the DNS. RFC 1035, section 4.2.
const PORT: u16 = 53;

/// Most resolvers that are used: `MAXNS`, resolv.conf(5), "nameserver".
const SERVERS_MAX: usize = 3;

/// Most bytes of the file that are read.
const FILE_MAX_BYTES: u64 = 64 * 1024;

/// Shortest time between two looks at the file.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// What a file like `/etc/resolv.conf` says. Its options are not read: how often and how long a resolver is asked is decided here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolverFile {
    /// The resolvers, in the order in which they are asked; at least one, at most three.
    pub servers: Vec<SocketAddr>,
    /// The domains in which short names are looked for.
    pub search_domains: Vec<String>,
}

impl ResolverFile {
    /// Reads the text of such a file. Lines that are not understood are skipped, as the C library does. Without a resolver it is the
    /// one on this host, resolv.conf(5).
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut servers = Vec::new();
        let mut search_domains = Vec::new();
        // A keyword stands at the start of its line. resolv.conf(5).
        for line in text.lines().filter(|line| !line.starts_with(char::is_whitespace)) {
            let mut words = line.split_whitespace();
            match words.next() {
                Some("nameserver") if servers.len() < SERVERS_MAX => servers.extend(words.next().and_then(server)),
                Some("search") => search_domains = words.map(str::to_owned).collect(),
                Some("domain") => search_domains = words.next().map(str::to_owned).into_iter().collect(),
                _ => {}
            }
        }
        if servers.is_empty() {
            servers.push(SocketAddr::from((Ipv4Addr::LOCALHOST, PORT)));
        }
        Self {
            servers,
            search_domains,
        }
    }
}

/// The address of a resolver, possibly with the interface of a link-local one (`fe80::1%eth0`).
fn server(text: &str) -> Option<SocketAddr> {
    let Some((address, scope)) = text.split_once('%') else {
        return text
            .parse::<IpAddr>()
            .ok()
            .map(|address| SocketAddr::new(address, PORT));
    };
    let address: Ipv6Addr = address.parse().ok()?;
    if let Ok(scope) = scope.parse() {
        return Some(SocketAddrV6::new(address, PORT, 0, scope).into());
    }
    // The C library knows the numbers of interfaces, and asks nobody about an address that is written in digits.
    (text, PORT).to_socket_addrs().ok()?.next()
}

/// The resolvers of the host, read again when they have changed, for example because a VPN was opened.
///
/// On macOS the system keeps the file up to date for the resolver of the primary interface. The further ones, by which a VPN may claim
/// only some domains, are not in it and are not followed.
#[derive(Debug)]
pub struct HostResolvers {
    /// `None`: they never change.
    path: Option<PathBuf>,
    stamp: Option<Stamp>,
    checked: Option<Duration>,
    current: ResolverFile,
}

/// By what a change of the file is noticed: modification time in seconds and nanoseconds, size, device and inode.
type Stamp = (i64, i64, u64, u64, u64);

impl HostResolvers {
    /// Those in `/etc/resolv.conf`. Nothing is read before the first [`HostResolvers::refresh`].
    #[must_use]
    pub fn new() -> Self {
        Self::at(Path::new(PATH))
    }

    /// Those in a file of the same format.
    #[must_use]
    pub fn at(path: &Path) -> Self {
        Self {
            path: Some(path.to_owned()),
            stamp: None,
            checked: None,
            current: ResolverFile::parse(""),
        }
    }

    /// These, whatever the host's files say.
    #[must_use]
    pub fn fixed(servers: Vec<SocketAddr>) -> Self {
        Self {
            path: None,
            stamp: None,
            checked: None,
            current: ResolverFile {
                servers,
                search_domains: Vec::new(),
            },
        }
    }

    /// Looks whether the file has changed, at most once a second, and says whether the resolvers or domains are now others than before;
    /// the first time it always says so. A file that is not there says the same as an empty one, resolv.conf(5); one that cannot be read
    /// leaves everything as it was.
    pub fn refresh(&mut self, now: Duration) -> bool {
        if self
            .checked
            .is_some_and(|checked| now.saturating_sub(checked) < CHECK_INTERVAL)
        {
            return false;
        }
        let is_first = self.checked.replace(now).is_none();
        let Some(path) = &self.path else {
            return is_first;
        };
        let stamp = std::fs::metadata(path)
            .ok()
            .filter(Metadata::is_file)
            .map(|metadata| stamp(&metadata));
        if stamp.is_some() && stamp == self.stamp {
            return is_first;
        }
        let text = match stamp {
            None => String::new(),
            Some(_) => match read(path) {
                Ok(text) => text,
                Err(_) => return is_first,
            },
        };
        self.stamp = stamp;
        let read = ResolverFile::parse(&text);
        let has_changed = is_first || read != self.current;
        self.current = read;
        has_changed
    }

    /// What was read last.
    #[must_use]
    pub fn current(&self) -> &ResolverFile {
        &self.current
    }
}

impl Default for HostResolvers {
    fn default() -> Self {
        Self::new()
    }
}

fn stamp(metadata: &Metadata) -> Stamp {
    (
        metadata.mtime(),
        metadata.mtime_nsec(),
        metadata.size(),
        metadata.dev(),
        metadata.ino(),
    )
}

fn read(path: &Path) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    File::open(path)?.take(FILE_MAX_BYTES).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests;
