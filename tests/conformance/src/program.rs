//! The program under test, with an application root of its own.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::case::Case;
use crate::saved_image::SavedImage;

/// How long a build may take.
const BUILD_LIMIT: Duration = Duration::from_secs(300);

/// The program and where it keeps everything.
pub(crate) struct Program {
    program: PathBuf,
    scratch: PathBuf,
}

impl Program {
    pub(crate) fn new(program: &Path, scratch: &Path) -> Result<Self> {
        std::fs::create_dir(scratch.join("run"))?;
        Ok(Self {
            program: program.to_owned(),
            scratch: scratch.to_owned(),
        })
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command
            .env("CONTAINER_APP_ROOT", self.scratch.join("root"))
            .env("XDG_RUNTIME_DIR", self.scratch.join("run"))
            .stdin(Stdio::null());
        command
    }

    /// Loads an archive of one image and names it.
    pub(crate) fn load(&self, archive: &Path, names: &[&str]) -> Result<()> {
        let loaded = succeed(self.command().args(["image", "load", "--input"]).arg(archive))?;
        let digest = loaded
            .split_whitespace()
            .next_back()
            .with_context(|| format!("{} has no image", archive.display()))?;
        for name in names {
            succeed(self.command().args(["image", "tag", digest, name]))?;
        }
        Ok(())
    }

    /// The image of a case, or the last line of why there is none.
    pub(crate) fn build(&self, case: &Case, context: &Path) -> Result<Result<SavedImage, String>> {
        let directory = tempfile::Builder::new().prefix("case-").tempdir_in(&self.scratch)?;
        let (archive, log) = (directory.path().join("image.tar"), directory.path().join("log"));
        let number = case.id.split('-').next().unwrap_or_default();
        let tag = format!("localhost/conformance-{number}:latest");
        let mut command = self.command();
        command.args(["build", "--quiet", "--tag", &tag, "--file"]);
        command
            .arg(context.join(&case.dockerfile))
            .args(case.flags())
            .arg(context);
        let output = File::create(&log)?;
        let built = finish(command.stdout(output.try_clone()?).stderr(output))?;
        if !built {
            let words = std::fs::read_to_string(&log)?;
            return Ok(Err(words.trim().lines().next_back().unwrap_or("no word").to_owned()));
        }
        let mut save = self.command();
        save.args(["image", "save", "--output"]).arg(&archive).arg(&tag);
        succeed(&mut save)?;
        SavedImage::read(&archive).map(Ok)
    }
}

/// Whether a command succeeds in time.
fn finish(command: &mut Command) -> Result<bool> {
    let mut child = command.spawn()?;
    let begun = Instant::now();
    loop {
        match child.try_wait()? {
            Some(status) => return Ok(status.success()),
            None if begun.elapsed() > BUILD_LIMIT => {
                child.kill()?;
                child.wait()?;
                bail!("{command:?} took longer than {} s", BUILD_LIMIT.as_secs());
            }
            None => std::thread::sleep(Duration::from_millis(10)),
        }
    }
}

/// Standard output of a command that must succeed.
fn succeed(command: &mut Command) -> Result<String> {
    let output = command.output()?;
    if !output.status.success() {
        bail!("{command:?} failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
