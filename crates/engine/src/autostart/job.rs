//! What is run when the host has booted: this program, with what its environment says about where things are.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};

use crate::AutostartError;

/// The command that starts containers when the host has booted, behind the program's name.
pub const AUTOSTART_COMMAND: [&str; 3] = ["system", "autostart", "run"];

/// The command that ends containers when the host goes down.
pub const AUTOSTART_END_COMMAND: [&str; 3] = ["system", "autostart", "end"];

/// What of the environment decides which containers there are, and what runs them. The unit's own environment has the rest: the home and the runtime
/// directory of its user.
const KEPT_VARIABLES: [&str; 11] = [
    "CONTAINER_ACCEL",
    "CONTAINER_APP_ROOT",
    "CONTAINER_BACKEND",
    "CONTAINER_BOOT_TIMEOUT_MS",
    "CONTAINER_INSTALL_ROOT",
    "CONTAINER_QEMU",
    "CONTAINER_QEMU_DEVICES",
    "CONTAINER_TEMPLATES",
    // QEMU is looked for in it, and that of a unit is short.
    "PATH",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
];

/// A program and its environment, as text without control characters, which both formats can say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Job {
    /// Absolute path of the program.
    pub(super) program: String,
    /// Variables and their values.
    pub(super) environment: Vec<(&'static str, String)>,
    /// File for what goes wrong, where nothing else keeps it.
    pub(super) log: String,
}

impl Job {
    /// This program with this process's environment; what goes wrong is told in the app root.
    pub(super) fn of_this_program(app_root: &Path) -> Result<Self, AutostartError> {
        Self::of(&this_program()?, app_root, |name| std::env::var_os(name))
    }

    fn of(
        program: &Path,
        app_root: &Path,
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Self, AutostartError> {
        let set = KEPT_VARIABLES
            .into_iter()
            .filter_map(|name| Some((name, variable(name).filter(|value| !value.is_empty())?)));
        let environment = set.map(|(name, value)| Ok((name, text("the variable", &value)?)));
        Ok(Self {
            program: text("the program", program.as_os_str())?,
            environment: environment.collect::<Result<_, AutostartError>>()?,
            log: text("the log", app_root.join("autostart.log").as_os_str())?,
        })
    }
}

/// The path by which this program was found. Where it is a link, as packages make them, it stays right when the program is upgraded.
pub(super) fn this_program() -> Result<PathBuf, AutostartError> {
    let program = std::env::current_exe().and_then(std::path::absolute);
    let program = program.map_err(AutostartError::Program)?;
    match program.is_file() {
        true => Ok(program),
        // It was replaced while it runs.
        false => Err(AutostartError::Program(io::Error::other(format!(
            "{} is not there any more",
            program.display()
        )))),
    }
}

fn text(what: &'static str, value: &OsStr) -> Result<String, AutostartError> {
    let unwritable = |reason| AutostartError::Unwritable {
        what,
        value: value.to_string_lossy().into_owned(),
        reason,
    };
    let text = value.to_str().ok_or_else(|| unwritable("it is not UTF-8"))?;
    match text.contains(is_in_no_xml) {
        true => Err(unwritable("it has a control character")),
        false => Ok(text.to_owned()),
    }
}

/// Whether a character is one that XML 1.0, or a line of a unit, cannot have.
fn is_in_no_xml(character: char) -> bool {
    character.is_control() || matches!(character, '\u{fffe}' | '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::ffi::OsStringExt as _;

    #[test]
    fn only_what_is_set_and_matters_is_kept() {
        let variables = |name: &str| match name {
            "CONTAINER_APP_ROOT" => Some("/srv/my containers".into()),
            "CONTAINER_QEMU" => Some("".into()),
            "CONTAINER_REGISTRY_TOKEN" | "HOME" => Some("secret".into()),
            "PATH" => Some("/bin".into()),
            _ => None,
        };
        let job = Job::of(Path::new("/opt/container"), Path::new("/root"), variables).unwrap();
        let kept = [("CONTAINER_APP_ROOT", "/srv/my containers"), ("PATH", "/bin")];
        assert_eq!(job.environment, kept.map(|(name, value)| (name, value.to_owned())));
        assert_eq!(
            (job.program.as_str(), job.log.as_str()),
            ("/opt/container", "/root/autostart.log")
        );
    }

    #[test]
    fn what_no_file_of_a_unit_can_say_is_refused() {
        let of = |program: &Path| Job::of(program, Path::new("/root"), |_| None).unwrap_err().to_string();
        assert_eq!(
            of(Path::new("/a\nb")),
            "cannot write a unit with the program \"/a\\nb\": it has a control character"
        );
        let bytes = PathBuf::from(OsString::from_vec(vec![b'/', 0xff]));
        assert!(of(&bytes).ends_with("it is not UTF-8"));
    }
}
