//! Simulates apt, and chooses a release from which nothing has to be removed.
//!
//! Packages of a distribution and of its backports exclude each other: installing a package of one may remove a package of the other, which
//! was installed on purpose. So apt simulates the installation first, for every release that may fit.

use anyhow::Result;
use std::fmt;
use std::path::Path;

/// Debian's own keys, for a source that the machine does not name.
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// A suite of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    /// The archive's URI.
    pub(crate) archive: String,
    /// Its suite, such as `bookworm-backports`.
    pub(crate) suite: String,
}

impl Source {
    /// The line for a list of sources (sources.list(5)).
    pub(crate) fn line(&self) -> String {
        let keys = if Path::new(KEYRING).exists() {
            format!("[signed-by={KEYRING}] ")
        } else {
            String::new()
        };
        format!("deb {keys}{} {} main", self.archive, self.suite)
    }
}

/// Where packages come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Release {
    /// Wherever apt prefers.
    Preferred,
    /// A suite that apt's sources name.
    Listed(Source),
    /// The backports of this distribution, which apt's sources do not name and which are used for this installation only.
    Unlisted(Source),
}

impl fmt::Display for Release {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Preferred => write!(formatter, "apt's preferred release"),
            Self::Listed(source) | Self::Unlisted(source) => write!(formatter, "{}", source.suite),
        }
    }
}

/// The answer of `apt-get --simulate install`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Simulation {
    /// What it would remove: names with the versions that are installed.
    pub(crate) removed: Vec<Removed>,
}

/// A package that would have to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Removed {
    /// The package's name.
    pub(crate) name: String,
    /// The installed version.
    pub(crate) version: String,
}

/// Does a version, or a text with versions in it, name a package that was built for a stable release after that release came out? Debian's
/// backports carry `~bpo` in their versions.
fn is_backport(text: &str) -> bool {
    text.contains("~bpo")
}

/// What apt's answer says about packages that it cannot install, without its advice.
pub(crate) fn refusal(stdout: &str, stderr: &str) -> String {
    let unmet = stdout
        .split_once("unmet dependencies:\n")
        .map_or("", |(_, dependencies)| dependencies);
    [unmet.trim(), stderr.trim()].join("\n").trim().to_owned()
}

impl Simulation {
    /// Reads the lines that begin with `Remv` (apt-get(8), "--simulate").
    pub(crate) fn parse(output: &str) -> Self {
        let removed = output
            .lines()
            .filter_map(|line| line.strip_prefix("Remv "))
            .filter_map(|line| {
                let mut words = line.split_whitespace();
                let name = words.next()?.to_owned();
                let version = words.next().unwrap_or_default();
                Some(Removed {
                    name,
                    version: version.trim_matches(['[', ']']).to_owned(),
                })
            })
            .collect();
        Self { removed }
    }
}

/// Where apt knows a package from, in the order of `apt-cache policy`.
pub(crate) fn sources(policy: &str) -> Vec<Source> {
    let mut found: Vec<Source> = Vec::new();
    for line in policy.lines() {
        // "        500 http://deb.debian.org/debian bookworm-backports/main amd64 Packages"
        let mut words = line.split_whitespace();
        let (Some(priority), Some(archive), Some(suite)) = (words.next(), words.next(), words.next()) else {
            continue;
        };
        if priority.parse::<i32>().is_err() || !archive.contains("://") {
            continue;
        }
        let source = Source {
            archive: archive.to_owned(),
            suite: suite.split('/').next().unwrap_or_default().to_owned(),
        };
        if !found.contains(&source) {
            found.push(source);
        }
    }
    found
}

/// Chooses the release to install from: the first that apt can install from without removing anything.
///
/// `listed` is where apt's sources have the package, `codename` that of the distribution (`bookworm`), and `simulate` asks apt, whose words it
/// returns when apt cannot install from there.
///
/// # Errors
/// Those of `simulate`.
pub(crate) fn choose(
    listed: &[Source],
    codename: Option<&str>,
    mut simulate: impl FnMut(&Release) -> Result<Result<Simulation, String>>,
) -> Result<Choice> {
    let (refusal, backport_in_the_way) = match simulate(&Release::Preferred)? {
        Ok(preferred) if preferred.removed.is_empty() => return Ok(Choice::From(Release::Preferred)),
        Ok(preferred) => {
            let backport = preferred.removed.iter().any(|removed| is_backport(&removed.version));
            (Choice::WouldRemove(preferred.removed), backport)
        }
        Err(words) => {
            let backport = is_backport(&words);
            (Choice::Impossible(words), backport)
        }
    };
    let mut others: Vec<Release> = listed.iter().cloned().map(Release::Listed).collect();
    if backport_in_the_way
        && let Some(codename) = codename
        && let Some(main) = listed.iter().find(|source| source.suite == codename)
    {
        let backports = Source {
            archive: main.archive.clone(),
            suite: format!("{codename}-backports"),
        };
        if !listed.contains(&backports) {
            others.push(Release::Unlisted(backports));
        }
    }
    for release in others {
        if simulate(&release)?.is_ok_and(|simulation| simulation.removed.is_empty()) {
            return Ok(Choice::From(release));
        }
    }
    Ok(refusal)
}

/// The result of [`choose`].
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    /// Nothing is removed when the packages come from here.
    From(Release),
    /// apt does not know the packages, or they contradict each other or what is installed: apt's own words.
    Impossible(String),
    /// Every release would remove something; this is what the preferred one would.
    WouldRemove(Vec<Removed>),
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Debian 12 with `qemu-utils` from the backports.
    const REMOVES: &str = include_str!("recorded/remove-qemu-utils.txt");
    /// The same machine, asked for the backports.
    const BACKPORTS: &str = include_str!("recorded/backports.txt");
    /// The same machine with `qemu-system-x86` from the backports too, asked for a package of the release.
    const UNMET: &str = include_str!("recorded/unmet-qemu-system-arm.txt");
    /// `apt-cache policy qemu-system-x86` with the backports among the sources.
    const POLICY: &str = include_str!("recorded/policy.txt");

    fn source(suite: &str) -> Source {
        Source {
            archive: "http://deb.debian.org/debian".to_owned(),
            suite: suite.to_owned(),
        }
    }

    fn chosen(listed: &[&str], answer: impl Fn(&Release) -> Option<&'static str>) -> (Choice, Vec<Release>) {
        let listed: Vec<Source> = listed.iter().map(|suite| source(suite)).collect();
        let mut asked = Vec::new();
        let choice = choose(&listed, Some("bookworm"), |release| {
            asked.push(release.clone());
            Ok(answer(release).map(Simulation::parse).ok_or_else(|| "E: no".to_owned()))
        });
        (choice.unwrap(), asked)
    }

    #[test]
    fn a_removal_is_seen_with_its_version() {
        let removed = Simulation::parse(REMOVES).removed;
        assert_eq!(removed.len(), 1);
        assert_eq!(removed[0].name, "qemu-utils");
        assert_eq!(removed[0].version, "1:10.0.2+ds-2+deb13u1~bpo12+1");
        assert!(Simulation::parse(BACKPORTS).removed.is_empty());
    }

    #[test]
    fn sources_are_read_from_the_policy() {
        let found = sources(POLICY);
        assert_eq!(found[..2], [source("bookworm-backports"), source("bookworm")]);
        assert_eq!(found[2].archive, "http://deb.debian.org/debian-security");
        assert!(sources("").is_empty());
    }

    #[test]
    fn where_nothing_is_removed_apt_chooses() {
        let (choice, asked) = chosen(&["bookworm-backports"], |_| Some(BACKPORTS));
        assert_eq!(choice, Choice::From(Release::Preferred));
        assert_eq!(asked, [Release::Preferred]);
    }

    #[test]
    fn the_release_that_fits_what_is_installed_is_taken() {
        let (choice, _) = chosen(&["bookworm", "bookworm-backports"], |release| {
            Some(match release {
                Release::Listed(source) if source.suite == "bookworm-backports" => BACKPORTS,
                _ => REMOVES,
            })
        });
        assert_eq!(choice, Choice::From(Release::Listed(source("bookworm-backports"))));
    }

    #[test]
    fn backports_that_the_sources_do_not_name_are_asked_last() {
        let (choice, asked) = chosen(&["bookworm"], |release| {
            Some(if matches!(release, Release::Unlisted(_)) {
                BACKPORTS
            } else {
                REMOVES
            })
        });
        let backports = Release::Unlisted(source("bookworm-backports"));
        assert_eq!(choice, Choice::From(backports.clone()));
        assert_eq!(
            asked,
            [Release::Preferred, Release::Listed(source("bookworm")), backports]
        );
    }

    #[test]
    fn what_apt_cannot_install_beside_a_backport_comes_from_the_backports() {
        let words = refusal(UNMET, "E: Unable to correct problems, you have held broken packages.");
        assert!(
            words.starts_with("qemu-system-arm : Depends: qemu-system-common (="),
            "{words}"
        );
        assert!(words.ends_with("held broken packages."), "{words}");
        let choice = choose(&[source("bookworm")], Some("bookworm"), |release| {
            Ok(match release {
                Release::Unlisted(_) => Ok(Simulation::parse(BACKPORTS)),
                _ => Err(words.clone()),
            })
        });
        assert_eq!(
            choice.unwrap(),
            Choice::From(Release::Unlisted(source("bookworm-backports")))
        );
    }

    #[test]
    fn a_package_that_is_no_backport_does_not_lead_to_the_backports() {
        let (choice, asked) = chosen(&["bookworm"], |_| Some("Remv qemu-utils [1:9.0-1]\n"));
        assert!(matches!(choice, Choice::WouldRemove(removed) if removed[0].name == "qemu-utils"));
        assert_eq!(asked, [Release::Preferred, Release::Listed(source("bookworm"))]);
    }

    #[test]
    fn nothing_is_chosen_when_every_release_removes_something() {
        let (choice, _) = chosen(&["bookworm-backports"], |_| Some(REMOVES));
        assert!(matches!(choice, Choice::WouldRemove(_)));
        assert_eq!(chosen(&[], |_| None).0, Choice::Impossible("E: no".to_owned()));
    }
}
