//! What a container asks of its machine, and what the machine can do.

use container_hypervisor::{HypervisorInfo, Translation};

use crate::MachineRequest;
use crate::error::RequestError;

/// Most bytes of all words for the kernel together: it reads about 2,000, and the backend has words of its own.
const ARGUMENTS_MAX_BYTES: usize = 1024;

/// What the words of this program for its agent begin with.
const OWN_PREFIX: &str = "container.";

/// Checks the words for the kernel.
pub(crate) fn check_kernel_arguments(arguments: &[String]) -> Result<(), RequestError> {
    let refused = |argument: &String, reason| {
        Err(RequestError::KernelArgument {
            argument: argument.clone(),
            reason,
        })
    };
    let mut total_bytes = 0;
    for argument in arguments {
        total_bytes += argument.len() + 1;
        let is_word = argument.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"');
        if argument.is_empty() || !is_word {
            // Not every backend can hand a quotation mark on.
            return refused(argument, "it has to be one word of ASCII, without quotation marks");
        }
        if argument == "--" {
            return refused(argument, "what comes after it is not for the kernel");
        }
        if argument.starts_with(OWN_PREFIX) {
            return refused(argument, "words that begin with container. are those of this program");
        }
        if total_bytes > ARGUMENTS_MAX_BYTES {
            return refused(argument, "together with those before it it is longer than 1024 bytes");
        }
    }
    Ok(())
}

/// Checks that the machines of this host can do what is asked.
pub(crate) fn check_abilities(request: &MachineRequest, machine: &HypervisorInfo) -> Result<(), RequestError> {
    if request.virtualization && !machine.nested_virtualization {
        return Err(RequestError::NoVirtualization {
            backend: format!("{} ({})", machine.name, machine.accelerator),
        });
    }
    if !request.rosetta {
        return Ok(());
    }
    match machine.translation {
        Translation::Installed => Ok(()),
        Translation::NotInstalled => Err(RequestError::RosettaNotInstalled),
        Translation::Unavailable => Err(RequestError::NoRosetta {
            backend: machine.name.clone(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use container_hypervisor::{GuestArchitecture, MachineLimits};

    #[test]
    fn what_the_host_s_machines_cannot_do_is_refused_with_what_it_takes() {
        let machine = |translation, nested_virtualization| HypervisorInfo {
            name: "QEMU 9".to_owned(),
            accelerator: "tcg".to_owned(),
            reason: String::new(),
            confinement: String::new(),
            default_vcpu_count: 1,
            limits: MachineLimits {
                disk_slots: 4,
                frame_ports: 4,
                memory_bytes: 1 << 20..=1 << 40,
                vcpu_count: 1..=4,
            },
            architecture: GuestArchitecture::Amd64,
            translation,
            nested_virtualization,
            gives_memory_back: false,
            boot_hint: None,
            acceleration_hint: None,
            template_identity: None,
            templates_with_shares: false,
        };
        let both = MachineRequest {
            virtualization: true,
            rosetta: true,
            ..MachineRequest::default()
        };
        assert_eq!(check_abilities(&both, &machine(Translation::Installed, true)), Ok(()));
        assert_eq!(
            check_abilities(&MachineRequest::default(), &machine(Translation::Unavailable, false)),
            Ok(())
        );
        for (translation, nested, part) in [
            (Translation::Installed, false, "QEMU 9 (tcg)"),
            (Translation::NotInstalled, true, "softwareupdate --install-rosetta"),
            (Translation::Unavailable, true, "QEMU 9 has no Rosetta"),
        ] {
            let error = check_abilities(&both, &machine(translation, nested))
                .unwrap_err()
                .to_string();
            assert!(error.contains(part), "{error}");
        }
    }

    fn checked(words: &[&str]) -> Result<(), String> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        check_kernel_arguments(&words).map_err(|error| error.to_string())
    }

    #[test]
    fn words_for_the_kernel_are_words() {
        assert_eq!(checked(&["mitigations=off", "quiet", "a.b=c,d"]), Ok(()));
        for (word, reason) in [
            ("", "one word"),
            ("a\nb", "one word"),
            ("a b", "one word"),
            ("a=\"b c\"", "one word"),
            ("--", "not for the kernel"),
            ("container.token=7", "those of this program"),
        ] {
            let error = checked(&["quiet", word]).unwrap_err();
            assert!(error.contains(reason) && error.contains("--kernel-arg"), "{error}");
        }
        let long = "x".repeat(600);
        assert_eq!(checked(&[&long]), Ok(()));
        assert!(checked(&[&long, &long]).unwrap_err().contains("longer than"));
    }
}
