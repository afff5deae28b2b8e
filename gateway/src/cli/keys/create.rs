//! `keys create`: a new key, in plans or not.

use std::io;

use clap::ArgGroup;
use clap::builder::NonEmptyStringValueParser;
use tollgate::id::KeyId;
use tollgate::key::{EnvironmentLetter, KeyValue};
use tollgate::store::{ApiKey, NewKey};
use tollgate::time::Timestamp;

use super::super::document::{KeyDocument, Reference};
use super::super::failure::Failure;
use super::super::reference;
use super::super::session::{Session, named_plan};
use super::given_value::GivenValue;
use super::limits::LimitOptions;
use super::tags::{self, NewExpiry, Note, instant};
use crate::management::{ManagedPlan, Management};

const EXAMPLES: &str = "\
Examples:
  tollgate keys create joe-black --plan Bronze
  tollgate keys create joe-black --plan Bronze --plan reports --environment prod
  tollgate keys create trial --expires-at 2027-01-31T00:00:00Z --no-keep-value
  tollgate keys create big-customer --plan Bronze --rate 50 --burst 100 --quota 500000/DAY
  tollgate keys create reader --plan Bronze --scopes \"GET /users, * /reports/{id}\" --meta tenant=acme
  tollgate keys create joe-black --json | jq -r .value
  pass show customers/joe | tollgate keys create joe-black --value -";

/// Creates a key, and shows its value
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
#[command(group = ArgGroup::new("changes").multiple(true))]
pub(crate) struct Arguments {
    /// What to call the key
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    name: String,
    /// A plan to put the key into, by id or name; can be given several times
    #[arg(long = "plan", value_name = "PLAN")]
    plans: Vec<String>,
    /// The value, 20 to 128 characters; a random one when it is not given. `-` reads it from standard input, so that it stands in no
    /// shell's history and in no list of processes
    #[arg(long, value_name = "VALUE")]
    value: Option<GivenValue>,
    /// The environment whose first letter a random value starts with
    #[arg(long, value_name = "NAME", default_value = "dev")]
    environment: String,
    /// The id; a random one when it is not given
    #[arg(long, value_name = "ID", value_parser = key_id)]
    id: Option<KeyId>,
    /// What the key is for
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Your own id of the customer
    #[arg(long, value_name = "ID")]
    customer_id: Option<String>,
    /// Creates the key disabled
    #[arg(long)]
    disabled: bool,
    /// From when on the key may not be used, such as 2027-01-31T00:00:00Z
    #[arg(long, value_name = "RFC3339", value_parser = instant)]
    expires_at: Option<Timestamp>,
    /// The methods that it opens, such as "GET /users, * /reports/{id}"; all that its plans do when it is not given
    #[arg(long, value_name = "METHODS", value_parser = NonEmptyStringValueParser::new())]
    scopes: Option<String>,
    /// A note for the handlers, such as tenant=acme; can be given several times
    #[arg(long = "meta", value_name = "NAME=TEXT")]
    notes: Vec<Note>,
    /// Stores only the value's hash: the value can never be shown again
    #[arg(long)]
    no_keep_value: bool,
    #[command(flatten)]
    limits: LimitOptions,
}

impl Arguments {
    /// Refuses the options that a management API does not know.
    pub(super) fn check_for_url(&self) -> Result<(), Failure> {
        let option = if self.id.is_some() {
            "--id"
        } else if self.no_keep_value {
            "--no-keep-value"
        } else {
            return Ok(());
        };
        Err(Failure::failed(format!(
            "{option} cannot be given with --url: the management API decides that itself"
        ))
        .hint(format!(
            "leave {option} out, or name the table with --table"
        )))
    }
}

pub(super) async fn run<R: Management>(
    session: &Session<'_, R>,
    arguments: &Arguments,
) -> Result<(), Failure> {
    let mut new = new_key(arguments)?;
    let plans = plans(session, &arguments.plans).await?;
    let plan_id = match &arguments.limits.in_plan {
        Some(text) => Some(reference::plan(session.registry, text).await?.id),
        None => None,
    };
    let limits = arguments.limits.tags(plan_id.as_ref())?;
    new.tags.extend(
        limits
            .into_iter()
            .filter_map(|(name, text)| Some((name, text?))),
    );
    if new.expires_at.is_some_and(|instant| instant <= session.now) {
        session
            .printer
            .warning("the key has expired already: --expires-at is in the past");
    }
    let key = session.registry.create_key(&new).await?;
    for plan in &plans {
        let added = session.registry.add_key_to_plan(&key.id, &plan.id).await;
        if let Err(error) = added {
            return Err(undo(session, &key, plan, error.into()).await);
        }
    }
    // Nothing is read again: a read that fails here would lose the value.
    let joined = plans.iter().map(|plan| Reference {
        id: plan.id.to_string(),
        name: plan.name.clone(),
    });
    let mut document = KeyDocument::new(&key, joined.collect());
    document.value = Some(new.value.expose().to_owned());
    if session.printer.is_json() {
        session.printer.json(&document);
    } else {
        session.printer.fields(&document.fields());
    }
    session.printer.note(&if new.keep_value {
        format!(
            "The value is shown this once; it is kept, and `tollgate keys show {} --reveal` shows it again.",
            key.id
        )
    } else {
        "The value is shown this once and is not kept: store it now.".to_owned()
    });
    if plans.is_empty() {
        session.printer.note(&format!(
            "The key is in no plan, so it opens nothing: `tollgate plans add-key PLAN {}` puts it into one.",
            key.id
        ));
    }
    Ok(())
}

fn new_key(arguments: &Arguments) -> Result<NewKey, Failure> {
    let value = if let Some(given) = &arguments.value {
        given.value(io::stdin().lock())?
    } else {
        let letter = EnvironmentLetter::of(&arguments.environment);
        KeyValue::generate(letter)
            .map_err(|error| Failure::failed("no value could be made").caused_by(&error))?
    };
    // A management API tells a key's expiry by its tag alone.
    let changes = tags::changes(
        arguments.expires_at.map(NewExpiry::At),
        arguments.scopes.as_deref(),
        &arguments.notes,
    )?;
    Ok(NewKey {
        id: arguments.id.clone(),
        value,
        keep_value: !arguments.no_keep_value,
        name: arguments.name.clone(),
        description: arguments.description.clone(),
        customer_id: arguments.customer_id.clone(),
        stage_keys: Vec::new(),
        enabled: !arguments.disabled,
        expires_at: arguments.expires_at,
        tags: tags::set(&changes),
    })
}

async fn plans<R: Management>(
    session: &Session<'_, R>,
    references: &[String],
) -> Result<Vec<ManagedPlan>, Failure> {
    let mut plans: Vec<ManagedPlan> = Vec::new();
    for text in references {
        let plan = reference::plan(session.registry, text).await?;
        if plans.iter().all(|known| known.id != plan.id) {
            plans.push(plan);
        }
    }
    Ok(plans)
}

/// Deletes the key again, and says why it is gone, or that it is not.
async fn undo<R: Management>(
    session: &Session<'_, R>,
    key: &ApiKey,
    plan: &ManagedPlan,
    why: Failure,
) -> Failure {
    let deleted = session.registry.delete_key(&key.id).await;
    let name = named_plan(plan);
    match deleted {
        Ok(()) => why.hint(format!(
            "the key could not join {name} and was deleted again: nothing was changed"
        )),
        Err(_) => why.hint(format!(
            "the key could not join {name}, and could not be deleted: delete it with `tollgate keys delete {}`",
            key.id
        )),
    }
}

fn key_id(text: &str) -> Result<KeyId, String> {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if (1..=64).contains(&text.len()) && text.bytes().all(is_allowed) {
        Ok(text.into())
    } else {
        Err("an id has 1 to 64 letters, digits, `-` or `_`".to_owned())
    }
}
