//! What a Rust text imports.

use super::{Token, group_length};

/// A name that a `use` declaration brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Import {
    /// The line of the name, counted from 1.
    pub(crate) line: usize,
    /// Whether other crates can see it: `pub use`, not `pub(crate) use`.
    pub(crate) is_public: bool,
    /// Where it comes from, segment by segment; a glob ends with `*`.
    pub(crate) path: Vec<String>,
    /// What it is called here.
    pub(crate) name: String,
}

/// What the `use` declarations bring, those within functions included.
pub(crate) fn imports(tokens: &[Token]) -> Vec<Import> {
    let mut imports = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        // `use<'a>` in a bound is no declaration.
        if !token.is("use") || tokens.get(index + 1).is_some_and(|next| next.is("<")) {
            continue;
        }
        let declaration: Vec<Token> = tokens
            .iter()
            .skip(index + 1)
            .take_while(|token| !token.is(";"))
            .cloned()
            .collect();
        let is_public = index.checked_sub(1).and_then(|before| tokens.get(before));
        expand(
            &declaration,
            is_public.is_some_and(|token| token.is("pub")),
            &[],
            &mut imports,
        );
    }
    imports
}

/// Takes `a::{b, c::d as e}` apart.
fn expand(tree: &[Token], is_public: bool, prefix: &[String], imports: &mut Vec<Import>) {
    let mut path = prefix.to_vec();
    let mut line = tree.first().map_or(0, |token| token.line);
    let mut index = 0;
    while let Some(token) = tree.get(index) {
        if token.is("{") {
            let length = group_length(tree.get(index..).unwrap_or_default());
            let inside = tree
                .get(index + 1..(index + length).saturating_sub(1))
                .unwrap_or_default();
            for branch in branches(inside) {
                expand(branch, is_public, &path, imports);
            }
            return;
        }
        if token.is("as") {
            let name = tree.get(index + 1).map_or_else(String::new, |token| token.text.clone());
            imports.push(Import {
                line,
                is_public,
                path,
                name,
            });
            return;
        }
        if !token.is("::") {
            line = token.line;
            path.push(token.text.clone());
        }
        index += 1;
    }
    // `a::{self}` is `a`.
    if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
        path.pop();
    }
    if let Some(name) = path.last().cloned() {
        imports.push(Import {
            line,
            is_public,
            path,
            name,
        });
    }
}

/// What stands between the commas.
fn branches(tokens: &[Token]) -> Vec<&[Token]> {
    let (mut branches, mut start, mut index) = (Vec::new(), 0, 0);
    while let Some(token) = tokens.get(index) {
        match token.text.as_str() {
            "{" => index += group_length(tokens.get(index..).unwrap_or_default()),
            "," => {
                branches.push(tokens.get(start..index).unwrap_or_default());
                index += 1;
                start = index;
            }
            _ => index += 1,
        }
    }
    branches.push(tokens.get(start..).unwrap_or_default());
    branches.retain(|branch| !branch.is_empty());
    branches
}

#[cfg(test)]
mod tests {
    use super::super::tokens;
    use super::*;

    fn found(text: &str) -> Vec<(bool, String, String)> {
        imports(&tokens(text))
            .into_iter()
            .map(|import| (import.is_public, import.path.join("::"), import.name))
            .collect()
    }

    #[test]
    fn trees_of_imports_are_taken_apart() {
        let public = |is_public, path: &str, name: &str| (is_public, path.to_owned(), name.to_owned());
        assert_eq!(
            found("use a::{self, b, c::{d as e, f}};\npub use g::*;\npub(crate) use h::i;"),
            [
                public(false, "a", "a"),
                public(false, "a::b", "b"),
                public(false, "a::c::d", "e"),
                public(false, "a::c::f", "f"),
                public(true, "g::*", "*"),
                public(false, "h::i", "i"),
            ]
        );
    }
}
