//! `keys rotate`: another value for a key.

use std::io;
use std::time::Duration;

use serde::Serialize;
use tollgate::control::parse_overlap;
use tollgate::key::EnvironmentLetter;
use tollgate::store::ApiKey;

use super::super::document::rfc3339;
use super::super::failure::Failure;
use super::super::reference;
use super::super::session::{Session, named_key};
use super::given_value::GivenValue;
use crate::management::{KeyEdit, KeyRotation, Management};

const EXAMPLES: &str = "\
Examples:
  tollgate keys rotate joe-black                 the value before works on for 7 days
  tollgate keys rotate joe-black --overlap 12h
  tollgate keys rotate joe-black --now           for a value that has leaked
  tollgate keys rotate joe-black --finish        the client has changed over
  tollgate keys rotate joe-black --json | jq -r .value";

/// Gives a key another value, and shows it; the key keeps its id, its plans and what it has used
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The key, by id or name
    key: String,
    /// For how long the values before work on: a number and s, m, h, d or w
    #[arg(long, value_name = "TIME", default_value = "7d", value_parser = overlap)]
    overlap: Duration,
    /// Ends the values before at their next request, or within a second
    #[arg(long, conflicts_with = "overlap")]
    now: bool,
    /// Makes no new value: ends the overlap of the rotations before at once
    #[arg(long, conflicts_with_all = ["overlap", "now", "value"])]
    finish: bool,
    /// The new value, 20 to 128 characters; a random one when it is not given. `-` reads it from standard input
    #[arg(long, value_name = "VALUE")]
    value: Option<GivenValue>,
    /// The environment whose first letter a random value starts with
    #[arg(long, value_name = "NAME", default_value = "dev")]
    environment: String,
}

/// What a rotation tells.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    id: &'a str,
    name: &'a str,
    value: &'a str,
    /// When the values before end.
    former_values_until: String,
}

pub(super) async fn run<R: Management>(
    session: &Session<'_, R>,
    arguments: &Arguments,
) -> Result<(), Failure> {
    let key = reference::key(session.registry, &arguments.key).await?;
    if arguments.finish {
        return finish(session, &key).await;
    }
    let given = arguments.value.as_ref();
    let value = given.map(|given| given.value(io::stdin().lock()));
    let overlap = if arguments.now {
        Duration::ZERO
    } else {
        arguments.overlap
    };
    let rotation = KeyRotation {
        value: value.transpose()?,
        environment: EnvironmentLetter::of(&arguments.environment),
        overlap,
    };
    let (key, value) = session.registry.rotate_key(&key.id, &rotation).await?;
    let until = rfc3339(session.now.saturating_add(overlap));
    if session.printer.is_json() {
        session.printer.json(&Document {
            id: key.id.as_str(),
            name: &key.name,
            value: value.expose(),
            former_values_until: until.clone(),
        });
    } else {
        session.printer.fields(&[
            ("id", key.id.to_string()),
            ("name", key.name.clone()),
            ("value", value.expose().to_owned()),
        ]);
    }
    let ends = if overlap.is_zero() {
        "the values before it end at their next request, or within a second".to_owned()
    } else {
        format!("the values before it work until {until}, unless they end earlier")
    };
    session
        .printer
        .note(&format!("rotated {}: {ends}", named_key(&key)));
    Ok(())
}

async fn finish<R: Management>(session: &Session<'_, R>, key: &ApiKey) -> Result<(), Failure> {
    let edit = KeyEdit {
        ends_former_values: true,
        ..KeyEdit::default()
    };
    let key = session.registry.update_key(&key.id, &edit).await?;
    super::report(session, "ended all values but the last of", &key).await
}

fn overlap(text: &str) -> Result<Duration, String> {
    parse_overlap(text).map_err(|error| error.to_string())
}
