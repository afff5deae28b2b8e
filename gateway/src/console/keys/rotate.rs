//! Rotating a key: a new one takes its place, and the old one works until the client has changed over.

use std::sync::Arc;
use std::time::Duration;

use maud::{Markup, html};
use serde_json::{Map, Value, json};
use tollgate::control::EXPIRES_AT_TAG;
use tollgate::overrides;
use tollgate::plan::Plan;
use tollgate::store::ApiKey;
use tollgate::time::Timestamp;

use super::super::answer::Answer;
use super::super::call::{Patches, Refusal};
use super::super::forms::{Choice, Mistakes, select, submit};
use super::super::path;
use super::super::problem::Problem;
use super::super::visit::Visit;
use super::super::words;
use super::made::{Made, NotMade, make, value_notice};
use super::settings::{Expiry, set_expiry};
use super::state::KeyState;
use super::{PARTLY_SAVED, api_path, opened, page_path, reread, sub_page, title};

/// The field that says what becomes of the old key.
const OLD: &str = "old";

/// Tags of Tollgate's own that belong to the old key alone, such as what a template notes. Its expiry is told otherwise.
const OWN_TAGS: &str = "tollgate:";

/// What becomes of the old key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OldKey {
    /// It works on.
    Kept,
    /// It works on for so many days, and expires then.
    ExpiresIn { days: u16 },
    /// It is disabled at once.
    Disabled,
}

impl OldKey {
    const ALL: [Self; 5] = [
        Self::Kept,
        Self::ExpiresIn { days: 1 },
        Self::ExpiresIn { days: 7 },
        Self::ExpiresIn { days: 30 },
        Self::Disabled,
    ];

    /// What stands in the form.
    fn value(self) -> String {
        match self {
            Self::Kept => "keep".to_owned(),
            Self::ExpiresIn { days } => format!("days-{days}"),
            Self::Disabled => "disable".to_owned(),
        }
    }

    fn parse(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|known| known.value() == text)
            .ok_or_else(|| "Say what becomes of the old key.".to_owned())
    }

    /// As a choice of the form.
    fn text(self) -> String {
        match self {
            Self::Kept => "works on, until you disable or delete it".to_owned(),
            Self::ExpiresIn { days } => {
                format!(
                    "works on for {}, and expires then",
                    words::plural(days.into(), "day")
                )
            }
            Self::Disabled => "is disabled at once".to_owned(),
        }
    }

    /// When the old key expires then. It never lives longer than it would have.
    fn expiry(self, known: Option<Timestamp>, now: Timestamp) -> Expiry {
        match self {
            Self::Kept | Self::Disabled => Expiry::Kept,
            Self::ExpiresIn { days } => {
                let end =
                    now.saturating_add(Duration::from_hours(u64::from(days).saturating_mul(24)));
                match known {
                    Some(known) if known <= end => Expiry::Kept,
                    Some(_) | None => Expiry::At(end),
                }
            }
        }
    }

    /// What has become of the old key, as a sentence.
    fn told(self, old: &ApiKey, now: Timestamp) -> String {
        if !old.enabled {
            return "The old key is disabled, as it was.".to_owned();
        }
        match (self, self.expiry(old.expires_at, now)) {
            (Self::Disabled, _) => {
                "The old key is disabled: it stops at its next request, or within a second."
                    .to_owned()
            }
            (Self::Kept | Self::ExpiresIn { .. }, Expiry::At(end)) => {
                format!("The old key works until {}.", words::moment(end))
            }
            (Self::Kept | Self::ExpiresIn { .. }, Expiry::Kept | Expiry::Never) => {
                match old.expires_at {
                    Some(end) if end <= now => "The old key has expired.".to_owned(),
                    Some(end) => format!("The old key works until {}.", words::moment(end)),
                    None => "The old key works on: disable or delete it when the client has changed over.".to_owned(),
                }
            }
        }
    }
}

pub(super) async fn page(visit: &Visit<'_>, key: &ApiKey) -> Result<Answer, Problem> {
    form(visit, key, OldKey::Kept, &Mistakes::default()).await
}

pub(super) async fn rotate(visit: &Visit<'_>, key: &ApiKey) -> Result<Answer, Problem> {
    let mut mistakes = Mistakes::default();
    let Some(old) = mistakes.take(OLD, OldKey::parse(visit.form().get(OLD))) else {
        return form(visit, key, OldKey::Kept, &mistakes).await;
    };
    match make(visit, &successor(key, visit.now()), &key.plan_ids).await {
        Ok(made) => {
            let retired = retire(visit, key, old).await;
            Ok(rotated(visit, key, old, &made, retired).await)
        }
        Err(not_made) => {
            match not_made {
                NotMade::Key(refusal) => mistakes.refuse(&refusal),
                NotMade::Plan(id, refusal) => mistakes.refuse(&Refusal {
                    message: format!("Usage plan {id}: {}", refusal.message),
                    ..refusal
                }),
                NotMade::Left(refusal) => mistakes = Mistakes::refused(PARTLY_SAVED, &refusal),
            }
            form(visit, key, old, &mistakes).await
        }
    }
}

/// Whether a tag is a limit of the key's own. What was added to a quota for a while stays with the old key, and counts once.
fn is_lasting_override(name: &str) -> bool {
    overrides::is_override(name) && !overrides::is_top_up(name)
}

/// The body of `CreateApiKey` for a key that is like another one, with a generated value. An expiry that has passed is left behind.
fn successor(key: &ApiKey, now: Timestamp) -> Value {
    let mut tags: Map<String, Value> = key
        .tags
        .iter()
        .filter(|(name, _)| !name.starts_with(OWN_TAGS) || is_lasting_override(name))
        .map(|(name, value)| (name.clone(), json!(value)))
        .collect();
    if let Some(instant) = key.expires_at.filter(|instant| *instant > now) {
        tags.insert(EXPIRES_AT_TAG.to_owned(), json!(words::rfc3339(instant)));
    }
    json!({
        "name": key.name,
        "description": key.description.as_deref().unwrap_or(""),
        "customerId": key.customer_id.as_deref().unwrap_or(""),
        "enabled": key.enabled,
        "tags": tags,
    })
}

/// Does with the old key what was chosen.
async fn retire(visit: &Visit<'_>, key: &ApiKey, old: OldKey) -> Result<(), Refusal> {
    set_expiry(visit, &key.id, old.expiry(key.expires_at, visit.now())).await?;
    if old == OldKey::Disabled {
        let mut patches = Patches::default();
        patches.replace("/enabled", "false");
        visit.patch(&api_path(&key.id), patches).await?;
    }
    Ok(())
}

/// The answer to the form itself, for the value is shown in it.
async fn rotated(
    visit: &Visit<'_>,
    key: &ApiKey,
    old: OldKey,
    made: &Made,
    retired: Result<(), Refusal>,
) -> Answer {
    let value = value_notice(visit, made).await;
    reread(visit, &key.id).await;
    let body = html! {
        h1 { (title(key)) " was rotated" }
        p { "The new key has the id " span.mono { (made.id) } ", and the name, the usage plans, the customer and the tags of the old one." }
        (value)
        @match retired {
            Ok(()) => p { (old.told(key, visit.now())) },
            Err(refusal) => {
                div.notice.failed role="alert" {
                    h2 { "The old key is as it was" }
                    p { (refusal.message) }
                    p { "The new key works all the same. Disable or delete the old one on its page." }
                }
            }
        }
        p.actions {
            a.button.primary href=(path::key(made.id.as_str())) { "Go on to the new key" }
            a href=(path::key(key.id.as_str())) { "Go back to the old key" }
        }
    };
    sub_page(visit, key, "Rotated", &Mistakes::default(), body)
}

async fn form(
    visit: &Visit<'_>,
    key: &ApiKey,
    chosen: OldKey,
    mistakes: &Mistakes,
) -> Result<Answer, Problem> {
    let plans = opened::current_plans(visit, key).await?;
    let texts = OldKey::ALL.map(|old| (old.value(), old.text()));
    let choices: Vec<Choice<'_>> = texts
        .iter()
        .map(|(value, text)| Choice { value, text })
        .collect();
    let hint = "A client that has both values for a while need not change over at one instant.";
    let content = html! {
        (select(OLD, "The old key", &chosen.value(), &choices, hint, mistakes))
        p.actions { (submit("Rotate the API key")) a href=(path::key(key.id.as_str())) { "Cancel" } }
    };
    let body = html! {
        h1 { "Rotate " (title(key)) }
        (mistakes.summary())
        (what_happens(visit, key, &plans))
        (visit.form_to(&page_path(key, "rotate"), &content))
    };
    Ok(sub_page(
        visit,
        key,
        &format!("Rotate {}", title(key)),
        mistakes,
        body,
    ))
}

fn what_happens(visit: &Visit<'_>, key: &ApiKey, plans: &[Arc<Plan>]) -> Markup {
    let state = KeyState::of(key.enabled, key.expires_at, visit.now());
    html! {
        p { "A new key with a new value is created. It has the name, the description, the customer and the tags of this one" @if key.expires_at.is_some() && state != KeyState::Expired { ", expires when this one does" } ", and is in the same usage plans:" }
        @if plans.is_empty() {
            p { "none, so that it opens nothing." }
        } @else {
            ul { @for plan in plans { li { (plan.name) } } }
        }
        ul {
            li { "The value of the new key is shown once, on the next page." }
            @if plans.iter().any(|plan| plan.quota.is_some() || plan.throttle.is_some()) {
                li { "The new key starts with limits of its own: its quota is whole. While both keys work, the client has what the plan gives to two keys." }
            }
            @match state {
                KeyState::Enabled => {}
                KeyState::Disabled => li { "This key is disabled, and so is the new one." },
                KeyState::Expired => li { "This key has expired; the new one does not expire." },
            }
        }
    }
}

#[cfg(test)]
mod tests;
