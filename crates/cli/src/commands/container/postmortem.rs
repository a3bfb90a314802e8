//! Why a program ended when it was not its own doing.

use std::io::{self, Write};

use container_engine::Engine;
use container_engine::model::{ContainerId, Phase};

use crate::session::Ending;

/// Says why a killed program was killed, if its container's record knows: its machine was ended from outside, for example.
pub(super) fn explain(engine: &Engine, id: &ContainerId, ending: &Ending) {
    let Ending::Exited(status) = ending else { return };
    if status.signal.is_none() {
        return;
    }
    // A container that was to be removed has no record any more.
    let Ok(view) = engine.find(id.as_str()) else { return };
    if let Phase::Stopped {
        reason: Some(reason), ..
    } = &view.state.phase
    {
        // The exit code says the same when standard error cannot be written to.
        let _ = writeln!(io::stderr(), "Error: container {id} was ended: {reason}");
    }
}
