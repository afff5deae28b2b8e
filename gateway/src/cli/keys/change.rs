//! `keys enable`, `keys disable`, `keys update`.

use clap::ArgGroup;
use clap::builder::NonEmptyStringValueParser;

use super::super::failure::Failure;
use super::super::reference;
use super::super::session::Session;
use super::limits::LimitOptions;
use super::tags::{self, NewExpiry, Note};
use crate::management::{KeyEdit, Management};

/// Lets a key be used again
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  tollgate keys enable joe-black")]
pub(crate) struct Enable {
    /// The key, by id or name
    key: String,
}

/// Stops a key at its next request, or when what it was charged in advance is used up, within a second; it keeps its plans and its usage
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  tollgate keys disable joe-black")]
pub(crate) struct Disable {
    /// The key, by id or name
    key: String,
}

const UPDATE_EXAMPLES: &str = "\
Examples:
  tollgate keys update joe-black --name joe
  tollgate keys update joe-black --customer-id 4711 --description \"Joe's laptop\"
  tollgate keys update joe-black --description \"\"   removes the description
  tollgate keys update joe-black --expires-at 2027-01-31T00:00:00Z
  tollgate keys update joe-black --scopes \"GET /users\" --meta tenant=acme
  tollgate keys update joe-black --quota 5000/DAY   gives this key a quota of its own
  tollgate keys update joe-black --rate 20 --burst 40 --in-plan Bronze
  tollgate keys update joe-black --quota \"\"   leaves it with the quota of its plans";

/// Changes what is known about a key
#[derive(Debug, clap::Args)]
#[command(after_help = UPDATE_EXAMPLES)]
#[command(group = ArgGroup::new("changes").required(true).multiple(true))]
pub(crate) struct Update {
    /// The key, by id or name
    key: String,
    /// What to call the key
    #[arg(long, group = "changes", value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    name: Option<String>,
    /// What the key is for; an empty text removes it
    #[arg(long, group = "changes", value_name = "TEXT")]
    description: Option<String>,
    /// Your own id of the customer; an empty text removes it
    #[arg(long, group = "changes", value_name = "ID")]
    customer_id: Option<String>,
    /// From when on the key may not be used, such as 2027-01-31T00:00:00Z, or never
    #[arg(long, group = "changes", value_name = "RFC3339")]
    expires_at: Option<NewExpiry>,
    /// The methods that the key opens, such as "GET /users, * /reports/{id}"; with an empty text it opens all that its plans do
    #[arg(long, group = "changes", value_name = "METHODS")]
    scopes: Option<String>,
    /// A note for the handlers, such as tenant=acme; an empty text removes it; can be given several times
    #[arg(long = "meta", group = "changes", value_name = "NAME=TEXT")]
    notes: Vec<Note>,
    #[command(flatten)]
    limits: LimitOptions,
}

pub(super) async fn enable<R: Management>(
    session: &Session<'_, R>,
    arguments: &Enable,
) -> Result<(), Failure> {
    change(session, &arguments.key, "enabled", &switch(true)).await
}

pub(super) async fn disable<R: Management>(
    session: &Session<'_, R>,
    arguments: &Disable,
) -> Result<(), Failure> {
    change(session, &arguments.key, "disabled", &switch(false)).await
}

pub(super) async fn update<R: Management>(
    session: &Session<'_, R>,
    arguments: &Update,
) -> Result<(), Failure> {
    let plan_id = match &arguments.limits.in_plan {
        Some(text) => Some(reference::plan(session.registry, text).await?.id),
        None => None,
    };
    let mut tags = arguments.limits.tags(plan_id.as_ref())?;
    tags.extend(tags::changes(
        arguments.expires_at,
        arguments.scopes.as_deref(),
        &arguments.notes,
    )?);
    let edit = KeyEdit {
        tags,
        name: arguments.name.clone(),
        description: arguments.description.clone(),
        customer_id: arguments.customer_id.clone(),
        ..KeyEdit::default()
    };
    change(session, &arguments.key, "updated", &edit).await
}

fn switch(enabled: bool) -> KeyEdit {
    KeyEdit {
        enabled: Some(enabled),
        ..KeyEdit::default()
    }
}

async fn change<R: Management>(
    session: &Session<'_, R>,
    key: &str,
    done: &str,
    edit: &KeyEdit,
) -> Result<(), Failure> {
    let key = reference::key(session.registry, key).await?;
    let key = session.registry.update_key(&key.id, edit).await?;
    super::report(session, done, &key).await
}
