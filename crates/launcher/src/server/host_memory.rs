//! What the container takes of the host's memory, from /proc, proc(5).

use std::fs;
use std::io;

/// Proportional set size of this process and its children, bytes: the hypervisor with the machine's memory, and what serves it. What several machines
/// share, as those of one template do, is counted in part for each. `None` on a system that does not say it.
pub(super) async fn of_own_processes() -> Option<u64> {
    // For each mapped page the kernel looks who else has it.
    tokio::task::spawn_blocking(|| read().ok()).await.ok().flatten()
}

fn read() -> io::Result<u64> {
    let own_bytes = proportional_bytes("self")?;
    // A child that has just ended takes nothing.
    let of_children = children()?
        .into_iter()
        .filter_map(|child| proportional_bytes(&child).ok());
    Ok(own_bytes + of_children.sum::<u64>())
}

/// The ids of this process's children.
fn children() -> io::Result<Vec<String>> {
    let mut children = Vec::new();
    for task in fs::read_dir("/proc/self/task")?.flatten() {
        match fs::read_to_string(task.path().join("children")) {
            Ok(ids) => children.extend(ids.split_whitespace().map(str::to_owned)),
            // A kernel without CONFIG_PROC_CHILDREN, or a thread that has just ended.
            Err(_) if task.path().exists() => return children_by_parent(),
            Err(_) => {}
        }
    }
    Ok(children)
}

/// The same by a look at all processes.
fn children_by_parent() -> io::Result<Vec<String>> {
    let parent = format!("PPid:\t{}", std::process::id());
    let is_child = |id: &String| {
        let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
        status.lines().any(|line| line == parent)
    };
    let names = fs::read_dir("/proc")?.flatten().map(|entry| entry.file_name());
    let ids = names.filter_map(|name| name.into_string().ok());
    let ids = ids.filter(|id| id.bytes().all(|byte| byte.is_ascii_digit()));
    Ok(ids.filter(is_child).collect())
}

fn proportional_bytes(process: &str) -> io::Result<u64> {
    let rollup = fs::read_to_string(format!("/proc/{process}/smaps_rollup"))?;
    proportional_kib(&rollup)
        .map(|kibibytes| kibibytes * 1024)
        .ok_or_else(|| io::ErrorKind::InvalidData.into())
}

fn proportional_kib(rollup: &str) -> Option<u64> {
    let value = rollup.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    value.trim().strip_suffix(" kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proportional_size_is_read_off() {
        let rollup = "5581-7ffc ---p 00000000 00:00 0  [rollup]\nRss:  900 kB\nPss:     51930 kB\nPss_Dirty: 7 kB\n";
        assert_eq!(proportional_kib(rollup), Some(51_930));
        assert_eq!(proportional_kib("Rss: 9 kB\n"), None);
    }

    #[test]
    fn children_are_part_of_it() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let id = child.id().to_string();
        let (found, by_parent, all_bytes) = (children(), children_by_parent(), read());
        child.kill().unwrap();
        child.wait().unwrap();
        let has_child = |ids: io::Result<Vec<String>>| ids.is_ok_and(|ids| ids.contains(&id));
        // All of it where the system has /proc, and nothing elsewhere.
        let is_told = proportional_bytes("self").is_ok();
        let told = [
            has_child(found),
            has_child(by_parent),
            all_bytes.is_ok_and(|bytes| bytes > 0),
        ];
        assert_eq!(told, [is_told; 3]);
    }
}
