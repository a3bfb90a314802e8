//! How machines start and end.

use std::time::{Duration, Instant};

use container_hypervisor::{ExitWatch, Hypervisor as _, MachineError, MachineExit};
use container_vz_tests::report;

use crate::case::{case, released};
use crate::machines::{Lab, read_to_end};

async fn end_of(exit: ExitWatch) -> MachineExit {
    tokio::time::timeout(Duration::from_secs(30), exit.ended())
        .await
        .unwrap()
}

fn reason(exit: MachineExit) -> String {
    match exit {
        MachineExit::Failed { reason } => reason,
        other => panic!("{other:?}"),
    }
}

case!(a_machine_is_killed_once_and_stays_ended, "", async || {
    let lab = Lab::new().await;
    let machine = lab.started().await;
    machine.kill().await.unwrap();
    assert_eq!(end_of(machine.exit()).await, MachineExit::Killed);
    machine.kill().await.unwrap();
    let error = machine.start().await.unwrap_err();
    assert!(matches!(&error, MachineError::Start { .. }), "{error}");
});

case!(a_machine_that_is_never_started_ends_with_its_handle, "", async || {
    let lab = Lab::new().await;
    let machine = lab.machine().await;
    let exit = machine.exit();
    assert!(matches!(machine.agent_connector(), Err(MachineError::NotStarted)));
    drop(machine);
    assert_eq!(end_of(exit).await, MachineExit::Killed);
});

case!(a_machine_that_runs_ends_with_its_last_handle, "", async || {
    let lab = Lab::new().await;
    let machine = lab.started().await;
    let (exit, other) = (machine.exit(), machine.clone());
    drop(machine);
    assert_eq!(exit.now(), None);
    drop(other);
    assert_eq!(end_of(exit).await, MachineExit::Killed);
    // Its disks are free again.
    lab.started().await.kill().await.unwrap();
});

case!(a_machine_that_starts_can_be_killed, "", async || {
    let lab = Lab::new().await;
    let machine = lab.machine().await;
    // Both begin in the same moment; whichever is first, it ends.
    let (_, killed) = tokio::join!(machine.start(), machine.kill());
    killed.unwrap();
    assert_eq!(end_of(machine.exit()).await, MachineExit::Killed);
});

case!(
    a_start_that_is_given_up_leaves_a_machine_that_can_be_killed,
    "",
    async || {
        let lab = Lab::new().await;
        let machine = lab.machine().await;
        tokio::select! {
            biased;
            _ = machine.start() => {}
            () = std::future::ready(()) => {}
        }
        machine.kill().await.unwrap();
        assert_eq!(end_of(machine.exit()).await, MachineExit::Killed);
    }
);

case!(a_machine_ends_also_when_its_runtime_is_gone, "", async || {
    let lab = Lab::new().await;
    let (config, _console) = lab.config();
    let hypervisor = lab.hypervisor.clone();
    let exit = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let machine = runtime.block_on(async {
            let machine = hypervisor.create(config).await.unwrap();
            machine.start().await.unwrap();
            machine
        });
        let exit = machine.exit();
        drop(runtime);
        drop(machine);
        exit
    });
    assert_eq!(exit.join().unwrap().now(), Some(MachineExit::Killed));
    released().await;
    lab.started().await.kill().await.unwrap();
});

case!(
    a_guest_that_switches_itself_off_is_a_power_off,
    "guest-stops",
    async || {
        let lab = Lab::new().await;
        let (config, console) = lab.config();
        let machine = lab.hypervisor.create(config).await.unwrap();
        machine.start().await.unwrap();
        assert_eq!(end_of(machine.exit()).await, MachineExit::PowerOff);
        // The console ends with the machine, not with its handle.
        assert!(read_to_end(console).await.contains("the guest has started"));
    }
);

case!(
    a_machine_that_ends_with_an_error_has_failed_with_its_words,
    "stop-with-error",
    async || {
        let machine = Lab::new().await.started().await;
        let reason = reason(end_of(machine.exit()).await);
        assert!(reason.contains("VZErrorDomain"), "{reason}");
    }
);

case!(
    a_panic_on_the_console_ends_the_machine_with_its_line,
    "panic",
    async || {
        let lab = Lab::new().await;
        let (config, console) = lab.config();
        let machine = lab.hypervisor.create(config).await.unwrap();
        machine.start().await.unwrap();
        let reason = reason(end_of(machine.exit()).await);
        assert!(reason.starts_with("Kernel panic - not syncing"), "{reason}");
        assert!(read_to_end(console).await.contains(&reason));
        // It is not only said to have ended: nothing but its queue is left.
        assert_eq!(report::live_objects(), ["OS_dispatch_queue"]);
    }
);

case!(
    a_start_that_fails_is_the_end_of_the_machine,
    "start-fails",
    async || {
        let machine = Lab::new().await.machine().await;
        let error = machine.start().await.unwrap_err();
        assert!(matches!(&error, MachineError::Start { .. }), "{error}");
        assert_eq!(reason(end_of(machine.exit()).await), error.to_string());
    }
);

case!(
    too_many_machines_are_tried_once_more_and_said_once,
    "machine-limit",
    async || {
        let machine = Lab::new().await.machine().await;
        let begun = Instant::now();
        let error = machine.start().await.unwrap_err().to_string();
        assert!(begun.elapsed() >= Duration::from_secs(1), "no second attempt");
        assert_eq!(
            error.matches("as many virtual machines as it can").count(),
            1,
            "{error}"
        );
    }
);

case!(
    a_network_interface_that_is_disconnected_is_connected_again,
    "network-detached",
    async || {
        let machine = Lab::new().await.started().await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(machine.exit().now(), None);
        machine.kill().await.unwrap();
    }
);

case!(a_guest_that_resets_itself_goes_on, "guest-reset", async || {
    let machine = Lab::new().await.started().await;
    tokio::time::sleep(Duration::from_millis(150)).await;
    assert_eq!(machine.exit().now(), None);
    machine.kill().await.unwrap();
});
