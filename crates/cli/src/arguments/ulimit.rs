//! `--ulimit TYPE=SOFT[:HARD]`.

use container_model::Rlimit;

/// Resources that can be limited, getrlimit(2).
const TYPES: [&str; 15] = [
    "core",
    "cpu",
    "data",
    "fsize",
    "locks",
    "memlock",
    "msgqueue",
    "nice",
    "nofile",
    "nproc",
    "rss",
    "rtprio",
    "rttime",
    "sigpending",
    "stack",
];

/// Reads one limit; without a hard limit it is the soft one.
pub(crate) fn parse(text: &str) -> Result<Rlimit, String> {
    let (name, values) = text.split_once('=').ok_or("TYPE=SOFT[:HARD] is needed")?;
    if !TYPES.contains(&name) {
        return Err(format!("there is no limit {name:?}; known are {}", TYPES.join(", ")));
    }
    let (soft, hard) = values.split_once(':').unwrap_or((values, values));
    let (soft, hard) = (amount(soft)?, amount(hard)?);
    if soft > hard {
        return Err("the soft limit is above the hard limit".to_owned());
    }
    Ok(Rlimit::new(format!("RLIMIT_{}", name.to_ascii_uppercase()), soft, hard))
}

fn amount(text: &str) -> Result<u64, String> {
    match text {
        "unlimited" | "-1" => Ok(u64::MAX),
        _ if text.bytes().all(|byte| byte.is_ascii_digit()) => {
            text.parse().map_err(|_| format!("{text:?} is no number"))
        }
        _ => Err(format!("{text:?} is no number; for none write \"unlimited\"")),
    }
}

/// Refuses two limits of one type: which of them is meant cannot be known.
pub(crate) fn check_unique(limits: &[Rlimit]) -> Result<(), String> {
    for (index, limit) in limits.iter().enumerate() {
        if limits[..index].iter().any(|earlier| earlier.resource == limit.resource) {
            let name = limit.resource.trim_start_matches("RLIMIT_").to_ascii_lowercase();
            return Err(format!("--ulimit {name} is given twice"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_number_is_both_limits() {
        let limit = parse("nofile=1024").unwrap();
        assert_eq!(
            (limit.resource.as_str(), limit.soft, limit.hard),
            ("RLIMIT_NOFILE", 1024, 1024)
        );
        let limit = parse("core=0:unlimited").unwrap();
        assert_eq!((limit.soft, limit.hard), (0, u64::MAX));
        assert_eq!(parse("stack=-1").unwrap().soft, u64::MAX);
    }

    #[test]
    fn nonsense_is_refused() {
        for bad in [
            "",
            "nofile",
            "nofile=",
            "nofile=2:1",
            "files=1",
            "nofile=1:2:3",
            "nofile=+1",
            "nofile=unlimited:5",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_same_type_twice_is_refused() {
        let limits = [parse("cpu=1").unwrap(), parse("cpu=2").unwrap()];
        assert_eq!(check_unique(&limits).unwrap_err(), "--ulimit cpu is given twice");
    }

    proptest! {
        #[test]
        fn accepted_limits_are_ordered(text in "[a-z]{0,6}=[0-9:unlimited-]{0,24}|nofile=[0-9]{1,20}:[0-9]{1,20}") {
            if let Ok(limit) = parse(&text) {
                prop_assert!(limit.soft <= limit.hard);
            }
        }
    }
}
