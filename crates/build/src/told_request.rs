//! What is kept of a request to tell others of it, once Dockerfile and context are loaded.

use crate::address::Address;
use crate::request::{ContextSource, DockerfileSource};
use crate::{BuildRequest, NoCache};

/// The address of this machine, whatever it is.
const HOST: &str = "host-gateway";

/// Where a build began: what is left of Dockerfile and context once they are loaded.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// The context, if it was fetched.
    pub(crate) context: Option<Address>,
    /// Whether the context is of this machine.
    pub(crate) has_local_context: bool,
    /// What the Dockerfile is called.
    pub(crate) dockerfile: String,
    /// Whether the Dockerfile is of this machine.
    pub(crate) has_local_dockerfile: bool,
}

impl Entry {
    pub(crate) fn of(request: &BuildRequest) -> Self {
        let context = match &request.context {
            ContextSource::Address(address) => Some(address.clone()),
            ContextSource::Empty | ContextSource::Directory(_) | ContextSource::Stream(_) => None,
        };
        let has_local_context = matches!(request.context, ContextSource::Directory(_) | ContextSource::Stream(_));
        let (dockerfile, has_local_dockerfile) = match &request.dockerfile {
            DockerfileSource::InContext(name) => (name.clone(), has_local_context),
            // Where a file is on this machine is nobody else's business.
            DockerfileSource::File(path) => {
                let name = path.file_name().unwrap_or(path.as_os_str());
                (name.to_string_lossy().into_owned(), true)
            }
            DockerfileSource::Stream(_) => (crate::request::DEFAULT_NAME.to_owned(), true),
            DockerfileSource::Address(address) => (address.without_login(), false),
        };
        Self {
            context,
            has_local_context,
            dockerfile,
            has_local_dockerfile,
        }
    }
}

/// The flags of a build by the names that BuildKit gives them, without values that `mode=min` leaves out.
pub(crate) fn arguments(request: &BuildRequest) -> Vec<(String, String)> {
    let mut arguments = Vec::new();
    let mut add = |name: &str, value: String| arguments.push((name.to_owned(), value));
    if let Some(target) = &request.target {
        add("target", target.clone());
    }
    match &request.no_cache {
        NoCache::Nothing => {}
        NoCache::Everything => add("no-cache", String::new()),
        NoCache::Stages(stages) => add("no-cache", stages.iter().cloned().collect::<Vec<_>>().join(",")),
    }
    if request.network.is_none {
        add("force-network-mode", "none".to_owned());
    }
    let hosts = request.network.networking.extra_hosts.iter();
    let hosts: Vec<String> = hosts
        .map(|entry| match entry.address {
            Some(address) => format!("{}={address}", entry.name),
            None => format!("{}={HOST}", entry.name),
        })
        .collect();
    if !hosts.is_empty() {
        add("add-hosts", hosts.join(","));
    }
    for (name, source) in &request.named_contexts {
        add(&format!("context:{name}"), source.told(name));
    }
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NamedContextSource;

    #[test]
    fn neither_logins_nor_places_on_this_machine_are_told() {
        let git = Address::parse("https://me:secret@example.com/a.git#main").unwrap();
        let mut request = BuildRequest::new(ContextSource::Directory("/home/me/app".into()));
        request.dockerfile = DockerfileSource::File("/home/me/docker/Dockerfile.test".into());
        request.target = Some("test".to_owned());
        request.network.is_none = true;
        let contexts = [
            ("dir", NamedContextSource::Directory("/home/me/lib".into())),
            ("git", NamedContextSource::Address(git.clone().unwrap())),
        ];
        request.named_contexts = contexts.map(|(name, source)| (name.to_owned(), source)).into();
        let told = arguments(&request);
        let told: Vec<(&str, &str)> = told
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let expected = [
            ("target", "test"),
            ("force-network-mode", "none"),
            ("context:dir", "local:dir"),
            ("context:git", "https://example.com/a.git#main"),
        ];
        assert_eq!(told, expected);
        let entry = Entry::of(&request);
        assert_eq!(
            (entry.dockerfile.as_str(), entry.has_local_dockerfile),
            ("Dockerfile.test", true)
        );
        assert!(entry.has_local_context && entry.context.is_none());
        // A Dockerfile in a repository is not of this machine.
        let entry = Entry::of(&BuildRequest::new(ContextSource::Address(git.unwrap())));
        assert!(!entry.has_local_dockerfile && !entry.has_local_context && entry.context.is_some());
    }
}
