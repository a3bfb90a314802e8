//! Classes of the stand-in, written down as tables of methods.

use super::class::{self, Class, Method, class_named};
use super::properties;
use super::selector::Selector;
use std::ffi::{CString, c_void};

/// The code of a method, see [`Method`].
pub(crate) type Implementation = *const c_void;

/// A method: `-` for those of objects, `+` for those of the class.
pub(crate) struct MethodDescription {
    /// `-` or `+`.
    pub(crate) sign: char,
    /// Its name.
    pub(crate) selector: String,
    /// The types of the arguments as they are written here.
    pub(crate) arguments: Vec<&'static str>,
    /// The type of what it returns; empty for nothing.
    pub(crate) returned: &'static str,
    /// Its code.
    pub(crate) implementation: Implementation,
}

/// A class and the methods that it has beyond those of its superclass.
pub(crate) struct ClassDescription {
    /// The class, which C knows by a symbol.
    pub(crate) class: &'static Class,
    /// The class that it inherits from; none for the root.
    pub(crate) superclass: Option<&'static str>,
    /// The methods.
    pub(crate) methods: Vec<MethodDescription>,
}

impl ClassDescription {
    /// Puts the class into the register; that of its superclass must be there.
    pub(crate) fn register(&self) {
        let class = self.class;
        class.link(self.superclass.map(class_named));
        for method in &self.methods {
            let selector = Selector::named(&CString::new(method.selector.as_str()).unwrap_or_default());
            let owner = if method.sign == '+' { class.metaclass() } else { class };
            owner.add_method(selector, Method(method.implementation));
        }
        class::register(class);
    }

    /// With a property that is an object, named by its getter.
    pub(crate) fn object(self, getter: &str) -> Self {
        self.read_only_object(getter)
            .setter(getter, "Id", properties::put_object as Implementation)
    }

    /// With a property that is an object and has a getter only.
    pub(crate) fn read_only_object(self, getter: &str) -> Self {
        self.getter(getter, "Id", properties::get_object as Implementation)
    }

    /// With a property that is a number of the type `kind`, which has 64 bits.
    pub(crate) fn number(self, getter: &str, kind: &'static str) -> Self {
        self.read_only_number(getter, kind)
            .setter(getter, kind, properties::put_unsigned as Implementation)
    }

    /// With a property that is a number of the type `kind` and has a getter only.
    pub(crate) fn read_only_number(self, getter: &str, kind: &'static str) -> Self {
        self.getter(getter, kind, properties::get_unsigned as Implementation)
    }

    /// With a property that is a flag and has a getter only.
    pub(crate) fn read_only_flag(self, getter: &str) -> Self {
        self.getter(getter, "Flag", properties::get_flag as Implementation)
    }

    fn getter(mut self, getter: &str, returned: &'static str, implementation: Implementation) -> Self {
        self.methods.push(MethodDescription {
            sign: '-',
            selector: getter.to_owned(),
            arguments: Vec::new(),
            returned,
            implementation,
        });
        self
    }

    fn setter(mut self, getter: &str, argument: &'static str, implementation: Implementation) -> Self {
        let property = properties::name(getter);
        let mut characters = property.chars();
        let first = characters.next().map(|first| first.to_ascii_uppercase());
        self.methods.push(MethodDescription {
            sign: '-',
            selector: format!(
                "set{}{}:",
                first.map(String::from).unwrap_or_default(),
                characters.as_str()
            ),
            arguments: vec![argument],
            returned: "",
            implementation,
        });
        self
    }
}

/// A [`ClassDescription`]: the name, the superclass, and methods as `- "selector:" (this, argument: Type) -> Type { … }`.
macro_rules! objc_class {
    ($name:literal: $superclass:literal { $($methods:tt)* }) => {
        objc_class!(@description $name, Some($superclass), $($methods)*)
    };
    ($name:literal { $($methods:tt)* }) => {
        objc_class!(@description $name, None, $($methods)*)
    };
    (
        @description $name:literal, $superclass:expr,
        $($sign:tt $selector:literal ($this:ident $(, $argument:ident: $kind:ty)*) $(-> $returned:ty)? $body:block)*
    ) => {{
        // The symbol by which GNUstep's compiler, and objc2 for it, know a class.
        #[unsafe(export_name = concat!("_OBJC_CLASS_", $name))]
        static CLASS: $crate::runtime::Class = $crate::runtime::Class::unlinked(
            match std::ffi::CStr::from_bytes_with_nul(concat!($name, "\0").as_bytes()) {
                Ok(name) => name,
                Err(_) => c"",
            },
        );
        $crate::runtime::ClassDescription {
            class: &CLASS,
            superclass: $superclass,
            methods: vec![$({
                unsafe extern "C-unwind" fn method(
                    $this: $crate::runtime::Id,
                    _: $crate::runtime::Selector
                    $(, $argument: $kind)*
                ) $(-> $returned)? $body
                $crate::runtime::MethodDescription {
                    sign: if stringify!($sign) == "+" { '+' } else { '-' },
                    selector: $selector.to_owned(),
                    arguments: vec![$(stringify!($kind)),*],
                    returned: concat!($(stringify!($returned))?),
                    implementation: method as $crate::runtime::Implementation,
                }
            }),*],
        }
    }};
}
pub(crate) use objc_class;
