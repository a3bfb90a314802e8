//! The scopes of a token (distribution token specification, "Token Scope Documentation").

use std::collections::BTreeSet;

use crate::Access;

/// A set of scopes, each `repository:<name>:<actions>`.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Scopes(BTreeSet<String>);

impl Scopes {
    /// The scope for `access` to one repository.
    pub(crate) fn repository(repository: &str, access: Access) -> Self {
        let actions = match access {
            Access::Pull => "pull",
            Access::Push => "pull,push",
        };
        Self(BTreeSet::from([format!("repository:{repository}:{actions}")]))
    }

    /// These scopes, and reading from another repository.
    pub(crate) fn and_pull(&self, repository: &str) -> Self {
        self.and(&format!("repository:{repository}:pull"))
    }

    /// These scopes, and those of a challenge whose resource is not in the set yet. For a resource in the set, the set's actions
    /// count: they cover everything that the client is going to do, a challenge only one request.
    pub(crate) fn and(&self, asked: &str) -> Self {
        let mut scopes = self.0.clone();
        for scope in asked.split_whitespace() {
            let is_known = self.0.iter().any(|own| resource(own) == resource(scope));
            if !is_known {
                scopes.insert(scope.to_owned());
            }
        }
        Self(scopes)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

/// The scope without its actions.
fn resource(scope: &str) -> &str {
    scope.rsplit_once(':').map_or(scope, |(resource, _)| resource)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_adds_only_what_is_new() {
        let push = Scopes::repository("a/b", Access::Push);
        let both = push
            .and("repository:a/b:pull  repository:c:pull registry:catalog:*")
            .and_pull("d");
        assert_eq!(
            both.iter().collect::<Vec<_>>(),
            [
                "registry:catalog:*",
                "repository:a/b:pull,push",
                "repository:c:pull",
                "repository:d:pull"
            ]
        );
    }
}
