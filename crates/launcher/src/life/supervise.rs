//! The workload of one run, from the wish to start to its end.

use std::sync::Arc;
use std::time::Duration;

use container_agent::{AgentClient, AgentError, ProcessEvent, ProcessOutput};
use container_agent_api::v1::Exited;
use container_hypervisor::{Machine, MachineExit};
use container_model::{ExitStatus, Phase, Signal, exit_code};
use time::OffsetDateTime;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::boot::Booted;
use super::failure::exit_text;
use super::{Life, LifeError, StdioLog};
use crate::plan::{INIT_PROCESS_ID, init_process};
use crate::session::{Chunk, Ending, Progress, Run, Session, Stop, Wishes};
use crate::stdin::pump;
use crate::timings::{Stopwatch, Timings};

/// How long output that is on its way when the machine ends may take, and the machine's end once the output has broken off.
const LAST_WORDS_TIMEOUT: Duration = Duration::from_secs(1);

/// How far the container is in being stopped.
#[derive(Debug, Clone, Copy)]
enum Stage {
    /// Nobody wants its end.
    Running,
    /// The stop signal was sent.
    Asked(Stop),
    /// SIGKILL was sent; should the guest not react by then, the machine is switched off.
    Killed { switch_off_at: Instant },
}

/// Waits for the wish to start the workload.
pub(crate) async fn wait_for_start(life: &Life<'_>, machine: &Machine) -> Result<(), LifeError> {
    let mut wishes = life.session.wishes();
    tokio::select! {
        exit = machine.wait() => Err(LifeError::BootEnded { exit }),
        wishes = wishes.wait_for(|wishes| wishes.start || wishes.ends_boot()) => match wishes {
            Ok(wishes) if !wishes.ends_boot() => Ok(()),
            _ => Err(LifeError::Stopped),
        },
    }
}

/// Starts the workload and stays with it until it has ended, or its machine has.
pub(crate) async fn supervise(
    life: &Life<'_>,
    booted: &Booted,
    log: StdioLog,
    timings: &mut Timings,
) -> Result<Ending, LifeError> {
    let mut stopwatch = Stopwatch::start();
    let start = init_process(life.config, life.session.window_size())?;
    let Booted { machine, run, .. } = booted;
    let agent = &run.agent;
    let mut wishes = life.session.wishes();
    let process = tokio::select! {
        process = agent.run(start) => process?,
        exit = machine.wait() => return Err(LifeError::BootEnded { exit }),
        _ = wishes.wait_for(Wishes::ends_boot) => return Err(LifeError::Stopped),
    };
    timings.exec_ms += stopwatch.lap_ms();
    let started = OffsetDateTime::now_utc();
    let on_record = life.recorder.phase(Phase::Running { started });
    let recorded_run = Arc::clone(run);
    // Output does not wait for the disk; a client that is told that the container runs finds that on record.
    tokio::spawn(async move {
        let _ = on_record.await;
        recorded_run.set_start_recorded();
    });
    life.session.set_progress(Progress::Running(Arc::clone(run)));
    let input = life
        .session
        .take_input()
        .map(|input| tokio::spawn(pump(input, process.stdin)));
    let mut output = tokio::spawn(carry(process.output, Arc::clone(life.session), log));
    let (exit, reason) = until_end(life, machine, run, started, &mut output).await;
    // A client that does not read must not hold up the end.
    output.abort();
    if let Some(input) = input {
        input.abort();
    }
    timings.run_ms += stopwatch.lap_ms();
    let finished = Some(OffsetDateTime::now_utc());
    Ok(Ending {
        started: Some(started),
        finished,
        exit: Some(exit),
        failure: None,
        reason,
    })
}

type Output = JoinHandle<Result<Exited, AgentError>>;

async fn until_end(
    life: &Life<'_>,
    machine: &Machine,
    run: &Arc<Run>,
    started: OffsetDateTime,
    output: &mut Output,
) -> (ExitStatus, Option<String>) {
    let agent = &run.agent;
    let mut wishes = life.session.wishes();
    wishes.mark_changed();
    let mut stage = Stage::Running;
    loop {
        tokio::select! {
            ended = &mut *output => return match ended {
                Ok(Ok(exited)) => (exit_status(&exited), None),
                Ok(Err(error)) => broken_off(life, machine, &error).await,
                Err(_) => (killed(), Some("the launcher lost the workload's output".to_owned())),
            },
            exit = machine.wait() => {
                return match tokio::time::timeout(LAST_WORDS_TIMEOUT, output).await {
                    Ok(Ok(Ok(exited))) => (exit_status(&exited), None),
                    _ => (killed(), Some(unexpected(&exit))),
                };
            }
            Ok(()) = wishes.changed() => {
                let wish = wishes.borrow_and_update().stop;
                if let Some(wish) = wish {
                    if matches!(stage, Stage::Running) {
                        drop(life.recorder.phase(Phase::Stopping { started }));
                        life.session.set_progress(Progress::Stopping(Arc::clone(run)));
                    }
                    stage = advance(stage, wish, agent);
                }
            }
            () = until(stage) => match stage {
                Stage::Running => {}
                Stage::Asked(_) => stage = kill_all(life, agent),
                Stage::Killed { .. } => {
                    life.switch_off(machine).await;
                    return (killed(), Some("the guest did not react and its machine was switched off".to_owned()));
                }
            },
        }
    }
}

/// When the stage is over.
async fn until(stage: Stage) {
    match stage {
        Stage::Running => std::future::pending().await,
        Stage::Asked(stop) => tokio::time::sleep_until(stop.kill_at).await,
        Stage::Killed { switch_off_at } => tokio::time::sleep_until(switch_off_at).await,
    }
}

/// Takes a wish to stop into account. SIGKILL goes to the whole container and has a stage of its own.
fn advance(stage: Stage, wish: Stop, agent: &AgentClient) -> Stage {
    let signal_due = match stage {
        Stage::Killed { .. } => return stage,
        Stage::Running => true,
        Stage::Asked(before) => before.signal != wish.signal,
    };
    if wish.signal == Signal::KILL {
        return Stage::Asked(Stop {
            kill_at: Instant::now(),
            ..wish
        });
    }
    if signal_due {
        send_signal(agent, INIT_PROCESS_ID, wish.signal);
    }
    Stage::Asked(wish)
}

fn kill_all(life: &Life<'_>, agent: &AgentClient) -> Stage {
    send_signal(agent, "", Signal::KILL);
    Stage::Killed {
        switch_off_at: Instant::now() + life.launch.limits.kill,
    }
}

/// Sends a signal beside what else happens: the guest need not answer.
fn send_signal(agent: &AgentClient, process_id: &'static str, signal: Signal) {
    let agent = agent.clone();
    tokio::spawn(async move {
        if let Err(error) = agent.signal(process_id, signal.number()).await {
            tracing::warn!(%error, %signal, "cannot send a signal to the workload");
        }
    });
}

/// Carries output to the log and to the clients until the exit.
async fn carry(mut output: ProcessOutput, session: Arc<Session>, mut log: StdioLog) -> Result<Exited, AgentError> {
    let mut exited = Exited::default();
    while let Some(event) = output.next().await? {
        let chunk = match event {
            ProcessEvent::Stdout(bytes) => Chunk::Stdout(bytes),
            ProcessEvent::Stderr(bytes) => Chunk::Stderr(bytes),
            ProcessEvent::Exited(status) => {
                exited = status;
                continue;
            }
        };
        log.append(chunk.bytes()).await;
        session.output.publish(chunk).await;
    }
    Ok(exited)
}

/// The connection to the guest is of no use any more: its machine is gone, or about to be.
async fn broken_off(life: &Life<'_>, machine: &Machine, error: &AgentError) -> (ExitStatus, Option<String>) {
    let reason = match tokio::time::timeout(LAST_WORDS_TIMEOUT, machine.wait()).await {
        Ok(exit) => unexpected(&exit),
        Err(_) => {
            life.switch_off(machine).await;
            error.to_string()
        }
    };
    (killed(), Some(reason))
}

fn unexpected(exit: &MachineExit) -> String {
    format!("the virtual machine ended unexpectedly: {}", exit_text(exit))
}

/// What becomes of processes whose machine is switched off.
fn killed() -> ExitStatus {
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
