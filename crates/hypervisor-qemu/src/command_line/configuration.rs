//! QEMU's configuration file: arguments that only this user may see.

use container_hypervisor::ConfigError;

/// Longest value that QEMU reads from a line, bytes (util/qemu-config.c).
const VALUE_MAX_BYTES: usize = 1023;

/// The file that gives the machine its kernel command line.
///
/// # Errors
/// [`ConfigError::Unavailable`] for what such a file cannot hold.
pub(super) fn of_kernel_arguments(arguments: &str) -> Result<String, ConfigError> {
    let unavailable = |reason| ConfigError::Unavailable {
        what: "this kernel command line",
        reason,
    };
    if arguments.contains(['"', '\n', '\r', '\0']) {
        return Err(unavailable("it holds a quotation mark or a line end".to_owned()));
    }
    if arguments.len() > VALUE_MAX_BYTES {
        let length = arguments.len();
        return Err(unavailable(format!(
            "it has {length} bytes, at most {VALUE_MAX_BYTES} fit"
        )));
    }
    Ok(format!("[machine]\n  append = \"{arguments}\"\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_file_cannot_hold_is_refused() {
        assert_eq!(
            of_kernel_arguments("quiet a=1").unwrap(),
            "[machine]\n  append = \"quiet a=1\"\n"
        );
        assert!(of_kernel_arguments(&"x".repeat(VALUE_MAX_BYTES)).is_ok());
        for bad in ["a=\"b\"", "a\nb", &"x".repeat(VALUE_MAX_BYTES + 1)] {
            assert!(of_kernel_arguments(bad).is_err(), "{bad:?}");
        }
    }
}
