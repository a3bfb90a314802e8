//! The stand-in claims no class and no method that the framework has not: its table is compared with the sources of the bindings, which are
//! generated from Apple's headers.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, also in a function that several tests call"
)]

use container_vz_tests::report::methods;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The bindings' generated sources, where the manifest of the workspace has them from.
const SOURCES: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../../target/vz/objc2-virtualization/src/generated"
);

/// A class of the bindings.
#[derive(Default, Debug)]
struct Class {
    superclass: String,
    /// By sign and selector, as `-share`: the types of the arguments and of what is returned, in the stand-in's words.
    methods: BTreeMap<String, (Vec<String>, String)>,
}

fn bindings() -> BTreeMap<String, Class> {
    let mut classes = BTreeMap::new();
    for entry in fs::read_dir(Path::new(SOURCES)).unwrap() {
        read(&fs::read_to_string(entry.unwrap().path()).unwrap(), &mut classes);
    }
    classes
}

/// Reads `#[unsafe(super(…))] pub struct Name`, `impl Name`, and `#[unsafe(method(…))] pub fn …;`.
fn read(text: &str, classes: &mut BTreeMap<String, Class>) {
    let mut superclass = None;
    let mut class = String::new();
    let mut selector = None;
    let mut lines = text.lines().map(str::trim);
    while let Some(line) = lines.next() {
        if let Some(list) = between(line, "#[unsafe(super(", "))]") {
            superclass = list.split(',').next().map(str::to_owned);
        } else if let Some(name) = line.strip_prefix("pub struct ") {
            if let Some(superclass) = superclass.take() {
                classes.entry(identifier(name)).or_default().superclass = superclass;
            }
        } else if let Some(name) = line.strip_prefix("impl ") {
            class = identifier(name);
        } else if let Some(name) = between(line, "#[unsafe(method(", "))]") {
            selector = Some(name.to_owned());
        } else if line.starts_with("pub fn ") || line.starts_with("pub unsafe fn ") {
            let mut signature = line.to_owned();
            while !signature.ends_with([';', '{']) {
                signature += lines.next().unwrap_or(";");
            }
            if let Some(selector) = selector.take() {
                let (name, types) = method(&selector, &signature);
                classes.entry(class.clone()).or_default().methods.insert(name, types);
            }
        }
    }
}

fn between<'a>(line: &'a str, before: &str, after: &str) -> Option<&'a str> {
    line.strip_prefix(before)?.strip_suffix(after)
}

fn identifier(text: &str) -> String {
    let is_part = |character: &char| character.is_alphanumeric() || *character == '_';
    text.chars().take_while(is_part).collect()
}

/// Sign and selector, and the types, of a method with this signature. `error:_` stands for an argument that the bindings make the result of.
fn method(selector: &str, signature: &str) -> (String, (Vec<String>, String)) {
    let (arguments, returned) = parts(signature);
    let is_instance = arguments
        .first()
        .is_some_and(|first| first == "&self" || first.starts_with("this: "));
    let mut types: Vec<String> = arguments
        .iter()
        .skip(usize::from(is_instance))
        .filter_map(|argument| Some(argument_type(argument.split_once(": ")?.1)))
        .collect();
    let (name, has_error) = match selector.strip_suffix('_') {
        Some(name) => (name, true),
        None => (selector, false),
    };
    if has_error {
        types.push("*mut Id".to_owned());
    }
    let sign = if is_instance { '-' } else { '+' };
    (format!("{sign}{name}"), (types, returned_type(&returned)))
}

/// The arguments of a function and its result.
fn parts(signature: &str) -> (Vec<String>, String) {
    let (_, rest) = signature.split_once('(').unwrap();
    let (mut depth, mut arguments, mut current, mut end) = (0, Vec::new(), String::new(), 0);
    let mut before = ' ';
    for (index, character) in rest.char_indices() {
        match character {
            '(' | '<' => depth += 1,
            ')' if depth == 0 => {
                end = index;
                break;
            }
            // The second half of an arrow closes nothing.
            ')' => depth -= 1,
            '>' if before != '-' => depth -= 1,
            _ => {}
        }
        if character == ',' && depth == 0 {
            arguments.push(std::mem::take(&mut current));
        } else {
            current.push(character);
        }
        before = character;
    }
    arguments.push(current);
    let arguments = arguments.iter().map(|argument| argument.trim().to_owned());
    let returned = rest[end + 1..]
        .trim_matches([';', '{', ' '])
        .trim_start_matches("->")
        .trim();
    (
        arguments.filter(|argument| !argument.is_empty()).collect(),
        returned.to_owned(),
    )
}

fn argument_type(kind: &str) -> String {
    match kind {
        kind if kind.starts_with("&block2::") => "*mut Block".to_owned(),
        kind if kind.starts_with('&') || kind.starts_with("Option<&") => "Id".to_owned(),
        kind => number_type(kind),
    }
}

fn returned_type(kind: &str) -> String {
    match kind {
        "Result<(), Retained<NSError>>" => "Flag".to_owned(),
        kind if kind.contains("Retained<") => "Id".to_owned(),
        kind => number_type(kind),
    }
}

fn number_type(kind: &str) -> String {
    match kind {
        "bool" => "Flag",
        "c_int" => "i32",
        "NSUInteger" => "usize",
        // What has a name of the framework's is an enumeration.
        kind if kind == "NSInteger" || kind.starts_with("VZ") => "isize",
        kind => kind,
    }
    .to_owned()
}

/// The method of the bindings, whichever class of the line declares it.
fn declared<'a>(
    classes: &'a BTreeMap<String, Class>,
    mut class: &'a str,
    method: &str,
) -> Option<&'a (Vec<String>, String)> {
    while let Some(found) = classes.get(class) {
        if let Some(types) = found.methods.get(method) {
            return Some(types);
        }
        class = &found.superclass;
    }
    None
}

#[test]
fn the_stand_in_claims_nothing_that_the_framework_has_not() {
    let classes = bindings();
    let mut differences = Vec::new();
    let mut compared = 0;
    let table = methods();
    let ours = table.as_array().unwrap().iter();
    for class in ours.filter(|class| class["class"].as_str().unwrap().starts_with("VZ")) {
        let name = class["class"].as_str().unwrap();
        let Some(binding) = classes.get(name) else {
            differences.push(format!("there is no class {name}"));
            continue;
        };
        if class["superclass"] != binding.superclass.as_str() {
            differences.push(format!("{name} inherits from {}", binding.superclass));
        }
        for method in class["methods"].as_array().unwrap() {
            let signed = format!(
                "{}{}",
                method["sign"].as_str().unwrap(),
                method["selector"].as_str().unwrap()
            );
            // What every object has is declared by Foundation.
            if signed == "-isEqual:" {
                continue;
            }
            compared += 1;
            let arguments: Vec<&str> = method["arguments"]
                .as_array()
                .unwrap()
                .iter()
                .filter_map(Value::as_str)
                .collect();
            let returned = method["returned"].as_str().unwrap();
            match declared(&classes, name, &signed) {
                Some((theirs, result)) if *theirs == arguments && result == returned => {}
                Some(theirs) => {
                    differences.push(format!("{name} {signed} is {theirs:?}, here {arguments:?} {returned}"))
                }
                None => differences.push(format!("{name} has no method {signed}")),
            }
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert!(compared > 100, "only {compared} methods were compared");
}

#[test]
fn signatures_are_read_with_errors_blocks_and_several_lines() {
    let mut classes = BTreeMap::new();
    let text = "extern_class!(\n    #[unsafe(super(VZParent, NSObject))]\n    pub struct VZChild;\n);\nimpl VZChild {\n\
        #[unsafe(method(initWithURL:mode:error:_))]\npub unsafe fn init(\nthis: Allocated<Self>,\nurl: &NSURL,\nmode: VZMode,\n\
        ) -> Result<Retained<Self>, Retained<NSError>>;\n\
        #[unsafe(method(connectToPort:completionHandler:))]\npub unsafe fn connect(&self, port: u32, handler: \
        &block2::DynBlock<dyn Fn(*mut A, *mut B)>,);\n\
        #[unsafe(method(isSupported))]\npub unsafe fn isSupported() -> bool;\n}\n";
    read(text, &mut classes);
    let class = &classes["VZChild"];
    assert_eq!(class.superclass, "VZParent");
    let types = |arguments: &[&str], returned: &str| {
        let arguments: Vec<String> = arguments.iter().map(|&kind| kind.to_owned()).collect();
        (arguments, returned.to_owned())
    };
    assert_eq!(
        class.methods["-initWithURL:mode:error:"],
        types(&["Id", "isize", "*mut Id"], "Id")
    );
    assert_eq!(
        class.methods["-connectToPort:completionHandler:"],
        types(&["u32", "*mut Block"], "")
    );
    assert_eq!(class.methods["+isSupported"], types(&[], "Flag"));
}
