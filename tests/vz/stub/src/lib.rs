//! Virtualization.framework for Linux, as far as a test can tell: code that is written with `objc2` runs against it without a change.
//!
//! The library stands in for four: `libobjc` (a small Objective-C runtime with GNUstep's interface, [`runtime`]), `libdispatch` ([`dispatch`]),
//! Foundation ([`foundation`]) and the Virtualization framework ([`framework`]). Machines are made up ([`guest`]); what they are made of is
//! read from the objects ([`description`]).
//!
//! It is stricter than the framework is kind. Each of these ends the process with one sentence on standard error, which begins with
//! `container-vz-stub:`:
//! - a message to a virtual machine, its devices or their connections, or the end of one of them, off the machine's queue;
//! - waiting on a queue for a job of that same queue;
//! - using an object after its end, and releasing one too often;
//! - a message that no class here answers;
//! - whatever makes the framework raise an exception, such as an illegal tag.
//!
//! # Faults
//! `CONTAINER_VZ_STUB_FAULTS` is a list of words with commas between them; what each does is said at [`fault::Faults`].
//!
//! # What tests can ask
//! C functions whose results are never freed, see [`report`]: `vz_stub_describe_last`, `vz_stub_describe`, `vz_stub_live_objects`,
//! `vz_stub_methods`. With `CONTAINER_VZ_STUB_LEAKS` set, the objects still alive are listed on standard error at the end of the process.

#![allow(
    unsafe_code,
    unsafe_op_in_unsafe_fn,
    clippy::missing_safety_doc,
    clippy::undocumented_unsafe_blocks,
    reason = "the whole crate is the far side of a C interface: callers of the runtime pass pointers to objects that they hold, selectors made \
              by `sel_registerName` and blocks of the blocks runtime, and every `unsafe` here rests on that one contract"
)]
#![allow(
    non_snake_case,
    non_upper_case_globals,
    reason = "exported symbols have the names that the runtimes of Apple and GNUstep give them"
)]

mod breach;
mod description;
mod dispatch;
mod fault;
mod foundation;
mod framework;
mod guest;
mod report;
mod runtime;
mod startup;
