//! The check of the finished `.config`: the kernel's build drops an option whose dependency is missing without an error.

use super::fragment::Setting;
use anyhow::{Result, bail};
use std::collections::HashMap;

/// Names listed in `kernel/required`, one per line, `#` starts a comment.
pub(crate) fn required_names(text: &str) -> Vec<&str> {
    text.lines()
        .map(|line| line.split('#').next().unwrap_or_default().trim())
        .filter(|name| !name.is_empty())
        .collect()
}

/// Compares the finished configuration with the fragments and with the list of required options.
///
/// # Errors
/// Names every option that differs.
pub(crate) fn check(configuration: &str, wanted: &[Setting], required: &[&str]) -> Result<()> {
    let actual: HashMap<String, String> = configuration
        .lines()
        .filter_map(|line| Setting::parse(line).ok().flatten())
        .map(|setting| (setting.name, setting.value))
        .collect();
    let value_of = |name: &str| actual.get(name).map_or("n", String::as_str);
    let mut wrong: Vec<String> = wanted
        .iter()
        .filter(|setting| value_of(&setting.name) != setting.value)
        .map(|setting| {
            format!(
                "{} should be {} but is {}",
                setting.name,
                setting.value,
                value_of(&setting.name)
            )
        })
        .collect();
    wrong.extend(
        required
            .iter()
            .filter(|name| value_of(name) != "y")
            .map(|name| format!("{name} is required (kernel/required) but is {}", value_of(name))),
    );
    if wrong.is_empty() {
        return Ok(());
    }
    bail!(
        "the kernel's configuration is not what the fragments say; a dependency is missing or the name is wrong:\n  {}",
        wrong.join("\n  ")
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(lines: &[&str]) -> Vec<Setting> {
        lines.iter().filter_map(|line| Setting::parse(line).unwrap()).collect()
    }

    #[test]
    fn an_agreeing_configuration_passes() {
        let configuration = "CONFIG_A=y\n# CONFIG_B is not set\nCONFIG_C=\"text\"\n";
        check(
            configuration,
            &wanted(&["CONFIG_A=y", "CONFIG_B=n", "CONFIG_C=\"text\"", "CONFIG_UNKNOWN=n"]),
            &["CONFIG_A"],
        )
        .unwrap();
    }

    #[test]
    fn a_dropped_option_is_named() {
        let error = check("CONFIG_A=y\n", &wanted(&["CONFIG_A=y", "CONFIG_DROPPED=y"]), &[])
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("CONFIG_DROPPED should be y but is n") && !error.contains("CONFIG_A "),
            "{error}"
        );
    }

    #[test]
    fn an_option_that_another_one_selected_is_named() {
        let error = check("CONFIG_A=y\n", &wanted(&["CONFIG_A=n"]), &[])
            .unwrap_err()
            .to_string();
        assert!(error.contains("CONFIG_A should be n but is y"), "{error}");
    }

    #[test]
    fn a_required_option_must_be_on_even_if_no_fragment_names_it() {
        let error = check("# CONFIG_R is not set\n", &[], &["CONFIG_R"])
            .unwrap_err()
            .to_string();
        assert!(error.contains("CONFIG_R is required"), "{error}");
    }

    #[test]
    fn the_list_has_comments() {
        assert_eq!(
            required_names("# head\nCONFIG_A\n\nCONFIG_B  # why\n"),
            ["CONFIG_A", "CONFIG_B"]
        );
    }
}
