//! What is known about a key, as a form has it.

use std::collections::BTreeMap;

use maud::{Markup, html};
use serde_json::{Map, Value, json};
use tollgate::control::{EXPIRES_AT_TAG, parse_instant};
use tollgate::key::KeyValue;
use tollgate::metadata::{META, Metadata, is_name};
use tollgate::scope::{SCOPES, Scopes};
use tollgate::store::ApiKey;
use tollgate::time::Timestamp;

use super::super::call::{Patches, TagChanges};
use super::super::forms::{Fields, Input, InputKind, Mistakes};
use super::super::words;
use super::limits::{self, OwnLimits};

/// The field for the instant from which on a key may not be used.
const EXPIRES: &str = "expires";

/// The field for the methods that a key opens.
const SCOPES_FIELD: &str = "scopes";

/// The field for the notes that reach handlers, a line each.
const NOTES: &str = "notes";

/// What stands in the fields, right or wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Entered {
    name: String,
    description: String,
    customer_id: String,
    expires: String,
    scopes: String,
    notes: String,
    limits: OwnLimits,
}

/// Settings that can be saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) name: String,
    description: String,
    customer_id: String,
    pub(super) expiry: Expiry,
    pub(super) limits: OwnLimits,
    scopes: String,
    notes: BTreeMap<String, String>,
}

/// What becomes of a key's expiry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expiry {
    /// It stays as it is.
    Kept,
    /// The key does not expire any more.
    Never,
    /// The key expires at this instant.
    At(Timestamp),
}

impl Entered {
    pub(super) fn of_key(key: &ApiKey) -> Self {
        Self {
            name: key.name.clone(),
            description: key.description.clone().unwrap_or_default(),
            customer_id: key.customer_id.clone().unwrap_or_default(),
            expires: key.expires_at.map_or_else(String::new, words::entered),
            scopes: key.tags.get(SCOPES).cloned().unwrap_or_default(),
            notes: lines(&notes_of(key)),
            limits: OwnLimits::of_key(key),
        }
    }

    pub(super) fn of_form(form: &Fields) -> Self {
        let text = |name| form.get(name).to_owned();
        Self {
            name: text("name"),
            // Browsers end the lines of a text in two characters.
            description: form.get("description").replace("\r\n", "\n"),
            customer_id: text("customer"),
            expires: text(EXPIRES),
            scopes: text(SCOPES_FIELD),
            notes: form.get(NOTES).replace("\r\n", "\n"),
            limits: OwnLimits::of_form(form),
        }
    }

    /// The settings, or notes of all that is wrong. `before` is what stood in the fields.
    pub(super) fn read(
        &self,
        before: &Self,
        now: Timestamp,
        mistakes: &mut Mistakes,
    ) -> Option<Settings> {
        let name = mistakes.take("name", required(&self.name));
        let expiry = if self.expires == before.expires {
            // An input has no seconds: what nobody has changed stays exact.
            Some(Expiry::Kept)
        } else {
            mistakes.take(EXPIRES, expiry(&self.expires, now))
        };
        let scopes = mistakes.take(SCOPES_FIELD, scopes(&self.scopes));
        let notes = mistakes.take(NOTES, notes(&self.notes));
        self.limits.check(mistakes);
        let settings = Settings {
            name: name?,
            description: self.description.clone(),
            customer_id: self.customer_id.clone(),
            expiry: expiry?,
            limits: self.limits.clone(),
            scopes: scopes?,
            notes: notes?,
        };
        mistakes.is_empty().then_some(settings)
    }

    /// The inputs.
    pub(super) fn inputs(&self, mistakes: &Mistakes) -> Markup {
        let input = |name, label, value, kind, is_required, hint| {
            let input = Input {
                name,
                label,
                value,
                hint,
                kind,
                is_required,
            };
            input.render(mistakes)
        };
        html! {
            (input("name", "Name", &self.name, InputKind::Text, true, ""))
            (input("description", "Description", &self.description, InputKind::Lines, false, ""))
            (input("customer", "Customer id", &self.customer_id, InputKind::Text, false, "Your own id of the customer, to find the key by."))
            (input(EXPIRES, "Expires (UTC)", &self.expires, InputKind::DateTime, false, "From then on requests with the key are refused. Leave it empty for a key that does not expire."))
            (input(SCOPES_FIELD, "Scopes", &self.scopes, InputKind::Text, false, "The methods that the key opens, such as GET /users, * /reports/{id}. Leave it empty for all that its usage plans open."))
            (input(NOTES, "Notes for handlers", &self.notes, InputKind::Lines, false, "A line for each, such as tenant=acme. Functions behind the API read them with each request of the key."))
            (self.limits.inputs(mistakes))
        }
    }
}

impl Settings {
    /// The body of `CreateApiKey`. Without a value, one is generated.
    pub(super) fn body(&self, value: Option<&KeyValue>, is_enabled: bool) -> Value {
        let mut members = Map::new();
        members.insert("name".to_owned(), json!(self.name));
        members.insert("description".to_owned(), json!(self.description));
        members.insert("customerId".to_owned(), json!(self.customer_id));
        members.insert("enabled".to_owned(), json!(is_enabled));
        if let Some(value) = value {
            members.insert("value".to_owned(), json!(value.expose()));
        }
        let tags = self.tag_changes(&BTreeMap::new());
        if !tags.is_empty() {
            members.insert("tags".to_owned(), json!(tags));
        }
        Value::Object(members)
    }

    /// What has to be changed of the tags that a key has.
    pub(super) fn tag_changes(&self, known: &BTreeMap<String, String>) -> TagChanges {
        let mut wanted: TagChanges = known
            .keys()
            .filter(|name| *name == SCOPES || name.starts_with(META) || limits::is_tag(name))
            .map(|name| (name.clone(), None))
            .collect();
        if !self.scopes.is_empty() {
            wanted.insert(SCOPES.to_owned(), Some(self.scopes.clone()));
        }
        for (name, text) in &self.notes {
            wanted.insert(format!("{META}{name}"), Some(text.clone()));
        }
        self.limits.add_to(&mut wanted);
        wanted.retain(|name, text| known.get(name) != text.as_ref());
        match self.expiry {
            Expiry::Kept => None,
            Expiry::Never => known.contains_key(EXPIRES_AT_TAG).then_some(None),
            Expiry::At(instant) => Some(Some(words::rfc3339(instant))),
        }
        .map(|text| wanted.insert(EXPIRES_AT_TAG.to_owned(), text));
        wanted
    }

    /// What has to be changed of a key, but for its tags.
    pub(super) fn patches(&self, key: &ApiKey) -> Patches {
        let before = Entered::of_key(key);
        let mut patches = Patches::default();
        for (path, text, known) in [
            ("/name", &self.name, &before.name),
            ("/description", &self.description, &before.description),
            ("/customerId", &self.customer_id, &before.customer_id),
        ] {
            // Fields are read without the space around them.
            if text != known.trim() {
                patches.replace(path, text.as_str());
            }
        }
        patches
    }
}

/// The notes of a key for handlers.
fn notes_of(key: &ApiKey) -> BTreeMap<String, String> {
    let metadata = Metadata::of_tags(&key.tags);
    let notes = metadata.iter();
    notes
        .map(|(name, text)| (name.to_owned(), text.to_owned()))
        .collect()
}

fn lines(notes: &BTreeMap<String, String>) -> String {
    let lines: Vec<_> = notes.iter().map(|(k, v)| format!("{k}={v}")).collect();
    lines.join("\n")
}

fn scopes(text: &str) -> Result<String, String> {
    match text.parse::<Scopes>() {
        Ok(_) => Ok(text.to_owned()),
        Err(_) if text.is_empty() => Ok(String::new()),
        Err(error) => Err(format!("{error}.")),
    }
}

fn notes(text: &str) -> Result<BTreeMap<String, String>, String> {
    let mut notes = BTreeMap::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (name, text) = line
            .split_once('=')
            .map(|(name, text)| (name.trim(), text.trim()))
            .filter(|(name, _)| is_name(name))
            .ok_or_else(|| {
                format!("Write a name of 1 to 32 letters, digits or underscores, = and a text, such as tenant=acme, in place of {line}.")
            })?;
        notes.insert(name.to_owned(), text.to_owned());
    }
    Ok(notes)
}

fn required(text: &str) -> Result<String, String> {
    if text.is_empty() {
        Err("An API key needs a name, so that you find it again.".to_owned())
    } else {
        Ok(text.to_owned())
    }
}

/// Reads an instant in UTC as an input has it, with seconds or without.
fn expiry(text: &str, now: Timestamp) -> Result<Expiry, String> {
    if text.is_empty() {
        return Ok(Expiry::Never);
    }
    let instant = [":00Z", "Z", ""]
        .into_iter()
        .find_map(|end| parse_instant(&format!("{text}{end}")));
    match instant {
        Some(instant) if instant > now => Ok(Expiry::At(instant)),
        Some(_) => {
            Err("This instant has passed. To stop the key now, disable it or delete it.".to_owned())
        }
        None => {
            Err("Enter a date and a time in UTC, such as 2027-01-31T00:00, or nothing.".to_owned())
        }
    }
}

#[cfg(test)]
mod tests;
