//! The agent of the user's launchd: launchd.plist(5), written as property lists in XML are, plist(5).

use super::job::{AUTOSTART_COMMAND, Job};

/// The file's name.
pub(super) const NAME: &str = "container-autostart.plist";

/// A line that says whose file it is.
pub(super) const MARK: &str = "<!-- Written by: container system autostart enable -->";

/// What stands before the program that is started.
const BEFORE_PROGRAM: &str = "<key>ProgramArguments</key>\n  <array>\n    <string>";

/// The agent that runs the job when the user has logged in.
///
/// launchd ends what else is in the process group of a job that has ended, unless it is told to abandon it; and it slows down the files of background
/// jobs, and with them the containers.
pub(super) fn render(job: &Job) -> String {
    let arguments: String = AUTOSTART_COMMAND
        .iter()
        .map(|word| format!("    <string>{}</string>\n", escaped(word)))
        .collect();
    let environment: String = job
        .environment
        .iter()
        .map(|(name, value)| {
            let (name, value) = (escaped(name), escaped(value));
            format!("    <key>{name}</key>\n    <string>{value}</string>\n")
        })
        .collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n\
         {MARK}\n\
         <plist version=\"1.0\">\n\
         <dict>\n  \
           <key>Label</key>\n  <string>container-autostart</string>\n  \
           {BEFORE_PROGRAM}{program}</string>\n{arguments}  </array>\n  \
           <key>EnvironmentVariables</key>\n  <dict>\n{environment}  </dict>\n  \
           <key>RunAtLoad</key>\n  <true/>\n  \
           <key>AbandonProcessGroup</key>\n  <true/>\n  \
           <key>ProcessType</key>\n  <string>Interactive</string>\n  \
           <key>StandardErrorPath</key>\n  <string>{log}</string>\n\
         </dict>\n\
         </plist>\n",
        program = escaped(&job.program),
        log = escaped(&job.log),
    )
}

/// The program that an agent of ours starts.
pub(super) fn program(agent: &str) -> Option<String> {
    let (_, after) = agent.split_once(BEFORE_PROGRAM)?;
    let (program, _) = after.split_once("</string>")?;
    // The ampersand last, so that what it brings is not taken for the beginning of another entity.
    Some(program.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
}

/// Text between tags, where quotation marks stand for themselves. What XML 1.0 cannot have is in no job.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn job(program: &str, root: &str) -> Job {
        Job {
            program: program.to_owned(),
            environment: vec![("CONTAINER_APP_ROOT", root.to_owned())],
            log: "/root/autostart.log".to_owned(),
        }
    }

    #[test]
    fn the_agent_is_a_property_list() {
        let expected = r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<!-- Written by: container system autostart enable -->
<plist version="1.0">
<dict>
  <key>Label</key>
  <string>container-autostart</string>
  <key>ProgramArguments</key>
  <array>
    <string>/R&amp;D/&lt;con "tainer"&gt;</string>
    <string>system</string>
    <string>autostart</string>
    <string>run</string>
  </array>
  <key>EnvironmentVariables</key>
  <dict>
    <key>CONTAINER_APP_ROOT</key>
    <string>/a &amp;amp; $HOME %h</string>
  </dict>
  <key>RunAtLoad</key>
  <true/>
  <key>AbandonProcessGroup</key>
  <true/>
  <key>ProcessType</key>
  <string>Interactive</string>
  <key>StandardErrorPath</key>
  <string>/root/autostart.log</string>
</dict>
</plist>
"#;
        let agent = render(&job("/R&D/<con \"tainer\">", "/a &amp; $HOME %h"));
        assert_eq!(agent, expected);
        assert_eq!(program(&agent).as_deref(), Some("/R&D/<con \"tainer\">"));
    }

    proptest! {
        #[test]
        fn the_program_is_read_as_it_was_written(path in "/\\PC{0,40}", root in "\\PC{0,40}") {
            prop_assert_eq!(program(&render(&job(&path, &root))), Some(path));
        }
    }
}
