//! Plans of Dockerfiles, without any image or context.

use std::collections::BTreeMap;

use container_build_context::Ignore;
use container_dockerfile::Dockerfile;
use container_oci::{ImageConfig, ProcessDefaults};
use proptest::prelude::*;

use super::*;

/// A build of a text, of which every image is known.
struct Build {
    text: String,
    target: Option<String>,
    args: BTreeMap<String, String>,
    contexts: NamedContexts,
    ignore: Ignore,
    context_unix_seconds: Option<i64>,
    knows_images: bool,
    images: BTreeMap<String, ProcessDefaults>,
}

impl Build {
    fn of(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            target: None,
            args: BTreeMap::new(),
            contexts: NamedContexts::default(),
            ignore: Ignore::default(),
            context_unix_seconds: None,
            knows_images: true,
            images: BTreeMap::new(),
        }
    }

    fn target(mut self, name: &str) -> Self {
        self.target = Some(name.to_owned());
        self
    }

    fn arg(mut self, name: &str, value: &str) -> Self {
        self.args.insert(name.to_owned(), value.to_owned());
        self
    }

    fn image(mut self, name: &str, defaults: ProcessDefaults) -> Self {
        self.images.insert(name.to_owned(), defaults);
        self
    }

    /// The plan, and the images that it asked for.
    fn run(&self) -> Result<(Plan, Vec<String>), PlanError> {
        let dockerfile = Dockerfile::parse(self.text.as_bytes()).unwrap();
        let request = PlanRequest {
            dockerfile: &dockerfile,
            target: self.target.clone(),
            build_args: &self.args,
            contexts: &self.contexts,
            ignore: &self.ignore,
            context_unix_seconds: self.context_unix_seconds,
            platform: "linux/arm64".parse().unwrap(),
            build_platform: "linux/amd64".parse().unwrap(),
            shows_platform: false,
        };
        let mut bases = BaseImages::default();
        let mut asked = Vec::new();
        loop {
            match plan(&request, &bases)? {
                Planned::Ready(plan) => return Ok((plan, asked)),
                Planned::Needs(images) => {
                    for image in images {
                        let name = image.name.familiar();
                        if !self.knows_images {
                            bases.insert_unknown(image);
                            continue;
                        }
                        let defaults = self.images.get(&name).cloned().unwrap_or_default();
                        bases.insert(
                            image.clone(),
                            ImageConfig::new(image.platform.clone(), defaults, Vec::new()),
                        );
                        asked.push(name);
                    }
                }
            }
        }
    }

    fn plan(&self) -> Plan {
        self.run().unwrap().0
    }

    /// The rules that are broken where only a build shows it, with their lines.
    fn findings(&self) -> Vec<String> {
        let findings = self.plan().findings;
        findings
            .iter()
            .map(|finding| format!("{} {}", finding.rule, finding.range.start.line))
            .collect()
    }

    fn target_stage(&self) -> PlannedStage {
        let plan = self.plan();
        plan.stage(plan.target).unwrap().clone()
    }

    fn error(&self) -> String {
        self.run().unwrap_err().to_string()
    }
}

fn history(stage: &PlannedStage) -> Vec<String> {
    let steps = stage.image.history.iter();
    steps.map(|step| step.created_by().clone().unwrap()).collect()
}

fn labels(stage: &PlannedStage) -> Vec<String> {
    stage.steps.iter().map(|step| step.label.to_string()).collect()
}

fn run_of(step: &Step) -> &RunStep {
    match &step.operation {
        Operation::Run(run) => run,
        other => panic!("{other:?}"),
    }
}

fn copy_of(step: &Step) -> &CopyStep {
    match &step.operation {
        Operation::Copy(copy) => copy,
        other => panic!("{other:?}"),
    }
}

fn value<'a>(run: &'a RunStep, name: &str) -> Option<&'a str> {
    let found = run.environment.iter().find(|(known, _)| known == name);
    found.map(|(_, value)| value.as_str())
}

#[test]
fn only_what_the_target_needs_is_planned() {
    let text = "FROM one AS a\nFROM two AS b\nRUN x\nFROM three AS c\nCOPY --from=a /x /y\nFROM four AS d\n";
    let (plan, asked) = Build::of(text).target("C").run().unwrap();
    assert_eq!(asked, ["one:latest", "three:latest"]);
    assert_eq!(
        plan.stages.iter().map(|stage| stage.name.as_str()).collect::<Vec<_>>(),
        ["a", "c"]
    );
}

#[test]
fn stages_are_found_by_name_and_number_and_not_before_they_are_there() {
    let text =
        "FROM scratch AS Base\nFROM scratch\nCOPY --from=BASE /a /\nCOPY --from=0 /a /\nCOPY --from=alpine /a /\n";
    let stage = Build::of(text).target_stage();
    let origins: Vec<_> = stage.steps.iter().map(|step| copy_of(step).origin.clone()).collect();
    assert_eq!(
        origins[..2],
        [FileOrigin::Stage(StageId(0)), FileOrigin::Stage(StageId(0))]
    );
    assert!(matches!(&origins[2], FileOrigin::Image(request) if request.name.familiar() == "alpine:latest"));
    let forward = "FROM scratch AS a\nCOPY --from=b /x /\nFROM scratch AS b\nFROM a\n";
    assert!(
        Build::of(forward)
            .error()
            .contains("needs to be defined before current stage \"a\"")
    );
    let beyond = "FROM scratch\nCOPY --from=7 /x /\n";
    assert!(Build::of(beyond).error().ends_with("invalid stage index 7"));
    let unknown = Build::of("FROM scratch AS build\n").target("buidl").error();
    assert_eq!(
        unknown,
        "target stage \"buidl\" could not be found (did you mean build?)"
    );
}

#[test]
fn global_args_are_for_from_until_they_are_declared_again() {
    let text = "ARG BASE=alpine\nARG X=global\nFROM ${BASE}\nRUN one\nARG X\nRUN two\nARG X=stage\nRUN three\nENV X=env\nRUN four\n";
    let (plan, asked) = Build::of(text).run().unwrap();
    assert_eq!(asked, ["alpine:latest"]);
    let steps = &plan.stages[0].steps;
    let seen: Vec<_> = steps.iter().map(|step| value(run_of(step), "X")).collect();
    assert_eq!(seen, [None, Some("global"), Some("stage"), Some("env")]);
    let given = Build::of(text).arg("X", "given").arg("BASE", "busybox");
    assert_eq!(given.run().unwrap().1, ["busybox:latest"]);
    let stage = given.target_stage();
    assert_eq!(value(run_of(&stage.steps[2]), "X"), Some("given"));
    assert_eq!(history(&stage)[2], "RUN |1 X=given /bin/sh -c two # buildkit");
}

#[test]
fn a_stage_inherits_the_args_and_environment_of_its_base_stage() {
    let text = "FROM scratch AS a\nARG X=1\nENV Y=2\nWORKDIR /w\nUSER web\nFROM a\nRUN x\nFROM scratch\nRUN y\n";
    let stage = Build::of(text).target("1").target_stage();
    let run = run_of(&stage.steps[0]);
    assert_eq!((value(run, "X"), value(run, "Y")), (Some("1"), Some("2")));
    assert_eq!((run.directory.as_str(), run.user.as_str()), ("/w", "web"));
    let other = Build::of(text).target_stage();
    assert_eq!(value(run_of(&other.steps[0]), "X"), None);
}

#[test]
fn all_values_of_one_env_see_what_was_before_it() {
    let stage = Build::of("FROM scratch\nENV A=1\nENV A=2 B=$A\nRUN x\n").target_stage();
    let run = run_of(&stage.steps[0]);
    assert_eq!((value(run, "A"), value(run, "B")), (Some("2"), Some("1")));
}

#[test]
fn predefined_variables_are_there_when_they_are_declared() {
    let text = "FROM --platform=$BUILDPLATFORM scratch AS b\nRUN a\nARG TARGETPLATFORM\nARG BUILDARCH\nARG TARGETVARIANT\nRUN b\n";
    let stage = Build::of(text).target_stage();
    assert_eq!(stage.platform.to_string(), "linux/amd64");
    assert_eq!(value(run_of(&stage.steps[0]), "TARGETPLATFORM"), None);
    let run = run_of(&stage.steps[1]);
    assert_eq!(value(run, "TARGETPLATFORM"), Some("linux/arm64"));
    assert_eq!(
        (value(run, "BUILDARCH"), value(run, "TARGETVARIANT")),
        (Some("amd64"), Some(""))
    );
}

#[test]
fn proxies_reach_commands_without_being_declared_and_leave_no_trace() {
    let build = Build::of("FROM scratch\nRUN x\n").arg("http_proxy", "http://p");
    let (plan, _) = build.run().unwrap();
    assert!(plan.unused_args.is_empty());
    let stage = &plan.stages[0];
    let run = run_of(&stage.steps[0]);
    assert_eq!(value(run, "http_proxy"), None);
    let names: Vec<_> = run.proxies.0.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["HTTP_PROXY", "http_proxy"]);
    assert_eq!(history(stage), ["RUN /bin/sh -c x # buildkit"]);
}

#[test]
fn unused_build_arguments_are_told() {
    let build = Build::of("FROM scratch\nARG A\n")
        .arg("A", "1")
        .arg("B", "2")
        .arg("BUILDKIT_INLINE_CACHE", "1");
    assert_eq!(build.plan().unused_args, ["B"]);
}

#[test]
fn triggers_of_the_base_run_first_and_may_need_other_stages() {
    let base = ProcessDefaults {
        on_build: vec!["COPY --from=tools /t /t".to_owned(), "RUN prepare".to_owned()],
        env: vec!["PATH=/bin".to_owned()],
        ..ProcessDefaults::default()
    };
    let text = "FROM helper AS tools\nFROM base\nRUN own\n";
    let (plan, asked) = Build::of(text).image("base:latest", base).run().unwrap();
    assert_eq!(asked, ["base:latest", "helper:latest"]);
    let stage = plan.stage(plan.target).unwrap();
    let expected = [
        "[stage-1 2/4] ONBUILD COPY --from=tools /t /t",
        "[stage-1 3/4] ONBUILD RUN prepare",
        "[stage-1 4/4] RUN own",
    ];
    assert_eq!(labels(stage), expected);
    assert!(stage.image.defaults.on_build.is_empty());
    assert!(stage.steps[0].range.lines().contains(&2), "{:?}", stage.steps[0].range);
}

#[test]
fn triggers_of_a_stage_are_kept_for_stages_that_start_from_it() {
    let text = "FROM scratch AS a\nONBUILD RUN x\nFROM a AS b\nFROM b\nRUN y\n";
    let plan = Build::of(text).plan();
    assert_eq!(plan.stages[0].image.defaults.on_build, ["RUN x"]);
    assert_eq!((plan.stages[0].steps.len(), plan.stages[1].steps.len()), (0, 1));
    assert_eq!(plan.stages[2].steps.len(), 1);
}

#[test]
fn named_contexts_take_the_place_of_stages_and_images() {
    let mut build = Build::of("FROM alpine AS base\nRUN x\nFROM base\nCOPY --from=data /a /\nCOPY --from=tools /b /\n");
    build
        .contexts
        .insert("base", NamedContext::Image("debian".parse().unwrap()));
    build.contexts.insert("data", NamedContext::Files);
    build.contexts.insert("unused", NamedContext::Files);
    build
        .contexts
        .insert("tools", NamedContext::Image("tools:1".parse().unwrap()));
    let (plan, asked) = build.run().unwrap();
    assert_eq!(asked, ["debian:latest"]);
    assert!(plan.stages[0].steps.is_empty());
    assert_eq!(plan.named_contexts().collect::<Vec<_>>(), ["data"]);
    let steps = &plan.stages[1].steps;
    assert_eq!(copy_of(&steps[0]).origin, FileOrigin::NamedContext("data".to_owned()));
    assert!(matches!(&copy_of(&steps[1]).origin, FileOrigin::Image(request) if request.name.familiar() == "tools:1"));
    let mut build = Build::of("FROM data\n");
    build.contexts.insert("data", NamedContext::Files);
    assert!(build.error().contains("has files only"));
}

#[test]
fn copies_are_understood() {
    let text = "FROM scratch\nWORKDIR /w\nARG D=dir\nCOPY --chown=1:2 --chmod=u=rwX --link a $D/ b .\n\
                ADD https://example.com/x/y.tgz /z\nCOPY <<one <<\"two\" /t/\n$D\none\n$D\ntwo\n";
    let stage = Build::of(text).target_stage();
    let copy = copy_of(&stage.steps[1]);
    assert_eq!(copy.destination, "/w/");
    assert_eq!(copy.owner, Some(OwnerName::new("1:2")));
    assert!(copy.is_linked && copy.mode.is_some());
    assert_eq!(copy.sources[1], CopySource::Path("dir/".to_owned()));
    assert_eq!(
        history(&stage)[2],
        "COPY --chown=1:2 --chmod=u=rwX a dir/ b . # buildkit"
    );
    let url = &copy_of(&stage.steps[2]).sources[0];
    assert!(
        matches!(url, CopySource::Url { name, unpacks: false, .. } if name == "y.tgz"),
        "{url:?}"
    );
    let git = "FROM scratch\nADD --keep-git-dir --checksum=ab https://h/a.git#v1:docs /d\n";
    let repository = Build::of(git).target_stage();
    let CopySource::Git { address, keeps_git_dir } = &copy_of(&repository.steps[0]).sources[0] else {
        panic!("no repository");
    };
    assert!(keeps_git_dir);
    assert_eq!(
        (address.checksum.as_deref(), address.subdirectory.as_str()),
        (Some("ab"), "docs")
    );
    assert_eq!(history(&repository)[0], "ADD https://h/a.git#v1:docs /d # buildkit");
    let documents = &copy_of(&stage.steps[3]).sources;
    let content = |name: &str, content: &str| CopySource::Document {
        name: name.to_owned(),
        content: content.to_owned(),
    };
    assert_eq!(*documents, [content("one", "dir\n"), content("two", "$D\n")]);
}

#[test]
fn a_file_of_a_million_steps_is_refused_at_once() {
    for line in [
        "RUN x\n",
        "ENV A=b\n",
        "FROM scratch\n",
        "ENV A=b B=c C=d D=e E=f F=g\n",
    ] {
        let text = format!("FROM scratch\n{}", line.repeat(1_000_000 / line.len() * 6));
        let error = Build::of(&text).error();
        assert!(error.contains("more than 10000 instructions"), "{error}");
    }
    let line = format!("FROM scratch\nENV {}\n", "A=b \\\n".repeat(20_000));
    assert!(Build::of(&line).error().contains("more than 10000"));
}

#[test]
fn copies_that_make_no_sense_are_refused() {
    for (instruction, expected) in [
        ("COPY a b c", "must be a directory and end with a /"),
        ("COPY --chmod=999 a b", "invalid chmod parameter: '999'"),
        ("COPY https://example.com/x /", "source can't be a URL for COPY"),
        ("ADD --checksum=sha256:00 a /", "--checksum needs exactly one source"),
        ("ADD --checksum=sha256:00 https://h/a /", "of the form sha256:"),
        (
            "ADD --keep-git-dir=false https://h/a.git?keep-git-dir=true /",
            "inconsistent keep-git-dir",
        ),
        ("ADD --checksum=ab https://h/a.git?commit=cd /", "checksum mismatch"),
        ("ADD https://h/a.git?nothing=1 /", "unexpected query"),
        ("COPY git@h:a /", "source can't be a git ref for COPY"),
        ("RUN --mount=type=tmpfs,target=/ x", "invalid mount target \"/\""),
        ("STOPSIGNAL NOPE", "invalid signal: NOPE"),
        ("ENV A=${B:?needed}", "needed"),
    ] {
        let error = Build::of(&format!("FROM scratch\n{instruction}\n")).run().unwrap_err();
        assert!(error.to_string().contains(expected), "{instruction}: {error}");
        assert_eq!(error.range.unwrap().start.line, 2, "{instruction}");
    }
}

#[test]
fn the_directories_of_workdir_join_and_keep_what_was_written() {
    let stage = Build::of("FROM scratch\nWORKDIR /a/\nWORKDIR b\nWORKDIR ../c\nWORKDIR /\n").target_stage();
    assert_eq!(
        history(&stage),
        ["WORKDIR /a/", "WORKDIR /a/b", "WORKDIR /a/c", "WORKDIR /"]
    );
    let made: Vec<_> = stage.steps.iter().map(|step| step.description.as_str()).collect();
    assert_eq!(made, ["WORKDIR /a/", "WORKDIR /a/b", "WORKDIR /a/c"]);
}

#[test]
fn commands_are_given_to_the_shell_or_to_none() {
    let text = "FROM scratch\nRUN echo $X\nRUN [\"/a\", \"b\"]\nSHELL [\"/bin/bash\", \"-xc\"]\nRUN env\nRUN <<EOF\nmake\nEOF\n\
                RUN <<EOF\n#!/bin/x\nEOF\nRUN cat <<EOF > /f\ntext\nEOF\n";
    let stage = Build::of(text).target_stage();
    let arguments: Vec<_> = stage
        .steps
        .iter()
        .map(|step| run_of(step).arguments.join("|"))
        .collect();
    let expected = [
        "/bin/sh|-c|echo $X",
        "/a|b",
        "/bin/bash|-xc|env",
        "/bin/bash|-xc|make\n",
        "/bin/bash|-xc|/dev/pipes/EOF",
        "/bin/bash|-xc|cat <<EOF > /f\ntext\nEOF",
    ];
    assert_eq!(arguments, expected);
    let script = run_of(&stage.steps[4]).script.as_ref().unwrap();
    assert_eq!(
        (script.path.as_str(), script.content.as_str()),
        ("/dev/pipes/EOF", "#!/bin/x\n")
    );
    assert_eq!(labels(&stage)[3], "[4/6] RUN <<EOF (make)");
}

#[test]
fn relative_mounts_are_in_the_working_directory() {
    let text = "FROM scratch AS s\nFROM scratch\nWORKDIR /w\nRUN --mount=type=cache,target=c --mount=from=s,target=/s,source=x true\n";
    let stage = Build::of(text).target_stage();
    let mounts = &run_of(&stage.steps[1]).mounts;
    assert!(
        matches!(&mounts[0].mount, container_dockerfile::Mount::Cache(cache) if cache.target == "/w/c"),
        "{mounts:?}"
    );
    assert_eq!(mounts[1].origin, Some(FileOrigin::Stage(StageId(0))));
}

#[test]
fn what_only_a_build_shows_is_found() {
    let text = "ARG TAG\nFROM a:1$TAG AS one\nARG PORT=80/TCP\nFROM one\nENV B=$HOST$NONE\nEXPOSE $PORT 81/UDP\n\
                ADD ./kept ./secret/key http://x/secret /d/\nCOPY --from=one secret /\nCOPY . /\n";
    let defaults = ProcessDefaults {
        env: vec!["HOST=x".to_owned()],
        ..ProcessDefaults::default()
    };
    let mut build = Build::of(text).image("a:1", defaults);
    build.ignore = Ignore::parse(b"secret\n").unwrap();
    assert_eq!(
        build.findings(),
        ["UndefinedVar 5", "ExposeProtoCasing 6", "CopyIgnoredFile 7"]
    );
    // The image may have the variable.
    build.knows_images = false;
    assert_eq!(build.findings(), ["ExposeProtoCasing 6", "CopyIgnoredFile 7"]);
    let invalid = Build::of("ARG TAG\nFROM a:$TAG\n").arg("TAG", "1");
    assert_eq!(invalid.findings(), ["InvalidDefaultArgInFrom 2"]);
}

#[test]
fn no_file_is_looked_through_without_an_end() {
    let text = format!("FROM scratch\n{}", "USER $none\n".repeat(9_000));
    assert_eq!(Build::of(&text).findings().len(), 200);
}

#[test]
fn metadata_is_no_step() {
    let text = "FROM scratch\nLABEL a=b\nEXPOSE 80\nVOLUME /v\nCMD x\nENTRYPOINT [\"/e\"]\nHEALTHCHECK NONE\nSTOPSIGNAL SIGQUIT\nMAINTAINER me\n";
    let stage = Build::of(text).target_stage();
    assert!(stage.steps.is_empty());
    let made = &stage.image.defaults;
    assert_eq!((made.labels["a"].as_str(), made.stop_signal.as_str()), ("b", "SIGQUIT"));
    assert_eq!(made.cmd, ["/bin/sh", "-c", "x"]);
    assert_eq!(stage.image.author.as_deref(), Some("me"));
}

proptest! {
    /// Whatever the instructions are, a plan is made or refused, and its steps are those of its history that have layers.
    #[test]
    fn each_layer_of_the_history_is_a_step(lines in proptest::collection::vec(
        prop_oneof![
            Just("RUN x"), Just("COPY a /b"), Just("WORKDIR w"), Just("WORKDIR /"), Just("ENV A=$A-1"), Just("ARG A=2"),
            Just("USER u"), Just("LABEL l=$A"), Just("CMD c"), Just("FROM scratch"), Just("ADD a b/"), Just("EXPOSE 1-3"),
        ], 0..20)
    ) {
        let text = format!("FROM scratch\n{}\n", lines.join("\n"));
        for stage in Build::of(&text).plan().stages {
            let layers = stage.image.history.iter().filter(|step| !step.empty_layer().unwrap_or_default());
            prop_assert_eq!(layers.count(), stage.steps.len());
        }
    }
}

#[test]
fn a_global_argument_tells_the_time_unless_it_is_given() {
    let text = "ARG SOURCE_DATE_EPOCH=7\nFROM scratch\n";
    assert_eq!(Build::of(text).plan().epoch.as_deref(), Some("7"));
    let given = Build::of(text).arg("SOURCE_DATE_EPOCH", "8").plan();
    assert_eq!(given.epoch.as_deref(), Some("8"));
    assert_eq!(Build::of("FROM scratch\nARG SOURCE_DATE_EPOCH=7\n").plan().epoch, None);
}

#[test]
fn a_global_argument_takes_the_time_of_the_context() {
    let mut build = Build::of("ARG SOURCE_DATE_EPOCH=context\nFROM scratch\nARG SOURCE_DATE_EPOCH\nRUN [\"x\"]\n");
    let seen = |plan: &Plan| match &plan.stages[0].steps[0].operation {
        Operation::Run(run) => run.environment.clone(),
        _ => unreachable!("the only step is a command"),
    };
    let told = |entries: &[(String, String)]| {
        let told = entries.iter().find(|(name, _)| name == "SOURCE_DATE_EPOCH");
        told.map(|(_, value)| value.clone())
    };
    let plan = build.plan();
    assert_eq!((plan.epoch.as_deref(), told(&seen(&plan)).as_deref()), (None, None));
    build.context_unix_seconds = Some(9);
    let plan = build.plan();
    assert_eq!(
        (plan.epoch.as_deref(), told(&seen(&plan)).as_deref()),
        (Some("9"), Some("9"))
    );
}
