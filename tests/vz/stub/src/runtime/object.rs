//! Objects: a class, how many owners there are, a queue if it is bound to one, and what the stand-in keeps in it.

use super::affinity;
use super::block;
use super::class::Class;
use super::live;
use crate::breach::breach;
use std::any::Any;
use std::ffi::c_void;
use std::fmt::Display;
use std::sync::atomic::{AtomicPtr, AtomicU8, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// An object as C sees it: the pointer to its class, and after it the instance variables of classes built at run time.
#[repr(C)]
pub(crate) struct Object {
    class: *const Class,
}

/// A pointer to an object, a class or a block.
pub(crate) type Id = *mut Object;

/// `BOOL`, which is an unsigned byte in GNUstep's runtime.
pub(crate) type Flag = u8;

/// It can be used.
const ALIVE: u8 = 0;
/// Its last owner has gone; its own methods may still use it.
const ENDING: u8 = 1;
/// It has ended.
const ENDED: u8 = 2;

/// What the runtime knows of an object; it lies in memory before the object.
pub(super) struct Header {
    pub(super) owners: AtomicUsize,
    life: AtomicU8,
    queue: AtomicPtr<c_void>,
    label: Mutex<String>,
    payload: Mutex<Option<Box<dyn Any + Send>>>,
}

/// The room for a header, such that the object after it is aligned for everything.
const HEADER_BYTES: usize = size_of::<Header>().next_multiple_of(16);

pub(super) unsafe fn header<'a>(object: Id) -> &'a Header {
    &*object.cast::<u8>().sub(HEADER_BYTES).cast::<Header>()
}

/// A new object of `class` with one owner and zeros for instance variables.
pub(crate) fn allocate(class: &'static Class) -> Id {
    let bytes = HEADER_BYTES + class.instance_bytes().max(size_of::<Object>());
    // SAFETY: the room is as large as what is written, and aligned as malloc aligns.
    unsafe {
        let memory = libc::calloc(1, bytes).cast::<u8>();
        if memory.is_null() {
            breach("out of memory");
        }
        memory.cast::<Header>().write(Header {
            owners: AtomicUsize::new(1),
            life: AtomicU8::new(ALIVE),
            queue: AtomicPtr::default(),
            label: Mutex::default(),
            payload: Mutex::default(),
        });
        let object = memory.add(HEADER_BYTES).cast::<Object>();
        object.write(Object { class });
        live::begin(object as usize, class.name());
        object
    }
}

/// The class of an object; of a class its metaclass.
pub(crate) unsafe fn class_of(object: Id) -> &'static Class {
    &*(*object).class
}

pub(super) unsafe fn is_block(object: Id) -> bool {
    block::is_marked((*object).class.cast())
}

/// Is it a class?
pub(crate) unsafe fn is_class(object: Id) -> bool {
    !is_block(object) && class_of(object).is_metaclass()
}

/// Is it neither nil, a class nor a block?
pub(super) unsafe fn is_instance(object: Id) -> bool {
    !object.is_null() && !is_block(object) && !class_of(object).is_metaclass()
}

/// From now on `object` may be touched on this queue only.
pub(crate) unsafe fn bind_to_queue(object: Id, queue: Id, label: &str) {
    let header = header(object);
    label.clone_into(&mut header.label.lock().unwrap_or_else(PoisonError::into_inner));
    header.queue.store(queue.cast(), Ordering::Release);
}

/// Checks that `object`, which is one, may be sent `message` by this thread.
pub(super) unsafe fn check_queue(object: Id, message: impl Display) {
    let header = header(object);
    let queue = header.queue.load(Ordering::Acquire);
    if !queue.is_null() && !affinity::is_current(queue as usize) {
        let class = class_of(object).name();
        let label = header.label.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let here = affinity::place();
        breach(format_args!(
            "-[{class} {message}] off the machine's queue \"{label}\": called {here}"
        ));
    }
}

/// Checks that `object`, which is one, has not ended.
pub(super) unsafe fn check_life(object: Id, what: impl Display) {
    if header(object).life.load(Ordering::Acquire) == ENDED {
        let class = class_of(object).name();
        breach(format_args!("{class} is {what} after its end"));
    }
}

/// Begins the end of an object, and says whether it had not begun.
pub(super) unsafe fn begin_end(object: Id) -> bool {
    let life = &header(object).life;
    life.compare_exchange(ALIVE, ENDING, Ordering::AcqRel, Ordering::Acquire)
        .is_ok()
}

/// Ends an object: lets go of what it keeps.
pub(super) unsafe fn end(object: Id) {
    let header = header(object);
    let payload = header.payload.lock().unwrap_or_else(PoisonError::into_inner).take();
    drop(payload);
    header.life.store(ENDED, Ordering::Release);
    live::end(object as usize);
}

/// Lets `work` with what the object keeps, which is a `T`, empty at first.
pub(crate) unsafe fn with_payload<T: Any + Send + Default, R>(object: Id, work: impl FnOnce(&mut T) -> R) -> R {
    let mut payload = header(object).payload.lock().unwrap_or_else(PoisonError::into_inner);
    let payload = payload.get_or_insert_with(|| Box::new(T::default()));
    match payload.downcast_mut::<T>() {
        Some(payload) => work(payload),
        None => {
            let class = class_of(object).name();
            breach(format_args!("an object of {class} was given for one of another class"))
        }
    }
}
