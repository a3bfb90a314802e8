//! Installs and unpacks packages with apt.

use super::packages::{Package, missing};
use super::simulation::{Choice, Release, Simulation, Source, choose, refusal, sources};
use crate::architecture::Architecture;
use crate::process;
use crate::progress::say;
use anyhow::{Context, Result, anyhow, bail};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::NamedTempFile;

/// How long apt waits for another program that installs packages, in seconds.
const LOCK_WAIT: &str = "DPkg::Lock::Timeout=300";

/// Installs those of `packages` that are missing. No package is removed for them: where apt would remove one, another release that fits the
/// installed packages is looked for, and without one nothing is installed.
///
/// # Errors
/// When this is not Debian or a relative of it, when there is neither root nor `sudo`, when something would have to be removed, or when apt fails:
/// the message has the command to run.
pub(crate) fn install(packages: &[Package]) -> Result<()> {
    let missing = missing(packages);
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.join(" ");
    let by_hand = format!("apt-get update && apt-get install --no-install-recommends {names}");
    if process::find("apt-get").is_none() {
        bail!(
            "missing here: {names} (Debian's names). Only Debian and its relatives are installed for; install them with your package manager"
        );
    }
    let Some(prefix) = privilege() else {
        bail!("missing packages and no right to install them; run as root: {by_hand}");
    };
    say(format_args!("installing {names}"));
    let mut apt = Apt::new(prefix);
    let plan = match apt.plan(&missing)? {
        Ok(plan) => plan,
        // The lists may be older than the packages.
        Err(_) => {
            apt.update(&Release::Preferred)
                .with_context(|| format!("run as root: {by_hand}"))?;
            apt.plan(&missing)?
                .map_err(|words| anyhow!("apt cannot install {names}; run as root: {by_hand}; apt says: {words}"))?
        }
    };
    for (release, names) in &plan {
        if apt.install(release, names).is_err() {
            say("the package lists seem to be out of date: updating them once");
            apt.update(release)?;
            apt.install(release, names)
                .with_context(|| format!("run as root: {by_hand}"))?;
        }
    }
    Ok(())
}

/// Downloads a package (`name` or `name=version`) and unpacks it below `scratch` without installing it, which needs no root; returns the unpacked
/// tree. apt verifies the package. `None` when apt does not have it, also after a refresh of its lists.
///
/// # Errors
/// When the package cannot be unpacked.
pub(crate) fn unpack(package: &str, scratch: &Path) -> Result<Option<PathBuf>> {
    let attempt = || {
        process::output(
            Command::new("apt-get")
                .args(["-q", "-o", "APT::Get::AllowUnauthenticated=false", "download", package])
                .current_dir(scratch),
        )
    };
    if attempt().is_err() && (refresh().is_err() || attempt().is_err()) {
        return Ok(None);
    }
    unpack_downloaded(scratch).map(Some)
}

fn unpack_downloaded(scratch: &Path) -> Result<PathBuf> {
    let file = fs::read_dir(scratch)?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .find(|path| path.extension().is_some_and(|extension| extension == "deb"))
        .context("apt-get download left no package")?;
    let tree = scratch.join("tree");
    process::run(Command::new("dpkg-deb").arg("-x").arg(file).arg(&tree))?;
    Ok(tree)
}

/// As [`unpack`], for another architecture than this machine's, with package lists of its own: apt's stay as they are, and this needs no root
/// either.
///
/// # Errors
/// When the package cannot be unpacked.
pub(crate) fn unpack_for(package: &str, architecture: Architecture, scratch: &Path) -> Result<Option<PathBuf>> {
    if architecture == Architecture::host() {
        return unpack(package, scratch);
    }
    let own = scratch.join("apt");
    for directory in ["lists/partial", "cache/archives/partial"] {
        fs::create_dir_all(own.join(directory))?;
    }
    let foreign = architecture.oci_name();
    let options = [
        format!("APT::Architecture={foreign}"),
        format!("APT::Architectures={foreign}"),
        format!("Dir::State::Lists={}", own.join("lists").display()),
        "Dir::State::Status=/dev/null".to_owned(),
        format!("Dir::Cache={}", own.join("cache").display()),
        "APT::Get::AllowUnauthenticated=false".to_owned(),
    ];
    let apt = |arguments: &[&str]| {
        let mut command = Command::new("apt-get");
        command.arg("-q").current_dir(scratch);
        for option in &options {
            command.args(["-o", option]);
        }
        process::output(command.args(arguments))
    };
    say(format_args!("getting {package} for {foreign}"));
    if apt(&["update"]).is_err() || apt(&["download", package]).is_err() {
        return Ok(None);
    }
    unpack_downloaded(scratch).map(Some)
}

/// The words before a command that make it run as root; `None` when there is neither root nor sudo.
fn privilege() -> Option<&'static [&'static str]> {
    if rustix::process::geteuid().is_root() {
        return Some(&[]);
    }
    let sudo = Command::new("sudo")
        .args(["-n", "true"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .status();
    sudo.is_ok_and(|status| status.success()).then_some(&["sudo", "-n"])
}

/// Refreshes apt's package lists, as root if possible.
fn refresh() -> Result<()> {
    let prefix = privilege().context("run as root: apt-get update")?;
    Apt::new(prefix).update(&Release::Preferred)
}

/// apt with the right to install, and the list of sources for releases that the machine's own sources do not name.
struct Apt {
    prefix: &'static [&'static str],
    unlisted: Option<NamedTempFile>,
}

/// The packages to install, by release.
type Plan<'a> = Vec<(Release, Vec<&'a str>)>;

impl Apt {
    fn new(prefix: &'static [&'static str]) -> Self {
        Self { prefix, unlisted: None }
    }

    /// All packages at once if that removes nothing, else each package from the first release that fits; apt's words when none of them has a
    /// package.
    fn plan<'a>(&mut self, names: &[&'a str]) -> Result<Result<Plan<'a>, String>> {
        if let Choice::From(release) = self.choose(names, &[])? {
            return Ok(Ok(vec![(release, names.to_vec())]));
        }
        let mut plan: Plan<'a> = Vec::new();
        for &name in names {
            let policy = process::output(Command::new("apt-cache").env("LC_ALL", "C").args(["policy", name]))?;
            match self.choose(&[name], &sources(&policy))? {
                Choice::From(release) => match plan.iter_mut().find(|(other, _)| *other == release) {
                    Some((_, together)) => together.push(name),
                    None => plan.push((release, vec![name])),
                },
                Choice::Impossible(words) => return Ok(Err(words)),
                Choice::WouldRemove(removed) => {
                    let removed: Vec<String> = removed
                        .iter()
                        .map(|package| format!("{} {}", package.name, package.version))
                        .collect();
                    bail!(
                        "installing {name} would remove {}, and no release of it fits; nothing was installed. apt asks before it removes \
                         anything when you run, as root: apt-get install --no-install-recommends {name}",
                        removed.join(", ")
                    );
                }
            }
        }
        Ok(Ok(plan))
    }

    fn choose(&mut self, names: &[&str], listed: &[Source]) -> Result<Choice> {
        let codename = codename();
        choose(listed, codename.as_deref(), |release| {
            if let Release::Unlisted(source) = release {
                self.list(source)?;
            }
            let output = Command::new("apt-get")
                .env("LC_ALL", "C")
                .args(self.options(release))
                .args(["install", "--simulate", "--no-install-recommends"])
                .args(names)
                .stdin(Stdio::null())
                .output()
                .context("cannot start apt-get")?;
            let said = String::from_utf8_lossy(&output.stdout);
            Ok(if output.status.success() {
                Ok(Simulation::parse(&said))
            } else {
                Err(refusal(&said, &String::from_utf8_lossy(&output.stderr)))
            })
        })
    }

    /// Fetches the package lists of a release that the machine's sources do not name, beside theirs. The sources stay as they are.
    fn list(&mut self, source: &Source) -> Result<()> {
        let mut file = tempfile::Builder::new().suffix(".list").tempfile()?;
        file.write_all(&fs::read("/etc/apt/sources.list").unwrap_or_default())?;
        writeln!(file, "\n{}", source.line())?;
        self.unlisted = Some(file);
        say(format_args!(
            "looking into {} for what fits the packages installed here",
            source.suite
        ));
        self.update(&Release::Unlisted(source.clone()))
    }

    /// Fetches the package lists, those of `release` included.
    fn update(&self, release: &Release) -> Result<()> {
        self.run(release, &["update"])
    }

    fn install(&self, release: &Release, names: &[&str]) -> Result<()> {
        if *release != Release::Preferred {
            say(format_args!("{} from {release}", names.join(" ")));
        }
        // With --no-remove apt fails if it would have to remove something, contrary to the simulation.
        let mut arguments = vec!["install", "--yes", "--no-install-recommends", "--no-remove"];
        arguments.extend(names);
        self.run(release, &arguments)
    }

    /// The options that make apt use `release`.
    fn options(&self, release: &Release) -> Vec<String> {
        let target = |source: &Source| ["-t".to_owned(), source.suite.clone()];
        match (release, &self.unlisted) {
            (Release::Preferred, _) => Vec::new(),
            (Release::Listed(source), _) | (Release::Unlisted(source), None) => target(source).to_vec(),
            (Release::Unlisted(source), Some(file)) => {
                let list = format!("Dir::Etc::sourcelist={}", file.path().display());
                let mut options = vec!["-o".to_owned(), list];
                options.extend(target(source));
                options
            }
        }
    }

    fn run(&self, release: &Release, arguments: &[&str]) -> Result<()> {
        let options = self.options(release);
        // `env` carries the variable through sudo, which drops the environment.
        let words: Vec<&str> = self
            .prefix
            .iter()
            .copied()
            .chain([
                "env",
                "DEBIAN_FRONTEND=noninteractive",
                "apt-get",
                "-qq",
                "-o",
                LOCK_WAIT,
            ])
            .chain(options.iter().map(String::as_str))
            .chain(arguments.iter().copied())
            .collect();
        let (program, rest) = words.split_first().context("an empty command line")?;
        // apt's output is progress, not the task's result.
        process::run(Command::new(program).args(rest).stdout(std::io::stderr()))
    }
}

/// The code name of this release of Debian (os-release(5)); other distributions have no backports of that form.
fn codename() -> Option<String> {
    let text = fs::read_to_string("/etc/os-release").ok()?;
    let value = |key: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
            .map(|value| value.trim_matches('"').to_owned())
    };
    if value("ID")? != "debian" {
        return None;
    }
    value("VERSION_CODENAME")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::architecture::Architecture;
    use crate::debian::for_setup;

    #[test]
    fn nothing_missing_installs_nothing() {
        let mut packages = for_setup(&[Architecture::host()]);
        for package in &mut packages {
            package.shows = "sh";
        }
        install(&packages).unwrap();
    }
}
