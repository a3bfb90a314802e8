//! What the stand-in reports about itself.

#![expect(unsafe_code, reason = "the reports are C functions")]

use objc2_virtualization::VZVirtualMachineConfiguration;
use serde_json::Value;
use std::ffi::{CStr, c_char};
use std::time::{Duration, Instant};
use std::{ptr, thread};

/// How long what is still going on in threads may take to end.
const PATIENCE: Duration = Duration::from_secs(30);

#[link(name = "objc")]
unsafe extern "C" {
    fn vz_stub_describe_last() -> *const c_char;
    fn vz_stub_describe(configuration: *const VZVirtualMachineConfiguration) -> *const c_char;
    fn vz_stub_live_objects() -> *const c_char;
    fn vz_stub_methods() -> *const c_char;
}

fn parse(text: *const c_char) -> Value {
    // SAFETY: the reports are texts with a NUL after them, which are never freed.
    let text = unsafe { CStr::from_ptr(text) };
    serde_json::from_slice(text.to_bytes()).unwrap_or_default()
}

/// What the last machine was made of.
pub fn describe_last() -> Value {
    // SAFETY: a function without arguments.
    parse(unsafe { vz_stub_describe_last() })
}

/// What a configuration says.
pub fn describe(configuration: &VZVirtualMachineConfiguration) -> Value {
    // SAFETY: it is a configuration.
    parse(unsafe { vz_stub_describe(ptr::from_ref(configuration)) })
}

/// The methods of the stand-in's classes.
pub fn methods() -> Value {
    // SAFETY: a function without arguments.
    parse(unsafe { vz_stub_methods() })
}

/// The classes of the objects that have not ended.
pub fn live_objects() -> Vec<String> {
    // SAFETY: a function without arguments.
    let live = parse(unsafe { vz_stub_live_objects() });
    let names = live.as_array().into_iter().flatten();
    names.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Waits until no object is left, and returns those that are left all the same. Queues end in their threads, which takes a moment.
pub fn leaks() -> Vec<String> {
    let begin = Instant::now();
    loop {
        let live = live_objects();
        if live.is_empty() || begin.elapsed() > PATIENCE {
            return live;
        }
        thread::sleep(Duration::from_millis(1));
    }
}
