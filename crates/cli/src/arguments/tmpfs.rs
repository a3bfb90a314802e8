//! `--tmpfs PATH[:OPTION,…]`.

use container_model::{ByteSize, Mount};

/// Options without a value, mount(8).
const FLAGS: [&str; 14] = [
    "ro",
    "rw",
    "exec",
    "noexec",
    "suid",
    "nosuid",
    "dev",
    "nodev",
    "atime",
    "noatime",
    "diratime",
    "nodiratime",
    "relatime",
    "strictatime",
];

/// Permission bits, the sticky bit and its like included.
const MODE_MAX: u32 = 0o7777;

/// A file system in memory at an absolute path, with the options of mount(8) and tmpfs(5) that Docker takes as well.
pub(crate) fn parse(text: &str) -> Result<Mount, String> {
    let (path, options) = text.split_once(':').unwrap_or((text, ""));
    if !path.starts_with('/') || path.contains('\0') || path.split('/').any(|part| part == "..") {
        return Err("an absolute path without \"..\" is needed".to_owned());
    }
    let options = options.split(',').filter(|option| !option.is_empty());
    Ok(Mount::tmpfs(path, options.map(option).collect::<Result<_, _>>()?))
}

/// One option as the kernel reads it.
fn option(text: &str) -> Result<String, String> {
    if FLAGS.contains(&text) {
        return Ok(text.to_owned());
    }
    let (key, value) = text.split_once('=').ok_or_else(|| unknown(text))?;
    let value = match key {
        "size" => size(value)?,
        "mode" => match u32::from_str_radix(value, 8) {
            Ok(mode) if mode <= MODE_MAX && !value.starts_with('+') => format!("{mode:o}"),
            _ => return Err(format!("{value:?} is no mode; an octal number such as 1777 is needed")),
        },
        "uid" | "gid" => number(key, value)?.to_string(),
        "nr_inodes" | "nr_blocks" => bytes(value)?.to_string(),
        _ => return Err(unknown(key)),
    };
    Ok(format!("{key}={value}"))
}

/// A size in bytes, or in per cent of the machine's memory.
fn size(value: &str) -> Result<String, String> {
    match value.strip_suffix('%') {
        Some(percent) => Ok(format!("{}%", number("size", percent)?)),
        None => bytes(value).map(|bytes| bytes.to_string()),
    }
}

fn bytes(value: &str) -> Result<u64, String> {
    value
        .parse::<ByteSize>()
        .map(|size| size.0)
        .map_err(|error| error.to_string())
}

fn number(key: &str, value: &str) -> Result<u32, String> {
    let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    value
        .parse()
        .ok()
        .filter(|_| digits)
        .ok_or_else(|| format!("{key}={value} is no number that fits"))
}

fn unknown(option: &str) -> String {
    format!(
        "there is no option {option:?}; known are size=, mode=, uid=, gid=, nr_inodes=, nr_blocks=, {}",
        FLAGS.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_absolute_paths_are_mounted() {
        assert_eq!(parse("/run").unwrap(), Mount::tmpfs("/run", Vec::new()));
        for bad in ["", "run", "/a/../b", ":size=1m"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn options_are_not_part_of_the_path() {
        let mount = |options: &[&str]| Mount::tmpfs("/t", options.iter().map(|&option| option.to_owned()).collect());
        assert_eq!(
            parse("/t:size=1m,mode=0700,noexec,uid=5,nr_inodes=10k").unwrap(),
            mount(&["size=1048576", "mode=700", "noexec", "uid=5", "nr_inodes=10240"])
        );
        assert_eq!(parse("/t:size=50%").unwrap(), mount(&["size=50%"]));
        assert_eq!(parse("/t:").unwrap(), parse("/t").unwrap());
    }

    #[test]
    fn options_that_mean_nothing_are_refused() {
        for (option, reason) in [
            ("nope", "\"nope\""),
            ("bind", "\"bind\""),
            ("color=red", "\"color\""),
            ("mode=8", "octal"),
            ("mode=17777", "octal"),
            ("mode=", "octal"),
            ("size=", "size"),
            ("size=big", "size"),
            ("size=%", "size= is no number"),
            ("uid=root", "uid=root"),
            ("uid=+1", "uid=+1"),
        ] {
            let error = parse(&format!("/t:{option}")).unwrap_err();
            assert!(error.contains(reason), "{option}: {error}");
        }
    }
}
