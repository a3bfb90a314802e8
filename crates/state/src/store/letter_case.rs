//! Names that differ only in the case of their letters.
//!
//! They are different names, but on a file system that does not tell upper from lower case, as macOS's is by default, the files of one
//! are found under the other. So what is found under a name counts only when it says itself that it has this name.

use container_model::ContainerId;

use super::ContainerStore;
use crate::{ListError, record};

impl ContainerStore {
    /// Whether there is a container of exactly this name.
    pub(super) fn is_there(&self, id: &ContainerId) -> bool {
        self.bundle(id).config().exists() && self.namesake(id).is_none()
    }

    /// The container whose files are found under the name `id` although it is called otherwise; `None` when they are `id`'s own, or
    /// there are none.
    pub(super) fn namesake(&self, id: &ContainerId) -> Option<ContainerId> {
        match record::read_config(&self.bundle(id).config()) {
            Ok(found) => found.map(|config| config.id).filter(|found| is_namesake(found, id)),
            // The record tells nothing; but the directory keeps the name that it was made with.
            Err(_) => self.directory_of_another_case(id).ok().flatten(),
        }
    }

    /// The name of the directory that is found under the name `id`, when it is not this very name.
    pub(super) fn directory_of_another_case(&self, id: &ContainerId) -> Result<Option<ContainerId>, ListError> {
        Ok(of_another_case(self.names(false)?, id))
    }
}

fn of_another_case(names: Vec<ContainerId>, id: &ContainerId) -> Option<ContainerId> {
    if names.contains(id) {
        return None;
    }
    names.into_iter().find(|name| is_namesake(name, id))
}

/// Whether two names differ, but only in case.
pub(super) fn is_namesake(one: &ContainerId, other: &ContainerId) -> bool {
    one != other && one.as_str().eq_ignore_ascii_case(other.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_of_the_very_name_is_nobody_elses() {
        let ids = |names: &[&str]| -> Vec<ContainerId> { names.iter().map(|name| name.parse().unwrap()).collect() };
        let [web, other] = ["web", "Web"].map(|name| name.parse::<ContainerId>().unwrap());
        assert_eq!(of_another_case(ids(&["db", "web"]), &other), Some(web.clone()));
        assert_eq!(of_another_case(ids(&["Web", "web"]), &other), None);
        assert_eq!(of_another_case(ids(&["webs"]), &web), None);
    }
}
