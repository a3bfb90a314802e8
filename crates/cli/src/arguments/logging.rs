//! Flags of `run` and `create` about how output is kept.

use clap::Args;
use container_engine::LogRequest;

/// How its output is kept.
#[derive(Debug, Args)]
#[command(next_help_heading = "Container options")]
pub(crate) struct LogFlags {
    /// How output is kept for logs: json-file or local, which differ in their bounds, or none
    #[arg(long, value_name = "DRIVER")]
    log_driver: Option<String>,

    /// Option of the log, for example max-size=10m or max-file=3; several with commas between
    #[arg(long, value_name = "KEY=VALUE")]
    log_opt: Vec<String>,
}

impl LogFlags {
    pub(super) fn request(self) -> LogRequest {
        LogRequest {
            driver: self.log_driver,
            options: self.log_opt.iter().flat_map(|text| options(text)).collect(),
        }
    }
}

/// The options in one value. A part without `=` goes on with the value before it, which may be a list.
fn options(text: &str) -> Vec<(String, String)> {
    let mut options: Vec<(String, String)> = Vec::new();
    for part in text.split(',') {
        match (part.split_once('='), options.last_mut()) {
            (None, Some((_, value))) => {
                value.push(',');
                value.push_str(part);
            }
            (pair, _) => {
                let (key, value) = pair.unwrap_or((part, ""));
                options.push((key.to_owned(), value.to_owned()));
            }
        }
    }
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_may_have_several_options_and_lists() {
        let read = |text| {
            let options = options(text).into_iter();
            options.map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>()
        };
        assert_eq!(read("max-size=10m,max-file=3"), ["max-size=10m", "max-file=3"]);
        assert_eq!(read("labels=a,b,env=C"), ["labels=a,b", "env=C"]);
        assert_eq!(read("max-size"), ["max-size="]);
    }
}
