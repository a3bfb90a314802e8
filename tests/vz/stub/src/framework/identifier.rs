//! `VZGenericMachineIdentifier`.

use crate::foundation::data;
use crate::runtime::{ClassDescription, Flag, Id, Strong, class_of, objc_class, objc_release, object, set_object};
use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// How the representation begins; without it data is no identifier.
const MAGIC: &[u8] = b"vz-stub:";
/// How long the representation is.
const LENGTH_BYTES: usize = MAGIC.len() + 16;

pub(super) fn descriptions() -> Vec<ClassDescription> {
    vec![
        objc_class!("VZGenericMachineIdentifier": "NSObject" {
            - "init" (this) -> Id {
                set_object(this, "dataRepresentation", data::new(&unique()).id());
                this
            }
            - "initWithDataRepresentation:" (this, representation: Id) -> Id {
                let bytes = data::bytes(representation);
                if bytes.len() != LENGTH_BYTES || !bytes.starts_with(MAGIC) {
                    objc_release(this);
                    return ptr::null_mut();
                }
                set_object(this, "dataRepresentation", data::new(&bytes).id());
                this
            }
            - "isEqual:" (this, other: Id) -> Flag {
                Flag::from(!other.is_null() && ptr::eq(class_of(this), class_of(other)) && bytes(this) == bytes(other))
            }
        })
        .read_only_object("dataRepresentation"),
    ]
}

fn unique() -> Vec<u8> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let process = u64::from(std::process::id()) << 32 | COUNT.fetch_add(1, Ordering::Relaxed);
    let time_ns = now.as_nanos() as u64;
    [MAGIC, &process.to_be_bytes(), &time_ns.to_be_bytes()].concat()
}

/// The representation of an identifier.
pub(super) unsafe fn bytes(identifier: Id) -> Vec<u8> {
    object(identifier, "dataRepresentation")
        .map_or_else(Vec::new, |representation: Strong| data::bytes(representation.id()))
}
