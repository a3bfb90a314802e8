//! The workload, from the wish to start it to its end.

use std::sync::Arc;
use std::time::Duration;

use container_agent::{AgentError, ProcessEvent, ProcessOutput, StartingProcess};
use container_agent_api::v1::Exited;
use container_hypervisor::{Machine, MachineExit};
use container_model::{ExitStatus, Phase, Signal, exit_code};
use time::OffsetDateTime;
use tokio::task::JoinHandle;

use super::booted::Booted;
use super::context::RunContext;
use super::room::{is_short, shortage};
use super::stop::Stage;
use crate::failure::{LifeError, exit_text};
use crate::health::HealthMonitor;
use crate::plan::init_process;
use crate::session::{Chunk, Ending, Progress, Run, Session, Wishes};
use crate::sockets::Relays;
use crate::stdin::pump;
use crate::switch_off::switch_off;
use crate::timings::{Stopwatch, Timings};

/// How long output that is on its way when the machine ends may take, and the machine's end once the output has broken off.
const LAST_WORDS_TIMEOUT: Duration = Duration::from_secs(1);

/// Waits for the wish to start the workload.
pub(crate) async fn wait_for_start(context: &RunContext<'_>, machine: &Machine) -> Result<(), LifeError> {
    let mut wishes = context.session.wishes();
    tokio::select! {
        exit = machine.wait() => Err(LifeError::BootEnded { exit }),
        wishes = wishes.wait_for(|wishes| wishes.start || wishes.forbid_run()) => match wishes {
            Ok(wishes) if !wishes.forbid_run() => Ok(()),
            _ => Err(LifeError::Stopped),
        },
    }
}

/// Starts the workload, unless it is `starting`, and stays with it until it has ended, or its machine has.
pub(crate) async fn supervise(
    context: &RunContext<'_>,
    booted: &Booted,
    starting: Option<StartingProcess>,
    timings: &mut Timings,
) -> Result<Ending, LifeError> {
    let mut stopwatch = Stopwatch::start();
    let session = context.session;
    let Booted { machine, run, .. } = booted;
    let mut wishes = session.wishes();
    let started = async {
        Ok::<_, LifeError>(match starting {
            Some(starting) => starting.started().await?,
            None => {
                let start = init_process(context.config, run.architecture, session.window_size())?;
                run.agent.run(start).await?
            }
        })
    };
    let process = tokio::select! {
        process = started => process?,
        exit = machine.wait() => return Err(LifeError::BootEnded { exit }),
        error = shortage(machine) => return Err(error),
        _ = wishes.wait_for(Wishes::forbid_run) => return Err(LifeError::Stopped),
    };
    timings.exec_ms += stopwatch.lap_ms();
    let started = OffsetDateTime::now_utc();
    let health = HealthMonitor::start(session, run);
    announce_start(context, run, started);
    let agent = context.launch.ssh_agent.as_ref();
    let relays = Relays::start(&run.agent, context.sockets, context.config, agent);
    let input = session
        .take_input()
        .map(|input| tokio::spawn(pump(input, process.stdin)));
    let mut output = tokio::spawn(carry(process.output, Arc::clone(session), Arc::clone(run)));
    let (exit, reason) = until_end(context, machine, run, started, &mut output).await;
    if let Some(health) = health {
        health.end().await;
    }
    // A client that does not read must not hold up the end.
    output.abort();
    if let Some(input) = input {
        input.abort();
    }
    relays.finish(LAST_WORDS_TIMEOUT).await;
    timings.run_ms += stopwatch.lap_ms();
    Ok(Ending {
        started: Some(started),
        finished: Some(OffsetDateTime::now_utc()),
        exit: Some(exit),
        failure: None,
        reason,
        notice: run.oom_notice(exit),
    })
}

/// Tells clients and the record that the workload runs.
pub(super) fn announce_start(context: &RunContext<'_>, run: &Arc<Run>, started: OffsetDateTime) {
    let on_record = context.recorder.phase(Phase::Running { started, paused: false });
    context.session.set_progress(Progress::Running(Arc::clone(run)));
    let told = run.tell_start();
    let run = Arc::clone(run);
    // Output does not wait for the disk; a client that is told that the container runs finds that on record.
    tokio::spawn(async move {
        let _ = on_record.await;
        let _ = told.await;
        run.set_start_recorded();
    });
}

type Output = JoinHandle<Result<Exited, AgentError>>;

async fn until_end(
    context: &RunContext<'_>,
    machine: &Machine,
    run: &Arc<Run>,
    started: OffsetDateTime,
    output: &mut Output,
) -> (ExitStatus, Option<String>) {
    let limits = &context.launch.limits;
    let mut wishes = context.session.wishes();
    wishes.mark_changed();
    let mut stage = Stage::Running;
    loop {
        tokio::select! {
            ended = &mut *output => return match ended {
                Ok(Ok(exited)) => (exit_status(&exited), None),
                Ok(Err(error)) => broken_off(context, machine, &error).await,
                Err(_) => (killed(), Some("the launcher lost the workload's output".to_owned())),
            },
            exit = machine.wait() => {
                return match tokio::time::timeout(LAST_WORDS_TIMEOUT, output).await {
                    Ok(Ok(Ok(exited))) => (exit_status(&exited), None),
                    _ => (killed(), Some(unexpected(&exit))),
                };
            }
            Ok(()) = wishes.changed() => {
                let wishes = *wishes.borrow_and_update();
                if let Some(wish) = wishes.stop {
                    if matches!(stage, Stage::Running) {
                        context.recorder.who_ends(wishes);
                        drop(context.recorder.phase(Phase::Stopping { started }));
                        context.session.set_progress(Progress::Stopping(Arc::clone(run)));
                    }
                    stage = stage.advance(wish, run);
                }
            }
            () = stage.over() => match stage {
                Stage::Running => {}
                // A guest that stands still does not react.
                Stage::Asked(_) if is_short(machine) => {
                    switch_off(machine, limits).await;
                    return (killed(), Some("its machine was switched off while the host's disk was full".to_owned()));
                }
                Stage::Asked(_) => {
                    run.tell_kill(Signal::KILL);
                    stage = Stage::kill_all(&run.agent, limits.kill);
                },
                Stage::Killed { .. } => {
                    switch_off(machine, limits).await;
                    return (killed(), Some("the guest did not react and its machine was switched off".to_owned()));
                }
            },
        }
    }
}

/// Carries output to the log and to the clients until the exit, and tells of what the kernel kills meanwhile.
async fn carry(mut output: ProcessOutput, session: Arc<Session>, run: Arc<Run>) -> Result<Exited, AgentError> {
    session.output.begin_run().await;
    let mut exited = Exited::default();
    loop {
        let event = tokio::select! {
            event = output.next() => event?,
            () = run.oom_kills_are_due() => {
                run.tell_waiting_oom_kills();
                continue;
            }
        };
        let Some(event) = event else { break };
        let chunk = match event {
            ProcessEvent::Stdout(bytes) => Chunk::Stdout(bytes),
            ProcessEvent::Stderr(bytes) => Chunk::Stderr(bytes),
            ProcessEvent::OomKill(kill) => {
                run.note_oom_kill(&kill);
                continue;
            }
            ProcessEvent::Exited(status) => {
                exited = status;
                continue;
            }
        };
        session.output.write(chunk).await;
    }
    Ok(exited)
}

/// The connection to the guest is of no use any more: its machine is gone, or about to be.
async fn broken_off(context: &RunContext<'_>, machine: &Machine, error: &AgentError) -> (ExitStatus, Option<String>) {
    let reason = match tokio::time::timeout(LAST_WORDS_TIMEOUT, machine.wait()).await {
        Ok(exit) => unexpected(&exit),
        Err(_) => {
            switch_off(machine, &context.launch.limits).await;
            error.to_string()
        }
    };
    (killed(), Some(reason))
}

pub(super) fn unexpected(exit: &MachineExit) -> String {
    format!("the virtual machine ended unexpectedly: {}", exit_text(exit))
}

/// What becomes of processes whose machine is switched off.
pub(super) fn killed() -> ExitStatus {
    let signal = 9;
    ExitStatus {
        exit_code: exit_code::SIGNAL_BASE + signal,
        signal: Some(signal),
        oom_killed: false,
    }
}

fn exit_status(exited: &Exited) -> ExitStatus {
    ExitStatus {
        // The client of the agent lets nothing larger through.
        exit_code: u8::try_from(exited.exit_code).unwrap_or(u8::MAX),
        signal: u8::try_from(exited.signal).ok().filter(|signal| *signal != 0),
        oom_killed: exited.oom_killed,
    }
}
