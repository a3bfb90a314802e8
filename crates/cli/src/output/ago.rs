//! How long ago something was, in words.

use time::OffsetDateTime;

/// `3 weeks ago`, in the steps of `docker images`.
pub(crate) fn ago(then: OffsetDateTime, now: OffsetDateTime) -> String {
    format!("{} ago", span(then, now))
}

/// The same without `ago`: `3 weeks`.
pub(crate) fn span(then: OffsetDateTime, now: OffsetDateTime) -> String {
    let seconds = (now - then).whole_seconds();
    let (minutes, hours) = (seconds / 60, (seconds + 1800) / 3600);
    let days = hours / 24;
    match () {
        () if seconds < 1 => "Less than a second".to_owned(),
        () if seconds == 1 => "1 second".to_owned(),
        () if seconds < 60 => format!("{seconds} seconds"),
        () if minutes == 1 => "About a minute".to_owned(),
        () if minutes < 60 => format!("{minutes} minutes"),
        () if hours <= 1 => "About an hour".to_owned(),
        () if hours < 48 => format!("{hours} hours"),
        () if days < 14 => format!("{days} days"),
        () if days < 60 => format!("{} weeks", days / 7),
        () if days < 2 * 365 => format!("{} months", days / 30),
        () => format!("{} years", days / 365),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::Duration;

    #[test]
    fn the_steps_are_those_of_docker() {
        let now = OffsetDateTime::from_unix_timestamp(1_700_000_000).unwrap();
        for (past, text) in [
            (Duration::seconds(-5), "Less than a second ago"),
            (Duration::seconds(1), "1 second ago"),
            (Duration::seconds(59), "59 seconds ago"),
            (Duration::seconds(100), "About a minute ago"),
            (Duration::minutes(59), "59 minutes ago"),
            (Duration::minutes(61), "About an hour ago"),
            (Duration::hours(47), "47 hours ago"),
            (Duration::days(3), "3 days ago"),
            (Duration::weeks(3), "3 weeks ago"),
            (Duration::days(61), "2 months ago"),
            (Duration::days(800), "2 years ago"),
        ] {
            assert_eq!(ago(now - past, now), text);
        }
    }
}
