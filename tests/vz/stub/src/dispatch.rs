//! libdispatch: serial queues, each with a thread of its own whose every job has an autorelease pool.
//!
//! A queue is an object, so that owners are counted like those of other objects. Its thread ends when the last job that holds it has run.

use crate::breach::breach;
use crate::runtime::{
    ClassDescription, Id, Strong, adopt_thread, allocate, class_named, is_current, objc_autoreleasePoolPop,
    objc_autoreleasePoolPush, objc_class, objc_release, objc_retain, with_payload,
};
use std::ffi::{CStr, c_char, c_void};
use std::sync::mpsc::{self, Sender};
use std::thread;

/// What distinguishes `DISPATCH_QUEUE_CONCURRENT` from nil; only its address counts.
#[unsafe(no_mangle)]
static _dispatch_queue_attr_concurrent: usize = 0;

/// What a queue object keeps.
#[derive(Default)]
struct Queue {
    label: String,
    jobs: Option<Sender<Job>>,
    is_concurrent: bool,
}

type Work = unsafe extern "C-unwind" fn(*mut c_void);

struct Job {
    context: *mut c_void,
    work: Work,
    /// Keeps the queue until the job has run.
    _queue: Strong,
    /// Told when it has run.
    done: Option<Sender<()>>,
}

// SAFETY: whoever hands a job to a queue says by that that its context may go to the queue's thread.
unsafe impl Send for Job {}

/// The class of queues.
pub(crate) fn description() -> ClassDescription {
    objc_class!("OS_dispatch_queue": "NSObject" {})
}

/// The label of a queue.
pub(crate) unsafe fn label(queue: Id) -> String {
    with_payload(queue, |queue: &mut Queue| queue.label.clone())
}

/// Is it not serial?
pub(crate) unsafe fn is_concurrent(queue: Id) -> bool {
    with_payload(queue, |queue: &mut Queue| queue.is_concurrent)
}

/// Runs `work` on `queue` after what waits there.
pub(crate) fn post(queue: &Strong, work: impl FnOnce() + Send + 'static) {
    type Boxed = Box<dyn FnOnce() + Send>;
    unsafe extern "C-unwind" fn call(context: *mut c_void) {
        Box::from_raw(context.cast::<Boxed>())();
    }
    let work: Box<Boxed> = Box::new(Box::new(work));
    // SAFETY: the queue is one and owned by the caller; `call` takes back the box that is handed over.
    unsafe { submit(queue.id(), Box::into_raw(work).cast(), call, None) };
}

unsafe fn submit(queue: Id, context: *mut c_void, work: Work, done: Option<Sender<()>>) {
    let job = Job {
        context,
        work,
        _queue: Strong::share(queue),
        done,
    };
    let jobs = with_payload(queue, |queue: &mut Queue| queue.jobs.clone());
    if jobs.is_none_or(|jobs| jobs.send(job).is_err()) {
        breach("a job is handed to what is no queue");
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn dispatch_queue_create(label: *const c_char, attribute: *const usize) -> Id {
    let label = if label.is_null() {
        String::new()
    } else {
        CStr::from_ptr(label).to_string_lossy().into_owned()
    };
    let (jobs, waiting) = mpsc::channel::<Job>();
    let queue = allocate(class_named("OS_dispatch_queue"));
    with_payload(queue, |queue: &mut Queue| {
        queue.label.clone_from(&label);
        queue.jobs = Some(jobs);
        queue.is_concurrent = std::ptr::eq(attribute, &raw const _dispatch_queue_attr_concurrent);
    });
    let address = queue as usize;
    // The kernel shows 15 bytes of a thread's name.
    let name: String = label.chars().filter(char::is_ascii_graphic).take(15).collect();
    let spawned = thread::Builder::new().name(name).spawn(move || {
        adopt_thread(address, &label);
        while let Ok(job) = waiting.recv() {
            run(job);
        }
    });
    if let Err(error) = spawned {
        breach(format_args!("no thread for a queue: {error}"));
    }
    queue
}

fn run(job: Job) {
    // SAFETY: the pool is ended right here, and the context is what the job was made for.
    unsafe {
        let pool = objc_autoreleasePoolPush();
        (job.work)(job.context);
        objc_autoreleasePoolPop(pool);
    }
    if let Some(done) = &job.done {
        let _ = done.send(());
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn dispatch_async_f(queue: Id, context: *mut c_void, work: Work) {
    submit(queue, context, work, None);
}

#[unsafe(no_mangle)]
unsafe extern "C" fn dispatch_sync_f(queue: Id, context: *mut c_void, work: Work) {
    if is_current(queue as usize) {
        breach(format_args!(
            "dispatch_sync onto the queue \"{}\" from that queue, which waits for itself for ever",
            label(queue)
        ));
    }
    let (done, is_done) = mpsc::channel();
    submit(queue, context, work, Some(done));
    let _ = is_done.recv();
}

#[unsafe(no_mangle)]
unsafe extern "C-unwind" fn dispatch_retain(queue: Id) {
    objc_retain(queue);
}

#[unsafe(no_mangle)]
unsafe extern "C-unwind" fn dispatch_release(queue: Id) {
    objc_release(queue);
}
