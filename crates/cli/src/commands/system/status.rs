//! `container system status`.

use clap::Args;
use container_engine::{Engine, SystemStatus};
use serde_json::{Map, Value};

use crate::error::CommandError;
use crate::output::{self, Asked, Format, ObjectFormat, table};

/// Show where state lives and what machines run on
#[derive(Debug, Args)]
pub(crate) struct Status {
    /// How to print; or a template, such as '{{.accelerator}}'
    #[arg(long, allow_hyphen_values = true, value_parser = ObjectFormat::parser(), default_value = "table")]
    format: ObjectFormat,
}

impl Status {
    pub(crate) async fn run(self) -> Result<u8, CommandError> {
        let fields = fields(&Engine::open()?.system_status().await?);
        let text = match &self.format {
            Asked::Named(Format::Table) => {
                let rows: Vec<_> = fields
                    .into_iter()
                    .map(|(field, value)| [field.to_owned(), value])
                    .collect();
                table(["FIELD", "VALUE"], &rows)
            }
            Asked::Named(format) => format.render(object(fields))?,
            Asked::Template(template) => output::lines(template, &[object(fields)])?,
        };
        output::text(&text)?;
        Ok(0)
    }
}

fn object(fields: Vec<(&str, String)>) -> Value {
    let fields = fields
        .into_iter()
        .map(|(field, value)| (field.to_owned(), value.into()));
    Value::Object(fields.collect::<Map<_, _>>())
}

/// What there is to tell, in the order of the table. The keys that Apple's tool has are spelt as there.
fn fields(status: &SystemStatus) -> Vec<(&'static str, String)> {
    let kernel_origin = if status.kernel.set_by_user {
        "set by the user"
    } else {
        "comes with the program"
    };
    vec![
        ("status", "no service needed".to_owned()),
        ("appRoot", status.app_root.display().to_string()),
        ("installRoot", status.install_root.display().to_string()),
        ("version", env!("CARGO_PKG_VERSION").to_owned()),
        ("hypervisor", status.hypervisor.name.clone()),
        ("accelerator", status.hypervisor.accelerator.clone()),
        ("acceleratorReason", status.hypervisor.reason.clone()),
        ("confinement", status.hypervisor.confinement.clone()),
        ("architecture", status.hypervisor.architecture.clone()),
        ("kernel", status.kernel.path.display().to_string()),
        ("kernelOrigin", kernel_origin.to_owned()),
        ("initramfs", status.initramfs.display().to_string()),
        ("containersRunning", status.running.to_string()),
        ("containers", status.total.to_string()),
    ]
}
