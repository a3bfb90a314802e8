//! Converts what makes a restored machine a container of its own.

use container_agent_api::v1;
use container_workload::{Limits, Names};
use tonic::Status;

use super::{hostname, limits, names};
use crate::entropy;
use crate::interface::Settings;

/// What a restored machine is to be.
#[derive(Debug)]
pub(crate) struct Resume {
    pub(crate) entropy: Vec<u8>,
    /// Nanoseconds since 1970; zero leaves the clock alone.
    pub(crate) time_unix_ns: u64,
    /// What its container is to be; `None` for a machine that has none.
    pub(crate) container: Option<ResumedContainer>,
    pub(crate) interfaces: Vec<Settings>,
}

/// What the container of a restored machine is to be.
#[derive(Debug)]
pub(crate) struct ResumedContainer {
    pub(crate) hostname: String,
    pub(crate) names: Names,
    pub(crate) limits: Limits,
}

/// Converts the request of a host that has been admitted.
pub(crate) fn resume(request: v1::ResumeRequest) -> Result<Resume, Status> {
    if !(entropy::MIN_BYTES..=entropy::MAX_BYTES).contains(&request.entropy.len()) {
        return Err(Status::invalid_argument("there is too little entropy, or too much"));
    }
    let container = match request.without_container {
        true => None,
        false => Some(ResumedContainer {
            hostname: hostname(request.hostname)?,
            names: names(request.names)?,
            limits: limits(request.memory_limit_bytes, request.cpu_quota_us),
        }),
    };
    let settings = request.interfaces.into_iter().map(Settings::try_from);
    Ok(Resume {
        entropy: request.entropy,
        time_unix_ns: request.hello.unwrap_or_default().time_unix_ns,
        container,
        interfaces: settings.collect::<Result<_, _>>()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use tonic::Code;

    fn request() -> v1::ResumeRequest {
        v1::ResumeRequest {
            entropy: vec![7; entropy::MIN_BYTES],
            hostname: "web".to_owned(),
            memory_limit_bytes: 1 << 30,
            interfaces: vec![v1::ConfigureInterfaceRequest {
                device_address: vec![2, 0, 0, 0, 0, 1],
                name: "eth0".to_owned(),
                mac_address: vec![2, 0, 0, 0, 0, 9],
                mtu_bytes: 1500,
                addresses: vec!["10.1.2.3/24".to_owned()],
                ..v1::ConfigureInterfaceRequest::default()
            }],
            ..v1::ResumeRequest::default()
        }
    }

    #[test]
    fn a_request_is_taken_as_it_is() {
        let taken = resume(request()).unwrap();
        let container = taken.container.unwrap();
        assert_eq!((container.hostname.as_str(), taken.time_unix_ns), ("web", 0));
        assert_eq!(container.limits.memory_bytes, Some(1 << 30));
        assert_eq!(container.limits.cpu_quota_us, None);
        assert_eq!(taken.interfaces[0].name, "eth0");
    }

    #[test]
    fn a_machine_without_a_container_needs_no_name() {
        let request = v1::ResumeRequest {
            without_container: true,
            hostname: String::new(),
            ..request()
        };
        let taken = resume(request).unwrap();
        assert!(taken.container.is_none());
        assert_eq!(taken.interfaces[0].name, "eth0");
    }

    #[test]
    fn a_request_that_would_make_no_container_is_refused() {
        for spoil in [
            |request: &mut v1::ResumeRequest| request.entropy.clear(),
            |request: &mut v1::ResumeRequest| request.entropy.truncate(entropy::MIN_BYTES - 1),
            |request: &mut v1::ResumeRequest| request.entropy.resize(entropy::MAX_BYTES + 1, 7),
            |request: &mut v1::ResumeRequest| request.hostname.clear(),
            |request: &mut v1::ResumeRequest| request.hostname.push('\n'),
            |request: &mut v1::ResumeRequest| {
                request.names.get_or_insert_default().hosts = vec![v1::HostsLine::default()];
            },
            |request: &mut v1::ResumeRequest| request.interfaces[0].name.push('/'),
            |request: &mut v1::ResumeRequest| request.interfaces[0].device_address.clear(),
        ] {
            let mut request = request();
            spoil(&mut request);
            assert_eq!(resume(request).unwrap_err().code(), Code::InvalidArgument);
        }
    }

    proptest! {
        #[test]
        fn what_is_taken_is_as_it_has_to_be(
            entropy in proptest::collection::vec(any::<u8>(), 0..600),
            hostname in ".{0,70}",
            interface in (".{0,17}", proptest::collection::vec(any::<u8>(), 0..8)),
        ) {
            let mut request = request();
            (request.entropy, request.hostname) = (entropy, hostname);
            (request.interfaces[0].name, request.interfaces[0].device_address) = interface;
            if let Ok(taken) = resume(request) {
                prop_assert!((entropy::MIN_BYTES..=entropy::MAX_BYTES).contains(&taken.entropy.len()));
                let hostname = taken.container.unwrap().hostname;
                prop_assert!(!hostname.is_empty() && !hostname.contains(char::is_whitespace));
                prop_assert!(!taken.interfaces[0].name.contains('/'));
            }
        }
    }
}
