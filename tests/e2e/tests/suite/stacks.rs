//! Proves that the guest sees the same tree of layers that lack members for directories, or that reach through links of lower layers,
//! whether the layers are separate disks or merged into one.

use container_e2e::{Home, Image, Member, Members};

/// Prints everything about the trees that the layers below make.
const LIST: &str = "cd / && for at in $(find srv usr lib run | sort); do stat -c '%n %F %a %u %g' $at; done; \
                    stat -c '%n %Y' srv usr/deep; cat usr/deep/new usr/deep/again; readlink lib";

fn directory(tar: &mut Members, path: &str, mode: u32, owner: (u32, u32), time: &str) {
    let member = Member {
        mode,
        owner,
        time,
        ..Member::default()
    };
    tar.add(path.as_bytes(), b'5', &member);
}

fn lower() -> Vec<u8> {
    let mut tar = Members::default();
    directory(&mut tar, "srv", 0o1777, (7, 8), "1500000000");
    directory(&mut tar, "usr", 0o755, (0, 0), "1500000000");
    directory(&mut tar, "usr/deep", 0o2750, (3, 4), "1600000000");
    tar.file("srv/gone", "lower").file("usr/deep/old", "lower");
    for (path, link) in [("lib", &b"usr/deep"[..]), ("run", b"/srv")] {
        let member = Member {
            link,
            mode: 0o777,
            ..Member::default()
        };
        tar.add(path.as_bytes(), b'2', &member);
    }
    tar.end()
}

fn undescribed() -> Vec<u8> {
    let mut tar = Members::default();
    tar.file("srv/.wh.gone", "")
        .file("srv/new", "middle")
        .file("usr/deep/new", "middle");
    tar.end()
}

fn through_links() -> Vec<u8> {
    let mut tar = Members::default();
    let member = Member {
        link: b"usr/deep/old",
        ..Member::default()
    };
    tar.file("lib/new", "upper")
        .file("run/more", "upper")
        .file("lib/.wh.old", "");
    tar.add(b"lib/again", b'1', &member);
    tar.end()
}

/// What a machine shows of an image of these layers.
fn seen(home: &Home, name: &str, layers: Vec<Vec<u8>>) -> String {
    let archive = home.file("archive.tar");
    let image = layers.into_iter().fold(Image::busybox(name), Image::layer);
    image.write(&archive);
    home.run(["image", "load", "-i", archive.to_str().unwrap()]).success();
    home.run(["run", "--rm", name, "sh", "-c", LIST]).success().text()
}

#[test]
fn the_guest_sees_what_the_layers_mean() {
    let home = Home::empty();
    let stacked = seen(&home, "localhost/stack:1", vec![lower(), undescribed()]);
    let expected = "lib symbolic link 777 0 0\n\
                    run symbolic link 777 0 0\n\
                    srv directory 1777 7 8\n\
                    srv/new regular file 644 0 0\n\
                    usr directory 755 0 0\n\
                    usr/deep directory 2750 3 4\n\
                    usr/deep/new regular file 644 0 0\n\
                    usr/deep/old regular file 644 0 0\n\
                    srv 1500000000\n\
                    usr/deep 1600000000\n\
                    middle";
    assert!(stacked.starts_with(expected), "{stacked}");

    let merged = seen(
        &home,
        "localhost/stack:2",
        vec![lower(), undescribed(), through_links()],
    );
    assert_eq!(
        merged,
        "lib symbolic link 777 0 0\n\
         run symbolic link 777 0 0\n\
         srv directory 1777 7 8\n\
         srv/more regular file 644 0 0\n\
         srv/new regular file 644 0 0\n\
         usr directory 755 0 0\n\
         usr/deep directory 2750 3 4\n\
         usr/deep/again regular file 644 0 0\n\
         usr/deep/new regular file 644 0 0\n\
         srv 1500000000\n\
         usr/deep 1600000000\n\
         upperlowerusr/deep"
    );
}
