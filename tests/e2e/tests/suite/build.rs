//! Proves that Dockerfiles become images that run, that what was done before is not done again, and that files alone need no machine.

use std::fs;

use container_e2e::{BUSYBOX, Home, Layer, build, context, told_digest};

/// Checks that nothing of a machine is left: no process, no socket, no record.
#[track_caller]
pub(crate) fn assert_no_machine(home: &Home) {
    home.assert_quiet();
    let records: Vec<_> = fs::read_dir(home.app_root().join("containers"))
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .collect();
    assert!(records.is_empty(), "{records:?}");
}

#[test]
fn files_alone_become_an_image_without_a_machine_and_are_copied_once() {
    let home = Home::new();
    let dockerfile = format!(
        "FROM {BUSYBOX}\nARG GREETING=hello\nENV GREETING=$GREETING\nWORKDIR /srv/app\nCOPY --chown=7:8 --chmod=u=rwX,go= src/ lib/\n\
         COPY <<EOF note\n$GREETING\nEOF\nCMD [\"cat\", \"note\", \"lib/a\"]\n"
    );
    let context = context(
        &home,
        &dockerfile,
        &[("src/a", "from a"), ("src/b/c", "c"), ("unused", "x")],
    );
    let first = build(&home, &context, &["-t", "localhost/files:1"]).success();
    assert_eq!(
        first.stderr.matches("CACHED").count(),
        1,
        "only the base: {}",
        first.stderr
    );
    assert_eq!(home.processes().len(), 0, "no machine has run, none is left");
    assert_eq!(
        home.run(["run", "--rm", "localhost/files:1"]).success().text(),
        "hello\nfrom a"
    );
    let check = "stat -c '%u:%g %a' lib/a lib/b lib /srv/app; pwd";
    let seen = home
        .run(["run", "--rm", "localhost/files:1", "sh", "-c", check])
        .success()
        .text();
    assert_eq!(seen, "7:8 600\n7:8 700\n7:8 755\n0:0 755\n/srv/app");
    // What is not copied makes no difference; what is copied does.
    fs::write(context.join("unused"), "y").unwrap();
    let again = build(&home, &context, &["-t", "localhost/files:2"]).success();
    assert_eq!(again.stderr.matches("CACHED").count(), 4, "{}", again.stderr);
    assert_eq!(
        told_digest(&again),
        told_digest(&first),
        "nothing was done, so it is the same image"
    );
    fs::write(context.join("src/a"), "changed").unwrap();
    build(&home, &context, &["-t", "localhost/files:3"]).success();
    assert_eq!(
        home.run(["run", "--rm", "localhost/files:3"]).success().text(),
        "hello\nchanged"
    );
}

#[test]
fn archives_are_unpacked_and_what_commands_take_away_is_gone() {
    let home = Home::new();
    let dockerfile = format!(
        "FROM {BUSYBOX}\nADD a.tar /unpacked/\nRUN rm -r /unpacked/d /bin/wget && mkdir /unpacked/d && touch /unpacked/d/new && ln /unpacked/e /e\n\
         CMD [\"sh\", \"-c\", \"cat /e; ls /unpacked/d; stat -c '%a %h' /unpacked/e; ls /bin/wget\"]\n"
    );
    let context = context(&home, &dockerfile, &[]);
    let archive = Layer::default()
        .directory("d", 0o755)
        .file("d/old", 0o644, b"")
        .file("e", 0o640, b"packed\n");
    fs::write(context.join("a.tar"), archive.into_bytes()).unwrap();
    build(&home, &context, &["-t", "localhost/archive:1"]).success();
    let seen = home.run(["run", "--rm", "localhost/archive:1"]).with_code(1);
    assert_eq!(seen.text(), "packed\nnew\n640 2", "{}", seen.stderr);
}

#[test]
fn a_command_without_network_has_loopback_only_and_those_around_it_have_theirs() {
    let home = Home::new();
    // An address of which nobody has a route but by way of a network.
    let dockerfile = format!(
        "FROM {BUSYBOX}\nRUN ls /sys/class/net > /before && ip route >> /before\n\
         RUN --network=none ls /sys/class/net > /without && ip route >> /without && ip addr show up >> /without; \
         ping -c 1 -W 60 127.0.0.1 > /dev/null && echo pinged >> /without; \
         nc 192.0.2.1 9 < /dev/null 2>> /without; test $? != 0\n\
         RUN --network=none --security=insecure ls /sys/class/net > /privileged\n\
         RUN ls /sys/class/net > /after && ip route >> /after\n\
         CMD [\"sh\", \"-c\", \"cmp /before /after && grep eth0 /before >/dev/null && cat /privileged /without\"]\n"
    );
    let context = context(&home, &dockerfile, &[]);
    build(&home, &context, &["-t", "localhost/networks:1"]).success();
    let seen = home.run(["run", "--rm", "localhost/networks:1"]).success().text();
    let lines: Vec<&str> = seen.lines().collect();
    // The names of interfaces, no route, the only one that is up.
    assert!(
        lines.starts_with(&["lo", "lo"]) && lines[2].starts_with("1: lo: <LOOPBACK,UP"),
        "{seen}"
    );
    assert!(lines.contains(&"pinged") && !seen.contains("eth0"), "{seen}");
    assert!(lines.last().unwrap().contains("Network is unreachable"), "{seen}");
    // Where it ran is part of what it did, and is told from what others did.
    let again = build(&home, &context, &["-t", "localhost/networks:2"]).success();
    assert_eq!(again.stderr.matches("CACHED").count(), 5, "{}", again.stderr);
    assert_no_machine(&home);
}

#[test]
fn a_failed_step_is_told_with_its_place_and_leaves_no_image() {
    let home = Home::new();
    let context = context(&home, &format!("FROM {BUSYBOX}\nCOPY nothing /\n"), &[]);
    build(&home, &context, &["-t", "localhost/none:1"]).failure(
        1,
        &["Dockerfile:2", "  2 | >>> COPY nothing /", "\"/nothing\": not found"],
    );
    let listed = home.run(["image", "list", "-q"]).success().text();
    assert!(!listed.contains("localhost/none"), "{listed}");
}

#[test]
fn commands_run_on_what_was_copied_and_stages_hand_files_on() {
    let home = Home::new();
    let dockerfile = format!(
        "FROM {BUSYBOX} AS made\nWORKDIR /w\nCOPY src .\nRUN cat a b > all && chown 5:6 all\n\
         FROM {BUSYBOX}\nCOPY --from=made /w/all /all\nRUN test \"$(stat -c %u:%g /all)\" = 5:6\nCMD [\"cat\", \"/all\"]\n"
    );
    let context = context(&home, &dockerfile, &[("src/a", "one "), ("src/b", "two")]);
    build(&home, &context, &["-t", "localhost/run:1"]).success();
    assert_eq!(home.run(["run", "--rm", "localhost/run:1"]).success().text(), "one two");
    assert_no_machine(&home);
    let again = build(&home, &context, &["-t", "localhost/run:1"]).success();
    assert_eq!(again.stderr.matches("CACHED").count(), 7, "{}", again.stderr);
}

#[test]
fn a_command_that_fails_is_told_with_its_lines_and_what_was_done_before_is_kept() {
    let home = Home::new();
    let dockerfile =
        format!("FROM {BUSYBOX}\nRUN echo one > /one\nRUN cat /one; \\\n  echo broken >&2; exit 7\nENV A=b\n");
    let context = context(&home, &dockerfile, &[]);
    build(&home, &context, &["-t", "localhost/none:1"]).failure(
        1,
        &[
            "------\n > [3/3] RUN cat /one;",
            "one\nbroken\n------\nDockerfile:3\n",
            "  3 | >>> RUN cat",
            "exit code: 7",
        ],
    );
    assert_no_machine(&home);
    fs::write(context.join("Dockerfile"), dockerfile.replace("exit 7", "exit 0")).unwrap();
    let again = build(&home, &context, &["-t", "localhost/kept:1"]).success();
    assert_eq!(
        again.stderr.matches("CACHED").count(),
        2,
        "base and first command: {}",
        again.stderr
    );
}
