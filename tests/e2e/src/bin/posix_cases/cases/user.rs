//! Doing something as another user.

use std::thread;

use rustix::process::{Gid, Uid};
use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};

/// Does `what` in a thread with the user and group `id` and no other groups.
pub(crate) fn as_user<T: Send>(id: u32, what: impl FnOnce() -> T + Send) -> T {
    as_member(id, &[], what)
}

/// As [`as_user`], with more groups.
pub(crate) fn as_member<T: Send>(id: u32, groups: &[u32], what: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| {
        let thread = scope.spawn(|| {
            if id != 0 {
                let (user, group) = (Uid::from_raw(id), Gid::from_raw(id));
                let groups: Vec<Gid> = groups.iter().copied().map(Gid::from_raw).collect();
                set_thread_groups(&groups).expect("root sets groups");
                set_thread_res_gid(group, group, group).expect("root sets its group");
                set_thread_res_uid(user, user, user).expect("root becomes another user");
            }
            what()
        });
        thread.join().expect("a case does not panic")
    })
}
