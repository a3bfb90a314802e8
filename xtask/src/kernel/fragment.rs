//! Fragments: partial kernel configurations that are merged, later ones winning.

use anyhow::{Result, bail};
use std::collections::HashMap;

/// One option and its value in a fragment; `n` and "is not set" are the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Setting {
    /// The name with its `CONFIG_`.
    pub(crate) name: String,
    /// The value as it is written, `n` for off.
    pub(crate) value: String,
}

impl Setting {
    /// Parses one line of a fragment or of a `.config`: `None` for blanks and comments.
    ///
    /// # Errors
    /// When the line is neither: a typo must not pass for a comment.
    pub(crate) fn parse(line: &str) -> Result<Option<Self>> {
        let line = line.trim();
        if let Some(name) = line
            .strip_prefix("# ")
            .and_then(|rest| rest.strip_suffix(" is not set"))
            && is_name(name)
        {
            return Ok(Some(Self {
                name: name.to_owned(),
                value: "n".to_owned(),
            }));
        }
        if line.is_empty() || line.starts_with('#') {
            return Ok(None);
        }
        match line.split_once('=') {
            Some((name, value)) if is_name(name) && !value.is_empty() => Ok(Some(Self {
                name: name.to_owned(),
                value: value.to_owned(),
            })),
            _ => bail!("not a kernel option: `{line}`"),
        }
    }

    /// The line for the kernel's configuration.
    pub(crate) fn line(&self) -> String {
        if self.value == "n" {
            format!("# {} is not set", self.name)
        } else {
            format!("{}={}", self.name, self.value)
        }
    }
}

fn is_name(name: &str) -> bool {
    name.strip_prefix("CONFIG_")
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'))
}

/// Merges fragments given as (file name, text). Order is that of first mention, the value that of the last.
///
/// # Errors
/// When a line is not an option, or when a file names an option twice, which is a mistake.
pub(crate) fn merge(fragments: &[(String, String)]) -> Result<Vec<Setting>> {
    let mut merged: Vec<Setting> = Vec::new();
    let mut positions: HashMap<String, usize> = HashMap::new();
    for (file, text) in fragments {
        let mut seen_at: HashMap<String, usize> = HashMap::new();
        for (index, line) in text.lines().enumerate() {
            let number = index + 1;
            let setting = match Setting::parse(line) {
                Ok(Some(setting)) => setting,
                Ok(None) => continue,
                Err(error) => bail!("kernel/{file}:{number}: {error}"),
            };
            if let Some(first) = seen_at.insert(setting.name.clone(), number) {
                bail!(
                    "kernel/{file}:{number}: {} is already set in line {first}",
                    setting.name
                );
            }
            match positions
                .get(&setting.name)
                .and_then(|&position| merged.get_mut(position))
            {
                Some(earlier) => earlier.value = setting.value,
                None => {
                    positions.insert(setting.name.clone(), merged.len());
                    merged.push(setting);
                }
            }
        }
    }
    Ok(merged)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merged(fragments: &[&str]) -> Result<Vec<String>> {
        let fragments: Vec<_> = fragments
            .iter()
            .enumerate()
            .map(|(index, text)| (format!("{index}.config"), (*text).to_owned()))
            .collect();
        Ok(merge(&fragments)?.iter().map(Setting::line).collect())
    }

    #[test]
    fn a_later_fragment_wins_and_keeps_the_place() {
        let lines = merged(&["CONFIG_A=y\nCONFIG_B=y\n", "# why\n\nCONFIG_A=n\nCONFIG_C=\"x=y\"\n"]).unwrap();
        assert_eq!(lines, ["# CONFIG_A is not set", "CONFIG_B=y", "CONFIG_C=\"x=y\""]);
    }

    #[test]
    fn not_set_is_an_option_and_other_comments_are_not() {
        assert_eq!(
            Setting::parse("# CONFIG_A is not set")
                .unwrap()
                .map(|setting| setting.value),
            Some("n".to_owned())
        );
        assert_eq!(Setting::parse("# the rest is not set").unwrap(), None);
    }

    #[test]
    fn a_typo_is_refused_with_its_place() {
        for wrong in ["CONFG_A=y", "CONFIG_A", "CONFIG_A=", "CONFIG_=y", "CONFIG_A B=y"] {
            let error = merged(&[&format!("CONFIG_X=y\n{wrong}\n")]).unwrap_err().to_string();
            assert!(error.starts_with("kernel/0.config:2:"), "{error}");
        }
    }

    #[test]
    fn an_option_twice_in_one_file_is_refused() {
        let error = merged(&["CONFIG_A=y\nCONFIG_A=n\n"]).unwrap_err().to_string();
        assert!(error.contains("line 1"), "{error}");
    }
}
