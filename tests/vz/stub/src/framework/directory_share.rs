//! Directories of the host that a machine is shown: one, several under names, or the one with Rosetta.

use super::error::{self, Code};
use crate::breach::breach;
use crate::fault::{Rosetta, faults};
use crate::foundation::{dictionary, string};
use crate::runtime::{ClassDescription, Flag, Id, objc_class, objc_release, set_object, set_unsigned};
use std::ptr;

/// The longest name of a file on macOS (`NAME_MAX`).
const NAME_MAX_BYTES: usize = 255;

pub(super) fn descriptions() -> Vec<ClassDescription> {
    vec![
        objc_class!("VZSharedDirectory": "NSObject" {
            - "initWithURL:readOnly:" (this, url: Id, read_only: Flag) -> Id {
                set_object(this, "URL", url);
                set_unsigned(this, "readOnly", u64::from(read_only));
                this
            }
        })
        .read_only_object("URL")
        .read_only_flag("isReadOnly"),
        objc_class!("VZDirectoryShare": "NSObject" {}),
        objc_class!("VZSingleDirectoryShare": "VZDirectoryShare" {
            - "initWithDirectory:" (this, directory: Id) -> Id {
                set_object(this, "directory", directory);
                this
            }
        })
        .read_only_object("directory"),
        objc_class!("VZMultipleDirectoryShare": "VZDirectoryShare" {
            + "validateName:error:" (_this, name: Id, error: *mut Id) -> Flag {
                match refusal(&string::text(name)) {
                    Some(reason) => {
                        error::write(error, error::framework(Code::InvalidVirtualMachineConfiguration, reason));
                        0
                    }
                    None => 1,
                }
            }
            - "init" (this) -> Id { init_several(this, dictionary::new(&[]).id()) }
            - "initWithDirectories:" (this, directories: Id) -> Id { init_several(this, directories) }
        })
        .read_only_object("directories"),
        objc_class!("VZLinuxRosettaDirectoryShare": "VZDirectoryShare" {
            + "availability" (_this) -> isize { faults().rosetta as isize }
            - "initWithError:" (this, error: *mut Id) -> Id {
                if faults().rosetta == Rosetta::Installed {
                    return this;
                }
                error::write(error, error::framework(Code::NotSupported, "Rosetta is not installed."));
                objc_release(this);
                ptr::null_mut()
            }
        }),
    ]
}

unsafe fn init_several(this: Id, directories: Id) -> Id {
    for (name, _) in dictionary::entries(directories) {
        if let Some(reason) = refusal(&name) {
            breach(format_args!(
                "NSException: the name \"{name}\" of a shared directory is illegal: {reason}"
            ));
        }
    }
    set_object(this, "directories", directories);
    this
}

/// Why a text is no name of a shared directory.
fn refusal(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        return Some("It is empty.");
    }
    if name == "." || name == ".." || name.contains(['/', '\0']) {
        return Some("It is no name of a file.");
    }
    (name.len() > NAME_MAX_BYTES).then_some("It is longer than 255 bytes.")
}
