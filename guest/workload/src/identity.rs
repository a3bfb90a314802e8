//! Who a process runs as: the user string resolved against the container's own `/etc/passwd` and `/etc/group`.

use rustix::process::{Gid, Uid};

/// How much of the image's user files is read, bytes.
pub(crate) const USER_FILE_MAX_BYTES: u64 = 4 << 20;

/// A resolved user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) uid: Uid,
    pub(crate) gid: Gid,
    /// Supplementary groups, without duplicates.
    pub(crate) groups: Vec<Gid>,
    /// Home directory; `/` for users that `/etc/passwd` does not know.
    pub(crate) home: String,
}

impl Identity {
    /// Adds supplementary groups, each a name that the `group` file knows or a number.
    ///
    /// # Errors
    /// The unknown name.
    pub(crate) fn add_groups(&mut self, wanted: &[String], group: &str) -> Result<(), IdentityError> {
        for wanted in wanted {
            let gid = Gid::from_raw(group_id(wanted, group)?);
            if !self.groups.contains(&gid) {
                self.groups.push(gid);
            }
        }
        Ok(())
    }
}

/// Why a user string cannot be resolved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum IdentityError {
    #[error("unable to find user \"{0}\": no matching entry in /etc/passwd")]
    User(String),
    #[error("unable to find group \"{0}\": no matching entry in /etc/group")]
    Group(String),
}

struct PasswdEntry<'a> {
    name: &'a str,
    uid: u32,
    gid: u32,
    home: &'a str,
}

struct GroupEntry<'a> {
    name: &'a str,
    gid: u32,
    members: &'a str,
}

/// Resolves `user` (`""`, `name`, `uid`, either with `:group` or `:gid`).
///
/// A name must be known. A number need not be; it then has group 0 and home `/`. Supplementary groups come from
/// `/etc/group` unless the string names a group, as with Docker. Lines that do not parse are skipped.
///
/// # Errors
/// The unknown name.
pub(crate) fn resolve(user: &str, additional: &[u32], passwd: &str, group: &str) -> Result<Identity, IdentityError> {
    let (user, wanted_group) = match user.split_once(':') {
        Some((user, group)) => (user, Some(group).filter(|group| !group.is_empty())),
        None => (user, None),
    };
    let user = if user.is_empty() { "0" } else { user };
    let number = id(user);
    let entry = passwd_entries(passwd)
        .find(|entry| entry.name == user)
        .or_else(|| passwd_entries(passwd).find(|entry| Some(entry.uid) == number));
    let uid = match (&entry, number) {
        (Some(entry), _) => entry.uid,
        (None, Some(number)) => number,
        (None, None) => return Err(IdentityError::User(user.to_owned())),
    };
    let mut groups = Vec::new();
    let gid = match wanted_group {
        Some(wanted) => group_id(wanted, group)?,
        None => {
            if let Some(entry) = &entry {
                groups.extend(
                    group_entries(group)
                        .filter(|candidate| candidate.members.split(',').any(|member| member == entry.name))
                        .map(|candidate| candidate.gid),
                );
            }
            entry.as_ref().map_or(0, |entry| entry.gid)
        }
    };
    groups.extend_from_slice(additional);
    groups.sort_unstable();
    groups.dedup();
    let home = entry
        .map(|entry| entry.home)
        .filter(|home| !home.is_empty())
        .unwrap_or("/");
    Ok(Identity {
        uid: Uid::from_raw(uid),
        gid: Gid::from_raw(gid),
        groups: groups.into_iter().map(Gid::from_raw).collect(),
        home: home.to_owned(),
    })
}

fn group_id(wanted: &str, group: &str) -> Result<u32, IdentityError> {
    group_entries(group)
        .find(|entry| entry.name == wanted)
        .map(|entry| entry.gid)
        .or_else(|| id(wanted))
        .ok_or_else(|| IdentityError::Group(wanted.to_owned()))
}

/// A user or group number. The largest value is not one, because it means "leave unchanged" to the kernel.
fn id(text: &str) -> Option<u32> {
    text.parse().ok().filter(|id| *id != u32::MAX)
}

/// Entries of passwd(5): `name:password:uid:gid:gecos:home:shell`.
fn passwd_entries(text: &str) -> impl Iterator<Item = PasswdEntry<'_>> {
    text.lines().filter_map(|line| {
        let mut fields = line.trim().split(':');
        let name = fields.next().filter(|name| !name.is_empty())?;
        let uid = id(fields.nth(1)?)?;
        let gid = id(fields.next()?)?;
        Some(PasswdEntry {
            name,
            uid,
            gid,
            home: fields.nth(1).unwrap_or(""),
        })
    })
}

/// Entries of group(5): `name:password:gid:member,member`.
fn group_entries(text: &str) -> impl Iterator<Item = GroupEntry<'_>> {
    text.lines().filter_map(|line| {
        let mut fields = line.trim().split(':');
        let name = fields.next().filter(|name| !name.is_empty())?;
        let gid = id(fields.nth(1)?)?;
        Some(GroupEntry {
            name,
            gid,
            members: fields.next().unwrap_or(""),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PASSWD: &str =
        "root:x:0:0:root:/root:/bin/sh\nbroken\nwww:x:33:33::/var/www:/usr/sbin/nologin\n1000:x:7:8::/h:\n";
    const GROUP: &str = "root:x:0:\nwww:x:33:\naudio:x:29:www,root\nvideo:x:44:www\n";

    fn raw(identity: &Identity) -> (u32, u32, Vec<u32>, &str) {
        let groups = identity.groups.iter().map(|gid| gid.as_raw()).collect();
        (identity.uid.as_raw(), identity.gid.as_raw(), groups, &identity.home)
    }

    #[test]
    fn empty_user_is_root_with_its_groups() {
        let identity = resolve("", &[], PASSWD, GROUP).unwrap();
        assert_eq!(raw(&identity), (0, 0, vec![29], "/root"));
    }

    #[test]
    fn name_brings_group_groups_and_home() {
        let identity = resolve("www", &[5, 44], PASSWD, GROUP).unwrap();
        assert_eq!(raw(&identity), (33, 33, vec![5, 29, 44], "/var/www"));
    }

    #[test]
    fn explicit_group_drops_the_supplementary_ones() {
        let identity = resolve("www:video", &[], PASSWD, GROUP).unwrap();
        assert_eq!(raw(&identity), (33, 44, vec![], "/var/www"));
    }

    #[test]
    fn unknown_number_needs_no_entry() {
        let identity = resolve("4711:4712", &[], PASSWD, GROUP).unwrap();
        assert_eq!(raw(&identity), (4711, 4712, vec![], "/"));
        assert_eq!(raw(&resolve("4711", &[], "", "").unwrap()), (4711, 0, vec![], "/"));
    }

    #[test]
    fn name_of_digits_wins_over_the_number() {
        assert_eq!(raw(&resolve("1000", &[], PASSWD, GROUP).unwrap()), (7, 8, vec![], "/h"));
    }

    #[test]
    fn groups_are_added_by_name_and_number() {
        let mut identity = resolve("www:video", &[], PASSWD, GROUP).unwrap();
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        identity.add_groups(&words("audio 7 29"), GROUP).unwrap();
        assert_eq!(raw(&identity), (33, 44, vec![29, 7], "/var/www"));
        let unknown = identity.add_groups(&words("7 nogroup"), GROUP).unwrap_err();
        assert_eq!(unknown, IdentityError::Group("nogroup".into()));
    }

    #[test]
    fn unknown_names_are_errors() {
        assert_eq!(
            resolve("nobody", &[], PASSWD, GROUP).unwrap_err(),
            IdentityError::User("nobody".into())
        );
        assert_eq!(
            resolve("www:nogroup", &[], PASSWD, GROUP).unwrap_err(),
            IdentityError::Group("nogroup".into())
        );
    }

    proptest! {
        #[test]
        fn any_files_and_user_are_read_without_a_panic(user in ".*", passwd in "(.|\n)*", group in "(.|\n)*") {
            let _ = resolve(&user, &[], &passwd, &group);
        }

        #[test]
        fn result_never_holds_the_reserved_id(user in "[0-9]{1,11}(:[0-9]{1,11})?") {
            if let Ok(identity) = resolve(&user, &[], "", "") {
                prop_assert_ne!(identity.uid.as_raw(), u32::MAX);
                prop_assert_ne!(identity.gid.as_raw(), u32::MAX);
            }
        }
    }
}
