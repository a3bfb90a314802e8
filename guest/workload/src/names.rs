//! What the container knows of names: the contents of `/etc/hosts`, hosts(5), and `/etc/resolv.conf`, resolv.conf(5).

use std::fmt::Write as _;

/// Lines that every container has.
const LOOPBACK: &str =
    "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n";

/// What the container knows of names. No text in it is empty or holds blanks or control characters, which would make it more than one
/// word of its line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// Lines of `/etc/hosts` besides those of loopback, in order.
    pub hosts: Vec<HostsLine>,
    /// Where the container's `/etc/resolv.conf` comes from.
    pub resolver: ResolverFile,
}

/// One line of `/etc/hosts`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HostsLine {
    /// In text form.
    pub address: String,
    /// The names of this address.
    pub names: Vec<String>,
}

/// Where the container's `/etc/resolv.conf` comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ResolverFile {
    /// There is no resolver to ask.
    #[default]
    None,
    /// The image's own file stays in place.
    Image,
    /// The file asks this resolver.
    Resolver(Resolver),
}

/// The lines of `/etc/resolv.conf`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resolver {
    /// Addresses in text form, in the order in which they are asked.
    pub nameservers: Vec<String>,
    /// The local domain.
    pub domain: Option<String>,
    /// Domains in which short names are looked up.
    pub search: Vec<String>,
    /// Options.
    pub options: Vec<String>,
}

impl Names {
    /// The content of `/etc/hosts` of a container with this host name.
    pub(crate) fn hosts_file(&self, hostname: &str) -> String {
        let mut text = LOOPBACK.to_owned();
        let is_hostname = |name: &String| name.eq_ignore_ascii_case(hostname);
        if !self.hosts.iter().flat_map(|line| &line.names).any(is_hostname) {
            line(&mut text, "127.0.1.1", '\t', hostname);
        }
        for HostsLine { address, names } in &self.hosts {
            line(&mut text, address, '\t', &names.join(" "));
        }
        text
    }
}

impl ResolverFile {
    /// The content of `/etc/resolv.conf`; `None` where the image's own stays.
    pub(crate) fn content(&self) -> Option<String> {
        match self {
            // Without a name server line, resolvers ask 127.0.0.1 and are refused at once instead of running into a
            // time-out.
            Self::None => Some("# this container has no network\n".to_owned()),
            Self::Image => None,
            Self::Resolver(resolver) => Some(resolver.file()),
        }
    }
}

impl Resolver {
    fn file(&self) -> String {
        let mut text = String::new();
        for address in &self.nameservers {
            line(&mut text, "nameserver", ' ', address);
        }
        if let Some(domain) = &self.domain {
            line(&mut text, "domain", ' ', domain);
        }
        for (keyword, words) in [("search", &self.search), ("options", &self.options)] {
            if !words.is_empty() {
                line(&mut text, keyword, ' ', &words.join(" "));
            }
        }
        text
    }
}

fn line(text: &mut String, first: &str, separator: char, rest: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{first}{separator}{rest}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(hosts: &[(&str, &[&str])]) -> Names {
        let hosts = hosts.iter().map(|(address, names)| HostsLine {
            address: (*address).to_owned(),
            names: names.iter().map(|name| (*name).to_owned()).collect(),
        });
        Names {
            hosts: hosts.collect(),
            ..Names::default()
        }
    }

    #[test]
    fn hosts_knows_localhost_and_the_container() {
        let text = Names::default().hosts_file("web");
        assert!(text.lines().any(|line| line == "127.0.0.1\tlocalhost"));
        assert!(text.lines().any(|line| line == "127.0.1.1\tweb"));
    }

    #[test]
    fn a_container_with_an_address_resolves_to_it_alone() {
        let text = names(&[("10.1.2.3", &["web", "web.internal"]), ("10.9.9.9", &["db"])]).hosts_file("web");
        assert!(!text.contains("127.0.1.1"), "{text}");
        assert!(text.ends_with("10.1.2.3\tweb web.internal\n10.9.9.9\tdb\n"), "{text}");
        let text = names(&[("10.9.9.9", &["db"])]).hosts_file("web");
        assert!(text.ends_with("127.0.1.1\tweb\n10.9.9.9\tdb\n"), "{text}");
    }

    #[test]
    fn the_resolver_s_lines_are_those_of_its_manual_page() {
        let word = |text: &str| vec![text.to_owned()];
        let mut resolver = Resolver {
            nameservers: vec!["10.1.2.1".to_owned(), "fd00::1".to_owned()],
            ..Resolver::default()
        };
        let text = ResolverFile::Resolver(resolver.clone()).content().unwrap();
        assert_eq!(text, "nameserver 10.1.2.1\nnameserver fd00::1\n");
        resolver.domain = Some("example.org".to_owned());
        resolver.search = [word("a.example"), word("b.example")].concat();
        resolver.options = [word("ndots:2"), word("rotate")].concat();
        let text = ResolverFile::Resolver(resolver).content().unwrap();
        assert!(
            text.ends_with("domain example.org\nsearch a.example b.example\noptions ndots:2 rotate\n"),
            "{text}"
        );
        assert_eq!(ResolverFile::Image.content(), None);
        assert!(ResolverFile::None.content().unwrap().starts_with('#'));
    }
}
