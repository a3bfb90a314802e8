//! Classes: a name, a superclass, methods; and the register of all of them.

use super::selector::Selector;
use crate::breach::breach;
use std::collections::BTreeMap;
use std::ffi::{CStr, CString, c_void};
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};

/// The code of a method.
#[repr(transparent)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Method(pub(crate) *const c_void);

// SAFETY: code may be called by every thread.
unsafe impl Send for Method {}
// SAFETY: as above.
unsafe impl Sync for Method {}

/// An instance variable of a class that was built at run time.
pub(super) struct InstanceVariable {
    pub(super) name: CString,
    /// Its distance from the beginning of the object.
    pub(super) offset_bytes: isize,
    pub(super) encoding: CString,
}

/// A class, or the class of a class. The first word is as in an object, which a class is.
#[repr(C)]
pub(crate) struct Class {
    metaclass: AtomicPtr<Class>,
    superclass: AtomicPtr<Class>,
    name: &'static CStr,
    is_metaclass: bool,
    instance_bytes: AtomicUsize,
    methods: RwLock<BTreeMap<Selector, Method>>,
    instance_variables: Mutex<Vec<&'static InstanceVariable>>,
}

impl Class {
    /// A class that is not yet linked with others.
    pub(crate) const fn unlinked(name: &'static CStr) -> Self {
        Self::blank(name, false)
    }

    const fn blank(name: &'static CStr, is_metaclass: bool) -> Self {
        Self {
            metaclass: AtomicPtr::new(ptr::null_mut()),
            superclass: AtomicPtr::new(ptr::null_mut()),
            name,
            is_metaclass,
            instance_bytes: AtomicUsize::new(0),
            methods: RwLock::new(BTreeMap::new()),
            instance_variables: Mutex::new(Vec::new()),
        }
    }

    /// A class that is built at run time, linked, and never freed.
    pub(super) fn build(name: &CStr, superclass: &'static Self) -> &'static Self {
        let name: &'static CStr = Box::leak(name.to_owned().into_boxed_c_str());
        let class: &'static Self = Box::leak(Box::new(Self::unlinked(name)));
        class.link(Some(superclass));
        class
    }

    /// Makes it a class below `superclass`; the root has none.
    pub(super) fn link(&'static self, superclass: Option<&'static Self>) {
        let metaclass: &'static Self = Box::leak(Box::new(Self::blank(self.name, true)));
        metaclass.instance_bytes.store(size_of::<Self>(), Ordering::Relaxed);
        self.metaclass.store(pointer(metaclass), Ordering::Release);
        // Every metaclass is an instance of the root's one, and the root's one inherits from the root.
        let root = superclass.map_or(metaclass, |superclass| superclass.metaclass().metaclass());
        metaclass.metaclass.store(pointer(root), Ordering::Release);
        let above = superclass.map_or(self, Self::metaclass);
        metaclass.superclass.store(pointer(above), Ordering::Release);
        let instance_bytes = superclass.map_or(size_of::<usize>(), Self::instance_bytes);
        self.instance_bytes.store(instance_bytes, Ordering::Relaxed);
        if let Some(superclass) = superclass {
            self.superclass.store(pointer(superclass), Ordering::Release);
        }
    }

    /// Its name.
    pub(crate) fn name(&self) -> &str {
        self.name.to_str().unwrap_or("?")
    }

    /// Its name as C has it.
    pub(super) fn c_name(&self) -> &CStr {
        self.name
    }

    /// Is it the class of a class?
    pub(crate) fn is_metaclass(&self) -> bool {
        self.is_metaclass
    }

    /// The class that it is an instance of.
    pub(crate) fn metaclass(&self) -> &'static Self {
        // SAFETY: set by `pair`; classes are never freed.
        unsafe { &*self.metaclass.load(Ordering::Acquire) }
    }

    /// The class that it inherits from; none for the root.
    pub(crate) fn superclass(&self) -> Option<&'static Self> {
        // SAFETY: as above.
        unsafe { self.superclass.load(Ordering::Acquire).as_ref() }
    }

    /// How large an instance is, its first word included.
    pub(super) fn instance_bytes(&self) -> usize {
        self.instance_bytes.load(Ordering::Relaxed)
    }

    /// Adds a method unless there is one of this name, and says whether it did.
    pub(super) fn add_method(&self, selector: Selector, method: Method) -> bool {
        let mut methods = self.methods.write().unwrap_or_else(PoisonError::into_inner);
        let is_new = !methods.contains_key(&selector);
        methods.entry(selector).or_insert(method);
        is_new
    }

    /// The method of this name, its own or an inherited one.
    pub(super) fn method(&'static self, selector: Selector) -> Option<Method> {
        self.line().find_map(|class| {
            let methods = class.methods.read().unwrap_or_else(PoisonError::into_inner);
            methods.get(&selector).copied()
        })
    }

    /// Adds an instance variable after those that there are.
    pub(super) fn add_instance_variable(
        &self,
        name: &CStr,
        size_bytes: usize,
        alignment_bytes: usize,
        encoding: &CStr,
    ) {
        let offset = self.instance_bytes().next_multiple_of(alignment_bytes);
        let end = (offset + size_bytes).next_multiple_of(size_of::<usize>());
        self.instance_bytes.store(end, Ordering::Relaxed);
        let variable = Box::leak(Box::new(InstanceVariable {
            name: name.to_owned(),
            offset_bytes: offset as isize,
            encoding: encoding.to_owned(),
        }));
        let mut variables = self.instance_variables.lock().unwrap_or_else(PoisonError::into_inner);
        variables.push(variable);
    }

    /// The instance variable of this name, its own or an inherited one.
    pub(super) fn instance_variable(&'static self, name: &CStr) -> Option<&'static InstanceVariable> {
        self.line().find_map(|class| {
            let variables = class.instance_variables.lock().unwrap_or_else(PoisonError::into_inner);
            variables
                .iter()
                .copied()
                .find(|variable| variable.name.as_c_str() == name)
        })
    }

    /// The class, its superclass, and so on to the root.
    fn line(&'static self) -> impl Iterator<Item = &'static Self> {
        std::iter::successors(Some(self), |class| class.superclass())
    }
}

fn pointer(class: &'static Class) -> *mut Class {
    (&raw const *class).cast_mut()
}

/// Does `class` inherit from `ancestor`, or is it the same?
pub(crate) fn is_kind_of(class: &'static Class, ancestor: *const Class) -> bool {
    class.line().any(|class| ptr::eq(class, ancestor))
}

/// The classes by name.
pub(crate) struct Register;

static CLASSES: RwLock<BTreeMap<String, &'static Class>> = RwLock::new(BTreeMap::new());

impl Register {
    /// The class of this name.
    pub(crate) fn find(name: &str) -> Option<&'static Class> {
        let classes = CLASSES.read().unwrap_or_else(PoisonError::into_inner);
        classes.get(name).copied()
    }
}

/// Puts a class into the register.
pub(crate) fn register(class: &'static Class) {
    let mut classes = CLASSES.write().unwrap_or_else(PoisonError::into_inner);
    if classes.insert(class.name().to_owned(), class).is_some() {
        breach(format_args!("there are two classes with the name {}", class.name()));
    }
}

/// The class of this name, which must be one of ours.
pub(crate) fn class_named(name: &str) -> &'static Class {
    Register::find(name).unwrap_or_else(|| breach(format_args!("there is no class {name}")))
}
