//! A shell in the state of a command that failed, which the machine still has.

use container_engine::StepRequest;

use super::Execution;
use super::machine::StageMachine;
use crate::{StepError, StepFailure};

/// The shell of images whose `SHELL` is none.
const SHELL: &str = "/bin/sh";

impl Execution<'_> {
    /// Lets the user look around, if that was asked for and the failure is that of a command.
    pub(super) async fn debug(&self, machine: &mut StageMachine<'_>, failure: &StepFailure) {
        let (Some(user), StepError::Exit { .. }) = (&self.request.debug_shell, &failure.cause) else {
            return;
        };
        let Some((machine, failed)) = machine.failed() else {
            return;
        };
        let request = StepRequest {
            arguments: vec![shell_of(&failed.request).to_owned()],
            stdin: true,
            terminal: user.window_size(),
            ..failed.request.clone()
        };
        // One user has one terminal.
        let _alone = self.terminal.lock().await;
        match machine.run_step(request).await {
            Ok(shell) => user.attach(failure, shell).await,
            Err(error) => user.refused(&error),
        }
    }
}

/// The program that has run the command, if that is a shell.
fn shell_of(request: &StepRequest) -> &str {
    let program = request.arguments.first().map_or("", String::as_str);
    match program.ends_with("sh") {
        true => program,
        false => SHELL,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shell_is_the_one_that_has_run_the_command() {
        let shell = |program: &str| {
            let request = StepRequest {
                arguments: vec![program.to_owned(), "-c".to_owned()],
                ..StepRequest::default()
            };
            shell_of(&request).to_owned()
        };
        assert_eq!([shell("/bin/bash"), shell("/usr/bin/make")], ["/bin/bash", SHELL]);
    }
}
