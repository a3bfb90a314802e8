//! Proves what a shell offers on the tab key.

use std::process::Command;

use container_e2e::{BUSYBOX, Home, binary};

/// What fish is answered to a command line, without flags if none has begun: one candidate a line, before the tab that its explanation follows.
fn offered(home: &Home, words: &[&str]) -> Vec<String> {
    let mut command = home.command(["--", "container"].iter().chain(words));
    let output = command.env("CONTAINER_COMPLETE", "fish").output().expect("the program");
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).expect("text");
    let names = text
        .lines()
        .map(|line| line.split('\t').next().unwrap_or(line).to_owned());
    let is_flag = words.last().is_some_and(|word| word.starts_with('-'));
    names.filter(|name| is_flag || !name.starts_with('-')).collect()
}

#[test]
fn names_of_what_there_is_are_offered() {
    let home = Home::new();
    home.run(["create", "--name", "made", BUSYBOX, "true"]).success();
    home.run(["volume", "create", "data"]).success();
    assert_eq!(offered(&home, &["start", ""]), ["made"]);
    assert_eq!(offered(&home, &["inspect", "ma"]), ["made"]);
    assert_eq!(offered(&home, &["stop", ""]), [""; 0], "it does not run");
    assert_eq!(offered(&home, &["volume", "delete", ""]), ["data"]);
    assert_eq!(offered(&home, &["network", "inspect", ""]), ["default"]);
    assert!(offered(&home, &["image", "delete", "local"]).contains(&BUSYBOX.to_owned()));
    assert!(offered(&home, &["net"]).contains(&"network".to_owned()));
    assert!(offered(&home, &["run", "--mem"]).contains(&"--memory".to_owned()));
}

#[test]
fn bash_completes_by_the_script() {
    let home = Home::new();
    home.run(["create", "--name", "made", BUSYBOX, "true"]).success();
    // What bash does when the tab key is pressed behind "container inspect m".
    let script = "set -e; source <(container --generate-completion-script bash); complete -p container >&2; \
                  COMP_WORDS=(container inspect m); COMP_CWORD=2; COMP_TYPE=9; \
                  _clap_complete_container container m inspect; echo \"${COMPREPLY[@]}\"";
    let ours = home.command(["--version"]);
    let directory = binary().parent().expect("a directory").display().to_string();
    let mut bash = Command::new("bash");
    bash.args(["-c", script])
        .env_clear()
        .envs(ours.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .env("PATH", format!("{directory}:/usr/bin:/bin"));
    let output = bash.output().expect("bash");
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "made", "{output:?}");
}
