//! `container system status`.

use std::thread::available_parallelism;

use clap::Args;
use container_engine::{Engine, SystemStatus};
use serde_json::{Value, json};

use crate::error::CommandError;
use crate::output::{self, Asked, Format, ObjectFormat, table};

/// Show where state lives and what machines run on
///
/// The status is always "running": there is no service that could be down.
#[derive(Debug, Args)]
pub(crate) struct Status {
    /// How to print; or a template, such as '{{.accelerator}}'
    #[arg(long, allow_hyphen_values = true, value_parser = ObjectFormat::parser(), default_value = "table")]
    format: ObjectFormat,

    /// Accepted for scripts: there are no services whose names could begin with it
    #[arg(short, long, hide = true)]
    prefix: Option<String>,
}

impl Status {
    pub(crate) async fn run(self) -> Result<u8, CommandError> {
        let engine = Engine::open()?;
        let images = engine.list_images()?.len();
        let status = object(&engine.system_status().await?, images);
        let text = match &self.format {
            Asked::Named(Format::Table) => table(["FIELD", "VALUE"], &rows(&status)),
            Asked::Named(format) => format.render(status)?,
            Asked::Template(template) => output::lines(template, &[status])?,
        };
        output::text(&text)?;
        Ok(0)
    }
}

/// What there is to tell, in the shape that Apple's tool has since 1.4. The keys beside its objects are those that it had before, and our own.
fn object(status: &SystemStatus, images: usize) -> Value {
    let (hypervisor, kernel) = (&status.hypervisor, &status.kernel);
    let program = json!({
        "appName": "container",
        "version": env!("CARGO_PKG_VERSION"),
        "build": env!("CONTAINER_BUILD"),
        "commit": env!("CONTAINER_COMMIT"),
    });
    let (app_root, install_root) = (status.app_root.display(), status.install_root.display());
    json!({
        "status": "running",
        "client": program.clone(),
        "server": program,
        "host": {
            "architecture": hypervisor.architecture,
            "operatingSystem": std::env::consts::OS,
            "cpus": available_parallelism().map_or(1, std::num::NonZero::get),
        },
        "paths": { "appRoot": app_root.to_string(), "installRoot": install_root.to_string() },
        "resources": {
            "containersTotal": status.total,
            "containersRunning": status.running,
            "images": images,
        },
        "appRoot": app_root.to_string(),
        "installRoot": install_root.to_string(),
        "version": env!("CARGO_PKG_VERSION"),
        "hypervisor": hypervisor.name,
        "accelerator": hypervisor.accelerator,
        "acceleratorReason": hypervisor.reason,
        "confinement": hypervisor.confinement,
        "architecture": hypervisor.architecture,
        "kernel": kernel.path.display().to_string(),
        "kernelOrigin": if kernel.set_by_user { "set by the user" } else { "comes with the program" },
        "initramfs": status.initramfs.display().to_string(),
        "containersRunning": status.running.to_string(),
        "containers": status.total.to_string(),
    })
}

/// The rows of the table: a name, and where its value is.
const ROWS: [(&str, &str); 23] = [
    ("status", "/status"),
    ("client.version", "/client/version"),
    ("client.build", "/client/build"),
    ("client.commit", "/client/commit"),
    ("host.os", "/host/operatingSystem"),
    ("host.architecture", "/host/architecture"),
    ("host.cpus", "/host/cpus"),
    ("server.version", "/server/version"),
    ("server.build", "/server/build"),
    ("server.commit", "/server/commit"),
    ("server.appName", "/server/appName"),
    ("paths.appRoot", "/paths/appRoot"),
    ("paths.installRoot", "/paths/installRoot"),
    ("containers.total", "/resources/containersTotal"),
    ("containers.running", "/resources/containersRunning"),
    ("images.total", "/resources/images"),
    ("hypervisor", "/hypervisor"),
    ("accelerator", "/accelerator"),
    ("acceleratorReason", "/acceleratorReason"),
    ("confinement", "/confinement"),
    ("kernel", "/kernel"),
    ("kernelOrigin", "/kernelOrigin"),
    ("initramfs", "/initramfs"),
];

fn rows(status: &Value) -> Vec<[String; 2]> {
    let row = |(name, place): (&str, &str)| match status.pointer(place) {
        Some(Value::String(text)) => [name.to_owned(), text.clone()],
        other => [name.to_owned(), other.map(Value::to_string).unwrap_or_default()],
    };
    ROWS.map(row).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use container_engine::{HypervisorView, KernelInfo};

    fn status() -> Value {
        let status = SystemStatus {
            app_root: "/state".into(),
            install_root: "/usr/local".into(),
            hypervisor: HypervisorView {
                name: "QEMU".to_owned(),
                accelerator: "tcg".to_owned(),
                reason: "no KVM".to_owned(),
                confinement: "none".to_owned(),
                architecture: "amd64".to_owned(),
            },
            kernel: KernelInfo {
                path: "/vmlinux".into(),
                set_by_user: false,
            },
            initramfs: "/initramfs".into(),
            running: 1,
            total: 2,
        };
        object(&status, 3)
    }

    #[test]
    fn scripts_that_wait_for_the_service_find_it_running() {
        let status = status();
        assert_eq!(status["status"], "running");
        assert_eq!(
            status["resources"],
            json!({ "containersTotal": 2, "containersRunning": 1, "images": 3 })
        );
        // As it was before Apple's tool had objects.
        assert_eq!(
            (&status["appRoot"], &status["paths"]["appRoot"]),
            (&"/state".into(), &"/state".into())
        );
    }

    #[test]
    fn each_row_has_its_value() {
        assert!(rows(&status()).iter().all(|[_, value]| !value.is_empty()));
    }
}
