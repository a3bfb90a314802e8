//! What the host gives every process.

use std::fs;
use std::time::SystemTime;

use rustix::process::{Resource, getrlimit};
use time::OffsetDateTime;

use super::Finding;

/// Fewer open files than this are soon used up by ports, shares and clients of one container.
const FEW_OPEN_FILES: u64 = 1024;

pub(super) fn of() -> [Finding; 2] {
    let built = std::env::current_exe().and_then(fs::metadata);
    let installed = built.and_then(|metadata| metadata.modified()).ok();
    [
        clock(SystemTime::now(), installed),
        open_files(getrlimit(Resource::Nofile).maximum),
    ]
}

/// A clock that is behind makes registries' certificates look as if they were not valid yet.
fn clock(now: SystemTime, installed: Option<SystemTime>) -> Finding {
    const SUBJECT: &str = "clock";
    let day = |time: SystemTime| OffsetDateTime::from(time).date().to_string();
    match installed {
        Some(installed) if now < installed => Finding::poor(
            SUBJECT,
            format!(
                "it is {} by this host, which is before this program was installed ({})",
                day(now),
                day(installed)
            ),
        )
        .with_remedy("set the clock: registries are refused by a wrong one, and guests take the time from here"),
        _ => Finding::good(SUBJECT, day(now)),
    }
}

fn open_files(most: Option<u64>) -> Finding {
    const SUBJECT: &str = "open files";
    match most {
        Some(most) if most < FEW_OPEN_FILES => Finding::poor(SUBJECT, format!("a process may have {most} at once"))
            .with_remedy(format!(
                "ulimit -Hn {FEW_OPEN_FILES} or more: ports, shared directories and clients each take some"
            )),
        Some(most) => Finding::good(SUBJECT, format!("a process may have {most} at once")),
        None => Finding::good(SUBJECT, "without a limit"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::Verdict;
    use super::*;

    #[test]
    fn a_clock_before_the_installation_is_wrong() {
        let installed = SystemTime::UNIX_EPOCH + Duration::from_secs(86_400 * 366);
        let wrong = clock(SystemTime::UNIX_EPOCH, Some(installed));
        assert_eq!(wrong.verdict, Verdict::Poor);
        assert!(
            wrong.detail.contains("1970-01-01") && wrong.detail.contains("1971-01-02"),
            "{}",
            wrong.detail
        );
        assert_eq!(clock(installed, Some(installed)).verdict, Verdict::Good);
        assert_eq!(clock(installed, None).detail, "1971-01-02");
    }

    #[test]
    fn few_files_are_told_with_the_way_out() {
        assert_eq!(open_files(Some(FEW_OPEN_FILES)).verdict, Verdict::Good);
        assert_eq!(open_files(None).verdict, Verdict::Good);
        let few = open_files(Some(256));
        assert_eq!(few.verdict, Verdict::Poor);
        assert!(few.remedy.unwrap().starts_with("ulimit -Hn 1024"));
    }
}
