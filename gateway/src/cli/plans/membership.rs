//! `plans add-key`, `plans remove-key`: which keys are in a plan.

use super::super::failure::Failure;
use super::super::reference;
use super::super::session::{Session, named_key};
use crate::management::Management;

/// Puts a key into a plan
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  tollgate plans add-key Bronze joe-black")]
pub(crate) struct AddKey {
    /// The plan, by id or name
    plan: String,
    /// The key, by id or name
    key: String,
}

/// Takes a key out of a plan, and stops it there at its next request, or within a second where it was charged in advance
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  tollgate plans remove-key Bronze joe-black")]
pub(crate) struct RemoveKey {
    /// The plan, by id or name
    plan: String,
    /// The key, by id or name
    key: String,
}

pub(super) async fn add<R: Management>(
    session: &Session<'_, R>,
    arguments: &AddKey,
) -> Result<(), Failure> {
    let (plan, key) =
        reference::plan_and_key(session.registry, &arguments.plan, &arguments.key).await?;
    if key.plan_ids.contains(&plan.id) {
        super::report(
            session,
            &format!("{} is already in", named_key(&key)),
            &plan,
        );
        return Ok(());
    }
    session.registry.add_key_to_plan(&key.id, &plan.id).await?;
    super::report(session, &format!("added {} to", named_key(&key)), &plan);
    Ok(())
}

pub(super) async fn remove<R: Management>(
    session: &Session<'_, R>,
    arguments: &RemoveKey,
) -> Result<(), Failure> {
    let (plan, key) =
        reference::plan_and_key(session.registry, &arguments.plan, &arguments.key).await?;
    session
        .registry
        .remove_key_from_plan(&key.id, &plan.id)
        .await?;
    super::report(session, &format!("removed {} from", named_key(&key)), &plan);
    Ok(())
}
