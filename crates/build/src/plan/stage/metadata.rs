//! Instructions that only describe the image, and `WORKDIR`, which makes a directory besides.

use container_dockerfile::{Arg, CommandLine, Env, Instruction, KeyValue, Located, Word};

use super::super::{Operation, PlanProblem, WorkdirStep, paths};
use super::instruct::Instructions;
use crate::image;

impl Instructions<'_, '_> {
    /// All values see the variables from before the instruction.
    pub(super) fn env(&mut self, env: &Env) -> Result<(), PlanProblem> {
        let variables = self.pairs(&env.variables)?;
        for (name, value) in &variables {
            self.variables.all.set(name, value.clone());
        }
        self.image.env(&variables);
        Ok(())
    }

    /// Each declaration sees those before it. What the build was given counts, else the default, else the global variable of that name.
    pub(super) fn arg(&mut self, arg: &Arg) -> Result<(), PlanProblem> {
        let mut shown = Vec::with_capacity(arg.declarations.len());
        for declaration in &arg.declarations {
            let name = self.expand(&declaration.name)?;
            let value = match (self.request.build_args.get(&name), &declaration.default) {
                (Some(given), _) => Some(given.clone()),
                (None, Some(default)) => Some(self.expand(default)?),
                (None, None) => self.outline.globals.get(&name).map(str::to_owned),
            };
            self.variables.declare(&name, value.clone());
            self.used_args.insert(name.clone());
            shown.push((name, value));
        }
        self.image.arg(&shown);
        Ok(())
    }

    pub(super) fn workdir(&mut self, word: &Word, located: &Located<Instruction>) -> Result<(), PlanProblem> {
        let path = paths::joined(self.directory(), &self.expand(word)?);
        let label = self.shown(located);
        self.image.work_dir(path.clone());
        let path = paths::cleaned(&path);
        if path != "/" {
            let user = self.image.defaults.user.clone();
            self.step(
                Operation::Workdir(WorkdirStep { path, user }),
                label,
                located.source.range,
            );
        }
        Ok(())
    }

    pub(super) fn metadata(&mut self, instruction: &Instruction) -> Result<(), PlanProblem> {
        match instruction {
            Instruction::Cmd(command) => {
                let words = self.command(command);
                self.image.cmd(words);
            }
            Instruction::Entrypoint(command) => {
                let words = self.command(command);
                self.image.entrypoint(words);
            }
            Instruction::Expose(expose) => {
                let words = self.all(&expose.ports)?;
                self.image.expose(&image::ports(&words)?);
            }
            Instruction::Healthcheck(check) => self.image.healthcheck(image::health_check(check)),
            Instruction::Label(label) => {
                let labels = self.pairs(&label.labels)?;
                self.image.label(&labels);
            }
            Instruction::Maintainer(author) => self.image.maintainer(author.clone()),
            Instruction::Onbuild(onbuild) => self.image.on_build(onbuild.trigger.clone()),
            Instruction::Shell(words) => self.image.set_shell(words.clone()),
            Instruction::Stopsignal(word) => {
                let text = self.expand(word)?;
                if !image::is_signal(&text) {
                    return Err(PlanProblem::Signal { text });
                }
                self.image.stop_signal(text);
            }
            Instruction::User(word) => {
                let user = self.expand(word)?;
                self.image.user(user);
            }
            Instruction::Volume(words) => {
                let paths = self.all(words)?;
                if paths.iter().any(String::is_empty) {
                    return Err(PlanProblem::EmptyVolume);
                }
                self.image.volume(&paths);
            }
            // These make layers or variables, and are planned elsewhere.
            Instruction::Add(_)
            | Instruction::Arg(_)
            | Instruction::Copy(_)
            | Instruction::Env(_)
            | Instruction::Run(_)
            | Instruction::Workdir(_) => {}
        }
        Ok(())
    }

    fn command(&self, command: &CommandLine) -> Vec<String> {
        match command {
            CommandLine::Shell(line) => self.image.with_shell(line),
            CommandLine::Exec(words) => words.clone(),
        }
    }

    fn pairs(&self, pairs: &[KeyValue]) -> Result<Vec<(String, String)>, PlanProblem> {
        let expanded = pairs
            .iter()
            .map(|pair| Ok((self.expand(&pair.name)?, self.expand(&pair.value)?)));
        expanded.collect()
    }

    fn all(&self, words: &[Word]) -> Result<Vec<String>, PlanProblem> {
        words.iter().map(|word| self.expand(word)).collect()
    }
}
