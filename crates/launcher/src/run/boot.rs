//! From a configuration to a machine that holds the container: one that continues from a template where there is one, else one that boots.

use container_hypervisor::MachineSource;

use super::attempt::{Attempted, Failed, attempt};
use super::booted::Booted;
use super::context::RunContext;
use crate::failure::LifeError;
use crate::launch::TemplateUse;
use crate::timings::{Stopwatch, Timings};

/// Brings the container's machine up. One that cannot continue from a template boots; when a boot ends in a way that the chooser of machines
/// knows another way around, there is a second one.
pub(crate) async fn boot(context: &RunContext<'_>, number: u32, timings: &mut Timings) -> Result<Booted, LifeError> {
    let mut stopwatch = Stopwatch::start();
    let machines = &context.launch.machines;
    let first = machines.choose().await.map_err(LifeError::Hypervisor)?;
    let templates = machines.templates().map_err(LifeError::Hypervisor)?;
    timings.launcher_start_ms += stopwatch.lap_ms();
    let error = match first_attempts(context, number, first.as_ref(), &templates, timings).await {
        Ok(Attempted { booted, wanted }) => {
            if let Some(wanted) = wanted {
                context.template.plan(*wanted, first);
            }
            return Ok(booted);
        }
        Err(error) => error,
    };
    let LifeError::BootEnded { exit } = &error else {
        return Err(error);
    };
    let Some(second) = machines.after(exit).await else {
        return Err(error);
    };
    tracing::warn!(accelerator = first.info().accelerator, %error, "trying another way");
    let attempted = Box::pin(attempt(context, number, second.as_ref(), &TemplateUse::Off, timings)).await;
    attempted.map(|attempted| attempted.booted).map_err(LifeError::from)
}

async fn first_attempts(
    context: &RunContext<'_>,
    number: u32,
    source: &dyn MachineSource,
    templates: &TemplateUse,
    timings: &mut Timings,
) -> Result<Attempted, LifeError> {
    match Box::pin(attempt(context, number, source, templates, timings)).await {
        Err(Failed::Continuing(error, suspect)) => {
            tracing::warn!(%error, "the container cannot continue from a template and boots");
            let booted = Box::pin(attempt(context, number, source, &TemplateUse::Off, timings)).await?;
            // One that does not boot either has itself to blame.
            suspect.discard().await;
            Ok(booted)
        }
        attempted => Ok(attempted?),
    }
}
