//! `--filter` of containers.

use container_engine::{ContainerView, Engine};
use container_model::{ContainerQuery, Mount, Phase};
use container_oci::Reference;
use time::OffsetDateTime;

use super::rows::sources;
use crate::arguments::{Filter, Filters, is_part_of_name};
use crate::error::CommandError;
use crate::images;
use crate::output::{docker_health, docker_phase};

const KEYS: [&str; 11] = [
    "name", "id", "status", "health", "label", "ancestor", "exited", "volume", "network", "before", "since",
];

/// Docker's words for states, and those of Apple's tool, which `list` shows.
const STATES: [&str; 9] = [
    "created",
    "running",
    "paused",
    "restarting",
    "removing",
    "exited",
    "dead",
    "stopping",
    "stopped",
];

/// Docker's words for what checks say.
const HEALTHS: [&str; 4] = ["starting", "healthy", "unhealthy", "none"];

/// Fewest digits of a digest by which an image is meant.
const DIGEST_DIGITS: usize = 4;

/// Reads a filter.
pub(super) fn container_filter(text: &str) -> Result<Filter, String> {
    let filter = Filter::parse(text, &KEYS)?
        .check_value("status", &STATES)?
        .check_value("health", &HEALTHS)?;
    let code = Filters(std::slice::from_ref(&filter)).values("exited").next();
    if let Some(code) = code.filter(|code| code.parse::<u8>().is_err()) {
        return Err(format!("{code:?} is no exit code"));
    }
    Ok(filter)
}

/// Whether containers that do not run are asked for by a state or an exit code.
pub(super) fn asks_for_stopped(filters: &[Filter]) -> bool {
    Filters(filters).has("status") || Filters(filters).has("exited")
}

/// What filters refer to, looked up once.
#[derive(Debug, Default)]
pub(super) struct Criteria<'a> {
    filters: &'a [Filter],
    ancestors: Vec<Ancestor>,
    before: Option<OffsetDateTime>,
    since: Option<OffsetDateTime>,
}

/// An image by name, or by the beginning of its digest.
#[derive(Debug)]
struct Ancestor {
    text: String,
    reference: Option<Reference>,
}

impl<'a> Criteria<'a> {
    /// # Errors
    /// When a container or an image that a filter names is not found, or the settings cannot be read.
    pub(super) fn look_up(filters: &'a [Filter], engine: &Engine) -> Result<Self, CommandError> {
        let created = |text: &str| -> Result<OffsetDateTime, CommandError> {
            let id = engine.find(&ContainerQuery::typed(text))?;
            Ok(engine.load(&id)?.config.created)
        };
        let values = |key| Filters(filters).values(key);
        let mut criteria = Self {
            filters,
            before: values("before")
                .map(created)
                .collect::<Result<Vec<_>, _>>()?
                .into_iter()
                .max(),
            since: values("since")
                .map(created)
                .collect::<Result<Vec<_>, _>>()?
                .into_iter()
                .min(),
            ancestors: Vec::new(),
        };
        if Filters(filters).has("ancestor") {
            let engine = engine.clone().configured()?;
            let ancestors = values("ancestor").map(|text| Ancestor {
                text: text.to_owned(),
                reference: images::reference(&engine, text).ok(),
            });
            criteria.ancestors = ancestors.collect();
        }
        Ok(criteria)
    }

    /// Whether a container passes all filters.
    pub(super) fn pass(&self, view: &ContainerView) -> bool {
        let (config, filters) = (&view.config, Filters(self.filters));
        let id = view.id().as_str();
        filters.pass("name", |part| is_part_of_name(part, id))
            && filters.pass("id", |beginning| id.starts_with(beginning))
            && filters.pass("status", |state| {
                state == view.label() || state == docker_phase(&view.state.phase)
            })
            && filters.pass("health", |health| health == docker_health(view))
            && filters.pass("exited", |code| code.parse().ok() == exit_code(&view.state.phase))
            && filters.pass("volume", |volume| is_mounted(&config.mounts, volume))
            && filters.pass("network", |network| {
                config
                    .networks
                    .iter()
                    .any(|attachment| attachment.network.as_str() == network)
            })
            && filters.pass_labels(&config.labels)
            && (self.ancestors.is_empty() || self.ancestors.iter().any(|ancestor| ancestor.is_of(view)))
            && self.before.is_none_or(|before| config.created < before)
            && self.since.is_none_or(|since| config.created > since)
    }
}

impl Ancestor {
    fn is_of(&self, view: &ContainerView) -> bool {
        let image = &view.config.image;
        let digits = self.text.strip_prefix("sha256:").unwrap_or(&self.text);
        let has_digest = digits.len() >= DIGEST_DIGITS
            && [&image.descriptor.known.digest, &image.manifest_digest]
                .iter()
                .any(|digest| digest.hex().starts_with(digits));
        has_digest || self.reference.as_ref() == Some(&image.reference)
    }
}

fn exit_code(phase: &Phase) -> Option<u8> {
    match phase {
        Phase::Stopped { exit: Some(exit), .. } => Some(exit.exit_code),
        _ => None,
    }
}

/// Whether a volume, a path of the host or a place in the container is among the mounts.
fn is_mounted(mounts: &[Mount], volume: &str) -> bool {
    sources(mounts).any(|source| source == volume) || mounts.iter().any(|mount| mount.target() == Some(volume))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::container::list::fixture;
    use container_model::{Health, HealthCheck, HealthStatus};

    fn passes(view: &ContainerView, texts: &[&str]) -> bool {
        let filters: Vec<Filter> = texts.iter().map(|text| container_filter(text).unwrap()).collect();
        let criteria = Criteria {
            filters: &filters,
            ..Criteria::default()
        };
        criteria.pass(view)
    }

    #[test]
    fn filters_are_dockers() {
        let view = fixture::container("web", "exited");
        for (filters, is_right) in [
            (&[][..], true),
            (&["name=we"], true),
            (&["name=^e"], false),
            (&["id=we", "name=web"], true),
            (&["id=eb"], false),
            (&["status=exited"], true),
            (&["status=stopped"], true),
            (&["status=running", "status=exited"], true),
            (&["status=running"], false),
            (&["exited=3"], true),
            (&["exited=0"], false),
            (&["label=a"], true),
            (&["label=a=1", "label=b=1"], false),
            (&["volume=data"], true),
            (&["volume=/home"], true),
            (&["volume=/a/very/long/path"], true),
            (&["volume=dat"], false),
            (&["network=web"], true),
            (&["network=we"], false),
        ] {
            assert_eq!(passes(&view, filters), is_right, "{filters:?}");
        }
        let running = fixture::container("web", "running");
        assert!(passes(&running, &["status=running"]) && !passes(&running, &["exited=3"]));
        let restarting = fixture::container("web", "restarting");
        assert!(passes(&restarting, &["status=restarting"]));
        for filter in ["status=running", "status=exited", "exited=3"] {
            assert!(!passes(&restarting, &[filter]), "{filter}");
        }
    }

    #[test]
    fn containers_are_told_apart_by_what_their_checks_say() {
        let mut view = fixture::container("web", "running");
        assert!(passes(&view, &["health=none"]) && !passes(&view, &["health=starting"]));
        view.config.health_check = Some(HealthCheck::default());
        assert!(passes(&view, &["health=starting"]) && !passes(&view, &["health=none"]));
        view.state.health = Some(Health {
            status: HealthStatus::Unhealthy,
            ..Health::default()
        });
        assert!(passes(&view, &["health=unhealthy"]) && !passes(&view, &["health=starting"]));
        assert!(passes(&view, &["health=healthy", "health=unhealthy"]));
        let mut ended = fixture::container("web", "created");
        ended.config.health_check = Some(HealthCheck::default());
        assert!(passes(&ended, &["health=none"]));
    }

    #[test]
    fn images_are_meant_by_name_or_digest() {
        let view = fixture::container("web", "created");
        let digest = view.config.image.manifest_digest.hex();
        let is_of = |text: &str| {
            let reference = text.parse().ok();
            let text = text.to_owned();
            Ancestor { text, reference }.is_of(&view)
        };
        assert!(is_of("alpine:3") && is_of("docker.io/library/alpine:3"));
        assert!(is_of(&digest[..12]) && is_of(&format!("sha256:{digest}")));
        assert!(!is_of("alpine") && !is_of(&digest[..3]));
    }

    #[test]
    fn age_is_compared_with_another_container() {
        let view = fixture::container("web", "created");
        let (earlier, later) = (
            view.config.created - time::Duration::SECOND,
            view.config.created + time::Duration::SECOND,
        );
        let criteria = |before, since| Criteria {
            before,
            since,
            ..Criteria::default()
        };
        assert!(criteria(Some(later), Some(earlier)).pass(&view));
        assert!(!criteria(Some(view.config.created), None).pass(&view));
        assert!(!criteria(None, Some(later)).pass(&view));
    }

    #[test]
    fn values_that_make_no_sense_are_refused() {
        assert!(container_filter("exited=x").unwrap_err().contains("no exit code"));
        assert!(container_filter("status=up").unwrap_err().contains("exited"));
        let error = container_filter("health=ill").unwrap_err();
        assert!(error.contains("starting, healthy, unhealthy, none"), "{error}");
        assert!(container_filter("weather=x").unwrap_err().contains("ancestor"));
    }
}
