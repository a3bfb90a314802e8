//! `container registry list`.

use clap::Args;
use container_engine::{Engine, LoginView};
use serde_json::{Value, json};

use crate::error::CommandError;
use crate::output::{ListFlags, Listing, Rows, table, timestamp};

/// Fields of templates, with their columns.
const FIELDS: [(&str, &str); 4] = [
    ("Hostname", "HOSTNAME"),
    ("Username", "USERNAME"),
    ("ModifiedAt", "MODIFIED"),
    ("CreatedAt", "CREATED"),
];

/// List the registries where you are logged in
#[derive(Debug, Args)]
pub(crate) struct List {
    #[command(flatten)]
    output: ListFlags,
}

impl List {
    pub(crate) fn run(self) -> Result<u8, CommandError> {
        let logins = Engine::open()?.logins()?;
        self.output.print(Listing {
            identifiers: || logins.iter().map(|login| login.host.to_string()).collect(),
            objects: || logins.iter().map(object).collect(),
            rows: || Rows::new(FIELDS, logins.iter().map(row)),
            table: || {
                let rows: Vec<_> = logins.iter().map(row).collect();
                table(["HOSTNAME", "USERNAME", "MODIFIED", "CREATED"], &rows)
            },
        })?;
        Ok(0)
    }
}

fn row(login: &LoginView) -> [String; 4] {
    [
        login.host.to_string(),
        login.username.clone(),
        timestamp(login.modified),
        timestamp(login.created),
    ]
}

fn object(login: &LoginView) -> Value {
    json!({
        "id": login.host.as_str(),
        "name": login.host.as_str(),
        "username": login.username,
        "creationDate": timestamp(login.created),
        "modificationDate": timestamp(login.modified),
        "labels": {},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_shown_without_its_password() {
        let at = time::OffsetDateTime::UNIX_EPOCH;
        let login = LoginView {
            host: "ghcr.io".parse().unwrap(),
            username: "ann".to_owned(),
            created: at,
            modified: at,
        };
        assert_eq!(
            row(&login),
            ["ghcr.io", "ann", "1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"]
        );
        let object = object(&login);
        let keys: Vec<&str> = object.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys.len(), 6, "{keys:?}");
    }
}
