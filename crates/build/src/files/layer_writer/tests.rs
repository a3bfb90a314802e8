//! Where copied files go, and which directories come with them.

use container_tar::Reader;

use super::*;

fn made(
    write: impl FnOnce(&mut LayerWriter<'_, Vec<u8>>) -> Result<(), FilesError>,
) -> Result<Vec<String>, FilesError> {
    let mut layer = LayerWriter::new(None, Vec::new(), Dress::default());
    write(&mut layer)?;
    let bytes = layer.finish()?;
    let mut reader = Reader::new(bytes.as_slice());
    let mut entries = Vec::new();
    while let Some(entry) = reader.next_entry().unwrap() {
        let path = String::from_utf8(entry.path).unwrap();
        entries.push(format!("{path} {:o} {}:{}", entry.mode, entry.uid, entry.gid));
    }
    Ok(entries)
}

#[test]
fn directories_are_made_once_and_belong_to_whom_the_copy_does() {
    let entries = made(|layer| {
        layer.dress.owner = Some(Owner { uid: 3, gid: 4 });
        assert_eq!(layer.directory(b"/a/b/")?, b"a/b");
        assert_eq!(layer.directory(b"/a/c")?, b"a/c");
        Ok(())
    });
    assert_eq!(entries.unwrap(), ["a/ 755 3:4", "a/b/ 755 3:4", "a/c/ 755 3:4"]);
}

#[test]
fn a_file_goes_into_a_directory_or_gets_its_name() {
    let entries = made(|layer| {
        assert_eq!(layer.file_target("/x", b"file")?, b"x");
        assert_eq!(layer.file_target("/d/", b"file")?, b"d/file");
        assert_eq!(layer.file_target("/d", b"other")?, b"d/other");
        assert_eq!(layer.file_target("/e/f", b"file")?, b"e/f");
        Ok(())
    });
    assert_eq!(entries.unwrap(), ["d/ 755 0:0", "e/ 755 0:0"]);
}

/// As several matches of one pattern do.
#[test]
fn of_files_with_one_name_the_last_one_stays() {
    let entries = made(|layer| {
        for _ in 0..2 {
            let path = layer.file_target("/d/x", b"file")?;
            assert_eq!(path, b"d/x");
            layer.takes_file(&path)?;
        }
        Ok(())
    });
    assert_eq!(entries.unwrap(), ["d/ 755 0:0"]);
}

#[test]
fn files_and_directories_do_not_take_each_others_place() {
    let error = made(|layer| {
        layer.takes_file(b"a")?;
        layer.takes_directory(b"a")
    });
    assert!(matches!(error, Err(FilesError::NotADirectory { .. })), "{error:?}");
    let error = made(|layer| {
        layer.directory(b"/a")?;
        layer.takes_file(b"a")
    });
    assert!(matches!(error, Err(FilesError::IsADirectory { .. })), "{error:?}");
    let error = made(|layer| {
        layer.takes_file(b"a")?;
        layer.directory(b"/a/b").map(drop)
    });
    assert!(matches!(error, Err(FilesError::NotADirectory { .. })), "{error:?}");
}

#[test]
fn a_copy_is_dressed_as_the_flags_say() {
    let dress = Dress {
        owner: Some(Owner { uid: 1, gid: 2 }),
        mode: Some("u=rwX,go=rX".parse().unwrap()),
        modified: Some(Timestamp {
            seconds: 9,
            nanoseconds: 0,
        }),
        created: Timestamp::default(),
    };
    let mut entry = container_tar::Entry {
        path: b"a".to_vec(),
        kind: EntryKind::File {
            size_bytes: 0,
            regions: None,
        },
        mode: 0o600,
        uid: 8,
        gid: 8,
        modified: Timestamp::default(),
        xattrs: Vec::new(),
    };
    dress.put_on(&mut entry);
    assert_eq!(
        (entry.mode, entry.uid, entry.gid, entry.modified.seconds),
        (0o644, 1, 2, 9)
    );
    entry.kind = EntryKind::Symlink { target: b"x".to_vec() };
    entry.mode = 0o777;
    dress.put_on(&mut entry);
    assert_eq!(entry.mode, 0o777);
}
