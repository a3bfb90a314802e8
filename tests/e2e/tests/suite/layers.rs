//! Proves that the guest sees of a layer what GNU tar extracts from it, that whiteouts hide what is below in every order of the members, and
//! that images with more layers than disks run.

use std::fmt::Write as _;
use std::fs;

use container_e2e::{Home, Image, Member, Members};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::debian;

/// The prefix of whiteouts is that of the image specification.
const OPAQUE: &str = ".wh..wh..opq";

/// Prints everything about the tree below the working directory, one entry a line. Directories have no sizes and link counts, which differ between file
/// systems. Files with holes are too large to read whole.
pub(crate) const LIST: &str = r#"
list() (
    cd "$1" && export LC_ALL=C
    find . -type d -printf '%p %y %m %U %G %T@\n' | sort
    find . ! -type d -printf '%p %y %m %U %G %n %s %T@ %l\n' | sort
    find . \( -type b -o -type c \) -exec stat -c '%n %t:%T' {} + | sort
    find . -type f -size -2000k -exec sha256sum {} + | sort
    find . -type f -links +1 -printf '%i %p\n' | sort -k 2 |
        awk '{ group[$1] = group[$1] " " $2 } END { for (i in group) print "same:" group[i] }' | sort
    getfattr -R -P -h -d -m - -e hex . | sort
)
"#;

#[test]
fn the_guest_sees_what_gnu_tar_extracts() {
    let home = Home::empty();
    let (usual, long, large) = (usual_case(), long_links(), large_case());
    let mut tars = Members::default();
    tars.plain(b"usual.tar", b'0', &Member::default(), &usual);
    tars.plain(b"long.tar", b'0', &Member::default(), &long);
    let archive = home.file("archive.tar");
    Image::from_tar("localhost/layers:1", fs::read(debian::root_tar(&home)).unwrap())
        .layer(usual)
        .layer(long)
        .layer(large)
        .layer(tars.end())
        .config(json!({"Cmd": ["bash"]}))
        .write(&archive);
    home.run(["image", "load", "-i", archive.to_str().unwrap()]).success();
    let _ = fs::remove_file(&archive);

    let script = format!(
        r#"{LIST}
        set -e
        mkdir /extracted && cd /extracted
        for tar in usual long; do
            LC_ALL=C tar --xattrs --xattrs-include='*' --acls -p --numeric-owner -xf /$tar.tar
            list /$tar >/$tar.seen && list /extracted/$tar >/$tar.extracted
            wc -l </$tar.seen
            diff /$tar.seen /$tar.extracted
        done
        cd /usual
        stat -c %b holes
        for at in 0 5368709120 10737418236; do dd if=holes bs=4 count=1 iflag=skip_bytes skip=$at status=none; done; echo
        ls -U /large/many | LC_ALL=C sort | sha256sum
        cat /large/many/077777
        getfattr -h --only-values -n user.large /large/attributes | sha256sum
        readlink /long/link | wc -c
        "#
    );
    let outcome = home
        .run([
            "run",
            "--rm",
            "--cap-add",
            "ALL",
            "-m",
            "512m",
            "localhost/layers:1",
            "bash",
            "-c",
            &script,
        ])
        .success();
    let text = outcome.text();
    let lines: Vec<&str> = text.lines().collect();
    let number = |line: &str| line.trim().parse::<u64>().unwrap();
    assert!(number(lines[0]) > 40 && number(lines[1]) >= 3, "{text}");
    assert!(number(lines[2]) < 200, "the holes are holes: {text}");
    assert_eq!(lines[3], "headmid!tail");
    let names: String = (0..MANY).fold(String::new(), |mut names, number| {
        let _ = writeln!(names, "{number:06}");
        names
    });
    assert!(lines[4].starts_with(&sha256(names.as_bytes())), "{text}");
    assert!(lines[5].starts_with(&sha256(&large_value())), "{text}");
    assert_eq!(lines[6].trim(), "4001");
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Owners, modes, times, names, links, devices, attributes, capabilities, ACLs and holes.
fn usual_case() -> Vec<u8> {
    let mut tar = Members::default();
    let member = Member::default;
    let directory = |mode| Member { mode, ..member() };
    tar.add(b"usual", b'5', &directory(0o755));
    for (name, mode) in [("sticky", 0o1777), ("setgid", 0o2775), ("closed", 0o700)] {
        tar.add(format!("usual/{name}").as_bytes(), b'5', &directory(mode));
    }
    for (name, mode) in [("setuid", 0o4755), ("both", 0o6711), ("none", 0)] {
        let content = name.as_bytes();
        tar.add(
            format!("usual/{name}").as_bytes(),
            b'0',
            &Member {
                mode,
                content,
                ..member()
            },
        );
    }
    for (name, time) in [
        ("before-1970", "-86400.5"),
        ("in-1902", "-2145916800"),
        ("after-2038", "4102444800.123456789"),
        ("sub-second", "1700000000.000000001"),
    ] {
        tar.add(format!("usual/{name}").as_bytes(), b'0', &Member { time, ..member() });
    }
    for (name, owner) in [("owner", (70_000, 3_000_000_000)), ("nobody", (4_294_967_294, 65_536))] {
        tar.add(format!("usual/{name}").as_bytes(), b'0', &Member { owner, ..member() });
    }
    let long_name = [&b"usual/"[..], &[b'n'; 255]].concat();
    tar.add(
        &long_name,
        b'0',
        &Member {
            content: b"1",
            ..member()
        },
    );
    tar.add(b"usual/\xff\xfe \\ \x01", b'0', &member());
    tar.add("usual/grün".as_bytes(), b'0', &member());
    tar.add(
        b"usual/target",
        b'0',
        &Member {
            content: b"shared",
            ..member()
        },
    );
    // GNU tar gives a directory its time when the next member lies outside of it.
    for name in ["one", "two"] {
        let link = b"usual/target";
        tar.add(format!("usual/{name}").as_bytes(), b'5', &directory(0o755));
        tar.add(
            format!("usual/{name}/link").as_bytes(),
            b'1',
            &Member { link, ..member() },
        );
    }
    for (name, link) in [
        ("relative", &b"target"[..]),
        ("absolute", b"/usual/target"),
        ("59", &[b't'; 59]),
        ("60", &[b't'; 60]),
        ("1000", &[b't'; 1000]),
    ] {
        let time = "1600000000.5";
        tar.add(
            format!("usual/link-{name}").as_bytes(),
            b'2',
            &Member {
                link,
                time,
                mode: 0o777,
                ..member()
            },
        );
    }
    for (name, kind, device) in [
        ("null", b'3', (1, 3)),
        ("disk", b'4', (259, 300)),
        ("pipe", b'6', (0, 0)),
    ] {
        tar.add(
            format!("usual/{name}").as_bytes(),
            kind,
            &Member {
                device,
                mode: 0o640,
                ..member()
            },
        );
    }
    let capability = [1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let attributes: [(&str, &[u8]); 4] = [
        ("SCHILY.xattr.security.capability", &capability),
        ("SCHILY.xattr.user.text", b"value"),
        ("SCHILY.xattr.user.bytes", b"\0=\n\xff"),
        ("SCHILY.xattr.user.block", &[b'b'; 700]),
    ];
    tar.add(
        b"usual/attributes",
        b'0',
        &Member {
            records: &attributes,
            ..member()
        },
    );
    tar.add(
        b"usual/attributes-too",
        b'5',
        &Member {
            records: &attributes[1..],
            mode: 0o755,
            ..member()
        },
    );
    let acl = b"user::rw-,user:1234:r--,group::r--,group:70000:rw-,mask::rw-,other::---";
    tar.add(
        b"usual/acl",
        b'0',
        &Member {
            mode: 0o660,
            records: &[("SCHILY.acl.access", acl)],
            ..member()
        },
    );
    let default = b"user::rwx,user:1234:r-x,group::r-x,mask::r-x,other::---";
    let records: [(&str, &[u8]); 2] = [
        ("SCHILY.acl.default", default),
        ("SCHILY.acl.access", b"user::rwx,group::r-x,other::r-x"),
    ];
    tar.add(
        b"usual/acl-directory",
        b'5',
        &Member {
            mode: 0o755,
            records: &records,
            ..member()
        },
    );
    // Format 1.0 of GNU tar: the map comes first in the content, then three pieces.
    let size = 10_u64 << 30;
    let mut content = format!("3\n0\n4\n{}\n4\n{}\n4\n", size / 2, size - 4).into_bytes();
    content.resize(512, 0);
    content.extend_from_slice(b"headmid!tail");
    let size = size.to_string();
    let records: [(&str, &[u8]); 4] = [
        ("GNU.sparse.major", b"1"),
        ("GNU.sparse.minor", b"0"),
        ("GNU.sparse.name", b"usual/holes"),
        ("GNU.sparse.realsize", size.as_bytes()),
    ];
    tar.add(
        b"usual/GNUSparseFile.0/holes",
        b'0',
        &Member {
            content: &content,
            records: &records,
            ..member()
        },
    );
    tar.end()
}

/// Link targets that need a disk with large blocks.
fn long_links() -> Vec<u8> {
    let mut tar = Members::default();
    tar.directory("long");
    let link = [b't'; 4000];
    let member = Member {
        link: &link,
        mode: 0o777,
        ..Member::default()
    };
    tar.add(b"long/link", b'2', &member);
    tar.file("long/file", "beside it");
    tar.end()
}

/// Names in one directory.
const MANY: u32 = 100_000;

fn large_value() -> Vec<u8> {
    (0..65_536_u32)
        .map(|at| (at.wrapping_mul(2_654_435_761) >> 13).to_le_bytes()[0])
        .collect()
}

/// Files that would take GNU tar in the guest too long, or that do not fit on the guest's disk.
fn large_case() -> Vec<u8> {
    let mut tar = Members::default();
    tar.directory("large").directory("large/many");
    for number in 0..MANY {
        tar.file(&format!("large/many/{number:06}"), "");
    }
    let records: [(&str, &[u8]); 1] = [("SCHILY.xattr.user.large", &large_value())];
    tar.add(
        b"large/attributes",
        b'0',
        &Member {
            records: &records,
            ..Member::default()
        },
    );
    tar.end()
}

/// The lower layer: files to hide, to replace and to keep.
fn lower() -> Vec<u8> {
    let mut tar = Members::default();
    for path in [
        "t",
        "t/d",
        "t/d/sub",
        "t/opaque",
        "t/opaque/sub",
        "t/dir-to-file",
        "t/remade",
        "t/removed",
        "fill",
    ] {
        tar.directory(path);
    }
    for path in [
        "t/d/old",
        "t/d/sub/old",
        "t/gone",
        "t/keep",
        "t/opaque/old",
        "t/opaque/sub/old",
        "t/file-to-dir",
        "t/dir-to-file/x",
        "t/remade/old",
        "t/removed/x",
    ] {
        tar.file(path, "lower");
    }
    tar.end()
}

/// The upper layer, with its whiteouts before or after everything else.
fn upper(whiteouts_first: bool) -> Vec<u8> {
    let mut tar = Members::default();
    let whiteouts = |tar: &mut Members| {
        for path in [
            "t/.wh.gone",
            "t/d/.wh.old",
            "t/.wh.remade",
            "t/.wh.file-to-dir",
            "t/.wh.removed",
            "t/.wh.never-was",
        ] {
            tar.file(path, "");
        }
        tar.file(&format!("t/opaque/{OPAQUE}"), "");
    };
    if whiteouts_first {
        whiteouts(&mut tar);
    }
    for path in ["t", "t/d", "t/opaque", "t/remade", "t/file-to-dir"] {
        tar.directory(path);
    }
    for path in ["t/opaque/new", "t/remade/new", "t/file-to-dir/in", "t/dir-to-file"] {
        tar.file(path, "upper");
    }
    if !whiteouts_first {
        whiteouts(&mut tar);
    }
    tar.end()
}

const LEFT: &str = "/t\n/t/d\n/t/d/sub\n/t/d/sub/old\n/t/dir-to-file\n/t/file-to-dir\n/t/file-to-dir/in\n/t/keep\n/t/opaque\n/t/opaque/new\n/t/remade\n/t/remade/new";

#[test]
fn whiteouts_hide_what_is_below_in_every_order() {
    let home = Home::empty();
    for whiteouts_first in [true, false] {
        let archive = home.file("archive.tar");
        Image::busybox("localhost/orders:1")
            .layer(lower())
            .layer(upper(whiteouts_first))
            .write(&archive);
        home.run(["image", "load", "-i", archive.to_str().unwrap()]).success();
        let outcome = home
            .run(["run", "--rm", "localhost/orders:1", "sh", "-c", "find /t | sort"])
            .success();
        assert_eq!(outcome.text(), LEFT);
    }
}

/// More layers than a machine gets disks for: the lowest are merged into one disk, which the next image shares.
#[test]
fn an_image_of_130_layers_runs() {
    let home = Home::empty();
    let layers = 130;
    let filler = |number: usize| {
        let mut tar = Members::default();
        tar.directory("fill")
            .file(&format!("fill/{number:03}"), "")
            .file(&format!("fill/.wh.{:03}", number.wrapping_sub(2)), "");
        tar.end()
    };
    let archive = home.file("archive.tar");
    for (name, layers) in [("localhost/many:1", layers), ("localhost/many:2", layers + 1)] {
        let mut image = Image::busybox(name).layer(lower());
        for number in 3..=layers {
            image = image.layer(if number == 60 { upper(true) } else { filler(number) });
        }
        image.write(&archive);
        home.run(["image", "load", "-i", archive.to_str().unwrap()]).success();
        let script = "find /t | sort; ls /fill; cat /t/keep /t/opaque/new /t/dir-to-file";
        let outcome = home.run(["run", "--rm", name, "sh", "-c", script]).success();
        // The file that layer 60 would have hidden is there, because that layer is another one.
        let left = [58, layers - 1, layers].map(|number| format!("{number:03}\n")).concat();
        assert_eq!(outcome.text(), format!("{LEFT}\n{left}lowerupperupper"));
    }
    let disks = fs::read_dir(home.app_root().join("layers"))
        .unwrap()
        .filter(|entry| {
            entry
                .as_ref()
                .unwrap()
                .path()
                .extension()
                .is_some_and(|extension| extension == "ext4")
        })
        .count();
    assert_eq!(
        disks,
        layers + 1 + 1,
        "a disk for each layer, and one for the merged ones of both images"
    );
}
