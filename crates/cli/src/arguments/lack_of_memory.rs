//! Docker's flags of `run` and `create` about what is done when memory is lacking.

use clap::{ArgAction, Args};

/// What is killed for lack of memory.
#[derive(Debug, Args)]
#[command(next_help_heading = "Limit options")]
pub(crate) struct LackOfMemoryFlags {
    /// How likely the program is to be killed for lack of memory, -1000 to 1000
    #[arg(long, value_name = "SCORE", allow_negative_numbers = true)]
    pub(super) oom_score_adj: Option<i64>,

    /// Only =false: control groups of version 2 kill for lack of memory
    #[arg(long = "oom-kill-disable", value_name = "BOOL", value_parser = oom_kill_disable, num_args = 0..=1, require_equals = true, default_missing_value = "true", action = ArgAction::Set, hide = true)]
    _oom_kill_disable: Option<bool>,
}

fn oom_kill_disable(text: &str) -> Result<bool, String> {
    match text {
        "false" => Ok(false),
        _ => Err(
            "the kernel's control groups (version 2) cannot hold programs that lack memory instead of killing one; \
             give the container more --memory, or spare its program with --oom-score-adj"
                .to_owned(),
        ),
    }
}
