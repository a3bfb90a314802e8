//! Devices that have nothing to configure.

use crate::runtime::{ClassDescription, objc_class};

pub(super) fn descriptions() -> Vec<ClassDescription> {
    vec![
        objc_class!("VZEntropyDeviceConfiguration": "NSObject" {}),
        objc_class!("VZVirtioEntropyDeviceConfiguration": "VZEntropyDeviceConfiguration" {}),
        objc_class!("VZSocketDeviceConfiguration": "NSObject" {}),
        objc_class!("VZVirtioSocketDeviceConfiguration": "VZSocketDeviceConfiguration" {}),
        objc_class!("VZMemoryBalloonDeviceConfiguration": "NSObject" {}),
        objc_class!("VZVirtioTraditionalMemoryBalloonDeviceConfiguration": "VZMemoryBalloonDeviceConfiguration" {}),
    ]
}
