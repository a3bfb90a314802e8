//! `--publish-socket HOST:CONTAINER`.

use container_engine::PublishedSocketRequest;

/// A socket of the host and the one in the container that it leads to.
pub(crate) fn parse(text: &str) -> Result<PublishedSocketRequest, String> {
    // The path in the container is the one without a colon.
    let Some((host, container)) = text.rsplit_once(':') else {
        return Err("two paths with a colon between them are needed: HOST:CONTAINER".to_owned());
    };
    if host.is_empty() {
        return Err("the path on the host is empty".to_owned());
    }
    if !container.starts_with('/') {
        return Err(format!("{container:?} is no absolute path in the container"));
    }
    Ok(PublishedSocketRequest {
        host_path: host.into(),
        container_path: container.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_is_a_path_of_the_host_and_an_absolute_one_in_the_container() {
        let socket = parse("run/web:1.sock:/run/web.sock").unwrap();
        assert_eq!(socket.host_path, std::path::Path::new("run/web:1.sock"));
        assert_eq!(socket.container_path, "/run/web.sock");
        for (bad, said) in [
            ("/a", "HOST:CONTAINER"),
            (":/a", "empty"),
            ("/a:", "no absolute path"),
            ("/a:b", "no absolute path"),
        ] {
            let error = parse(bad).unwrap_err();
            assert!(error.contains(said), "{bad}: {error}");
        }
    }
}
