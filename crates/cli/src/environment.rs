//! Environment of a process as the command line describes it.
//!
//! The order is that of Apple's tool: the image's (added by the engine), then the files, then `-e`; later ones win.

use std::env;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::error::{CommandError, cannot};

/// Largest environment file, bytes: more than a Linux process can be started with.
const FILE_LIMIT_BYTES: u64 = 4 << 20;

/// The `KEY=VALUE` entries that files and `-e` flags make. A bare key takes its value from this process. When it has none, it is left out in a
/// file, and as a flag stays a bare key, which takes the variable away.
pub(crate) fn collect(files: &[impl AsRef<Path>], flags: &[String]) -> Result<Vec<String>, CommandError> {
    let mut entries = Vec::new();
    for path in files {
        let path = path.as_ref();
        let text = read(path).map_err(|reason| cannot(format!("read environment file {}", path.display()), reason))?;
        let parsed = parse_file(&text, own_value);
        entries
            .extend(parsed.map_err(|bad| CommandError::usage(format!("environment file {}: {bad}", path.display())))?);
    }
    for flag in flags {
        let entry = parse_entry(flag, own_value).map_err(|bad| CommandError::usage(format!("--env: {bad}")))?;
        entries.push(entry.unwrap_or_else(|| flag.trim_end().to_owned()));
    }
    Ok(entries)
}

/// Variables that name proxies, in lower case; they are looked for in any case.
const PROXY_VARIABLES: [&str; 4] = ["http_proxy", "https_proxy", "all_proxy", "no_proxy"];

/// The proxies in the environment of this process, names and values.
pub(crate) fn proxies() -> Vec<(String, String)> {
    let text = env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    text.filter(|(name, _)| PROXY_VARIABLES.iter().any(|known| name.eq_ignore_ascii_case(known)))
        .collect()
}

/// Reads a file that may be a fifo; its size is not known before.
pub(crate) fn read(path: &Path) -> Result<String, String> {
    let mut bytes = Vec::new();
    let mut file = File::open(path)
        .map_err(|error| error.to_string())?
        .take(FILE_LIMIT_BYTES + 1);
    file.read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > FILE_LIMIT_BYTES {
        return Err(format!("it is larger than {FILE_LIMIT_BYTES} bytes"));
    }
    String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())
}

fn own_value(key: &str) -> Option<String> {
    env::var_os(key)?.into_string().ok()
}

fn parse_file(text: &str, lookup: impl Fn(&str) -> Option<String>) -> Result<Vec<String>, String> {
    let mut entries = Vec::new();
    for (index, line) in text.strip_prefix('\u{feff}').unwrap_or(text).lines().enumerate() {
        let line = line.trim_start();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        entries.extend(parse_entry(line, &lookup).map_err(|bad| format!("line {}: {bad}", index + 1))?);
    }
    Ok(entries)
}

fn parse_entry(entry: &str, lookup: impl Fn(&str) -> Option<String>) -> Result<Option<String>, String> {
    let (key, value) = match entry.split_once('=') {
        Some((key, value)) => (key, Some(value)),
        None => (entry.trim_end(), None),
    };
    if key.is_empty() {
        return Err(format!("{entry:?} has no name"));
    }
    if key.contains(|c: char| c.is_whitespace() || c == '\0') {
        return Err(format!("the name {key:?} contains white space"));
    }
    match value {
        Some(value) if value.contains('\0') => Err(format!("the value of {key} contains a zero byte")),
        Some(value) => Ok(Some(format!("{key}={value}"))),
        None => Ok(lookup(key).map(|value| format!("{key}={value}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn host(key: &str) -> Option<String> {
        (key == "HOME").then(|| "/home/me".to_owned())
    }

    #[test]
    fn files_have_comments_bare_keys_and_literal_values() {
        let text = "# comment\n\n  A=1\nB=two words # kept\r\nHOME\nMISSING\nC=a=b\nD=\n";
        assert_eq!(
            parse_file(text, host).unwrap(),
            ["A=1", "B=two words # kept", "HOME=/home/me", "C=a=b", "D="]
        );
    }

    #[test]
    fn names_with_white_space_are_refused_with_their_line() {
        assert_eq!(
            parse_file("A=1\nB C=2", host).unwrap_err(),
            "line 2: the name \"B C\" contains white space"
        );
        assert!(parse_file("=x", host).is_err());
    }

    #[test]
    fn flags_come_after_files() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        std::io::Write::write_all(&mut file, b"A=file\n").unwrap();
        let entries = collect(&[file.path()], &["A=flag".to_owned()]).unwrap();
        assert_eq!(entries, ["A=file", "A=flag"]);
    }

    #[test]
    fn a_flag_without_a_value_takes_the_variable_away() {
        let files: [&Path; 0] = [];
        let flags = ["A=1", "SURELY_NOT_SET_HERE"].map(str::to_owned);
        assert_eq!(collect(&files, &flags).unwrap(), flags);
    }

    #[test]
    fn a_file_that_is_not_text_is_refused() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        std::io::Write::write_all(&mut file, b"A=\xff\n").unwrap();
        assert!(collect(&[file.path()], &[]).is_err());
    }

    proptest! {
        #[test]
        fn every_accepted_entry_has_a_clean_name(text in "(?s).{0,200}") {
            for entry in parse_file(&text, |_| None).unwrap_or_default() {
                let (key, _) = entry.split_once('=').unwrap();
                prop_assert!(!key.is_empty() && !key.contains(char::is_whitespace));
            }
        }
    }
}
