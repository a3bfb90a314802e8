//! Pausing, saving and restoring.

use container_hypervisor::{Hypervisor as _, MachineError, MachineExit};

use crate::case::case;
use crate::machines::Lab;

case!(a_machine_pauses_when_it_runs_and_only_then, "", async || {
    let lab = Lab::new().await;
    let machine = lab.machine().await;
    let pause = machine.as_pause().unwrap();
    let error = pause.pause().await.unwrap_err();
    assert!(
        matches!(&error, MachineError::Framework { domain, .. } if domain == "VZErrorDomain"),
        "{error}"
    );
    machine.start().await.unwrap();
    pause.pause().await.unwrap();
    pause.resume().await.unwrap();
    pause.pause().await.unwrap();
    machine.kill().await.unwrap();
    assert_eq!(machine.wait().await, MachineExit::Killed);
    let error = pause.resume().await.unwrap_err();
    assert!(matches!(&error, MachineError::Control { .. }), "{error}");
});

case!(
    a_host_that_saves_no_machines_has_no_such_ability,
    "save-refused",
    async || {
        assert!(Lab::new().await.machine().await.as_save_restore().is_none());
    }
);

case!(a_saved_machine_continues_in_one_with_its_identifier, "", async || {
    let lab = Lab::new().await;
    let state = lab.path("state");
    let first = lab.started().await;
    let saved = first.as_save_restore().unwrap();
    let identifier = saved.machine_identifier();
    assert!(saved.save(&state).await.is_err(), "it runs");
    saved.pause().await.unwrap();
    let error = saved.save(&lab.path("root.img")).await.unwrap_err().to_string();
    assert!(error.contains("File exists"), "{error}");
    saved.save(&state).await.unwrap();
    first.kill().await.unwrap();

    let (mut config, _console) = lab.config();
    config.machine_identifier = Some(identifier.clone());
    let second = lab.hypervisor.create(config).await.unwrap();
    let restored = second.as_save_restore().unwrap();
    assert_eq!(restored.machine_identifier(), identifier);
    restored.restore(&state).await.unwrap();
    assert!(second.start().await.is_err(), "it has been started");
    restored.resume().await.unwrap();
    assert!(second.agent_connector().is_ok());
    second.kill().await.unwrap();
});

case!(a_machine_that_cannot_be_restored_can_be_started, "", async || {
    let lab = Lab::new().await;
    let machine = lab.machine().await;
    let restored = machine.as_save_restore().unwrap();
    assert!(restored.restore(&lab.path("no-state")).await.is_err());
    machine.start().await.unwrap();
    machine.kill().await.unwrap();
});
