//! Any text that is read as a Dockerfile is printed as one that reads back as the same. Its words, mounts and heredocs are expanded or refused,
//! and none grows beyond its limit.
#![no_main]

use container_dockerfile::{Dockerfile, Escape, FileSource, Instruction, Range, RunCommand, Word};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let value = |name: &str| (!name.starts_with('U')).then(|| format!("{name} /a*b?c/ {name}"));
    for escape in [Escape::Backslash, Escape::Backtick] {
        let word = Word::new(text, escape, Range::default());
        if let Ok(expanded) = word.expand(&value) {
            assert!(expanded.len() <= text.len() + (1 << 20));
            assert!(word.variables().is_ok() && word.expand_words(&value).is_ok());
        }
    }
    let Ok(tree) = Dockerfile::parse(text.as_bytes()) else {
        return;
    };
    let printed = tree.to_string();
    assert_eq!(Dockerfile::parse(printed.as_bytes()).as_ref(), Ok(&tree), "{printed}");
    for located in tree.stages.iter().flat_map(|stage| &stage.instructions) {
        let range = located.source.range;
        assert!(range.start.offset < range.end.offset && range.end.offset <= text.len());
        match &located.value {
            Instruction::Run(run) => {
                for mount in &run.mounts {
                    let _ = mount.expand(&value);
                }
                if let RunCommand::Script(script) = &run.command {
                    assert!(script.body().len() <= script.content.len());
                }
            }
            Instruction::Copy(copy) => {
                for source in &copy.sources {
                    if let FileSource::Heredoc(heredoc) = source {
                        let _ = heredoc.expand(&value);
                    }
                }
            }
            Instruction::Onbuild(onbuild) => assert!(Instruction::parse(&onbuild.trigger).is_ok()),
            _ => {}
        }
    }
});
