//! `VZVirtualMachineConfiguration`.

use super::decode::decode;
use super::error;
use super::validation;
use crate::foundation::array;
use crate::runtime::{ClassDescription, Flag, Id, Strong, objc_class, set_object, set_unsigned};

/// The lists of devices.
pub(super) const DEVICE_LISTS: [&str; 7] = [
    "directorySharingDevices",
    "entropyDevices",
    "memoryBalloonDevices",
    "networkDevices",
    "serialPorts",
    "socketDevices",
    "storageDevices",
];

pub(super) fn descriptions() -> Vec<ClassDescription> {
    let class = objc_class!("VZVirtualMachineConfiguration": "NSObject" {
        + "minimumAllowedMemorySize" (_this) -> u64 { *validation::MEMORY_BYTES.start() }
        + "maximumAllowedMemorySize" (_this) -> u64 { *validation::MEMORY_BYTES.end() }
        + "minimumAllowedCPUCount" (_this) -> usize { *validation::CPU_COUNT.start() as usize }
        + "maximumAllowedCPUCount" (_this) -> usize { *validation::CPU_COUNT.end() as usize }
        - "init" (this) -> Id {
            set_unsigned(this, "CPUCount", *validation::CPU_COUNT.start());
            set_unsigned(this, "memorySize", *validation::MEMORY_BYTES.start());
            for list in DEVICE_LISTS {
                set_object(this, list, array::new(&[]).id());
            }
            this
        }
        - "validateWithError:" (this, error: *mut Id) -> Flag { answer(validate(this), error) }
        - "validateSaveRestoreSupportWithError:" (this, error: *mut Id) -> Flag {
            answer(validate_saving(this), error)
        }
    });
    let class = class
        .object("bootLoader")
        .object("platform")
        .number("CPUCount", "usize")
        .number("memorySize", "u64");
    vec![DEVICE_LISTS.into_iter().fold(class, ClassDescription::object)]
}

unsafe fn answer(outcome: Result<(), Strong>, error: *mut Id) -> Flag {
    match outcome {
        Ok(()) => 1,
        Err(reason) => {
            error::write(error, reason);
            0
        }
    }
}

/// Checks a configuration as the framework does.
pub(super) unsafe fn validate(configuration: Id) -> Result<(), Strong> {
    validation::host()?;
    let description = decode(configuration).map_err(|reason| validation::invalid(&reason))?;
    validation::machine(&description)
}

unsafe fn validate_saving(configuration: Id) -> Result<(), Strong> {
    let description = decode(configuration).map_err(|reason| validation::invalid(&reason))?;
    validation::saving(&description)
}
