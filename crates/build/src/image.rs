//! The image that a stage makes, as its instructions change it: how it is run, and its history, in BuildKit's words.

mod go_text;
mod health;
mod ports;
mod signal;

use container_oci::{Empty, History, ImageConfig, Platform, ProcessDefaults};

pub(crate) use health::health_check;
pub(crate) use ports::ports;
pub(crate) use signal::is_signal;

/// What BuildKit writes into the history of what it makes.
const HISTORY_COMMENT: &str = "buildkit.dockerfile.v0";
/// What the words of a step with a layer of files or of a command end with.
const LAYER_MARK: &str = " # buildkit";
/// `PATH` of an image that has none.
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// The shell of the shell forms, unless `SHELL` says otherwise.
const DEFAULT_SHELL: [&str; 2] = ["/bin/sh", "-c"];

/// An image in the making, without its layers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StageImage {
    /// How it is run.
    pub(crate) defaults: ProcessDefaults,
    /// Who made it.
    pub(crate) author: Option<String>,
    /// What it runs on.
    pub(crate) platform: Platform,
    /// How it was made, the base first. What this build adds has no time yet.
    pub(crate) history: Vec<History>,
    /// Whether the stage itself has said `CMD`, which `ENTRYPOINT` then leaves alone.
    has_command: bool,
}

impl StageImage {
    /// An image from scratch.
    pub(crate) fn scratch(platform: Platform) -> Self {
        let defaults = ProcessDefaults {
            working_dir: "/".to_owned(),
            ..ProcessDefaults::default()
        };
        Self {
            defaults,
            author: None,
            platform,
            history: Vec::new(),
            has_command: false,
        }
        .with_path()
    }

    /// An image that starts from another one, and what that one says to such images.
    pub(crate) fn on(base: &ImageConfig, platform: Platform) -> (Self, Vec<String>) {
        let mut defaults = base.config.clone();
        let triggers = std::mem::take(&mut defaults.on_build);
        let image = Self {
            defaults,
            author: base.author.clone(),
            platform,
            history: base.history.clone(),
            has_command: false,
        };
        (image.with_path(), triggers)
    }

    /// An image that starts from another stage, and what that one says to such images.
    pub(crate) fn on_stage(base: &Self) -> (Self, Vec<String>) {
        let mut image = base.clone();
        image.has_command = false;
        let triggers = std::mem::take(&mut image.defaults.on_build);
        (image, triggers)
    }

    fn with_path(mut self) -> Self {
        if !self.defaults.env.iter().any(|entry| name_of(entry) == "PATH") {
            self.defaults.env.push(format!("PATH={DEFAULT_PATH}"));
        }
        self
    }

    /// The shell of the shell forms.
    pub(crate) fn shell(&self) -> Vec<String> {
        match self.defaults.shell.is_empty() {
            true => DEFAULT_SHELL.map(str::to_owned).to_vec(),
            false => self.defaults.shell.clone(),
        }
    }

    /// A line with the shell before it.
    pub(crate) fn with_shell(&self, line: &str) -> Vec<String> {
        let mut words = self.shell();
        words.push(line.to_owned());
        words
    }

    pub(crate) fn env(&mut self, variables: &[(String, String)]) {
        for (name, value) in variables {
            let entry = format!("{name}={value}");
            match self.defaults.env.iter_mut().find(|known| name_of(known) == name) {
                Some(known) => *known = entry,
                None => self.defaults.env.push(entry),
            }
        }
        self.metadata(format!("ENV {}", pairs(variables)));
    }

    pub(crate) fn label(&mut self, labels: &[(String, String)]) {
        self.defaults.labels.extend(labels.iter().cloned());
        self.metadata(format!("LABEL {}", pairs(labels)));
    }

    pub(crate) fn cmd(&mut self, words: Vec<String>) {
        self.metadata(format!("CMD {}", go_text::quoted_list(&words)));
        self.defaults.cmd = words;
        self.defaults.args_escaped = true;
        self.has_command = true;
    }

    pub(crate) fn entrypoint(&mut self, words: Vec<String>) {
        self.metadata(format!("ENTRYPOINT {}", go_text::quoted_list(&words)));
        self.defaults.entrypoint = words;
        if !self.has_command {
            self.defaults.cmd.clear();
        }
    }

    pub(crate) fn user(&mut self, user: String) {
        self.metadata(format!("USER {user}"));
        self.defaults.user = user;
    }

    pub(crate) fn volume(&mut self, paths: &[String]) {
        self.metadata(format!("VOLUME {}", go_text::list(paths)));
        let volumes = paths.iter().map(|path| (path.clone(), Empty {}));
        self.defaults.volumes.extend(volumes);
    }

    /// `ports` as [`ports()`] gives them.
    pub(crate) fn expose(&mut self, ports: &[String]) {
        self.metadata(format!("EXPOSE {}", go_text::list(ports)));
        let ports = ports.iter().map(|port| (port.clone(), Empty {}));
        self.defaults.exposed_ports.extend(ports);
    }

    pub(crate) fn stop_signal(&mut self, signal: String) {
        self.metadata(format!("STOPSIGNAL {signal}"));
        self.defaults.stop_signal = signal;
    }

    pub(crate) fn set_shell(&mut self, words: Vec<String>) {
        self.metadata(format!("SHELL {}", go_text::list(&words)));
        self.defaults.shell = words;
    }

    pub(crate) fn maintainer(&mut self, author: String) {
        self.metadata(format!("MAINTAINER {author}"));
        self.author = Some(author);
    }

    pub(crate) fn healthcheck(&mut self, check: container_oci::HealthCheck) {
        self.metadata(format!("HEALTHCHECK {}", health::in_go(&check)));
        self.defaults.healthcheck = Some(check);
    }

    /// An instruction for images that start from this one. It is not in the history.
    pub(crate) fn on_build(&mut self, trigger: String) {
        self.defaults.on_build.push(trigger);
    }

    /// Variables of the build, with the values that they have, if any.
    pub(crate) fn arg(&mut self, variables: &[(String, Option<String>)]) {
        let shown = variables.iter().map(|(name, value)| match value {
            Some(value) => format!("{name}={value}"),
            None => name.clone(),
        });
        self.metadata(format!("ARG {}", shown.collect::<Vec<_>>().join(" ")));
    }

    /// Goes to a directory, which has a layer of its own unless it is the root.
    pub(crate) fn work_dir(&mut self, path: String) {
        self.step(format!("WORKDIR {path}"), path == "/");
        self.defaults.working_dir = path;
    }

    /// A layer of a command or of files, described by `words`.
    pub(crate) fn layer(&mut self, words: &str) {
        self.step(format!("{words}{LAYER_MARK}"), false);
    }

    fn metadata(&mut self, words: String) {
        self.step(words, true);
    }

    fn step(&mut self, words: String, is_empty: bool) {
        let mut step = History::default();
        step.set_created_by(Some(words));
        step.set_comment(Some(HISTORY_COMMENT.to_owned()));
        step.set_empty_layer(is_empty.then_some(true));
        self.history.push(step);
    }
}

/// The name in `NAME=value`.
pub(crate) fn name_of(entry: &str) -> &str {
    entry.split_once('=').map_or(entry, |(name, _)| name)
}

fn pairs(pairs: &[(String, String)]) -> String {
    let words: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests;
