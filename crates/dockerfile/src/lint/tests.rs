//! Each rule with what breaks it and what does not.

use super::*;
use crate::directives::CheckOptions;
use crate::source::Range;
use std::collections::{BTreeMap, BTreeSet};

fn parse(text: &str) -> Dockerfile {
    Dockerfile::parse(text.as_bytes()).unwrap()
}

/// The names of the rules that a file breaks, with their lines.
fn broken(text: &str) -> Vec<String> {
    let findings = check(&parse(text)).into_iter();
    findings
        .map(|finding| format!("{} {}", finding.rule, finding.range.start.line))
        .collect()
}

#[test]
fn every_rule_of_the_file_is_broken_by_something() {
    for (text, expected) in [
        ("FROM a AS b\nFROM b", &[][..]),
        ("FROM a AS Bc", &["StageNameCasing 1"]),
        ("FROM a as b", &["FromAsCasing 1"]),
        ("from a as b", &[]),
        ("from a AS b", &["FromAsCasing 1"]),
        ("FROM a\nRUN a \\\n\n  b", &["NoEmptyContinuation 3"]),
        ("FROM a\nRUN b\nrun c", &["ConsistentInstructionCasing 3"]),
        ("FROM a\nrun b\nrun c", &["ConsistentInstructionCasing 1"]),
        ("FROM a\nRun b", &["ConsistentInstructionCasing 2"]),
        ("FROM a AS b\nFROM a AS b", &["DuplicateStageName 2"]),
        ("FROM a AS scratch", &["ReservedStageName 1"]),
        ("FROM a\nCMD b", &["JSONArgsRecommended 2"]),
        ("FROM a\nENTRYPOINT b", &["JSONArgsRecommended 2"]),
        ("FROM a\nCMD [\"b\"]", &[]),
        ("FROM a\nSHELL [\"b\"]\nCMD c", &[]),
        ("FROM a AS b\nSHELL [\"b\"]\nFROM b\nCMD c", &[]),
        ("FROM a\nMAINTAINER b", &["MaintainerDeprecated 2"]),
        ("FROM $b", &["UndefinedArgInFrom 1"]),
        ("ARG b\nFROM ${b:-$c}", &["UndefinedArgInFrom 2"]),
        ("ARG b\nFROM --platform=$BUILDPLATFORM $b", &[]),
        ("FROM a\nWORKDIR b", &["WorkdirRelativePath 2"]),
        ("FROM a\nWORKDIR /b\nWORKDIR c", &[]),
        ("FROM a\nWORKDIR $b", &[]),
        ("FROM a\nWORKDIR \"/b\"", &[]),
        ("FROM a AS b\nWORKDIR /b\nFROM b\nWORKDIR c", &[]),
        ("FROM a\nCMD []\nCMD []", &["MultipleInstructionsDisallowed 2"]),
        ("FROM a\nCMD []\nENTRYPOINT []\nFROM a\nCMD []", &[]),
        ("FROM a\nENV b c", &["LegacyKeyValueFormat 2"]),
        ("FROM a\nLABEL b c", &["LegacyKeyValueFormat 2"]),
        ("FROM --platform=$TARGETPLATFORM a", &["RedundantTargetPlatform 1"]),
        ("FROM --platform=${TARGETPLATFORM} a", &["RedundantTargetPlatform 1"]),
        ("FROM --platform=linux/$TARGETARCH a", &[]),
        ("FROM a\nARG API_KEY", &["SecretsUsedInArgOrEnv 2"]),
        ("FROM a\nENV db_Password=x PUBLIC_KEY=y", &["SecretsUsedInArgOrEnv 2"]),
        ("FROM a\nENV MONKEY=x TOKEN_FILE=y", &[]),
        ("FROM --platform=linux/amd64 a", &["FromPlatformFlagConstDisallowed 1"]),
        ("FROM --platform=linux/amd64 a AS b-amd64", &[]),
        ("# what it is\nARG b\nFROM a", &["InvalidDefinitionDescription 2"]),
        ("# b is it\nARG b\nFROM a", &[]),
        ("# what it is\n\nARG b\nFROM a", &[]),
        ("# what it is\nFROM a AS b", &["InvalidDefinitionDescription 2"]),
        ("# what it is\nFROM a", &[]),
        ("FROM a\nEXPOSE 80/TCP", &["ExposeProtoCasing 2"]),
        ("FROM a\nEXPOSE 80:80", &["ExposeInvalidFormat 2"]),
        ("FROM a\nEXPOSE $b 80/udp", &[]),
    ] {
        assert_eq!(broken(text), expected, "{text}");
    }
}

#[test]
fn what_depends_on_the_build_is_found_with_what_is_known_of_it() {
    let tree = parse("ARG tag\nARG name=alpine\nFROM $name:$tag\nFROM $name AS b\n");
    let findings = invalid_default_args(&tree, &BTreeMap::new(), &|text| !text.ends_with(':'));
    let lines: Vec<_> = findings.iter().map(|finding| finding.range.start.line).collect();
    assert_eq!(lines, [3]);

    let tree =
        parse("FROM a\nARG d=$c\nWORKDIR $PAHT/$d\nCOPY <<EOF /x\n$e\nEOF\nRUN --mount=target=$f echo $g\nCMD $h\n");
    let known: BTreeSet<String> = ["PATH", "d"].map(str::to_owned).into();
    let instructions = tree.stages[0].instructions.iter();
    let messages: Vec<_> = instructions
        .flat_map(|instruction| {
            let names = || known.iter().map(String::as_str);
            undefined_variables(instruction, |name| known.contains(name), names)
        })
        .map(|finding| finding.to_string())
        .collect();
    assert_eq!(
        messages,
        [
            "UndefinedVar: usage of undefined variable '$PAHT' (did you mean $PATH?) (line 3)",
            "UndefinedVar: usage of undefined variable '$e' (did you mean $d?) (lines 4-6)",
            "UndefinedVar: usage of undefined variable '$f' (did you mean $d?) (line 7)",
        ]
    );
    let copy = &tree.stages[0].instructions[2].value;
    let finding = copy_of_ignored_file(copy, "secret", Range::default());
    assert_eq!(
        finding.message,
        "attempting to Copy file \"secret\" that is excluded by .dockerignore"
    );
    let finding = base_image_platform("a", "linux/arm64", "linux/amd64", Range::default());
    assert_eq!(finding.rule, Rule::InvalidBaseImagePlatform);
}

#[test]
fn options_decide_what_counts() {
    let included = |options: &str| {
        let options = CheckOptions::parse(options).unwrap();
        Rule::ALL.iter().filter(|rule| options.includes(**rule)).count()
    };
    assert_eq!(included(""), 21);
    assert_eq!(included("skip=all"), 0);
    assert_eq!(included("skip=JSONArgsRecommended,StageNameCasing;error=true"), 19);
    assert_eq!(included("experimental=all"), 22);
    assert_eq!(
        included("experimental=InvalidDefinitionDescription;skip=UndefinedVar"),
        21
    );
}

#[test]
fn rules_have_names_of_their_own() {
    let names: BTreeSet<_> = Rule::ALL.iter().map(|rule| rule.name()).collect();
    let urls: BTreeSet<_> = Rule::ALL.iter().map(|rule| rule.url()).collect();
    assert_eq!((names.len(), urls.len()), (22, 22));
}
