//! Where a container that is there for steps has got to.

use crate::stub::Stubs;

/// What has become of the steps so far.
#[derive(Debug)]
pub(crate) struct Steps {
    /// Numbers of the upper directories below the next step, the lowest first.
    pub(crate) sealed: Vec<u32>,
    /// That of the one which is written to next.
    pub(crate) current: u32,
    /// What is to be taken away after the step; nothing while no root is mounted.
    pub(crate) root: Option<Stubs>,
}

impl Default for Steps {
    fn default() -> Self {
        Self {
            sealed: Vec::new(),
            current: 1,
            root: None,
        }
    }
}

impl Steps {
    pub(crate) fn has_root(&self) -> bool {
        self.root.is_some()
    }
}
