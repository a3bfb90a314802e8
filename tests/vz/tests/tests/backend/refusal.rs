//! Machines that cannot be made.

use container_hypervisor::{CreateError, Hypervisor as _};

use crate::case::case;
use crate::machines::Lab;

case!(
    a_writable_disk_of_another_machine_is_said_to_be_in_use,
    "",
    async || {
        let lab = Lab::new().await;
        let first = lab.started().await;
        let (config, _console) = lab.config();
        let error = match lab.hypervisor.create(config).await {
            Ok(second) => second.start().await.unwrap_err().to_string(),
            Err(error) => error.to_string(),
        };
        assert!(error.contains("another machine may have one of the disks"), "{error}");
        first.kill().await.unwrap();
        // Whoever has seen its end may take its disks.
        lab.started().await.kill().await.unwrap();
    }
);

case!(
    a_file_that_is_missing_is_named_before_the_framework_sees_it,
    "",
    async || {
        let lab = Lab::new().await;
        let (mut config, _console) = lab.config();
        config.disks[1].path = lab.path("gone.img");
        let error = lab.hypervisor.create(config).await.err().unwrap();
        assert!(
            matches!(&error, CreateError::File { path, .. } if path.ends_with("gone.img")),
            "{error}"
        );
    }
);

case!(an_identifier_that_is_not_the_frameworks_is_refused, "", async || {
    let lab = Lab::new().await;
    let (mut config, _console) = lab.config();
    config.machine_identifier = Some(b"no identifier".to_vec());
    let error = lab.hypervisor.create(config).await.err().unwrap();
    assert!(matches!(&error, CreateError::Config(_)), "{error}");
});
