//! Calls of a machine that end with a completion handler. The framework answers with an error in a state that does not fit.
#![expect(unsafe_code, reason = "the framework's methods are foreign functions")]

use crate::completion::Completion;
use crate::configuration::file_url;
use crate::failure::VzFailure;
use crate::objects::MachineObjects;

impl MachineObjects {
    /// Begins the start.
    pub(crate) fn start(&self) -> Result<Completion, VzFailure> {
        // SAFETY: this is a job of the machine's queue.
        self.begin(|machine, handler| unsafe { machine.startWithCompletionHandler(handler) })
    }

    /// Begins to stop the processors.
    pub(crate) fn pause(&self) -> Result<Completion, VzFailure> {
        // SAFETY: as above.
        self.begin(|machine, handler| unsafe { machine.pauseWithCompletionHandler(handler) })
    }

    /// Begins to continue.
    pub(crate) fn resume(&self) -> Result<Completion, VzFailure> {
        // SAFETY: as above.
        self.begin(|machine, handler| unsafe { machine.resumeWithCompletionHandler(handler) })
    }

    /// Begins to write the machine to a file.
    pub(crate) fn save(&self, path: &str) -> Result<Completion, VzFailure> {
        let url = file_url(path);
        // SAFETY: as above; the method is there where machines can be saved at all (`support::can_be_saved`).
        self.begin(|machine, handler| unsafe { machine.saveMachineStateToURL_completionHandler(&url, handler) })
    }

    /// Begins to read it from a file.
    pub(crate) fn restore(&self, path: &str) -> Result<Completion, VzFailure> {
        let url = file_url(path);
        // SAFETY: as above.
        self.begin(|machine, handler| unsafe { machine.restoreMachineStateFromURL_completionHandler(&url, handler) })
    }
}
