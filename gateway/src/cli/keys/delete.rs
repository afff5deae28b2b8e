//! `keys delete`.

use serde_json::json;

use super::super::confirm::confirm;
use super::super::failure::Failure;
use super::super::reference;
use super::super::session::{Session, named_key};
use crate::management::Management;

const EXAMPLES: &str = "\
Examples:
  tollgate keys delete joe-black
  tollgate keys delete 0a1b2c3d4e --yes";

/// Deletes a key for good; on a terminal, it asks first
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The key, by id or name
    key: String,
    /// Does not ask
    #[arg(long)]
    yes: bool,
}

pub(super) async fn run<R: Management>(
    session: &Session<'_, R>,
    arguments: &Arguments,
) -> Result<(), Failure> {
    let key = reference::key(session.registry, &arguments.key).await?;
    if !arguments.yes {
        let question = format!("Delete {} for good?", named_key(&key));
        confirm(session.operator, session.printer, &question)?;
    }
    session.registry.delete_key(&key.id).await?;
    if session.printer.is_json() {
        let deleted = json!({"id": key.id.as_str(), "name": key.name, "deleted": true});
        session.printer.json(&deleted);
    }
    session.note_about("deleted", &key);
    Ok(())
}
