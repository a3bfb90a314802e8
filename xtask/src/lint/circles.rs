//! Modules beside each other do not use each other, neither directly nor by way of others: what two of them need has a file of its own,
//! which uses neither.
//!
//! A module uses another one when a path in it, imported or written out, leads to something that the other one or a module within it
//! defines. A name that a parent passes on counts where it is defined. What a module has of its ancestors or of modules within itself
//! makes no circle. Code for tests only does not count. Not seen: names that come by a glob, and methods.

mod modules;

use super::Finding;
use super::tree::Tree;
use anyhow::Result;
use modules::{ModulePath, Modules};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::PathBuf;

/// What the modules beside each other use of each other: whose children they are, and for each pair of them the first place.
type Edges = BTreeMap<ModulePath, BTreeMap<(String, String), (PathBuf, usize)>>;

pub(crate) fn check(tree: &Tree) -> Result<Vec<Finding>> {
    let roots = tree
        .rust()
        .filter(|file| file.path.ends_with("src/lib.rs") || file.path.ends_with("src/main.rs"));
    let mut findings = Vec::new();
    for root in roots {
        for (parent, edges) in edges(&Modules::read(tree, root)) {
            findings.extend(circles(&edges).iter().map(|circle| finding(&parent, &edges, circle)));
        }
    }
    Ok(findings)
}

fn edges(modules: &Modules) -> Edges {
    let mut edges = Edges::new();
    for found in modules.uses() {
        let shared = found
            .from
            .iter()
            .zip(&found.to)
            .take_while(|(from, to)| from == to)
            .count();
        // Without a next name, one of them is an ancestor of the other.
        let (Some(from), Some(to)) = (found.from.get(shared), found.to.get(shared)) else {
            continue;
        };
        let parent: ModulePath = found.from.iter().take(shared).cloned().collect();
        edges
            .entry(parent)
            .or_default()
            .entry((from.clone(), to.clone()))
            .or_insert((found.file, found.line));
    }
    edges
}

/// For each use that is part of a circle the shortest one, each circle once and beginning with its first name.
fn circles(edges: &BTreeMap<(String, String), (PathBuf, usize)>) -> BTreeSet<Vec<String>> {
    let mut next: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (from, to) in edges.keys() {
        next.entry(from).or_default().push(to);
    }
    edges
        .keys()
        .filter_map(|(from, to)| {
            let mut circle = shortest_way(&next, to, from)?;
            let first = circle.iter().enumerate().min_by_key(|(_, name)| name.as_str())?.0;
            circle.rotate_left(first);
            Some(circle)
        })
        .collect()
}

/// The names on the shortest way between two modules, both included.
fn shortest_way(next: &BTreeMap<&str, Vec<&str>>, from: &str, to: &str) -> Option<Vec<String>> {
    let mut ways = VecDeque::from([vec![from]]);
    let mut seen = BTreeSet::from([from]);
    while let Some(way) = ways.pop_front() {
        let last = *way.last()?;
        if last == to {
            return Some(way.into_iter().map(str::to_owned).collect());
        }
        for name in next.get(last).into_iter().flatten() {
            if seen.insert(name) {
                ways.push_back(way.iter().chain([name]).copied().collect());
            }
        }
    }
    None
}

fn finding(parent: &[String], edges: &BTreeMap<(String, String), (PathBuf, usize)>, circle: &[String]) -> Finding {
    let steps = circle.iter().zip(circle.iter().cycle().skip(1));
    let places: Vec<_> = steps
        .filter_map(|(from, to)| {
            let (file, line) = edges.get(&(from.clone(), to.clone()))?;
            Some((from, to, file, *line))
        })
        .collect();
    let whose = parent.iter().fold("crate".to_owned(), |path, name| path + "::" + name);
    let ways: Vec<String> = places
        .iter()
        .map(|(from, to, file, line)| format!("`{from}` uses `{to}` ({}:{line})", file.display()))
        .collect();
    Finding {
        path: places
            .first()
            .map(|(_, _, file, _)| (*file).clone())
            .unwrap_or_default(),
        line: places.first().map(|(_, _, _, line)| *line),
        message: format!(
            "modules of {whose} use each other: {}: give what they share a file of its own",
            ways.join(", ")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The circles between modules with these texts; `""` is the root, `a/b` a child of `a`.
    fn found(modules: &[(&str, &str)]) -> Vec<String> {
        let files: Vec<(String, &str)> = modules
            .iter()
            .map(|(name, text)| {
                (
                    format!("crates/x/src/{}.rs", if name.is_empty() { "lib" } else { name }),
                    *text,
                )
            })
            .collect();
        let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), *text)).collect();
        check(&Tree::of(&files))
            .unwrap()
            .into_iter()
            .map(|finding| finding.message)
            .collect()
    }

    #[test]
    fn modules_beside_each_other_do_not_use_each_other() {
        type Case = (&'static str, bool, &'static [(&'static str, &'static str)]);
        let cases: [Case; 20] = [
            (
                "by import",
                true,
                &[
                    ("", "mod a; mod b;"),
                    ("a", "use crate::b::B;"),
                    ("b", "use super::a::A;"),
                ],
            ),
            (
                "by a path written out",
                true,
                &[
                    ("", "mod a; mod b;"),
                    ("a", "fn a() { crate::b::b() }"),
                    ("b", "fn b(a: super::a::A) {}"),
                ],
            ),
            (
                "one way only",
                false,
                &[("", "mod a; mod b;"), ("a", "use crate::b::B;"), ("b", "struct B;")],
            ),
            (
                "by way of a third",
                true,
                &[
                    ("", "mod a; mod b; mod c;"),
                    ("a", "use crate::b;"),
                    ("b", "use crate::c;"),
                    ("c", "use crate::{a};"),
                ],
            ),
            (
                "a name that the parent passes on",
                true,
                &[
                    ("", "mod a; mod b; pub use a::A; pub(crate) use self::b::B as C;"),
                    ("a", "use crate::C;"),
                    ("b", "use super::{A};"),
                ],
            ),
            (
                "a name that the parent only imports",
                true,
                &[
                    ("", "mod a; mod b; use a::A;"),
                    ("a", "use crate::b;"),
                    ("b", "use super::A;"),
                ],
            ),
            (
                "a name of the parent's own",
                false,
                &[
                    ("", "mod a; mod b; use b::B; struct S { b: B }"),
                    ("a", "use crate::S; use super::b;"),
                    ("b", "use crate::S; use super::S as T;"),
                ],
            ),
            (
                "parent and child",
                false,
                &[
                    ("", "mod a;"),
                    ("a", "mod b; use b::B; struct A;"),
                    ("a/b", "use super::A; use crate::a;"),
                ],
            ),
            (
                "a child of one and the other",
                true,
                &[
                    ("", "mod a; mod b;"),
                    ("a", "mod c; struct A;"),
                    ("a/c", "use crate::b::B;"),
                    ("b", "use crate::a::A;"),
                ],
            ),
            (
                "children of both",
                true,
                &[
                    ("", "mod a; mod b;"),
                    ("a", "mod c; pub use c::C;"),
                    ("a/c", "use super::super::b::d::D;"),
                    ("b", "mod d; use d::D;"),
                    ("b/d", "use crate::a::C;"),
                ],
            ),
            (
                "children of one",
                true,
                &[
                    ("", "mod a;"),
                    ("a", "mod b; mod c;"),
                    ("a/b", "use super::c;"),
                    ("a/c", "use crate::a::b;"),
                ],
            ),
            (
                "by a module under another name",
                true,
                &[
                    ("", "mod a; mod b;"),
                    ("a", "use crate as top; fn a() { top::b::b() }"),
                    ("b", "use crate::a;"),
                ],
            ),
            (
                "modules in one file",
                true,
                &[("", "mod a { use super::b; } mod b { fn c() { super::a::d() } }")],
            ),
            (
                "a module in a file looks out of it",
                false,
                &[
                    ("", "mod a; mod b;"),
                    ("a", "mod c { use super::b::d; } mod b { fn d() {} }"),
                    ("b", "use crate::a;"),
                ],
            ),
            (
                "for tests only",
                false,
                &[
                    ("", "mod a; mod b;"),
                    ("a", "use crate::b::B;"),
                    (
                        "b",
                        "#[cfg(test)] mod tests { use crate::a; } #[cfg(test)] use crate::a;",
                    ),
                ],
            ),
            (
                "a file for tests only",
                false,
                &[
                    ("", "mod a; mod b;"),
                    ("a", "use crate::b;"),
                    ("b", "#[cfg(test)] mod tests;"),
                    ("b/tests", "use crate::a;"),
                ],
            ),
            (
                "comments, literals and who may see something",
                false,
                &[
                    ("", "mod a; mod b;"),
                    ("a", "use crate::b;"),
                    (
                        "b",
                        "// crate::a\nconst A: &str = \"crate::a\"; pub(in crate::a) fn c() {}",
                    ),
                ],
            ),
            (
                "other crates with the same names",
                false,
                &[
                    ("", "mod a; mod b;"),
                    ("a", "use b::B; use c::a;"),
                    ("b", "use a::A; use b;"),
                ],
            ),
            (
                "imports that name each other",
                false,
                &[
                    ("", "mod a; use crate::c as d; use crate::d as c;"),
                    ("a", "use crate::c;"),
                ],
            ),
            (
                "a generic path",
                true,
                &[
                    ("", "mod a; mod b;"),
                    ("a", "fn a() -> impl Fn() + use<'_> { Vec::<crate::b::B>::new() }"),
                    ("b", "use crate::a;"),
                ],
            ),
        ];
        for (case, is_circle, modules) in cases {
            assert_eq!(
                found(modules).len(),
                usize::from(is_circle),
                "{case}: {:?}",
                found(modules)
            );
        }
    }

    #[test]
    fn the_message_names_the_files_and_lines_of_a_circle() {
        assert_eq!(
            found(&[
                ("", "mod p;"),
                ("p", "mod a; mod b; mod c;"),
                ("p/a", "use std::fs;\nuse crate::p::b;\n"),
                ("p/b", "use super::c::C;\n"),
                ("p/c", "\n\nfn c(a: super::a::A) {}\n"),
            ]),
            [
                "modules of crate::p use each other: `a` uses `b` (crates/x/src/p/a.rs:2), `b` uses `c` (crates/x/src/p/b.rs:1), \
                 `c` uses `a` (crates/x/src/p/c.rs:3): give what they share a file of its own"
            ]
        );
    }

    #[test]
    fn circles_that_share_a_module_are_all_found() {
        let modules = [
            ("", "mod a; mod b; mod c;"),
            ("a", "use crate::{b, c};"),
            ("b", "use crate::a;"),
            ("c", "use crate::a;"),
        ];
        assert_eq!(found(&modules).len(), 2);
    }
}
