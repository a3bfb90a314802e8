//! The class by which macOS shares out processor time and energy.
#![expect(unsafe_code, reason = "no crate has this call")]

use std::ffi::{c_int, c_uint};
use std::io;

/// `QOS_CLASS_USER_INITIATED` of sys/qos.h: work that somebody waits for.
const USER_INITIATED: c_uint = 0x19;

unsafe extern "C" {
    /// `pthread/qos.h`; returns zero or an error number.
    fn pthread_set_qos_class_self_np(class: c_uint, relative_priority: c_int) -> c_int;
}

/// Puts the calling thread into the class of work that the user waits for. Without one it may be put on the slow cores, or its timers
/// be bundled with others, when the program that started it is in the background.
pub(super) fn be_user_initiated() -> io::Result<()> {
    // SAFETY: it takes two numbers and concerns the calling thread only; it is in the libpthread of every macOS since 10.10.
    match unsafe { pthread_set_qos_class_self_np(USER_INITIATED, 0) } {
        0 => Ok(()),
        error => Err(io::Error::from_raw_os_error(error)),
    }
}
