//! Instructions of a Dockerfile that change how an image is run.

use std::str::FromStr;

use container_oci::{Empty, HealthCheck, ProcessDefaults};

/// The shell of the shell form.
const SHELL: [&str; 2] = ["/bin/sh", "-c"];

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfigChange {
    /// `CMD`
    Cmd(Vec<String>),
    /// `ENTRYPOINT`, which takes the command of the image below away.
    Entrypoint(Vec<String>),
    /// `ENV`: names and values.
    Env(Vec<(String, String)>),
    /// `EXPOSE`: `80/tcp`.
    Expose(Vec<String>),
    /// `HEALTHCHECK NONE`, or one with a command.
    Healthcheck(Vec<String>),
    /// `LABEL`: names and values.
    Label(Vec<(String, String)>),
    /// `ONBUILD`: an instruction.
    OnBuild(String),
    /// `STOPSIGNAL`
    StopSignal(String),
    /// `USER`
    User(String),
    /// `VOLUME`: paths.
    Volume(Vec<String>),
    /// `WORKDIR`, relative to the one before.
    WorkDir(String),
}

/// Why a text is no such change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigChangeError {
    /// An instruction that changes more than that, or none.
    #[error(
        "{0:?} is not one of CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME, WORKDIR"
    )]
    Instruction(String),
    /// An instruction with nothing behind it, or with what it does not take.
    #[error("{instruction} {text:?}: {reason}")]
    Argument {
        /// The instruction.
        instruction: &'static str,
        /// What is behind it.
        text: String,
        /// What is wrong.
        reason: &'static str,
    },
}

impl FromStr for ConfigChange {
    type Err = ConfigChangeError;

    fn from_str(line: &str) -> Result<Self, Self::Err> {
        let line = line.trim();
        let (word, text) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let text = text.trim();
        let change = match word.to_ascii_uppercase().as_str() {
            "CMD" => Self::Cmd(command(text)),
            "ENTRYPOINT" => Self::Entrypoint(command(text)),
            "ENV" => Self::Env(pairs("ENV", text)?),
            "EXPOSE" => Self::Expose(ports(text)?),
            "HEALTHCHECK" => Self::Healthcheck(check(text)?),
            "LABEL" => Self::Label(pairs("LABEL", text)?),
            "ONBUILD" => Self::OnBuild(text.to_owned()),
            "STOPSIGNAL" => Self::StopSignal(text.to_owned()),
            "USER" => Self::User(text.to_owned()),
            "VOLUME" => Self::Volume(json_words(text).unwrap_or_else(|| words(text))),
            "WORKDIR" => Self::WorkDir(text.to_owned()),
            _ => return Err(ConfigChangeError::Instruction(word.to_owned())),
        };
        match text.is_empty() {
            true => Err(ConfigChangeError::Argument {
                instruction: change.name(),
                text: String::new(),
                reason: "something is needed behind it",
            }),
            false => Ok(change),
        }
    }
}

impl ConfigChange {
    fn name(&self) -> &'static str {
        match self {
            Self::Cmd(_) => "CMD",
            Self::Entrypoint(_) => "ENTRYPOINT",
            Self::Env(_) => "ENV",
            Self::Expose(_) => "EXPOSE",
            Self::Healthcheck(_) => "HEALTHCHECK",
            Self::Label(_) => "LABEL",
            Self::OnBuild(_) => "ONBUILD",
            Self::StopSignal(_) => "STOPSIGNAL",
            Self::User(_) => "USER",
            Self::Volume(_) => "VOLUME",
            Self::WorkDir(_) => "WORKDIR",
        }
    }

    /// Makes changes, in order. As in a build, an entry point takes away the command that was there, but not one that is given along with it, before it or
    /// behind it.
    pub(super) fn apply_all(changes: &[Self], defaults: &mut ProcessDefaults) {
        if changes.iter().any(|change| matches!(change, Self::Entrypoint(_))) {
            defaults.cmd.clear();
        }
        for change in changes {
            change.apply(defaults);
        }
    }

    fn apply(&self, defaults: &mut ProcessDefaults) {
        match self {
            Self::Cmd(command) => defaults.cmd.clone_from(command),
            Self::Entrypoint(command) => defaults.entrypoint.clone_from(command),
            Self::Env(pairs) => {
                for (name, value) in pairs {
                    let is_same = |entry: &&mut String| entry.split_once('=').is_some_and(|(known, _)| known == name);
                    let entry = format!("{name}={value}");
                    match defaults.env.iter_mut().find(is_same) {
                        Some(known) => *known = entry,
                        None => defaults.env.push(entry),
                    }
                }
            }
            Self::Expose(ports) => defaults
                .exposed_ports
                .extend(ports.iter().map(|port| (port.clone(), Empty {}))),
            Self::Healthcheck(test) => {
                defaults.healthcheck = Some(HealthCheck {
                    test: test.clone(),
                    ..HealthCheck::default()
                });
            }
            Self::Label(pairs) => defaults.labels.extend(pairs.iter().cloned()),
            Self::OnBuild(instruction) => defaults.on_build.push(instruction.clone()),
            Self::StopSignal(signal) => defaults.stop_signal.clone_from(signal),
            Self::User(user) => defaults.user.clone_from(user),
            Self::Volume(paths) => defaults
                .volumes
                .extend(paths.iter().map(|path| (path.clone(), Empty {}))),
            Self::WorkDir(path) if path.starts_with('/') => defaults.working_dir.clone_from(path),
            Self::WorkDir(path) => {
                let before = defaults.working_dir.trim_end_matches('/');
                defaults.working_dir = format!("{before}/{path}");
            }
        }
    }
}

/// A JSON array of texts, the exec form.
fn json_words(text: &str) -> Option<Vec<String>> {
    serde_json::from_str(text).ok()
}

/// The exec form, else the shell form.
fn command(text: &str) -> Vec<String> {
    json_words(text).unwrap_or_else(|| {
        let shell = SHELL.map(str::to_owned);
        shell.into_iter().chain([text.to_owned()]).collect()
    })
}

fn check(text: &str) -> Result<Vec<String>, ConfigChangeError> {
    let failed = |reason| ConfigChangeError::Argument {
        instruction: "HEALTHCHECK",
        text: text.to_owned(),
        reason,
    };
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    match (word.to_ascii_uppercase().as_str(), rest.trim()) {
        ("NONE", "") => Ok(vec!["NONE".to_owned()]),
        ("CMD", "") => Err(failed("a command is needed")),
        ("CMD", command) => Ok(match json_words(command) {
            Some(words) => ["CMD".to_owned()].into_iter().chain(words).collect(),
            None => vec!["CMD-SHELL".to_owned(), command.to_owned()],
        }),
        _ => Err(failed("NONE or CMD is needed")),
    }
}

fn ports(text: &str) -> Result<Vec<String>, ConfigChangeError> {
    let mut ports = Vec::new();
    for word in words(text) {
        let (range, protocol) = word.split_once('/').unwrap_or((&word, "tcp"));
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let numbers = first.parse::<u16>().ok().zip(last.parse::<u16>().ok());
        let numbers = numbers.filter(|(first, last)| *first > 0 && first <= last);
        let protocol = protocol.to_ascii_lowercase();
        let Some((first, last)) = numbers.filter(|_| ["tcp", "udp", "sctp"].contains(&protocol.as_str())) else {
            return Err(ConfigChangeError::Argument {
                instruction: "EXPOSE",
                text: text.to_owned(),
                reason: "ports are written as 80, 80/udp or 8000-8010",
            });
        };
        ports.extend((first..=last).map(|port| format!("{port}/{protocol}")));
    }
    Ok(ports)
}

/// `NAME=value NAME="a value"`, or the old `NAME the rest`.
fn pairs(instruction: &'static str, text: &str) -> Result<Vec<(String, String)>, ConfigChangeError> {
    let words = words(text);
    let is_old = words.first().is_some_and(|word| !word.contains('='));
    if is_old && let Some((name, value)) = text.split_once(char::is_whitespace) {
        return Ok(vec![(name.to_owned(), value.trim().to_owned())]);
    }
    let pairs = words.iter().map(|word| match word.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(ConfigChangeError::Argument {
            instruction,
            text: text.to_owned(),
            reason: "names and values are written as NAME=VALUE",
        }),
    });
    pairs.collect()
}

/// Words with quotes and backslashes as a Dockerfile has them.
fn words(text: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match (letter, quote) {
            ('\\', None | Some('"')) => {
                word.get_or_insert_default().extend(letters.next());
            }
            ('"' | '\'', None) => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (letter, Some(open)) if letter == open => quote = None,
            (letter, None) if letter.is_whitespace() => words.extend(word.take()),
            (letter, _) => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(changes: &[&str]) -> ProcessDefaults {
        let mut defaults = ProcessDefaults {
            cmd: vec!["old".to_owned()],
            env: vec!["A=1".to_owned(), "B=2".to_owned()],
            working_dir: "/srv".to_owned(),
            ..ProcessDefaults::default()
        };
        let changes: Vec<_> = changes.iter().map(|change| change.parse().unwrap()).collect();
        ConfigChange::apply_all(&changes, &mut defaults);
        defaults
    }

    #[test]
    fn every_instruction_changes_its_part() {
        let made = applied(&[
            "ENTRYPOINT [\"/entry\", \"-v\"]",
            "cmd serve --port 80",
            "ENV A=3 C=\"two words\" D=a\\ b",
            "ENV E the rest",
            "EXPOSE 80 53/udp 8000-8001/TCP",
            "LABEL x=y 'z w'=1",
            "ONBUILD RUN make",
            "STOPSIGNAL SIGQUIT",
            "USER web",
            "VOLUME /data /more",
            "VOLUME [\"/x y\"]",
            "WORKDIR app",
            "HEALTHCHECK CMD curl -f localhost",
        ]);
        assert_eq!(made.entrypoint, ["/entry", "-v"]);
        assert_eq!(made.cmd, ["/bin/sh", "-c", "serve --port 80"]);
        assert_eq!(made.env, ["A=3", "B=2", "C=two words", "D=a b", "E=the rest"]);
        let keys = |map: &std::collections::BTreeMap<String, Empty>| map.keys().cloned().collect::<Vec<_>>();
        assert_eq!(keys(&made.exposed_ports), ["53/udp", "80/tcp", "8000/tcp", "8001/tcp"]);
        assert_eq!(made.labels["z w"], "1");
        assert_eq!(made.on_build, ["RUN make"]);
        assert_eq!((made.stop_signal.as_str(), made.user.as_str()), ("SIGQUIT", "web"));
        assert_eq!(keys(&made.volumes), ["/data", "/more", "/x y"]);
        assert_eq!(made.working_dir, "/srv/app");
        assert_eq!(made.healthcheck.unwrap().test, ["CMD-SHELL", "curl -f localhost"]);
    }

    #[test]
    fn an_entry_point_takes_the_old_command_away_but_none_that_is_given_along_with_it() {
        let (entry, other) = ("ENTRYPOINT [\"/entry\"]", "ENTRYPOINT [\"/other\"]");
        let (serve, nothing) = ("CMD [\"serve\"]", "CMD []");
        for (changes, entrypoint, cmd) in [
            (&[entry][..], &["/entry"][..], &[][..]),
            (&[serve], &[], &["serve"]),
            (&[entry, serve], &["/entry"], &["serve"]),
            (&[serve, entry], &["/entry"], &["serve"]),
            (&[serve, entry, "USER web", other], &["/other"], &["serve"]),
            (&[entry, serve, other], &["/other"], &["serve"]),
            (&[entry, "CMD [\"first\"]", other, serve], &["/other"], &["serve"]),
            (&[serve, nothing, entry], &["/entry"], &[]),
        ] {
            let made = applied(changes);
            assert_eq!(
                (made.entrypoint, made.cmd),
                (words_of(entrypoint), words_of(cmd)),
                "{changes:?}"
            );
        }
    }

    fn words_of(words: &[&str]) -> Vec<String> {
        words.iter().copied().map(str::to_owned).collect()
    }

    #[test]
    fn no_check_and_an_absolute_directory_take_the_place_of_the_old() {
        assert_eq!(applied(&["HEALTHCHECK NONE"]).healthcheck.unwrap().test, ["NONE"]);
        assert_eq!(applied(&["WORKDIR /x"]).working_dir, "/x");
    }

    #[test]
    fn what_is_none_is_refused_by_name() {
        for (text, part) in [
            ("RUN make", "RUN"),
            ("", "is not one of"),
            ("CMD", "CMD"),
            ("ENV A", "NAME=VALUE"),
            ("EXPOSE 0", "EXPOSE"),
            ("EXPOSE 80/icmp", "EXPOSE"),
            ("HEALTHCHECK x", "NONE or CMD"),
        ] {
            let error = text.parse::<ConfigChange>().unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
