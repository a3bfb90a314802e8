//! Whole files.

use super::*;
use proptest::prelude::*;

use crate::instruction::{CommandLine, FileSource, Healthcheck, Network, RunCommand};
use crate::word::Word;

fn parse(text: &str) -> Dockerfile {
    Dockerfile::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{error}"))
}

/// The instruction of a stage that has one.
fn instruction(line: &str) -> Instruction {
    let mut stages = parse(&format!("FROM scratch\n{line}")).stages;
    assert_eq!(stages[0].instructions.len(), 1, "{line}");
    stages.remove(0).instructions.remove(0).value
}

fn problem(text: &str) -> ParseProblem {
    match Dockerfile::parse(text.as_bytes()) {
        Ok(tree) => panic!("{text:?} was read as:\n{tree}"),
        Err(error) => error.problem,
    }
}

#[test]
fn a_file_has_directives_arguments_and_stages() {
    let tree = parse(
        "# syntax=docker/dockerfile:1\n# Check = skip=JSONArgsRecommended, StageNameCasing ; error=true\n\n# comment\n\
         ARG VERSION=3.20\nFROM --platform=$BUILDPLATFORM alpine:$VERSION as Build-1\nRUN make\nfrom scratch\n",
    );
    assert_eq!(tree.directives.syntax.as_deref(), Some("docker/dockerfile:1"));
    assert!(tree.directives.check.error && tree.directives.check.skip.contains("StageNameCasing"));
    assert_eq!(tree.global_args.len(), 1);
    let [build, last] = tree.stages.as_slice() else {
        panic!("{tree}");
    };
    assert_eq!(build.platform.as_ref().map(Word::as_str), Some("$BUILDPLATFORM"));
    assert_eq!(build.base.as_str(), "alpine:$VERSION");
    let name = build.name.as_ref().unwrap();
    assert_eq!((name.as_str(), name.written()), ("build-1", "Build-1"));
    assert_eq!((last.position, &last.name), (1, &None));
    assert_eq!(last.source.keyword, "from");
}

#[test]
fn instructions_know_where_and_how_they_are_written() {
    let tree = parse("FROM scratch\n\n# why\n  run a \\\n\n  # not this\n    b  \nCOPY <<EOF /x\ny\nEOF\nUSER 1\n");
    let sources: Vec<_> = tree.stages[0]
        .instructions
        .iter()
        .map(|instruction| &instruction.source)
        .collect();
    let lines: Vec<_> = sources.iter().map(|source| source.range.lines()).collect();
    assert_eq!(lines, [4..=7, 8..=10, 11..=11]);
    assert_eq!(sources[0].text, "run a     b");
    assert_eq!(sources[0].keyword, "run");
    assert_eq!(sources[0].comments, ["why"]);
    assert_eq!(sources[0].range.start.column, 3);
    assert_eq!(sources[0].empty_continuations.len(), 1);
    assert_eq!(sources[0].empty_continuations[0].lines(), 5..=5);
    assert_eq!(sources[1].text, "COPY <<EOF /x");
}

#[test]
fn commands_are_for_the_shell_unless_they_are_json() {
    let exec = |arguments: &[&str]| CommandLine::Exec(arguments.iter().map(ToString::to_string).collect());
    let shell = |line: &str| CommandLine::Shell(line.to_owned());
    for (line, expected) in [
        ("CMD [\"a\", \"b c\"]", exec(&["a", "b c"])),
        ("CMD []", exec(&[])),
        ("CMD [ \"\\u0061\" ] ", exec(&["a"])),
        ("CMD ['a']", shell("['a']")),
        ("CMD [\"a\"] b", shell("[\"a\"] b")),
        ("CMD  a  \"b\" ", shell("a  \"b\"")),
        ("CMD", shell("")),
        ("cmd -- --a", shell("--a")),
    ] {
        assert_eq!(instruction(line), Instruction::Cmd(expected), "{line}");
    }
    assert_eq!(problem("FROM a\nCMD [\"a\", 1]"), ParseProblem::NotOnlyTexts);
}

#[test]
fn run_has_flags_and_heredocs() {
    let Instruction::Run(run) = instruction("RUN --network=none --mount=target=/a --mount=type=tmpfs,dst=/b make")
    else {
        panic!("no RUN");
    };
    assert_eq!((run.mounts.len(), run.network), (2, Network::None));
    let Instruction::Run(run) = instruction("RUN <<-\"EOF\"\n\t\ta\n\tb\n\tEOF\n") else {
        panic!("no RUN");
    };
    let RunCommand::Script(script) = run.command else {
        panic!("no script");
    };
    assert_eq!((script.body().as_ref(), script.expands), ("a\nb\n", false));
    assert_eq!(script.range.lines(), 3..=5);
    let Instruction::Run(run) = instruction("RUN cat <<A 3<<B\na\nA\nb\nB") else {
        panic!("no RUN");
    };
    let RunCommand::Shell { line, heredocs } = run.command else {
        panic!("no line");
    };
    assert_eq!(line, "cat <<A 3<<B");
    let command = RunCommand::Shell {
        line: line.clone(),
        heredocs: heredocs.clone(),
    };
    let script = command.shell_script();
    assert_eq!(script.as_deref(), Some("cat <<A 3<<B\na\nA\nb\nB"));
    let contents: Vec<_> = heredocs
        .iter()
        .map(|heredoc| (heredoc.content.as_str(), heredoc.descriptor))
        .collect();
    assert_eq!(contents, [("a\n", 0), ("b\n", 3)]);
    let Instruction::Run(run) = instruction("RUN <<EOF\n#!/usr/bin/env python3\nEOF") else {
        panic!("no RUN");
    };
    assert!(matches!(run.command, RunCommand::Script(script) if script.is_executable()));
    let Instruction::Run(run) = instruction("RUN [\"cat\", \"<<EOF\"]") else {
        panic!("no RUN");
    };
    assert!(matches!(run.command, RunCommand::Exec(arguments) if arguments.len() == 2));
}

#[test]
fn copy_has_sources_of_both_kinds() {
    let Instruction::Copy(copy) =
        instruction("COPY --from=build --chown='a b' --link --exclude=*.o --exclude=!x a <<b \"c\" /d/\n$x\nb\n")
    else {
        panic!("no COPY");
    };
    assert_eq!(copy.from.as_deref(), Some("build"));
    assert_eq!(copy.chown.unwrap().as_str(), "a b");
    assert!(copy.link && !copy.parents);
    assert_eq!(copy.excludes.len(), 2);
    let sources: Vec<_> = copy
        .sources
        .iter()
        .map(|source| match source {
            FileSource::Path(path) => path.to_string(),
            FileSource::Heredoc(heredoc) => heredoc.expand(&|_: &str| Some("value".to_owned())).unwrap(),
        })
        .collect();
    assert_eq!(sources, ["a", "value\n", "\"c\""]);
    assert_eq!(copy.destination.as_str(), "/d/");
    let Instruction::Add(add) = instruction("ADD --unpack=FALSE --keep-git-dir [\"a b\", \"/c d\"]") else {
        panic!("no ADD");
    };
    assert_eq!((add.unpack, add.keep_git_dir), (Some(false), Some(true)));
    assert_eq!(add.destination.as_str(), "/c d");
}

#[test]
fn variables_are_split_from_their_values() {
    for (line, expected) in [
        (
            "ENV a=b c=\"d e\" f='g h' i=j\\ k",
            &["a=b", "c=\"d e\"", "f='g h'", "i=j\\ k"][..],
        ),
        ("ENV a=b=c d=", &["a=b=c", "d="]),
        ("ENV a=b\\", &["a=b"]),
        ("ENV a b=c  d ", &["a=b=c  d"]),
        ("ENV a=\"b c", &["a=\"b c"]),
    ] {
        let Instruction::Env(env) = instruction(line) else {
            panic!("no ENV");
        };
        let pairs: Vec<_> = env
            .variables
            .iter()
            .map(|pair| format!("{}={}", pair.name, pair.value))
            .collect();
        assert_eq!(pairs, expected, "{line}");
    }
    let Instruction::Arg(arg) = instruction("ARG a b=c d=") else {
        panic!("no ARG");
    };
    let defaults: Vec<_> = arg
        .declarations
        .iter()
        .map(|declaration| declaration.default.as_ref().map(Word::as_str))
        .collect();
    assert_eq!(defaults, [None, Some("c"), Some("")]);
}

#[test]
fn health_checks_have_times() {
    let line = "HEALTHCHECK --interval=1m30s --timeout=0 --retries=3 CMD curl -f x";
    let Instruction::Healthcheck(Healthcheck::Probe(probe)) = instruction(line) else {
        panic!("no probe");
    };
    assert_eq!(probe.interval.map(|time| time.as_secs()), Some(90));
    assert_eq!((probe.timeout, probe.retries), (None, Some(3)));
    assert_eq!(probe.command, CommandLine::Shell("curl -f x".to_owned()));
    assert_eq!(
        instruction("HEALTHCHECK none"),
        Instruction::Healthcheck(Healthcheck::None)
    );
}

#[test]
fn triggers_keep_their_text() {
    let Instruction::Onbuild(onbuild) = instruction("onbuild   COPY <<EOF /x\na\nEOF\n") else {
        panic!("no ONBUILD");
    };
    assert_eq!(onbuild.trigger, "COPY <<EOF /x\na\nEOF");
    let trigger = Instruction::parse(&onbuild.trigger).unwrap().value;
    assert!(matches!(trigger, Instruction::Copy(copy) if matches!(copy.sources.as_slice(), [FileSource::Heredoc(_)])));
}

#[test]
fn the_escape_directive_changes_continuations_and_words() {
    let tree = parse("# escape=`\nFROM a\nWORKDIR C:\\\nRUN a `\n  b\nENV a=b` c");
    assert_eq!(tree.stages[0].instructions.len(), 3);
    assert_eq!(tree.stages[0].instructions[1].source.text, "RUN a   b");
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    for (text, expected) in [
        (
            "",
            "line 1: the Dockerfile has no instructions; it begins with `FROM image`",
        ),
        (
            "ARG a\n",
            "line 1: the Dockerfile has no stage to build; begin one with `FROM image`",
        ),
        (
            "FROM a\n\nFRM b",
            "line 3: unknown instruction `FRM` (did you mean FROM?)",
        ),
        ("FROM a\nfoobar b", "line 2: unknown instruction `foobar`"),
        (
            "RUN a\nFROM b",
            "line 1: `RUN` before the first `FROM`: only ARG may stand there; begin a stage with `FROM image`",
        ),
        (
            "FROM a\nCOPY --form=b a b",
            "line 2: unknown flag `--form` of COPY (did you mean from?)",
        ),
        ("FROM a\nENV --x a=b", "line 2: unknown flag `--x` of ENV"),
        (
            "FROM a\nCOPY --from=a --from=b a b",
            "line 2: `--from` is given twice to COPY",
        ),
        (
            "FROM a\nCOPY --chown a b",
            "line 2: missing a value for the flag `--chown`: write `--chown=…`",
        ),
        (
            "FROM a\nCOPY --link=yes a b",
            "line 2: invalid value `yes` of the flag `--link`: it is true or false",
        ),
        (
            "FROM a\nRUN --network=nome a",
            "line 2: invalid value `nome` of the flag `--network`: it is default or none or host",
        ),
        (
            "FROM a\nCOPY --from=$x a b",
            "line 2: `--from` doesn't support variables, and `$x` has one: begin a stage with `FROM $x AS name` and use that name",
        ),
        (
            "FROM a\nCOPY a",
            "line 2: COPY requires at least two arguments: what to copy, and where to",
        ),
        (
            "FROM a\nCOPY",
            "line 2: COPY requires at least two arguments: what to copy, and where to",
        ),
        ("FROM a\nUSER", "line 2: USER requires exactly one argument"),
        ("FROM a\nENV a", "line 2: ENV requires two arguments: name=value"),
        (
            "FROM a\nENV a=b c d=e",
            "line 2: can't find = in `c`: it must be of the form name=value; quote a value that has blanks",
        ),
        (
            "FROM a\nLABEL =b",
            "line 2: LABEL names can not be blank: there is nothing before =",
        ),
        ("FROM a\nVOLUME [\"\"]", "line 2: VOLUME can not be an empty string"),
        (
            "FROM a\nSHELL /bin/sh",
            "line 2: SHELL requires the arguments to be in JSON form: `SHELL [\"program\", \"argument\"]`, with double quotes",
        ),
        (
            "FROM a b",
            "line 1: FROM requires either one or three arguments: `FROM image` or `FROM image AS name`",
        ),
        (
            "FROM a AS 1b",
            "line 1: invalid name for a build stage: `1b`; it begins with a letter, and letters, digits, `-`, `_` and `.` may follow",
        ),
        (
            "FROM a\nRUN <<EOF\nb\n EOF\n",
            "line 2: unterminated heredoc: no line is `EOF` and nothing else",
        ),
        (
            "FROM a\nCOPY a <<EOF\nEOF",
            "line 2: COPY cannot accept a heredoc as a destination; the last argument is the path to write to",
        ),
        (
            "FROM a\nCOPY << EOF /b\nEOF",
            "line 2: the heredoc `EOF` is not a source of COPY: write `<<EOF` as a word of its own, without blanks",
        ),
        (
            "FROM a\nONBUILD FROM b",
            "line 2: FROM isn't allowed as an ONBUILD trigger",
        ),
        (
            "FROM a\nONBUILD RNU b",
            "line 2: invalid ONBUILD trigger: unknown instruction `RNU` (did you mean RUN?)",
        ),
        (
            "FROM a\nHEALTHCHECK curl",
            "line 2: unknown type `curl` in HEALTHCHECK; write `HEALTHCHECK CMD command` or `HEALTHCHECK NONE`",
        ),
        (
            "FROM a\nHEALTHCHECK --interval=1us CMD a",
            "line 2: invalid value `1us` of the flag `--interval`: it is a time of at least 1ms, such as 1m30s",
        ),
        (
            "FROM a\nRUN \\\n  --mount=tpye=cache b",
            "line 3: invalid mount: unexpected key `tpye` (did you mean type?)",
        ),
        (
            "# escape=x\nFROM a",
            "line 1: invalid escape character `x`; it is ` or \\",
        ),
        (
            "# escape=`\n# ESCAPE=`\nFROM a",
            "line 2: only one `escape` directive can be used; remove this one",
        ),
        (
            "# syntax=example.com/other\nFROM a",
            "line 1: unsupported syntax `example.com/other`: Dockerfiles are read natively, no other frontend is run; use \
             `docker/dockerfile:1` or remove the line",
        ),
        (
            "# check=skp=x\nFROM a",
            "line 1: invalid check option `skp=x`; write `# check=skip=RULE,RULE;error=true`",
        ),
    ] {
        let error = Dockerfile::parse(text.as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), expected, "{text}");
    }
    let error = Dockerfile::parse(b"FROM a\n# \xff\n").unwrap_err();
    assert_eq!(
        (error.problem, error.range.start.line, error.range.start.column),
        (ParseProblem::NotUtf8, 2, 3)
    );
    let large = vec![b'#'; LIMIT_BYTES + 1];
    let error = Dockerfile::parse(&large).unwrap_err();
    assert_eq!(
        error.problem,
        ParseProblem::FileTooLarge {
            limit_bytes: LIMIT_BYTES
        }
    );
}

#[test]
fn directives_come_first_and_other_comments_end_them() {
    assert_eq!(parse("# comment\n# escape=x\nFROM a").directives, Directives::default());
    assert_eq!(parse("\n# syntax=x\nFROM a").directives, Directives::default());
    assert_eq!(
        parse("#!/usr/bin/env build\n# escape=`\nFROM a").directives.escape,
        Escape::Backtick
    );
    for syntax in [
        "docker/dockerfile",
        "docker.io/docker/dockerfile:1.7-labs",
        "docker/dockerfile:1@sha256:00",
        "mirror.example.com:5000/docker/dockerfile:1",
    ] {
        let tree = parse(&format!("#syntax = {syntax} \nFROM a"));
        assert_eq!(tree.directives.syntax.as_deref(), Some(syntax));
    }
}

#[test]
fn long_instructions_are_printed_in_several_lines() {
    let part = format!("{}\\ #\\\n", "x #".repeat(10_000));
    let tree = parse(&format!("FROM a\nRUN {}y", part.repeat(8)));
    let printed = tree.to_string();
    assert!(printed.lines().count() > 4);
    assert_eq!(parse(&printed), tree);
}

#[test]
fn white_space_of_other_kinds_is_a_part_of_words() {
    for line in [
        "COPY <<E a\u{a0}b /d/\nE",
        "COPY [\"\u{a0}a\", \"b\u{2028}\"]",
        "VOLUME a\u{a0}b",
        "EXPOSE 1 \u{a0}2",
    ] {
        let tree = parse(&format!("FROM a\n{line}"));
        assert_eq!(parse(&tree.to_string()), tree, "{line:?}");
    }
}

#[test]
fn hostile_files_take_no_longer_than_their_size() {
    for text in [
        format!("FROM a\nRUN {}", "a \\\n".repeat(50_000)),
        format!("FROM a\nENV {}", "a=b \\\n".repeat(30_000)),
        "#x\n".repeat(100_000) + "FROM a",
        format!("FROM a\nCOPY {} /x\n{}", "<<a ".repeat(10_000), "a\n".repeat(10_000)),
        format!("FROM a\n{}", "USER a\n".repeat(20_000)),
        format!("FROM a\nCMD {}", "[".repeat(60_000)),
        format!("FROM a\nCOPY {} a b", "--exclude=a ".repeat(5_000)),
    ] {
        parse(&text);
    }
    let flood = format!("FROM a\n{} b", "x".repeat(60_000));
    assert!(matches!(problem(&flood), ParseProblem::UnknownInstruction { name, .. } if name.len() == 40));
}

/// Pieces of Dockerfiles, among them everything that is odd.
const PIECES: &[&str] = &[
    "FROM ",
    "RUN ",
    "COPY ",
    "ADD ",
    "ENV ",
    "ARG ",
    "LABEL ",
    "EXPOSE ",
    "USER ",
    "WORKDIR ",
    "VOLUME ",
    "SHELL ",
    "CMD ",
    "ENTRYPOINT ",
    "HEALTHCHECK ",
    "ONBUILD ",
    "STOPSIGNAL ",
    "MAINTAINER ",
    "CMD",
    " AS b",
    "\n",
    "\n",
    "\n",
    "\r\n",
    "\\\n",
    "`\n",
    "\\",
    "`",
    " ",
    "\t",
    "\u{b}",
    "\u{a0}",
    "a",
    "b=c",
    "=",
    "$x",
    "${x:-y}",
    "\"",
    "'",
    "#",
    "#a",
    "--",
    " -- ",
    "--link ",
    "--from=a ",
    "--chown='a b' ",
    "--mount=type=cache,target=/a ",
    "--mount=\\\"a ",
    "--network=none ",
    "--interval=5s ",
    "--platform=$p ",
    "--exclude=\\ a ",
    "<<E",
    "<<-E",
    "<<\"E\"",
    " <<E ",
    "3<<'E' ",
    "\nE\n",
    "\tE\n",
    "[\"a\", \"b c\"]",
    "[\"\"]",
    "[",
    "]",
    "[1]",
    "\"a\",",
    "/",
    "NONE",
    "80/tcp",
    "# escape=`\n",
    "# check=skip=a\n",
    "äö",
    "\u{feff}",
];

fn piece() -> impl Strategy<Value = String> {
    prop::sample::select(PIECES).prop_map(str::to_owned)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

    #[test]
    fn printing_and_parsing_again_gives_the_same_tree(pieces in prop::collection::vec(piece(), 0..25), begins: bool, backtick: bool) {
        let mut text = String::new();
        if backtick {
            text.push_str("# escape=`\n");
        }
        if begins {
            text.push_str("FROM a\n");
        }
        text.extend(pieces);
        if let Ok(tree) = Dockerfile::parse(text.as_bytes()) {
            let printed = tree.to_string();
            let again = Dockerfile::parse(printed.as_bytes());
            prop_assert_eq!(again.as_ref(), Ok(&tree), "{:?}", printed);
        }
    }

    #[test]
    fn one_instruction_survives(name in prop::sample::select(crate::instruction::NAMES.as_slice()), pieces in prop::collection::vec(piece(), 1..8)) {
        let text = format!("FROM a\n{name} {}", pieces.concat());
        if let Ok(tree) = Dockerfile::parse(text.as_bytes()) {
            let printed = tree.to_string();
            let again = Dockerfile::parse(printed.as_bytes());
            prop_assert_eq!(again.as_ref(), Ok(&tree), "{:?}", printed);
        }
    }
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(text in "(?s).{0,200}") {
        let _ = Dockerfile::parse(text.as_bytes());
    }
}
