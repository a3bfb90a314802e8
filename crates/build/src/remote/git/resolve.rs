//! From an address to a commit.

use std::path::Path;

use super::program::{Git, GitAccess};
use super::{Revision, is_commit};
use crate::address::GitAddress;
use crate::remote::RemoteError;

const HEAD: &str = "HEAD";

/// Asks the server which commit is meant. One that is named by its own name is not asked for.
pub(in crate::remote) async fn resolve(address: &GitAddress, access: &GitAccess) -> Result<Revision, RemoteError> {
    let reference = address.reference.as_deref().unwrap_or(HEAD);
    if is_commit(reference) {
        return Ok(Revision {
            commit: reference.to_owned(),
            name: None,
        });
    }
    // No repository is involved on this side.
    let git = Git::new(address.without_login(), &address.remote, access, Path::new("/"))?;
    let peeled = format!("{reference}^{{}}");
    let answer = git
        .run(&["ls-remote", "--", &address.remote, reference, &peeled])
        .await?;
    let answer = String::from_utf8_lossy(&answer);
    choose(&answer, reference).ok_or_else(|| RemoteError::no_reference(address, reference))
}

/// The commit of the lines `<commit>\t<name>` that is meant. The server lists all names that end like the one asked for; a tag counts before a branch, and of
/// a tag with a message the commit that it is about.
fn choose(answer: &str, reference: &str) -> Option<Revision> {
    let lines: Vec<(&str, &str)> = answer
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .filter(|(commit, _)| is_commit(commit))
        .collect();
    let names = [
        format!("refs/tags/{reference}"),
        format!("refs/heads/{reference}"),
        format!("refs/{reference}"),
        reference.to_owned(),
    ];
    names.into_iter().find_map(|name| {
        let find = |wanted: &str| lines.iter().find(|(_, known)| *known == wanted);
        let found = find(&format!("{name}^{{}}")).or_else(|| find(&name));
        found.map(|(commit, _)| Revision {
            commit: (*commit).to_owned(),
            name: Some(name.clone()),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(names: &[(char, &str)]) -> String {
        let line = |(digit, name): &(char, &str)| format!("{}\t{name}\n", digit.to_string().repeat(40));
        names.iter().map(line).collect()
    }

    #[test]
    fn of_several_names_the_one_that_is_meant_is_chosen() {
        let answer = lines(&[
            ('1', "refs/heads/other/v1"),
            ('2', "refs/heads/v1"),
            ('3', "refs/tags/v1"),
            ('4', "refs/tags/v1^{}"),
            ('5', "refs/pull/7/head"),
            ('6', "HEAD"),
        ]);
        for (reference, expected) in [
            ("v1", Some(('4', "refs/tags/v1"))),
            ("refs/heads/v1", Some(('2', "refs/heads/v1"))),
            ("heads/v1", Some(('2', "refs/heads/v1"))),
            ("pull/7/head", Some(('5', "refs/pull/7/head"))),
            ("HEAD", Some(('6', "HEAD"))),
            ("v", None),
            ("other", None),
        ] {
            let expected = expected.map(|(digit, name)| Revision {
                commit: digit.to_string().repeat(40),
                name: Some(name.to_owned()),
            });
            assert_eq!(choose(&answer, reference), expected, "{reference}");
        }
        assert_eq!(choose("nonsense\trefs/heads/v1\n", "v1"), None);
    }
}
