//! The files by which a system starts the job: made, looked at and taken away.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use container_durable::{DirectoryError, ReplaceError, replace, sync_dir};

use super::host::Starter;
use super::{launchd, systemd};
use crate::{AutostartError, Cause};

/// More than any file of ours has, bytes.
const LIMIT_BYTES: u64 = 1 << 20;

/// Where the files are.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// The unit or the agent.
    pub(super) file: PathBuf,
    /// The link to it by which it is started, where the file alone does not do that.
    link: Option<PathBuf>,
    /// The line that is in a file of ours.
    mark: &'static str,
}

/// What is in the file's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing.
    Nothing,
    /// A file that `enable` wrote, with its text.
    Ours(String),
    /// Something else.
    Foreign,
}

impl Place {
    /// The place that this user's files have.
    pub(super) fn of_user(starter: Starter) -> Result<Self, AutostartError> {
        Self::of(starter, |name| std::env::var_os(name))
    }

    fn of(starter: Starter, variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, AutostartError> {
        let directory = |name| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
        match starter {
            Starter::Systemd => {
                let config = directory("XDG_CONFIG_HOME").or_else(|| Some(directory("HOME")?.join(".config")));
                let variables = "HOME or XDG_CONFIG_HOME";
                let units = config.ok_or(AutostartError::NoHome { variables })?.join("systemd/user");
                Ok(Self {
                    file: units.join(systemd::NAME),
                    link: Some(units.join(systemd::WANTS).join(systemd::NAME)),
                    mark: systemd::MARK,
                })
            }
            Starter::Launchd => {
                let home = directory("HOME").ok_or(AutostartError::NoHome { variables: "HOME" })?;
                Ok(Self {
                    file: home.join("Library/LaunchAgents").join(launchd::NAME),
                    link: None,
                    mark: launchd::MARK,
                })
            }
        }
    }

    /// What is there now.
    pub(super) fn look(&self) -> Result<Found, AutostartError> {
        match fs::symlink_metadata(&self.file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Found::Nothing),
            Err(source) => Err(failed("look at", &self.file, source)),
            // A link is how `systemctl mask` and managers of settings put something else there.
            Ok(metadata) if !metadata.is_file() || metadata.len() > LIMIT_BYTES => Ok(Found::Foreign),
            Ok(_) => {
                let bytes = fs::read(&self.file).map_err(|source| failed("read", &self.file, source))?;
                let text = String::from_utf8(bytes).ok();
                let ours = text.filter(|text| text.lines().any(|line| line == self.mark));
                Ok(ours.map_or(Found::Foreign, Found::Ours))
            }
        }
    }

    /// Whether the system starts what is in the file.
    pub(super) fn is_linked(&self) -> Result<bool, AutostartError> {
        let Some(link) = &self.link else {
            return Ok(self.file.exists());
        };
        match fs::symlink_metadata(link) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(source) => Err(failed("look at", link, source)),
            Ok(_) => Ok(true),
        }
    }

    /// Has the system start the job that `text` describes; gives whether anything had to be changed.
    pub(super) fn enable(&self, text: &str) -> Result<bool, AutostartError> {
        let is_written = match self.look()? {
            Found::Foreign => return Err(foreign(&self.file)),
            Found::Ours(found) if found == text => false,
            Found::Ours(_) | Found::Nothing => {
                make_directory_of(&self.file)?;
                replace(&self.file, text.as_bytes()).map_err(of_replace)?;
                true
            }
        };
        Ok(self.make_link()? || is_written)
    }

    /// Makes the link, as `systemctl enable` does.
    fn make_link(&self) -> Result<bool, AutostartError> {
        let Some(link) = &self.link else { return Ok(false) };
        if self.is_linked()? {
            return match self.is_own_link(link) {
                true => Ok(false),
                false => Err(foreign(link)),
            };
        }
        make_directory_of(link)?;
        std::os::unix::fs::symlink(&self.file, link).map_err(|source| failed("make", link, source))?;
        sync_directory_of(link)?;
        Ok(true)
    }

    /// Whether a link leads to the file, as `systemctl` or somebody else may have written it.
    fn is_own_link(&self, link: &Path) -> bool {
        let target = fs::read_link(link).ok();
        let target = target.and_then(|target| Some(link.parent()?.join(target)));
        target.is_some_and(|target| target == self.file || is_same_file(&target, &self.file))
    }

    /// Takes away what [`Place::enable`] has made; gives whether there was anything.
    pub(super) fn disable(&self) -> Result<bool, AutostartError> {
        let found = self.look()?;
        if found == Found::Foreign {
            return Err(foreign(&self.file));
        }
        let mut is_changed = false;
        // The link first: what is left if this is interrupted starts nothing.
        if let Some(link) = &self.link
            && self.is_linked()?
        {
            if !self.is_own_link(link) {
                return Err(foreign(link));
            }
            remove(link)?;
            is_changed = true;
            // Only if it is empty.
            let _ = link.parent().map(fs::remove_dir);
        }
        if found != Found::Nothing {
            remove(&self.file)?;
            is_changed = true;
        }
        Ok(is_changed)
    }
}

fn is_same_file(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}

fn remove(path: &Path) -> Result<(), AutostartError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed("remove", path, error)),
        _ => sync_directory_of(path),
    }
}

fn make_directory_of(path: &Path) -> Result<(), AutostartError> {
    let directory = path.parent().unwrap_or(path);
    fs::create_dir_all(directory).map_err(|source| failed("make", directory, source))
}

fn sync_directory_of(path: &Path) -> Result<(), AutostartError> {
    let synced = path.parent().map_or(Ok(()), sync_dir);
    synced.map_err(|error: DirectoryError| AutostartError::Write(Cause::new(error)))
}

fn of_replace(error: ReplaceError) -> AutostartError {
    AutostartError::Write(Cause::new(error))
}

fn foreign(path: &Path) -> AutostartError {
    AutostartError::Foreign { path: path.to_owned() }
}

fn failed(verb: &'static str, path: &Path, source: io::Error) -> AutostartError {
    AutostartError::File {
        verb,
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{MetadataExt as _, symlink};

    fn place(root: &Path) -> Place {
        let home = root.to_owned();
        Place::of(Starter::Systemd, move |name| {
            (name == "HOME").then(|| home.clone().into())
        })
        .unwrap()
    }

    fn unit(comment: &str) -> String {
        format!("{}\n# {comment}\n", systemd::MARK)
    }

    #[test]
    fn the_places_are_those_of_the_systems() {
        let of = |starter, set: &'static [(&str, &str)]| {
            let value = move |name: &str| Some(set.iter().find(|(set, _)| *set == name)?.1.into());
            Place::of(starter, value).map(|place| place.file.display().to_string())
        };
        let both = &[("HOME", "/home/me"), ("XDG_CONFIG_HOME", "/conf")];
        let name = "systemd/user/container-autostart.service";
        assert_eq!(of(Starter::Systemd, both).unwrap(), format!("/conf/{name}"));
        for home_only in [
            &[("HOME", "/home/me")][..],
            &[("HOME", "/home/me"), ("XDG_CONFIG_HOME", "")],
        ] {
            assert_eq!(
                of(Starter::Systemd, home_only).unwrap(),
                format!("/home/me/.config/{name}")
            );
        }
        let agent = "/home/me/Library/LaunchAgents/container-autostart.plist";
        assert_eq!(of(Starter::Launchd, both).unwrap(), agent);
        let error = of(Starter::Launchd, &[("HOME", "relative")]).unwrap_err().to_string();
        assert_eq!(
            error,
            "cannot tell where this user's units are: HOME must be an absolute path"
        );
    }

    #[test]
    fn what_is_as_it_should_be_is_left_alone() {
        let root = tempfile::tempdir().unwrap();
        let place = place(root.path());
        assert!(place.enable(&unit("one")).unwrap());
        let link = place.link.clone().unwrap();
        assert_eq!(fs::read_link(&link).unwrap(), place.file);
        let inode = fs::metadata(&place.file).unwrap().ino();
        assert!(!place.enable(&unit("one")).unwrap());
        assert_eq!(fs::metadata(&place.file).unwrap().ino(), inode);
        assert!(place.enable(&unit("two")).unwrap());
        assert_eq!(place.look().unwrap(), Found::Ours(unit("two")));

        // Disabled by `systemctl`, and enabled by somebody who writes other links.
        fs::remove_file(&link).unwrap();
        assert!(!place.is_linked().unwrap() && place.enable(&unit("two")).unwrap());
        fs::remove_file(&link).unwrap();
        symlink(format!("../{}", systemd::NAME), &link).unwrap();
        assert!(!place.enable(&unit("two")).unwrap());
    }

    #[test]
    fn only_what_was_made_is_taken_away() {
        let root = tempfile::tempdir().unwrap();
        let place = place(root.path());
        assert!(!place.disable().unwrap());
        place.enable(&unit("one")).unwrap();
        let units = place.file.parent().unwrap();
        fs::write(units.join("other.service"), "").unwrap();
        assert!(place.disable().unwrap());
        let left: Vec<_> = fs::read_dir(units)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(left, ["other.service"]);
        assert!(!place.disable().unwrap());
    }

    #[test]
    fn what_somebody_else_put_there_stays() {
        let root = tempfile::tempdir().unwrap();
        let place = place(root.path());
        make_directory_of(&place.file).unwrap();
        let is_refused = || {
            assert_eq!(place.look().unwrap(), Found::Foreign);
            for outcome in [place.enable(&unit("one")), place.disable()] {
                assert!(matches!(outcome, Err(AutostartError::Foreign { .. })), "{outcome:?}");
            }
        };
        fs::write(&place.file, "[Service]\n").unwrap();
        is_refused();
        assert_eq!(fs::read_to_string(&place.file).unwrap(), "[Service]\n");
        // As `systemctl mask` does.
        fs::remove_file(&place.file).unwrap();
        symlink("/dev/null", &place.file).unwrap();
        is_refused();
        assert_eq!(fs::read_link(&place.file).unwrap(), Path::new("/dev/null"));
        fs::remove_file(&place.file).unwrap();

        let link = place.link.clone().unwrap();
        make_directory_of(&link).unwrap();
        symlink("/etc/other.service", &link).unwrap();
        for outcome in [place.enable(&unit("one")), place.disable()] {
            let error = outcome.unwrap_err();
            assert!(
                matches!(&error, AutostartError::Foreign { path } if *path == link),
                "{error}"
            );
        }
        assert_eq!(fs::read_link(&link).unwrap(), Path::new("/etc/other.service"));
    }
}
