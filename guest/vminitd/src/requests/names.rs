//! Converts what the host says of names. They become words of text files, so that a text with blanks would say something else there.

use std::net::IpAddr;

use container_agent_api::v1;
use container_workload::{HostsLine, Names, Resolver, ResolverFile};
use tonic::Status;

/// What the container is to know of names; without any, it has no network.
pub(crate) fn names(request: Option<v1::Names>) -> Result<Names, Status> {
    let v1::Names {
        hosts,
        resolver,
        keep_resolver,
    } = request.unwrap_or_default();
    Ok(Names {
        hosts: hosts.into_iter().map(hosts_line).collect::<Result<_, _>>()?,
        resolver: match resolver {
            _ if keep_resolver => ResolverFile::Image,
            None => ResolverFile::None,
            Some(resolver) => ResolverFile::Resolver(self::resolver(resolver)?),
        },
    })
}

fn hosts_line(line: v1::HostsLine) -> Result<HostsLine, Status> {
    if line.names.is_empty() {
        return Err(Status::invalid_argument(format!(
            "the address {} has no name",
            line.address
        )));
    }
    Ok(HostsLine {
        address: address(line.address)?,
        names: words(line.names)?,
    })
}

fn resolver(resolver: v1::Resolver) -> Result<Resolver, Status> {
    let domain = Some(resolver.domain).filter(|domain| !domain.is_empty());
    Ok(Resolver {
        nameservers: resolver
            .nameservers
            .into_iter()
            .map(address)
            .collect::<Result<_, _>>()?,
        domain: domain.map(word).transpose()?,
        search: words(resolver.search)?,
        options: words(resolver.options)?,
    })
}

/// An address, of IPv6 perhaps with the interface that it belongs to.
fn address(text: String) -> Result<String, Status> {
    let (address, zone) = text.split_once('%').unwrap_or((&text, "lo"));
    match address.parse() {
        Ok(IpAddr::V4(_)) if address.len() == text.len() => Ok(text),
        Ok(IpAddr::V6(_)) if is_word(zone) => Ok(text),
        _ => Err(Status::invalid_argument(format!(
            "\"{}\" is not an address",
            text.escape_debug()
        ))),
    }
}

fn words(texts: Vec<String>) -> Result<Vec<String>, Status> {
    texts.into_iter().map(word).collect()
}

fn word(text: String) -> Result<String, Status> {
    if is_word(&text) {
        return Ok(text);
    }
    let text = text.escape_debug();
    Err(Status::invalid_argument(format!(
        "\"{text}\" is not a name without blanks"
    )))
}

/// Whether a line keeps its meaning with this word in it. A number sign would begin a comment.
fn is_word(text: &str) -> bool {
    !text.is_empty() && !text.contains(|c: char| c.is_control() || c.is_whitespace() || c == '#')
}

#[cfg(test)]
mod tests {
    use super::*;
    use tonic::Code;

    fn request() -> v1::Names {
        v1::Names {
            hosts: vec![v1::HostsLine {
                address: "10.1.2.3".to_owned(),
                names: vec!["web".to_owned(), "web.internal".to_owned()],
            }],
            resolver: Some(v1::Resolver {
                nameservers: vec!["10.1.2.1".to_owned(), "fe80::1%eth0".to_owned()],
                domain: String::new(),
                search: vec!["example.org".to_owned()],
                options: vec!["ndots:2".to_owned()],
            }),
            keep_resolver: false,
        }
    }

    #[test]
    fn names_are_taken_as_they_are() {
        let taken = names(Some(request())).unwrap();
        assert_eq!(taken.hosts[0].names, ["web", "web.internal"]);
        let ResolverFile::Resolver(resolver) = taken.resolver else {
            panic!("{:?}", taken.resolver)
        };
        assert_eq!((resolver.nameservers.len(), resolver.domain), (2, None));
        assert_eq!(names(None).unwrap(), Names::default());
    }

    #[test]
    fn the_image_s_resolver_is_kept_whatever_else_is_said() {
        let kept = v1::Names {
            keep_resolver: true,
            ..request()
        };
        assert_eq!(names(Some(kept)).unwrap().resolver, ResolverFile::Image);
    }

    #[test]
    fn texts_that_would_break_a_file_are_refused() {
        fn resolver(request: &mut v1::Names) -> &mut v1::Resolver {
            request.resolver.as_mut().unwrap()
        }
        for spoil in [
            |request: &mut v1::Names| request.hosts[0].names.clear(),
            |request: &mut v1::Names| request.hosts[0].names.push(String::new()),
            |request: &mut v1::Names| request.hosts[0].names.push("a\n10.0.0.1 b".to_owned()),
            |request: &mut v1::Names| request.hosts[0].names.push("a b".to_owned()),
            |request: &mut v1::Names| request.hosts[0].address = "10.1.2".to_owned(),
            |request: &mut v1::Names| request.hosts[0].address = "10.1.2.3%eth0".to_owned(),
            |request: &mut v1::Names| resolver(request).nameservers.push("fe80::1%\n".to_owned()),
            |request: &mut v1::Names| resolver(request).nameservers.push("dns".to_owned()),
            |request: &mut v1::Names| resolver(request).domain = "a\nb".to_owned(),
            |request: &mut v1::Names| resolver(request).search.push("a\tb".to_owned()),
            |request: &mut v1::Names| resolver(request).options.push("#".to_owned()),
        ] {
            let mut request = request();
            spoil(&mut request);
            assert_eq!(names(Some(request)).unwrap_err().code(), Code::InvalidArgument);
        }
    }
}
