//! The unit of the user's systemd: systemd.unit(5), systemd.service(5), and systemd.syntax(7) for quotes.

use super::job::{AUTOSTART_COMMAND, AUTOSTART_END_COMMAND, Job};
use crate::AutostartError;

/// The unit's name.
pub(super) const NAME: &str = "container-autostart.service";

/// Directory of the link by which the unit is started, beside the unit: that of `WantedBy`.
pub(super) const WANTS: &str = "default.target.wants";

/// A line that says whose file it is.
pub(super) const MARK: &str = "# Written by: container system autostart enable";

/// Characters that systemd takes in no path of a program, however they are written (`string_is_safe`; "Executable name contains special characters").
const NOT_IN_PROGRAMS: [char; 3] = ['"', '\'', '\\'];

/// The unit that runs the job.
///
/// # Errors
/// [`AutostartError::Unwritable`] when systemd takes no program of such a path.
pub(super) fn render(job: &Job) -> Result<String, AutostartError> {
    if job.program.contains(NOT_IN_PROGRAMS) {
        return Err(AutostartError::Unwritable {
            what: "the program",
            value: job.program.clone(),
            reason: "systemd starts no program in whose path there is a quotation mark or a backslash",
        });
    }
    let environment: String = job
        .environment
        .iter()
        .map(|(name, value)| format!("Environment={}\n", quoted(&format!("{name}={value}"))))
        .collect();
    Ok(format!(
        "{MARK}\n\
         [Unit]\n\
         Description=Start the containers that have a restart policy, and end all when the host goes down\n\
         \n\
         [Service]\n\
         # Active until the host, or the user's systemd, goes down: only then ExecStop= is run. One container that cannot start is no reason to be\n\
         # inactive, and not to ask the others to end.\n\
         Type=oneshot\n\
         RemainAfterExit=yes\n\
         SuccessExitStatus=1\n\
         # What is left in the control group when a command has ended are the launchers, and with them the containers: they are left alone.\n\
         KillMode=process\n\
         # A machine that the kernel kills for want of memory is no reason to end the others.\n\
         OOMPolicy=continue\n\
         # Of the two minutes that the system gives to all units of a user.\n\
         TimeoutStopSec=110\n\
         {environment}\
         ExecStart={program} {start}\n\
         ExecStop={program} {end}\n\
         \n\
         [Install]\n\
         WantedBy=default.target\n",
        program = quoted(&job.program),
        start = AUTOSTART_COMMAND.join(" "),
        end = AUTOSTART_END_COMMAND.join(" "),
    ))
}

/// The program that a unit of ours starts.
pub(super) fn program(unit: &str) -> Option<String> {
    let command = unit.lines().find_map(|line| line.strip_prefix("ExecStart=\""))?;
    let mut program = String::new();
    let mut characters = command.chars();
    loop {
        match characters.next()? {
            '"' => return Some(program),
            // `%%`: there are no specifiers in what we write.
            '%' => program.extend(characters.next()),
            character => program.push(character),
        }
    }
}

/// A word in quotation marks. `%` begins a specifier everywhere. `$` stands for itself in `Environment=` and in the path of a program, and no other word
/// that is written here may have one.
fn quoted(word: &str) -> String {
    let mut quoted = String::from("\"");
    for character in word.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '%' => quoted.push_str("%%"),
            _ => quoted.push(character),
        }
    }
    quoted + "\""
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn job(program: &str, environment: &[(&'static str, &str)]) -> Job {
        let environment = environment.iter().map(|(name, value)| (*name, (*value).to_owned()));
        Job {
            program: program.to_owned(),
            environment: environment.collect(),
            log: "/log".to_owned(),
        }
    }

    #[test]
    fn awkward_paths_are_quoted_by_the_rules() {
        let unit = render(&job(
            "/opt/50% $off/con tainer",
            &[("CONTAINER_APP_ROOT", "/a \"b\" \\c %h $HOME 'd'"), ("PATH", "/bin")],
        ))
        .unwrap();
        let lines: Vec<&str> = unit.lines().collect();
        for line in [
            MARK,
            "Type=oneshot",
            "RemainAfterExit=yes",
            "SuccessExitStatus=1",
            "KillMode=process",
            "OOMPolicy=continue",
            "TimeoutStopSec=110",
            r#"Environment="CONTAINER_APP_ROOT=/a \"b\" \\c %%h $HOME 'd'""#,
            r#"Environment="PATH=/bin""#,
            r#"ExecStart="/opt/50%% $off/con tainer" system autostart run"#,
            r#"ExecStop="/opt/50%% $off/con tainer" system autostart end"#,
            "WantedBy=default.target",
        ] {
            assert!(lines.contains(&line), "{line} is not in\n{unit}");
        }
        assert_eq!(program(&unit).as_deref(), Some("/opt/50% $off/con tainer"));
    }

    #[test]
    fn a_program_that_systemd_would_not_start_is_refused() {
        for path in ["/a\"b", "/a'b", "/a\\b"] {
            let error = render(&job(path, &[])).unwrap_err().to_string();
            assert!(error.contains("quotation mark or a backslash"), "{error}");
        }
    }

    proptest! {
        #[test]
        fn the_program_is_read_as_it_was_written(path in "/[^\\p{C}\"'\\\\]{0,40}", root in "\\PC{0,40}") {
            let unit = render(&job(&path, &[("CONTAINER_APP_ROOT", &root)])).unwrap();
            prop_assert_eq!(program(&unit), Some(path));
        }

        #[test]
        fn any_text_is_read_without_failing(text in "(?s).{0,100}") {
            let _ = program(&format!("ExecStart=\"{text}"));
        }
    }
}
