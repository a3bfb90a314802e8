//! Why a program was ended from outside.

use container_engine::Engine;
use container_model::{ContainerId, Phase};

use crate::error::tell;
use crate::session::Ending;

/// Says why a killed program was killed, if its container's record knows: its machine was ended from outside, for example.
pub(super) fn explain(engine: &Engine, id: &ContainerId, ending: &Ending) {
    let Ending::Exited(status) = ending else { return };
    if status.signal.is_none() {
        return;
    }
    // A container that was to be removed at its end has no record.
    let Ok(view) = engine.load(id) else { return };
    if let Phase::Stopped {
        reason: Some(reason), ..
    } = &view.state.phase
    {
        tell(format_args!("container {id} was ended: {reason}"));
    }
}
