//! `VZGenericPlatformConfiguration`.

use crate::breach::breach;
use crate::fault::faults;
use crate::runtime::{
    ClassDescription, Flag, Id, Selector, Strong, allocate, class_named, implementation, objc_class, set_object,
    set_unsigned,
};

pub(super) fn descriptions() -> Vec<ClassDescription> {
    vec![
        objc_class!("VZPlatformConfiguration": "NSObject" {}),
        objc_class!("VZGenericPlatformConfiguration": "VZPlatformConfiguration" {
            + "isNestedVirtualizationSupported" (_this) -> Flag { Flag::from(faults().nested_virtualization) }
            - "init" (this) -> Id {
                set_object(this, "machineIdentifier", identifier().id());
                this
            }
            - "setNestedVirtualizationEnabled:" (this, enabled: Flag) {
                if enabled != 0 && !faults().nested_virtualization {
                    breach("NSException: nested virtualization is enabled where it is not supported");
                }
                set_unsigned(this, "nestedVirtualizationEnabled", u64::from(enabled));
            }
        })
        .object("machineIdentifier")
        .read_only_flag("isNestedVirtualizationEnabled"),
    ]
}

unsafe fn identifier() -> Strong {
    let identifier = allocate(class_named("VZGenericMachineIdentifier"));
    let selector = Selector::named(c"init");
    let init: unsafe extern "C-unwind" fn(Id, Selector) -> Id =
        std::mem::transmute(implementation(identifier, selector).0);
    Strong::adopt(init(identifier, selector))
}
