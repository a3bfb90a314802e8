//! What `container doctor` finds: whether containers can run here, and what to do where they cannot.

mod host;
mod machines;
mod place;

use container_state::AppPaths;

use crate::Engine;
use crate::assets::check_install_root;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at, in one or two words: `accelerator`.
    pub subject: &'static str,
    /// How it is.
    pub verdict: Verdict,
    /// What was found, one line.
    pub detail: String,
    /// What to do about it, one line.
    pub remedy: Option<String>,
}

/// How a thing is that was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// As it should be.
    Good,
    /// Containers run, but slower or for less long than they could.
    Poor,
    /// Containers do not run.
    Bad,
}

impl Finding {
    fn new(subject: &'static str, verdict: Verdict, detail: impl Into<String>) -> Self {
        Self {
            subject,
            verdict,
            detail: detail.into(),
            remedy: None,
        }
    }

    fn good(subject: &'static str, detail: impl Into<String>) -> Self {
        Self::new(subject, Verdict::Good, detail)
    }

    fn poor(subject: &'static str, detail: impl Into<String>) -> Self {
        Self::new(subject, Verdict::Poor, detail)
    }

    fn bad(subject: &'static str, detail: impl Into<String>) -> Self {
        Self::new(subject, Verdict::Bad, detail)
    }

    fn with_remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }
}

/// Looks at all that containers depend on, without an engine: where there can be none, that is a finding. Of the user's things it changes
/// nothing; the directories of the app root are made as any command makes them, and the accelerator may be tried.
pub async fn diagnose() -> Vec<Finding> {
    let mut findings = vec![place::settings()];
    let paths = check_install_root().and_then(|()| AppPaths::from_environment());
    let paths = paths.and_then(|paths| paths.prepare().map(|()| paths));
    match paths {
        Ok(paths) => {
            findings.extend(place::of(&paths));
            findings.extend(machines::of(paths.root()).await);
            findings.push(records(paths));
        }
        Err(error) => findings.push(Finding::bad("state", error.to_string())),
    }
    findings.extend(host::of());
    findings
}

/// Whether all containers can be read.
fn records(paths: AppPaths) -> Finding {
    const SUBJECT: &str = "containers";
    let listing = Engine::at(paths).map(|engine| engine.containers.list());
    match listing {
        Ok(Ok(listing)) if listing.damaged.is_empty() => {
            Finding::good(SUBJECT, format!("{} on record", listing.containers.len()))
        }
        Ok(Ok(listing)) => {
            let names: Vec<String> = listing.damaged.iter().map(|damaged| damaged.id.to_string()).collect();
            Finding::poor(SUBJECT, format!("records that cannot be read: {}", names.join(", "))).with_remedy(format!(
                "container delete --force {} gives their space back",
                names.join(" ")
            ))
        }
        Ok(Err(error)) => Finding::bad(SUBJECT, error.to_string()),
        Err(error) => Finding::bad(SUBJECT, error.to_string()),
    }
}
