//! `ssh`, by which `git` reaches some repositories: what it is told, and what can be done where it says no.

/// The program as `git` starts it. It has nobody to ask; a host that the user does not know is refused, and none becomes known by a build.
pub(super) const COMMAND: &str = "ssh -F /dev/null -o BatchMode=yes -o StrictHostKeyChecking=yes -o UpdateHostKeys=no \
                                  -o ConnectTimeout=20 -o ServerAliveInterval=30 -o ServerAliveCountMax=4";

/// What the user can do about a failure, if that is known, by what `ssh` said. It may be about another host than the repository's: that of a submodule.
pub(super) fn advice(said: &str) -> Option<String> {
    if let Some(name) = between(said, " host key is known for ", " and you") {
        return Some(format!(
            "the host is not among ~/.ssh/known_hosts: add what `ssh-keyscan {}` prints, once it is the key that the host's owner names",
            arguments(name)
        ));
    }
    if let Some(name) = between(said, "Host key for ", " has changed") {
        return Some(format!(
            "the host has another key than it had: find out why, and only then forget the old one with `ssh-keygen -R '{name}'`"
        ));
    }
    if said.contains("Permission denied (") {
        return Some(
            "the host takes none of the keys: add one to an agent with ssh-add, and see that SSH_AUTH_SOCK or --ssh default=SOCKET names it"
                .to_owned(),
        );
    }
    if said.contains("ssh: not found") || said.contains("cannot run ssh") {
        return Some("there is no program ssh in PATH (try: apt-get install openssh-client)".to_owned());
    }
    None
}

/// The name of a host between two texts. What is shown is meant to be pasted into a shell, so that it has nothing but what a name may have.
fn between<'a>(said: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = said.split_once(before)?;
    let (name, _) = rest.split_once(after)?;
    let is_plain = |char: char| char.is_ascii_alphanumeric() || "-._:[]".contains(char);
    (!name.is_empty() && !name.starts_with('-') && name.chars().all(is_plain)).then_some(name)
}

/// A host as known_hosts has it, `[host]:port`, as programs take it.
fn arguments(name: &str) -> String {
    match name.strip_prefix('[').and_then(|name| name.rsplit_once("]:")) {
        Some((host, port)) => format!("-p {port} {host}"),
        None => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_what_to_do_about_it() {
        for (said, expected) in [
            (
                "No ED25519 host key is known for [example.com]:2222 and you have requested strict checking.\nHost key verification failed.",
                "`ssh-keyscan -p 2222 example.com`",
            ),
            (
                "No RSA host key is known for example.com and you have requested strict checking.",
                "`ssh-keyscan example.com`",
            ),
            (
                "Host key for [example.com]:2222 has changed and you have requested strict checking.",
                "`ssh-keygen -R '[example.com]:2222'`",
            ),
            ("git@example.com: Permission denied (publickey).", "ssh-add"),
            ("error: cannot run ssh: No such file or directory", "openssh-client"),
        ] {
            let advice = advice(said).unwrap();
            assert!(advice.contains(expected), "{advice}");
        }
        for said in [
            "fatal: 'a' does not appear to be a git repository",
            "No RSA host key is known for $(x) and you have requested strict checking.",
        ] {
            assert_eq!(advice(said), None, "{said}");
        }
    }
}
