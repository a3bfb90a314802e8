//! Blocks: closures of C, copied to the heap when they outlive their frame ("Block Implementation Specification" of Clang).

use super::live;
use crate::breach::breach;
use std::ffi::{c_int, c_ulong, c_void};
use std::sync::atomic::{AtomicI32, Ordering};

/// `BLOCK_REFCOUNT_MASK`, without the lowest bit, which stands for the beginning of the end.
const REFERENCES: i32 = 0xfffe;
/// One owner.
const REFERENCE: i32 = 2;
/// `BLOCK_NEEDS_FREE`: it lives on the heap.
const ON_HEAP: i32 = 1 << 24;
/// `BLOCK_HAS_COPY_DISPOSE`.
const HAS_COPY_DISPOSE: i32 = 1 << 25;
/// `BLOCK_IS_GLOBAL`: it captures nothing and is never freed.
const IS_GLOBAL: i32 = 1 << 28;

/// Whose address is in the first word of a block, instead of a class.
#[repr(C)]
struct Marker([usize; 32]);

#[unsafe(no_mangle)]
static _NSConcreteStackBlock: Marker = Marker([0; 32]);
#[unsafe(no_mangle)]
static _NSConcreteGlobalBlock: Marker = Marker([0; 32]);
#[unsafe(no_mangle)]
static _NSConcreteMallocBlock: Marker = Marker([0; 32]);

/// `struct Block_literal`.
#[repr(C)]
pub(crate) struct Block {
    marker: *const Marker,
    flags: AtomicI32,
    reserved: c_int,
    invoke: *const c_void,
    descriptor: *const Descriptor,
}

#[repr(C)]
struct Descriptor {
    reserved: c_ulong,
    size: c_ulong,
    copy: Option<unsafe extern "C-unwind" fn(*mut c_void, *const c_void)>,
    dispose: Option<unsafe extern "C-unwind" fn(*const c_void)>,
}

/// Is what begins with `first_word` a block?
pub(super) fn is_marked(first_word: *const c_void) -> bool {
    [
        &raw const _NSConcreteStackBlock,
        &raw const _NSConcreteGlobalBlock,
        &raw const _NSConcreteMallocBlock,
    ]
    .iter()
    .any(|marker| std::ptr::eq(marker.cast(), first_word))
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C-unwind" fn _Block_copy(block: *mut Block) -> *mut Block {
    if block.is_null() {
        return block;
    }
    let flags = (*block).flags.load(Ordering::Relaxed);
    if flags & IS_GLOBAL != 0 {
        return block;
    }
    if flags & ON_HEAP != 0 {
        (*block).flags.fetch_add(REFERENCE, Ordering::Relaxed);
        return block;
    }
    let descriptor = (*block).descriptor;
    let size = (*descriptor).size as usize;
    let copy = libc::malloc(size).cast::<Block>();
    if copy.is_null() {
        breach("out of memory");
    }
    std::ptr::copy_nonoverlapping(block.cast::<u8>(), copy.cast::<u8>(), size);
    (*copy).marker = &raw const _NSConcreteMallocBlock;
    (*copy).flags = AtomicI32::new((flags & !(REFERENCES | 1)) | ON_HEAP | REFERENCE);
    if let Some(function) = (*descriptor).copy.filter(|_| flags & HAS_COPY_DISPOSE != 0) {
        function(copy.cast(), block.cast());
    }
    live::begin(copy as usize, "block");
    copy
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C-unwind" fn _Block_release(block: *mut Block) {
    if block.is_null() || (*block).flags.load(Ordering::Relaxed) & ON_HEAP == 0 {
        return;
    }
    let before = (*block).flags.fetch_sub(REFERENCE, Ordering::AcqRel) & REFERENCES;
    if before == 0 {
        breach("a block was released too often");
    }
    if before != REFERENCE {
        return;
    }
    let descriptor = (*block).descriptor;
    let flags = (*block).flags.load(Ordering::Relaxed);
    if let Some(function) = (*descriptor).dispose.filter(|_| flags & HAS_COPY_DISPOSE != 0) {
        function(block.cast());
    }
    // Its memory is left as it is, like that of objects, so that one release too many is noticed.
    live::end(block as usize);
}

/// A block on the heap that is owned here.
pub(crate) struct HeapBlock(*mut Block);

// SAFETY: what a block captures is the business of who made it; whoever holds this calls and drops it on the machine's queue.
unsafe impl Send for HeapBlock {}

impl HeapBlock {
    /// Copies `block` to the heap, or takes one more share of it there.
    pub(crate) unsafe fn copy(block: *mut Block) -> Self {
        if block.is_null() {
            breach("a method was given nil for a block");
        }
        Self(_Block_copy(block))
    }

    /// Calls a block that takes one object.
    pub(crate) unsafe fn call1(&self, argument: *mut c_void) {
        let invoke: unsafe extern "C-unwind" fn(*mut Block, *mut c_void) = std::mem::transmute((*self.0).invoke);
        invoke(self.0, argument);
    }

    /// Calls a block that takes two objects.
    pub(crate) unsafe fn call2(&self, first: *mut c_void, second: *mut c_void) {
        let invoke: unsafe extern "C-unwind" fn(*mut Block, *mut c_void, *mut c_void) =
            std::mem::transmute((*self.0).invoke);
        invoke(self.0, first, second);
    }
}

impl Drop for HeapBlock {
    fn drop(&mut self) {
        // SAFETY: the share that `copy` took.
        unsafe { _Block_release(self.0) };
    }
}
