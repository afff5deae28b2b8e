//! Making a key, in its plans or not at all, and showing its value once.

use http::{Method, StatusCode};
use maud::{Markup, html};
use serde_json::{Value, json};
use tollgate::id::{KeyId, PlanId};
use tollgate::key::KeyValue;
use tollgate::store::KeyRegistry as _;

use super::super::call::Refusal;
use super::super::path;
use super::super::visit::Visit;
use super::{api_path, reread, reveal};

/// A key that was made just now.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) id: KeyId,
    value: KeyValue,
}

/// Why no key was made.
#[derive(Debug)]
pub(super) enum NotMade {
    /// The key itself was refused.
    Key(Refusal),
    /// A plan does not take it.
    Plan(PlanId, Refusal),
    /// A plan does not take it, and it is there all the same: it could not be deleted again.
    Left(Refusal),
}

/// Makes the key that `body` describes, and puts it into plans. A key that cannot join one of them is deleted again.
pub(super) async fn make(
    visit: &Visit<'_>,
    body: &Value,
    plan_ids: &[PlanId],
) -> Result<Made, NotMade> {
    let created = visit.call(Method::POST, "/apikeys", body).await;
    let made = created
        .and_then(|key| read(&key).ok_or_else(without_value))
        .map_err(NotMade::Key)?;
    for plan_id in plan_ids {
        if let Err(refusal) = join(visit, &made.id, plan_id).await {
            return Err(undo(visit, &made.id, plan_id, refusal).await);
        }
    }
    reread(visit, &made.id).await;
    Ok(made)
}

fn read(key: &Value) -> Option<Made> {
    let text = |member| key.get(member).and_then(Value::as_str);
    Some(Made {
        id: text("id")?.into(),
        value: KeyValue::parse(text("value")?).ok()?,
    })
}

pub(super) fn without_value() -> Refusal {
    Refusal {
        status: StatusCode::INTERNAL_SERVER_ERROR,
        message: "The management API made a value, and did not tell it.".to_owned(),
    }
}

/// Puts a key into a plan.
pub(super) async fn join(
    visit: &Visit<'_>,
    key_id: &KeyId,
    plan_id: &PlanId,
) -> Result<(), Refusal> {
    let path = format!("/usageplans/{}/keys", path::segment(plan_id.as_str()));
    let body = json!({"keyId": key_id.as_str(), "keyType": "API_KEY"});
    visit
        .call(Method::POST, &path, &body)
        .await
        .map(|_member| ())
}

/// Deletes the key again that a plan has refused.
async fn undo(visit: &Visit<'_>, id: &KeyId, plan_id: &PlanId, refusal: Refusal) -> NotMade {
    let deleted = visit
        .call(Method::DELETE, &api_path(id), &Value::Null)
        .await;
    if deleted.is_ok() {
        return NotMade::Plan(plan_id.clone(), refusal);
    }
    reread(visit, id).await;
    NotMade::Left(Refusal {
        status: refusal.status,
        message: format!(
            "Usage plan {plan_id}: {} The key {id} was created, and could not be deleted again: delete it.",
            refusal.message
        ),
    })
}

/// The value of a new key, and whether it can be seen again.
pub(super) async fn value_notice(visit: &Visit<'_>, made: &Made) -> Markup {
    notice_of(visit, &made.id, &made.value).await
}

/// A value that a key was given just now, and whether it can be seen again.
pub(super) async fn notice_of(visit: &Visit<'_>, id: &KeyId, value: &KeyValue) -> Markup {
    let kept = visit.store().key_value(id).await;
    let is_kept = kept.is_ok_and(|value| value.is_some());
    html! {
        div.notice.done {
            h2 { "The value of the key" }
            (reveal::value_line(value))
            @if is_kept {
                p { "Give it to the client. It is kept, and can be revealed on the page of the key later." }
            } @else {
                p { "Give it to the client, or store it now: only its hash is kept, and it is not shown again." }
            }
        }
    }
}
