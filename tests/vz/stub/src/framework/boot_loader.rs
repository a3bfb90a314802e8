//! `VZLinuxBootLoader`.

use crate::foundation::string;
use crate::runtime::{ClassDescription, Id, objc_class, set_object};

pub(super) fn descriptions() -> Vec<ClassDescription> {
    vec![
        objc_class!("VZBootLoader": "NSObject" {}),
        objc_class!("VZLinuxBootLoader": "VZBootLoader" {
            - "initWithKernelURL:" (this, url: Id) -> Id {
                set_object(this, "kernelURL", url);
                set_object(this, "commandLine", string::new("").id());
                this
            }
        })
        .object("kernelURL")
        .object("commandLine")
        .object("initialRamdiskURL"),
    ]
}
