//! The values in `[dns]`, `[network]` and `[proxy]`.

use container_model::check_domain_name;

use crate::Settings;

/// Puts a value into the settings, or says what is wrong with it.
pub(crate) fn set(settings: &mut Settings, key: (&str, &str), text: &str) -> Result<(), String> {
    let text_owned = || text.to_owned();
    match key {
        ("dns", "domain") => {
            check_domain_name(text).map_err(|error| error.to_string())?;
            settings.dns.domain = Some(text_owned());
        }
        ("network", "subnet") => settings.network.subnet = Some(subnet(text, "IPv4 subnet such as 192.168.100.0/24")?),
        ("network", "subnetv6") => settings.network.subnetv6 = Some(subnet(text, "IPv6 subnet such as fd00:1::/64")?),
        ("proxy", name) => {
            if text
                .chars()
                .any(|character| character.is_whitespace() || character.is_control())
            {
                return Err(format!("{text:?} contains white space"));
            }
            let proxy = &mut settings.proxy;
            let place = match name {
                "http" => &mut proxy.http,
                "https" => &mut proxy.https,
                "all" => &mut proxy.all,
                "no" => &mut proxy.no,
                _ => return Ok(()),
            };
            *place = Some(text_owned());
        }
        _ => {}
    }
    Ok(())
}

fn subnet<T: std::str::FromStr>(text: &str, needed: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{text:?} is no {needed}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_has_its_place() {
        let mut settings = Settings::default();
        for (key, value) in [
            (("dns", "domain"), "test"),
            (("network", "subnet"), "10.5.0.0/16"),
            (("network", "subnetv6"), "fd00::/64"),
            (("proxy", "http"), "http://a:1"),
            (("proxy", "https"), "http://b:2"),
            (("proxy", "all"), "socks5://c"),
            (("proxy", "no"), "localhost,.lab"),
        ] {
            set(&mut settings, key, value).unwrap();
        }
        let proxies = [
            &settings.proxy.http,
            &settings.proxy.https,
            &settings.proxy.all,
            &settings.proxy.no,
        ];
        assert_eq!(
            proxies.map(|proxy| proxy.as_deref().unwrap()),
            ["http://a:1", "http://b:2", "socks5://c", "localhost,.lab"]
        );
        assert_eq!(settings.dns.domain.as_deref(), Some("test"));
        assert_eq!(settings.network.subnet.unwrap().prefix_len(), 16);
        assert_eq!(settings.network.subnetv6.unwrap().prefix_len(), 64);
    }
}
