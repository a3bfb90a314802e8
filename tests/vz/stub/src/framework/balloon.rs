//! The balloon of a machine.

use crate::runtime::{ClassDescription, objc_class};

pub(super) fn descriptions() -> Vec<ClassDescription> {
    vec![
        objc_class!("VZMemoryBalloonDevice": "NSObject" {}),
        objc_class!("VZVirtioTraditionalMemoryBalloonDevice": "VZMemoryBalloonDevice" {})
            .number("targetVirtualMachineMemorySize", "u64"),
    ]
}
