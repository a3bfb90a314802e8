//! `--tmpfs PATH`.

use container_engine::model::MountConfig;

/// A file system in memory at an absolute path.
pub(crate) fn parse(path: &str) -> Result<MountConfig, String> {
    if !path.starts_with('/') || path.contains('\0') || path.split('/').any(|part| part == "..") {
        return Err("an absolute path without \"..\" is needed".to_owned());
    }
    Ok(MountConfig {
        kind: "tmpfs".to_owned(),
        source: "tmpfs".to_owned(),
        destination: path.to_owned(),
        options: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_absolute_paths_are_mounted() {
        assert_eq!(parse("/run").unwrap().destination, "/run");
        for bad in ["", "run", "/a/../b"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
