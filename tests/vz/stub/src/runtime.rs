//! The Objective-C runtime: objects that count their owners, classes that are built at run time, messages that are looked up by name.
//!
//! The functions that C sees are those of GNUstep's libobjc2 1.7 that the crates `objc2` and `block2` call. Memory of objects that have ended
//! is never used again, so that a use after the end is always noticed.

mod affinity;
mod autorelease;
mod block;
mod class;
mod description;
mod introspection;
mod live;
mod message;
mod object;
mod ownership;
mod properties;
mod selector;
mod weak;

pub(crate) use affinity::{adopt_thread, is_current};
pub(crate) use autorelease::{autorelease, objc_autoreleasePoolPop, objc_autoreleasePoolPush};
pub(crate) use block::{Block, HeapBlock};
pub(crate) use class::{Class, class_named, is_kind_of};
pub(crate) use description::{ClassDescription, Implementation, MethodDescription, objc_class};
pub(crate) use live::{end as exempt_from_leaks, names as live_names};
pub(crate) use message::{implementation, responds_to};
pub(crate) use object::{Flag, Id, allocate, bind_to_queue, class_of, is_class, with_payload};
pub(crate) use ownership::{Strong, destroy, objc_release, objc_retain};
pub(crate) use properties::{flag, object, set_object, set_unsigned, unsigned};
pub(crate) use selector::Selector;
pub(crate) use weak::WeakReference;
