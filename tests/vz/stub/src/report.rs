//! What tests can ask. Every text that a function here returns is JSON, ends with a NUL and is never freed.

use crate::runtime::{ClassDescription, Id, Strong, live_names};
use crate::{dispatch, foundation, framework};
use serde_json::{Value, json};
use std::ffi::{CString, c_char};

/// With this in the environment, leaks are listed at the end of the process.
const LEAKS_VARIABLE: &str = "CONTAINER_VZ_STUB_LEAKS";

fn answer(value: &Value) -> *const c_char {
    CString::new(value.to_string()).unwrap_or_default().into_raw()
}

/// The configuration with which the last machine was made, `null` if there was none. It is as it was in that moment.
#[unsafe(no_mangle)]
extern "C" fn vz_stub_describe_last() -> *const c_char {
    answer(&framework::last_description().map_or(Value::Null, |description| description.json()))
}

/// A `VZVirtualMachineConfiguration`, valid or not.
#[unsafe(no_mangle)]
unsafe extern "C" fn vz_stub_describe(configuration: Id) -> *const c_char {
    let configuration = Strong::share(configuration);
    match framework::decode(configuration.id()) {
        Ok(description) => answer(&description.json()),
        Err(reason) => answer(&json!({ "undecodable": reason })),
    }
}

/// The classes of all objects that have not ended, sorted; heap blocks are in it as `block`, queues as `OS_dispatch_queue`.
#[unsafe(no_mangle)]
extern "C" fn vz_stub_live_objects() -> *const c_char {
    answer(&json!(live_names()))
}

/// Every method of every class here: class, superclass, sign, selector, types of the arguments and of what is returned.
#[unsafe(no_mangle)]
extern "C" fn vz_stub_methods() -> *const c_char {
    let classes = foundation::descriptions()
        .into_iter()
        .chain([dispatch::description()])
        .chain(framework::descriptions());
    answer(&classes.map(|class| class_json(&class)).collect())
}

fn class_json(class: &ClassDescription) -> Value {
    let methods = class.methods.iter().map(|method| {
        json!({
            "sign": method.sign.to_string(),
            "selector": method.selector,
            "arguments": method.arguments,
            "returned": method.returned,
        })
    });
    json!({ "class": class.class.name(), "superclass": class.superclass, "methods": methods.collect::<Vec<_>>() })
}

/// Lists what is still alive when the process ends, if the environment asks for it.
pub(crate) fn list_leaks_at_exit() {
    extern "C" fn list() {
        for name in live_names() {
            eprintln!("container-vz-stub: still alive: {name}");
        }
    }
    if std::env::var_os(LEAKS_VARIABLE).is_some() {
        // SAFETY: a function that takes nothing.
        unsafe { libc::atexit(list) };
    }
}
