//! `--chown`, looked up in the stage.

use container_rootfs::{RootError, RootView};

use super::FilesError;
use crate::plan::OwnerName;

const PASSWD: &str = "/etc/passwd";
const GROUP: &str = "/etc/group";
/// The largest file of users or groups that is read.
const LIMIT_BYTES: usize = 16 << 20;

/// Whose files are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Owner {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

/// The numbers of a user and a group. A user alone has the group that the stage's users have it in, or that of its own number.
pub(crate) fn find_owner(root: Option<&RootView>, name: &OwnerName) -> Result<Owner, FilesError> {
    let user = match name.user.parse() {
        Ok(uid) => Owner { uid, gid: uid },
        Err(_) => {
            let found = entry(root, PASSWD, &name.user)?
                .and_then(|fields| Some((fields.first()?.parse().ok()?, fields.get(1)?.parse().ok()?)));
            let (uid, gid) = found.ok_or_else(|| missing("user", &name.user, PASSWD))?;
            Owner { uid, gid }
        }
    };
    let Some(group) = &name.group else { return Ok(user) };
    let gid = match group.parse() {
        Ok(gid) => gid,
        Err(_) => {
            let found = entry(root, GROUP, group)?.and_then(|fields| fields.first()?.parse().ok());
            found.ok_or_else(|| missing("group", group, GROUP))?
        }
    };
    Ok(Owner { gid, ..user })
}

fn missing(what: &'static str, name: &str, file: &'static str) -> FilesError {
    FilesError::NoOwner {
        what,
        name: name.to_owned(),
        file,
    }
}

/// The fields behind name and password of the first line about `name` (passwd(5), group(5)).
fn entry(root: Option<&RootView>, file: &'static str, name: &str) -> Result<Option<Vec<String>>, RootError> {
    let Some(root) = root else { return Ok(None) };
    let found = match root.stat(file.as_bytes(), true) {
        Ok(found) => found,
        Err(RootError::NotFound { .. } | RootError::NotADirectory { .. } | RootError::Loop { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    let content = root.read_file(&found, LIMIT_BYTES)?.unwrap_or_default();
    Ok(fields_of(&String::from_utf8_lossy(&content), name))
}

fn fields_of(content: &str, name: &str) -> Option<Vec<String>> {
    content.lines().find_map(|line| {
        let mut fields = line.trim().split(':');
        (fields.next()? == name && !name.is_empty()).then(|| fields.skip(1).map(str::to_owned).collect())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_need_no_stage() {
        for (text, uid, gid) in [("1:2", 1, 2), ("3", 3, 3), ("0:7", 0, 7)] {
            assert_eq!(
                find_owner(None, &OwnerName::new(text)).unwrap(),
                Owner { uid, gid },
                "{text}"
            );
        }
    }

    #[test]
    fn names_that_are_nowhere_are_told() {
        let error = find_owner(None, &OwnerName::new("web")).unwrap_err().to_string();
        assert_eq!(error, "unable to find user web: no matching entries in /etc/passwd");
        let error = find_owner(None, &OwnerName::new("1:web")).unwrap_err().to_string();
        assert_eq!(error, "unable to find group web: no matching entries in /etc/group");
    }

    #[test]
    fn the_first_line_of_a_name_counts() {
        let content = "root:x:0:0:root:/root:/bin/sh\n\n#c\nlp:x:7:8:lp:/:\nlp:x:9:9\n";
        assert_eq!(fields_of(content, "lp").unwrap()[..2], ["7", "8"]);
        assert_eq!(fields_of(content, ""), None);
        assert_eq!(fields_of(content, "x"), None);
    }
}
