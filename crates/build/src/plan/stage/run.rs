//! `RUN`.

use container_dockerfile::{Heredoc, Instruction, Located, Mount, Run, RunCommand};

use super::super::{FileOrigin, Operation, PlanProblem, ProxyVariables, RunMount, RunScript, RunStep, paths};
use super::instruct::{Instructions, with_upper_case_keyword};

/// Where a script is executed from.
const SCRIPT_DIRECTORY: &str = "/dev/pipes";
/// Variables that commands see although no `ARG` declares them, in any case.
const PROXIES: [&str; 5] = ["http_proxy", "https_proxy", "ftp_proxy", "no_proxy", "all_proxy"];

/// Whether a build argument is about proxies.
pub(super) fn is_proxy(name: &str) -> bool {
    PROXIES.iter().any(|proxy| proxy.eq_ignore_ascii_case(name))
}

impl Instructions<'_, '_> {
    pub(super) fn run(&mut self, run: &Run, located: &Located<Instruction>) -> Result<(), PlanProblem> {
        let (arguments, script) = self.arguments(&run.command);
        if arguments.is_empty() {
            return Err(PlanProblem::EmptyCommand);
        }
        let mounts = run.mounts.iter().map(|flag| {
            let mount = flag.expand(&self.variables.all)?;
            self.mount(mount)
        });
        let step = RunStep {
            mounts: mounts.collect::<Result<_, _>>()?,
            arguments,
            script,
            environment: self.variables.all.entries().to_vec(),
            proxies: self.proxies(),
            directory: self.directory().to_owned(),
            user: self.image.defaults.user.clone(),
            network: run.network,
            security: run.security,
        };
        let words = self.history(&step.arguments);
        let mut label = with_upper_case_keyword(&located.source.text);
        if let RunCommand::Script(heredoc) = &run.command {
            label.push_str(&format!(" ({})", summary(heredoc)));
        }
        self.image.layer(&words);
        self.step(Operation::Run(Box::new(step)), label, located.source.range);
        Ok(())
    }

    fn arguments(&self, command: &RunCommand) -> (Vec<String>, Option<RunScript>) {
        match command {
            RunCommand::Exec(words) => (words.clone(), None),
            RunCommand::Shell { line, heredocs } => {
                let mut text = line.clone();
                for heredoc in heredocs {
                    text.push('\n');
                    text.push_str(&heredoc.content);
                    text.push_str(&heredoc.name);
                }
                (self.image.with_shell(&text), None)
            }
            RunCommand::Script(heredoc) if heredoc.is_executable() => {
                let path = format!("{SCRIPT_DIRECTORY}/{}", heredoc.name);
                let arguments = self.image.with_shell(&path);
                let content = heredoc.body().into_owned();
                (arguments, Some(RunScript { path, content }))
            }
            RunCommand::Script(heredoc) => (self.image.with_shell(&heredoc.body()), None),
        }
    }

    /// `RUN |1 a=b /bin/sh -c make`: what was declared by `ARG`, and the command.
    fn history(&self, arguments: &[String]) -> String {
        let declared: Vec<String> = self
            .variables
            .declared()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let count = (!declared.is_empty()).then(|| format!("|{}", declared.len()));
        let words = ["RUN".to_owned()].into_iter().chain(count).chain(declared);
        words.chain(arguments.iter().cloned()).collect::<Vec<_>>().join(" ")
    }

    /// Each under both of its names, as programs look for either.
    fn proxies(&self) -> ProxyVariables {
        let mut variables = Vec::new();
        for (name, value) in self.request.build_args.iter().filter(|(name, _)| is_proxy(name)) {
            for name in [name.to_ascii_uppercase(), name.to_ascii_lowercase()] {
                variables.retain(|(known, _)| *known != name);
                variables.push((name, value.clone()));
            }
        }
        ProxyVariables(variables)
    }

    fn mount(&self, mut mount: Mount) -> Result<RunMount, PlanProblem> {
        let from = match &mount {
            Mount::Bind(bind) => Some(bind.from.clone()),
            Mount::Cache(cache) => cache.from.clone().map(Some),
            Mount::Tmpfs(_) | Mount::Secret(_) | Mount::Ssh(_) => None,
        };
        let origin = match from {
            None => None,
            Some(None) => Some(FileOrigin::Context),
            Some(Some(name)) => Some(self.outline.origin(&name, self.id)?),
        };
        let target = match &mut mount {
            Mount::Bind(bind) => Some(&mut bind.target),
            Mount::Cache(cache) => {
                // What it is called by default is the target as it was written.
                cache.id.get_or_insert_with(|| cache.target.clone());
                Some(&mut cache.target)
            }
            Mount::Tmpfs(tmpfs) => Some(&mut tmpfs.target),
            Mount::Secret(secret) => secret.target.as_mut(),
            Mount::Ssh(ssh) => ssh.target.as_mut(),
        };
        if let Some(target) = target {
            *target = paths::cleaned(&paths::joined(self.directory(), target));
            if target == "/" {
                return Err(PlanProblem::MountTarget { target: target.clone() });
            }
        }
        Ok(RunMount { mount, origin })
    }
}

/// The first line of a script.
fn summary(heredoc: &Heredoc) -> String {
    let text = heredoc.content.trim();
    match text.split_once('\n') {
        Some((first, _)) => format!("{}...", first.trim_end()),
        None => text.to_owned(),
    }
}
