//! Serial ports on file handles.

use crate::runtime::{ClassDescription, Id, objc_class, set_object};

pub(super) fn descriptions() -> Vec<ClassDescription> {
    vec![
        objc_class!("VZSerialPortAttachment": "NSObject" {}),
        objc_class!("VZFileHandleSerialPortAttachment": "VZSerialPortAttachment" {
            - "initWithFileHandleForReading:fileHandleForWriting:" (this, reading: Id, writing: Id) -> Id {
                set_object(this, "fileHandleForReading", reading);
                set_object(this, "fileHandleForWriting", writing);
                this
            }
        })
        .read_only_object("fileHandleForReading")
        .read_only_object("fileHandleForWriting"),
        objc_class!("VZSerialPortConfiguration": "NSObject" {}).object("attachment"),
        objc_class!("VZVirtioConsoleDeviceSerialPortConfiguration": "VZSerialPortConfiguration" {}),
    ]
}
