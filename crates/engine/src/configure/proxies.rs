//! Which proxies a new container's environment names.

use container_network::HOST_ACCESS_NAMES;
use container_settings::{ProxySettings, Settings};

use crate::ProxyRequest;

/// The variables, in lower case. Programs look for them in lower or in upper case, so containers have both.
const VARIABLES: [&str; 4] = ["http_proxy", "https_proxy", "all_proxy", "no_proxy"];

/// The name by which containers reach the host's loopback.
const HOST_ACCESS_NAME: &str = HOST_ACCESS_NAMES[0];

/// The entries of the environment. One that `environment` has itself, in whatever case, is left out.
pub(crate) fn entries(request: &ProxyRequest, settings: &Settings, environment: &[String]) -> Vec<String> {
    if request.pass == Some(false) {
        return Vec::new();
    }
    let from_caller = request.pass.unwrap_or(settings.container.http_proxy);
    let mut entries = Vec::new();
    for variable in VARIABLES {
        let is_same = |name: &str| name.eq_ignore_ascii_case(variable);
        if environment
            .iter()
            .any(|entry| entry.split('=').next().is_some_and(is_same))
        {
            continue;
        }
        let caller = request.caller.iter().filter(|_| from_caller);
        // The spelling in lower case wins: only that is safe in the environment of a CGI program.
        let found = caller.clone().find(|(name, _)| name == variable);
        let found = found.or_else(|| caller.clone().find(|(name, _)| is_same(name)));
        let configured = configured(&settings.proxy, variable);
        let Some(value) = found
            .map(|(_, value)| value.as_str())
            .or(configured)
            .filter(|value| !value.is_empty())
        else {
            continue;
        };
        let value = match variable {
            "no_proxy" => value.to_owned(),
            _ => reachable(value),
        };
        entries.push(format!("{variable}={value}"));
        entries.push(format!("{}={value}", variable.to_ascii_uppercase()));
    }
    entries
}

fn configured<'a>(settings: &'a ProxySettings, variable: &str) -> Option<&'a str> {
    let value = match variable {
        "http_proxy" => &settings.http,
        "https_proxy" => &settings.https,
        "all_proxy" => &settings.all,
        _ => &settings.no,
    };
    value.as_deref()
}

/// The same proxy as a container reaches it: the host's loopback has another name there.
fn reachable(url: &str) -> String {
    let authority_start = url.find("://").map_or(0, |at| at + 3);
    let authority_length = url[authority_start..].find('/').unwrap_or(url.len() - authority_start);
    let authority = &url[authority_start..authority_start + authority_length];
    let host_start = authority_start + authority.rfind('@').map_or(0, |at| at + 1);
    let host_and_port = &url[host_start..authority_start + authority_length];
    let host_length = match host_and_port.strip_prefix('[') {
        Some(rest) => rest.find(']').map_or(host_and_port.len(), |at| at + 2),
        None => host_and_port.find(':').unwrap_or(host_and_port.len()),
    };
    let host = &host_and_port[..host_length];
    if !is_loopback(host) {
        return url.to_owned();
    }
    format!(
        "{}{HOST_ACCESS_NAME}{}",
        &url[..host_start],
        &url[host_start + host_length..]
    )
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || address
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(pass: Option<bool>, caller: &[(&str, &str)]) -> ProxyRequest {
        ProxyRequest {
            pass,
            caller: caller
                .iter()
                .map(|&(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        }
    }

    #[test]
    fn a_proxy_on_the_host_s_loopback_has_its_name_in_containers() {
        for (url, expected) in [
            ("http://localhost:3128", "http://host.container.internal:3128"),
            ("http://127.0.0.1:3128/", "http://host.container.internal:3128/"),
            (
                "socks5h://me:p@[::1]:1080",
                "socks5h://me:p@host.container.internal:1080",
            ),
            ("127.8.8.8", "host.container.internal"),
            ("LOCALHOST:1", "host.container.internal:1"),
            ("http://proxy.lab:80/localhost", "http://proxy.lab:80/localhost"),
            ("http://localhost.lab:80", "http://localhost.lab:80"),
            ("http://10.0.0.1", "http://10.0.0.1"),
            ("http://[fd00::1]:3", "http://[fd00::1]:3"),
            ("http://[::1", "http://host.container.internal"),
            ("", ""),
        ] {
            assert_eq!(reachable(url), expected, "{url}");
        }
    }

    #[test]
    fn the_caller_s_proxies_are_passed_when_that_is_wanted() {
        let caller = [
            ("HTTP_PROXY", "http://a"),
            ("http_proxy", "http://b"),
            ("no_proxy", "localhost"),
            ("HOME", "/"),
        ];
        let mut settings = Settings::default();
        assert!(entries(&request(None, &caller), &settings, &[]).is_empty());
        let expected = [
            "http_proxy=http://b",
            "HTTP_PROXY=http://b",
            "no_proxy=localhost",
            "NO_PROXY=localhost",
        ];
        assert_eq!(entries(&request(Some(true), &caller), &settings, &[]), expected);
        settings.container.http_proxy = true;
        assert_eq!(entries(&request(None, &caller), &settings, &[]), expected);
        assert!(entries(&request(Some(false), &caller), &settings, &[]).is_empty());
        let own = ["Http_Proxy=x".to_owned()];
        assert_eq!(entries(&request(None, &caller), &settings, &own), expected[2..]);
    }

    #[test]
    fn configured_proxies_need_no_flag_and_yield_to_the_caller_s() {
        let mut settings = Settings::default();
        settings.proxy.all = Some("socks5://localhost:1".to_owned());
        settings.proxy.http = Some("http://a".to_owned());
        let caller = [("http_proxy", "http://b")];
        let of = |pass| entries(&request(pass, &caller), &settings, &[]);
        assert_eq!(
            of(None),
            [
                "http_proxy=http://a",
                "HTTP_PROXY=http://a",
                "all_proxy=socks5://host.container.internal:1",
                "ALL_PROXY=socks5://host.container.internal:1"
            ]
        );
        assert_eq!(of(Some(true))[0], "http_proxy=http://b");
        assert!(of(Some(false)).is_empty());
    }
}
