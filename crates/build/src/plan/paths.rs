//! Paths in the image, which need not exist.

/// `path` as it is seen from `directory`, as `WORKDIR` has it: an absolute one stays as it was written.
pub(super) fn joined(directory: &str, path: &str) -> String {
    match path.starts_with('/') {
        true => path.to_owned(),
        false => cleaned(&format!("{directory}/{path}")),
    }
}

/// Where `COPY` and `ADD` copy to: absolute and without `..`, with a slash at its end where that, `.` or nothing was written there.
pub(super) fn destination(directory: &str, path: &str) -> String {
    let is_directory = matches!(path.rsplit('/').next(), Some("" | "."));
    let mut place = cleaned(&joined(directory, path));
    if is_directory && !place.ends_with('/') {
        place.push('/');
    }
    place
}

/// The absolute path without `.`, `..` and empty names.
pub(crate) fn cleaned(path: &str) -> String {
    let mut names: Vec<&str> = Vec::new();
    for name in path.split('/') {
        match name {
            "" | "." => {}
            ".." => drop(names.pop()),
            name => names.push(name),
        }
    }
    format!("/{}", names.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn directories_join_as_workdir_has_them() {
        for (directory, path, expected) in [
            ("/", "a", "/a"),
            ("/a", "b/", "/a/b"),
            ("/a", "../c", "/c"),
            ("/a", "/tmp/", "/tmp/"),
            ("/a/", "..", "/"),
            ("/", "../../x", "/x"),
        ] {
            assert_eq!(joined(directory, path), expected, "{directory} {path}");
        }
    }

    #[test]
    fn destinations_keep_the_slash_that_makes_them_directories() {
        for (path, expected) in [
            ("x", "/w/x"),
            ("x/", "/w/x/"),
            (".", "/w/"),
            ("", "/w/"),
            ("x/.", "/w/x/"),
            ("/", "/"),
            ("/a/../b", "/b"),
            ("..", "/"),
        ] {
            assert_eq!(destination("/w", path), expected, "{path}");
        }
    }

    proptest! {
        #[test]
        fn no_path_leads_out_of_the_root(directory in "/[a./]{0,12}", path in "[a./]{0,12}") {
            let place = destination(&directory, &path);
            prop_assert!(place.starts_with('/') && !place.split('/').any(|name| name == ".."));
        }
    }
}
