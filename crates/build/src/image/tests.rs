//! What instructions make of an image.

use super::*;

fn image() -> StageImage {
    StageImage::scratch("linux/amd64".parse().unwrap())
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// What the last step of the history says, and whether it has no layer.
fn last(image: &StageImage) -> (String, bool) {
    let step = image.history.last().unwrap();
    (
        step.created_by().clone().unwrap(),
        step.empty_layer().unwrap_or_default(),
    )
}

#[test]
fn an_image_from_scratch_has_a_path_and_the_root_as_its_directory() {
    let made = image().defaults;
    assert_eq!(made.env, [format!("PATH={DEFAULT_PATH}")]);
    assert_eq!(made.working_dir, "/");
}

#[test]
fn the_path_of_the_base_is_kept() {
    let mut base = ImageConfig::new("linux/amd64".parse().unwrap(), ProcessDefaults::default(), Vec::new());
    base.config.env = words("A=1 PATH=/bin");
    let (made, _) = StageImage::on(&base, base.platform.clone());
    assert_eq!(made.defaults.env, ["A=1", "PATH=/bin"]);
}

#[test]
fn history_is_in_the_words_of_buildkit() {
    let mut made = image();
    made.env(&[("SCUBA".to_owned(), "1 DUBA 3".to_owned())]);
    assert_eq!(last(&made), ("ENV SCUBA=1 DUBA 3".to_owned(), true));
    made.cmd(vec!["/bin/sh".to_owned(), "-c".to_owned(), "echo \"test\"".to_owned()]);
    assert_eq!(last(&made).0, r#"CMD ["/bin/sh" "-c" "echo \"test\""]"#);
    made.expose(&words("5000/tcp 6000/tcp"));
    assert_eq!(last(&made).0, "EXPOSE [5000/tcp 6000/tcp]");
    made.volume(&words("/test /test2"));
    assert_eq!(last(&made).0, "VOLUME [/test /test2]");
    made.set_shell(words("/bin/bash -xc"));
    assert_eq!(last(&made).0, "SHELL [/bin/bash -xc]");
    made.arg(&[("foo".to_owned(), Some("9".to_owned())), ("bar".to_owned(), None)]);
    assert_eq!(last(&made).0, "ARG foo=9 bar");
    made.layer("COPY . copy");
    assert_eq!(last(&made), ("COPY . copy # buildkit".to_owned(), false));
    made.work_dir("/tmp/".to_owned());
    assert_eq!(last(&made), ("WORKDIR /tmp/".to_owned(), false));
    made.work_dir("/".to_owned());
    assert_eq!(last(&made), ("WORKDIR /".to_owned(), true));
    assert!(
        made.history
            .iter()
            .all(|step| step.comment().as_deref() == Some(HISTORY_COMMENT))
    );
}

#[test]
fn an_entry_point_takes_away_an_inherited_command_only() {
    let mut base = image();
    base.cmd(words("old"));
    let (mut made, _) = StageImage::on_stage(&base);
    made.entrypoint(words("/entry"));
    assert!(made.defaults.cmd.is_empty());
    made.cmd(words("new"));
    made.entrypoint(words("/other"));
    assert_eq!(made.defaults.cmd, ["new"]);
}

#[test]
fn triggers_are_for_the_next_image_only() {
    let mut base = image();
    base.on_build("RUN make".to_owned());
    let (made, triggers) = StageImage::on_stage(&base);
    assert_eq!(triggers, ["RUN make"]);
    assert!(made.defaults.on_build.is_empty());
    assert!(base.history.is_empty());
}
