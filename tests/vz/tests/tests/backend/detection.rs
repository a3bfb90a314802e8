//! What is found out about the host.

use container_hypervisor::{CreateError, Hypervisor as _, Translation};

use crate::case::case;
use crate::machines::Lab;

case!(a_host_without_machines_is_told_apart, "not-supported", async || {
    let error = Lab::detect().await.err().unwrap();
    assert!(matches!(&error, CreateError::NotSupported { .. }), "{error}");
    assert!(error.hint().unwrap().contains("CONTAINER_BACKEND"), "{error}");
});

case!(
    a_program_without_the_entitlement_is_told_apart,
    "not-entitled",
    async || {
        let error = Lab::detect().await.err().unwrap();
        assert!(matches!(&error, CreateError::NotEntitled { .. }), "{error}");
        assert!(error.hint().unwrap().contains("codesign"), "{error}");
    }
);

case!(limits_and_abilities_are_those_of_the_framework, "", async || {
    let lab = Lab::new().await;
    let info = lab.hypervisor.info();
    assert!(info.limits.memory_bytes.start() < info.limits.memory_bytes.end());
    assert!(info.limits.vcpu_count.contains(&info.default_vcpu_count));
    assert_eq!(info.translation, Translation::Unavailable);
    assert!(!info.nested_virtualization);
});

case!(
    rosetta_that_is_not_installed_is_said_to_be_so,
    "rosetta=not-installed,nested-virtualization",
    async || {
        let lab = Lab::new().await;
        let info = lab.hypervisor.info();
        assert_eq!(info.translation, Translation::NotInstalled);
        assert!(info.nested_virtualization);
        let (mut config, _console) = lab.config();
        config.translation = true;
        let error = lab.hypervisor.create(config).await.err().unwrap().to_string();
        assert!(error.contains("softwareupdate --install-rosetta"), "{error}");
    }
);
