//! `keys show`: one key.

use super::super::failure::Failure;
use super::super::reference;
use super::super::session::{Session, named_key};
use crate::management::Management;

const EXAMPLES: &str = "\
Examples:
  tollgate keys show joe-black
  tollgate keys show 0a1b2c3d4e --reveal
  tollgate keys show joe-black --json | jq .plans";

/// Shows a key
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The key, by id or name
    key: String,
    /// Shows the value too, when it was kept
    #[arg(long)]
    reveal: bool,
}

pub(super) async fn run<R: Management>(
    session: &Session<'_, R>,
    arguments: &Arguments,
) -> Result<(), Failure> {
    let key = reference::key(session.registry, &arguments.key).await?;
    let keys = std::slice::from_ref(&key);
    let statuses = session.registry.key_statuses(keys).await?;
    let mut document = super::document(session, &key).await?;
    if let Some(status) = statuses.first() {
        document = document.with_status(status);
    }
    if arguments.reveal {
        let value = session.registry.key_value(&key.id).await?;
        let value = value.ok_or_else(|| {
            Failure::refused(format!(
                "the value of {} was not kept: only its hash is stored",
                named_key(&key)
            ))
            .hint("create a new key when the value is lost")
        })?;
        document.value = Some(value.expose().to_owned());
    }
    if session.printer.is_json() {
        session.printer.json(&document);
    } else {
        session.printer.fields(&document.fields());
    }
    Ok(())
}
