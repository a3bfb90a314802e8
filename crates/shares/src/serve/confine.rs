//! What this process gives up before the first request: every file but those of the shared trees and of its own records (Landlock, landlock(7)), and core dumps.

use std::fs::File;

use landlock::{
    ABI, Access as _, AccessFs, BitFlags, PathBeneath, Ruleset, RulesetAttr as _, RulesetCreatedAttr as _, RulesetError,
};

use crate::tree::SharedTree;

/// Rights over files that kernels with this version of Landlock know; an older kernel leaves out what it does not know.
const KNOWN: ABI = ABI::V5;

/// What is possible below a tree, of the kind that it is. Nothing of a share is executed here.
fn rights(tree: &SharedTree, is_directory: bool) -> BitFlags<AccessFs> {
    let all = if tree.read_only {
        AccessFs::from_read(KNOWN)
    } else {
        AccessFs::from_all(KNOWN)
    };
    let of_files = AccessFs::from_file(KNOWN);
    let possible = if is_directory { all } else { all & of_files };
    possible & !BitFlags::from(AccessFs::Execute)
}

/// What is possible in a directory of records: files are made, read, appended to and replaced.
fn rights_to_records() -> BitFlags<AccessFs> {
    AccessFs::ReadFile | AccessFs::WriteFile | AccessFs::Truncate | AccessFs::MakeReg | AccessFs::RemoveFile
}

/// Confines the calling thread, and those that it starts, to the trees, which were opened as the descriptors beside them, and the directories of
/// `records`. A kernel without Landlock does not do it.
///
/// # Errors
/// When a rule is refused.
pub(crate) fn to(trees: &[(&SharedTree, File)], records: &[File]) -> Result<(), RulesetError> {
    let mut rules = Ruleset::default().handle_access(AccessFs::from_all(KNOWN))?.create()?;
    for (tree, opened) in trees {
        let is_directory = opened.metadata().is_ok_and(|metadata| metadata.is_dir());
        rules = rules.add_rule(PathBeneath::new(opened, rights(tree, is_directory)))?;
    }
    for directory in records {
        rules = rules.add_rule(PathBeneath::new(directory, rights_to_records()))?;
    }
    rules.restrict_self().map(drop)
}
