//! What front ends see of the engine is its own: no public item of it names a type of the crates below, but for the words of everybody.
//!
//! Read from the text: signatures of public functions, public fields, public enums, traits, aliases and constants, and the `use`
//! declarations of their file. A type that comes in by way of another module of the engine is not seen, and conversions
//! (`impl From<…>`) are free: those who cannot name a type cannot use them.

use super::Finding;
use super::layers;
use super::rust_text::{self, Import, Token, group_length};
use super::tree::{SourceFile, Tree};
use super::vocabulary::OCI_WORDS;
use anyhow::Result;
use std::collections::BTreeMap;

/// The crate whose surface it is.
const FOLDER: &str = "crates/engine/src/";

/// Words before `fn`.
const QUALIFIERS: [&str; 4] = ["async", "const", "extern", "unsafe"];

pub(crate) fn check(tree: &Tree) -> Result<Vec<Finding>> {
    let files = tree.rust().filter(|file| file.path.starts_with(FOLDER));
    Ok(files.flat_map(check_file).collect())
}

fn check_file(file: &SourceFile) -> Vec<Finding> {
    let tokens = rust_text::without_tests(&rust_text::tokens(&file.text));
    let hidden: BTreeMap<String, String> = rust_text::imports(&tokens)
        .into_iter()
        .filter(is_hidden)
        .map(|import| (import.name, import.path.join("::")))
        .collect();
    let mut public = Vec::new();
    items(&tokens, false, &mut public);
    let mut findings = Vec::new();
    for part in public {
        for (index, token) in part.iter().enumerate() {
            let is_path = part.get(index + 1).is_some_and(|next| next.is("::"));
            let is_type = token.text.starts_with(char::is_uppercase);
            let after = part.get(index + 2).map_or("", |word| word.text.as_str());
            let found = match hidden.get(&token.text) {
                Some(path) if is_path || is_type => path.clone(),
                _ if is_path && layers::is_ours(&token.text) && !is_shared(&token.text, after) => {
                    format!("{}::{after}", token.text)
                }
                _ => continue,
            };
            findings.push(Finding {
                path: file.path.clone(),
                line: Some(token.line),
                message: format!("{found} shows in a public item of the engine: give front ends a type of its own"),
            });
        }
    }
    findings
}

/// Whether an import brings a name that front ends are not to see.
fn is_hidden(import: &Import) -> bool {
    let first = import.path.first().map_or("", String::as_str);
    let word = import.path.get(1).map_or("", String::as_str);
    layers::is_ours(first) && !is_shared(first, word)
}

/// Whether it is a word of everybody.
fn is_shared(name: &str, word: &str) -> bool {
    name == "container_model" || name == "container_oci" && OCI_WORDS.contains(&word)
}

/// Collects what is public of the items that these tokens are; `inherits` where an item is as public as what it stands in.
fn items<'a>(tokens: &'a [Token], inherits: bool, public: &mut Vec<&'a [Token]>) {
    let mut index = 0;
    while let Some(token) = tokens.get(index) {
        let rest = tokens.get(index..).unwrap_or_default();
        if token.is("#") {
            // An attribute.
            let bang = usize::from(rest.get(1).is_some_and(|next| next.is("!")));
            index += 1 + bang + group_length(rest.get(1 + bang..).unwrap_or_default());
            continue;
        }
        let (mut is_public, mut start) = (inherits, 0);
        if token.is("pub") {
            let is_restricted = rest.get(1).is_some_and(|next| next.is("("));
            is_public = !is_restricted;
            start = if is_restricted {
                1 + group_length(rest.get(1..).unwrap_or_default())
            } else {
                1
            };
        }
        let item = rest.get(start..).unwrap_or_default();
        index += start + item_tokens(item, is_public, public).max(1);
    }
}

/// Collects what is public of the first item, and tells how many tokens it has.
fn item_tokens<'a>(item: &'a [Token], is_public: bool, public: &mut Vec<&'a [Token]>) -> usize {
    let qualifiers = item
        .iter()
        .take_while(|token| QUALIFIERS.contains(&token.text.as_str()))
        .count();
    let is_function = item.get(qualifiers).is_some_and(|token| token.is("fn"));
    let keyword = item.first().map_or("", |token| token.text.as_str());
    let head = head_length(item);
    let body = item.get(head..).unwrap_or_default();
    let body_length = if body.first().is_some_and(|token| token.is("{")) {
        group_length(body)
    } else {
        1
    };
    let whole = head + body_length;
    let inside = body.get(1..body_length.saturating_sub(1)).unwrap_or_default();
    let mut show = |length: usize| {
        if is_public {
            public.extend(item.get(..length));
        }
    };
    match keyword {
        _ if is_function => show(head),
        "type" => show(whole),
        "const" | "static" => show(item.iter().take(whole).position(|token| token.is("=")).unwrap_or(whole)),
        "enum" => show(whole),
        "struct" | "union" => {
            if is_public {
                fields(item.get(..whole).unwrap_or_default(), public);
            }
        }
        "trait" => {
            show(head);
            items(inside, is_public, public);
        }
        "impl" | "mod" => items(inside, false, public),
        "use" => {}
        _ => return 1,
    }
    whole
}

/// How many tokens there are before the braces or the semicolon of an item.
fn head_length(item: &[Token]) -> usize {
    let mut index = 0;
    while let Some(token) = item.get(index) {
        match token.text.as_str() {
            "{" | ";" => return index,
            // The value of a constant may have braces; its end is the semicolon.
            "=" if item
                .first()
                .is_some_and(|first| ["const", "static"].contains(&first.text.as_str())) =>
            {
                let value = item.get(index..).unwrap_or_default();
                return index + value_length(value);
            }
            "(" | "[" => index += group_length(item.get(index..).unwrap_or_default()),
            _ => index += 1,
        }
    }
    item.len()
}

fn value_length(value: &[Token]) -> usize {
    let mut index = 0;
    while let Some(token) = value.get(index) {
        match token.text.as_str() {
            ";" => return index,
            "(" | "[" | "{" => index += group_length(value.get(index..).unwrap_or_default()),
            _ => index += 1,
        }
    }
    value.len()
}

/// The public fields of a struct, and what stands before them: its name and what it is generic over.
fn fields<'a>(item: &'a [Token], public: &mut Vec<&'a [Token]>) {
    let mut angles = 0_usize;
    let open = item.iter().position(|token| {
        match token.text.as_str() {
            "<" => angles += 1,
            ">" => angles = angles.saturating_sub(1),
            _ => {}
        }
        angles == 0 && (token.is("{") || token.is("("))
    });
    public.extend(item.get(..open.unwrap_or(item.len())));
    let mut index = open.map_or(item.len(), |open| open + 1);
    while let Some(token) = item.get(index) {
        let rest = item.get(index..).unwrap_or_default();
        let length = field_length(rest);
        if token.is("#") {
            index += 1 + group_length(rest.get(1..).unwrap_or_default());
            continue;
        }
        if token.is("pub") && !rest.get(1).is_some_and(|next| next.is("(")) {
            public.extend(rest.get(..length));
        }
        index += length + 1;
    }
}

/// How many tokens there are before the comma that ends a field.
fn field_length(field: &[Token]) -> usize {
    let (mut index, mut angles) = (0, 0_usize);
    while let Some(token) = field.get(index) {
        match token.text.as_str() {
            "," if angles == 0 => return index,
            ")" | "}" => return index,
            "<" => angles += 1,
            ">" => angles = angles.saturating_sub(1),
            "(" | "[" | "{" => {
                index += group_length(field.get(index..).unwrap_or_default());
                continue;
            }
            _ => {}
        }
        index += 1;
    }
    field.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    const IMPORTS: &str = "use container_image::{ImageStore, Lease as Kept}; use container_launcher::control::v1; \
                           use container_model::ContainerId; use container_oci::{Digest, Manifest};\n";

    fn lines(text: &str) -> Vec<usize> {
        let text = format!("{IMPORTS}{text}");
        check(&Tree::of(&[("crates/engine/src/a.rs", &text)]))
            .unwrap()
            .into_iter()
            .filter_map(|finding| finding.line)
            .collect()
    }

    #[test]
    fn signatures_fields_variants_and_aliases_are_read() {
        assert_eq!(
            lines("impl Engine {\n    pub fn images(&self) -> &ImageStore { todo() }\n}\n"),
            [3]
        );
        assert_eq!(lines("pub async fn a(b: Vec<Kept>) {}\n"), [2]);
        assert_eq!(
            lines("pub struct A {\n    b: ImageStore,\n    pub c: Map<u8, Manifest>,\n}\n"),
            [4]
        );
        assert_eq!(lines("pub struct A(u8, pub Kept);\n"), [2]);
        assert_eq!(lines("pub enum A {\n    B,\n    C(v1::Failure),\n}\n"), [4]);
        assert_eq!(
            lines("pub trait A {\n    fn b(&self) -> ImageStore { let c: Kept = d(); c }\n}\n"),
            [3]
        );
        assert_eq!(lines("pub type A = ImageStore;\n"), [2]);
        assert_eq!(lines("pub const A: Kept = Kept { b: 1 };\npub fn c() {}\n"), [2]);
        assert_eq!(lines("pub struct A<T: Fn(ImageStore)> {\n    b: T,\n}\n"), [2]);
    }

    #[test]
    fn whole_paths_are_read() {
        assert_eq!(lines("pub fn a() -> container_registry::Scheme { b() }\n"), [2]);
        assert_eq!(lines("pub fn a() -> container_model::Phase { b() }\n"), [0; 0]);
    }

    #[test]
    fn what_only_the_engine_sees_is_free() {
        let text = "pub struct Engine {\n    images: ImageStore,\n    pub(crate) kept: Kept,\n    pub id: ContainerId,\n}\n\
                    pub(crate) struct A {\n    pub b: ImageStore,\n}\n\
                    enum B {\n    C(Kept),\n}\n\
                    impl Engine {\n    pub(crate) fn a(&self) -> ImageStore { b() }\n    fn c(d: Kept) {}\n    \
                    pub fn e(&self) -> Digest { let f: Manifest = g(); f.digest }\n}\n\
                    impl From<ImageStore> for Engine {\n    fn from(store: ImageStore) -> Self { h() }\n}\n\
                    #[cfg(test)]\nmod tests {\n    pub fn i(j: ImageStore) {}\n}\n";
        assert_eq!(lines(text), [0; 0]);
    }

    #[test]
    fn a_field_with_the_name_of_a_module_is_no_type() {
        assert_eq!(lines("pub struct A {\n    pub v1: u8,\n}\n"), [0; 0]);
    }
}
