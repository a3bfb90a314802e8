//! What `config.toml` says, where it matters to the engine.

use container_settings::{Settings, SettingsError};

use crate::CreateRequest;
use crate::assets::install_root;
use crate::configure::proxies;

/// Reads the settings of this user and this installation.
pub(crate) fn load() -> Result<Settings, SettingsError> {
    Settings::load(&container_settings::files(&install_root()))
}

/// Fills in what the settings say of new containers. What the request says itself stays.
pub(crate) fn fill_in(request: &mut CreateRequest, settings: &Settings) {
    let defaults = &settings.container;
    request.cpus = request.cpus.or(defaults.cpus);
    request.memory.get_or_insert(defaults.memory);
    let proxies = proxies::entries(&request.networking.proxies, settings, &request.environment);
    // What the request says itself comes later and wins.
    request.environment.splice(0..0, proxies);
    let dns = &mut request.networking.dns;
    if !dns.disabled && dns.domain.is_none() && dns.search_domains.is_empty() {
        dns.domain.clone_from(&settings.dns.domain);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use container_model::ByteSize;

    #[test]
    fn flags_beat_the_settings() {
        let mut settings = Settings::default();
        settings.container.cpus = Some(3);
        settings.container.memory = ByteSize(2 << 30);
        let mut request = CreateRequest::new("busybox".parse().unwrap());
        fill_in(&mut request, &settings);
        assert_eq!((request.cpus, request.memory), (Some(3), Some(ByteSize(2 << 30))));
        request.cpus = Some(1);
        request.memory = Some(ByteSize(1 << 30));
        fill_in(&mut request, &settings);
        assert_eq!((request.cpus, request.memory), (Some(1), Some(ByteSize(1 << 30))));
    }

    #[test]
    fn without_settings_the_number_of_processors_stays_open() {
        let mut request = CreateRequest::new("busybox".parse().unwrap());
        fill_in(&mut request, &Settings::default());
        assert_eq!(request.cpus, None);
    }

    #[test]
    fn the_domain_of_the_settings_is_for_containers_that_name_none() {
        let mut settings = Settings::default();
        settings.dns.domain = Some("lab".to_owned());
        let domain = |change: fn(&mut CreateRequest)| {
            let mut request = CreateRequest::new("busybox".parse().unwrap());
            change(&mut request);
            fill_in(&mut request, &settings);
            request.networking.dns.domain
        };
        assert_eq!(domain(|_| {}).as_deref(), Some("lab"));
        assert_eq!(domain(|request| request.networking.dns.disabled = true), None);
        assert_eq!(
            domain(|request| request.networking.dns.search_domains = vec!["x".to_owned()]),
            None
        );
    }

    #[test]
    fn proxies_come_before_what_the_request_says() {
        let mut settings = Settings::default();
        settings.proxy.http = Some("http://a".to_owned());
        let mut request = CreateRequest::new("busybox".parse().unwrap());
        request.environment = vec!["A=1".to_owned()];
        fill_in(&mut request, &settings);
        assert_eq!(
            request.environment,
            ["http_proxy=http://a", "HTTP_PROXY=http://a", "A=1"]
        );
    }
}
