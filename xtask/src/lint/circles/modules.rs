//! The modules of a crate, and where a path of one of them leads.

use crate::lint::rust_text::{self, Import, Token, group_length};
use crate::lint::tree::{SourceFile, Tree};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The names from the root of the crate to a module; the root itself has none.
pub(super) type ModulePath = Vec<String>;

/// Most imports that are followed for one path: imports may name each other.
const MOST_IMPORTS: usize = 16;

/// One module, without what is compiled for tests only.
struct Module {
    file: PathBuf,
    children: BTreeSet<String>,
    imports: Vec<Import>,
    /// What stands in it, without `use` declarations and without modules within.
    code: Vec<Token>,
}

/// The modules of a crate.
pub(super) struct Modules {
    modules: BTreeMap<ModulePath, Module>,
}

/// That a module names something of another one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Use {
    pub(super) from: ModulePath,
    pub(super) to: ModulePath,
    /// Where it does.
    pub(super) file: PathBuf,
    pub(super) line: usize,
}

impl Modules {
    /// Reads the crate whose root is this file, following its `mod` declarations.
    pub(super) fn read(tree: &Tree, root: &SourceFile) -> Self {
        let mut modules = Self {
            modules: BTreeMap::new(),
        };
        let folder = root.path.parent().unwrap_or(&root.path);
        modules.add_file(tree, root, folder, Vec::new());
        modules
    }

    /// Every use of a module by another one, those of one's own ancestors and descendants included.
    pub(super) fn uses(&self) -> Vec<Use> {
        let mut uses = Vec::new();
        for (from, module) in &self.modules {
            let imported = module.imports.iter().map(|import| (import.line, import.path.clone()));
            for (line, path) in imported.chain(paths(&module.code)) {
                uses.extend(self.resolve(from, &path, 0).map(|to| Use {
                    from: from.clone(),
                    to,
                    file: module.file.clone(),
                    line,
                }));
            }
        }
        uses
    }

    fn add_file(&mut self, tree: &Tree, file: &SourceFile, folder: &Path, path: ModulePath) {
        let tokens = rust_text::without_tests(&rust_text::tokens(&file.text));
        self.add(tree, &tokens, &file.path, folder, path);
    }

    /// Adds the module with these tokens; the files of its children are in `folder`.
    fn add(&mut self, tree: &Tree, tokens: &[Token], file: &Path, folder: &Path, path: ModulePath) {
        let (mut code, mut children, mut index) = (Vec::new(), BTreeSet::new(), 0);
        while let Some(token) = tokens.get(index) {
            let rest = tokens.get(index..).unwrap_or_default();
            let name = rest.get(1).map_or("", |name| name.text.as_str());
            let mark = rest.get(2).map_or("", |mark| mark.text.as_str());
            if token.is("mod") && ["{", ";"].contains(&mark) {
                let child: ModulePath = path.iter().cloned().chain([name.to_owned()]).collect();
                let below = folder.join(name);
                let body = rest.get(2..).unwrap_or_default();
                let length = group_length(body);
                if mark == "{" {
                    let inside = body.get(1..length.saturating_sub(1)).unwrap_or_default();
                    self.add(tree, inside, file, &below, child);
                    children.insert(name.to_owned());
                } else if let Some(found) = file_of(tree, &below) {
                    self.add_file(tree, found, &below, child);
                    children.insert(name.to_owned());
                }
                index += 2 + length;
            } else {
                code.push(token.clone());
                index += 1;
            }
        }
        let imports = rust_text::imports(&code);
        let module = Module {
            file: file.to_owned(),
            children,
            imports,
            code: without_imports(&code),
        };
        self.modules.insert(path, module);
    }

    /// The module that defines what `path` leads to from the module `from`, if it is one of this crate.
    fn resolve(&self, from: &[String], path: &[String], imports: usize) -> Option<ModulePath> {
        let (first, rest) = path.split_first()?;
        let module = self.modules.get(from)?;
        match first.as_str() {
            "crate" => self.walk(Vec::new(), rest, imports),
            "self" => self.walk(from.to_vec(), rest, imports),
            "super" => self.walk(parent(from)?, rest, imports),
            name if module.children.contains(name) => self.walk(from.to_vec(), path, imports),
            name => self.follow(from, name, rest, imports),
        }
    }

    /// The module that defines what `path` leads to, `path` being looked up in the module `start`.
    fn walk(&self, start: ModulePath, path: &[String], imports: usize) -> Option<ModulePath> {
        let mut at = start;
        let mut rest = path;
        while let Some((name, below)) = rest.split_first() {
            let module = self.modules.get(&at)?;
            if name == "super" {
                at = parent(&at)?;
            } else if module.children.contains(name) {
                at.push(name.clone());
            } else if name != "self" {
                // Its own, if it is not one that it imports.
                let is_imported = module.imports.iter().any(|import| import.name == *name);
                return if is_imported {
                    self.follow(&at, name, below, imports)
                } else {
                    Some(at)
                };
            }
            rest = below;
        }
        Some(at)
    }

    /// Where a name leads that a module imports, and what stands after it.
    fn follow(&self, module: &[String], name: &str, rest: &[String], imports: usize) -> Option<ModulePath> {
        if imports == MOST_IMPORTS {
            return None;
        }
        let imported = &self.modules.get(module)?.imports;
        // `use name;` says nothing about where it is.
        let import = imported
            .iter()
            .find(|import| import.name == name && import.path != [name])?;
        let path: Vec<String> = import.path.iter().chain(rest).cloned().collect();
        self.resolve(module, &path, imports + 1)
    }
}

/// `a/b` is in `a/b.rs`, or in `a/b/mod.rs` where the tests of a crate share it.
fn file_of<'a>(tree: &'a Tree, below: &Path) -> Option<&'a SourceFile> {
    let candidates = [below.with_extension("rs"), below.join("mod.rs")];
    tree.rust().find(|file| candidates.contains(&file.path))
}

fn parent(module: &[String]) -> Option<ModulePath> {
    Some(module.split_last()?.1.to_vec())
}

fn without_imports(tokens: &[Token]) -> Vec<Token> {
    let (mut kept, mut is_import) = (Vec::new(), false);
    for (index, token) in tokens.iter().enumerate() {
        is_import |= token.is("use") && !tokens.get(index + 1).is_some_and(|next| next.is("<"));
        if !is_import {
            kept.push(token.clone());
        }
        is_import &= !token.is(";");
    }
    kept
}

/// The paths of more than one segment, with their lines. Those that only say who may see something (`pub(in …)`) are none.
fn paths(tokens: &[Token]) -> impl Iterator<Item = (usize, Vec<String>)> {
    let is_word = |token: &Token| {
        token
            .text
            .starts_with(|first: char| first.is_alphabetic() || first == '_')
    };
    let is = |index: Option<usize>, text: &str| {
        let token = index.and_then(|index| tokens.get(index));
        token.is_some_and(|token| token.is(text))
    };
    tokens.iter().enumerate().filter_map(move |(index, first)| {
        let before = index.checked_sub(1);
        let is_visibility = is(before, "in") && is(index.checked_sub(2), "(");
        if !is_word(first) || is(before, "::") || is_visibility {
            return None;
        }
        let mut path = vec![first.text.clone()];
        let mut end = index + 1;
        while is(Some(end), "::") {
            let Some(next) = tokens.get(end + 1).filter(|next| is_word(next)) else {
                break;
            };
            path.push(next.text.clone());
            end += 2;
        }
        (path.len() > 1).then_some((first.line, path))
    })
}
