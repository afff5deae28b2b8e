//! Whole lists, page by page.

use std::future::Future;

use tollgate::id::{KeyId, PlanId};
use tollgate::store::{Page, PageRequest};

use super::{ListedKey, ManagedPlan, Management, ManagementError};

/// How many entries are read at once when all are needed.
pub const PAGE_LIMIT: u32 = 200;

/// All plans, newest first.
///
/// # Errors
///
/// As [`Management::plans`].
pub async fn all_plans<R: Management>(registry: &R) -> Result<Vec<ManagedPlan>, ManagementError> {
    all(|page| async move { registry.plans(&page).await }).await
}

/// All keys, newest first.
///
/// # Errors
///
/// As [`Management::keys`].
pub async fn all_keys<R: Management>(registry: &R) -> Result<Vec<ListedKey>, ManagementError> {
    all(|page| async move { registry.keys(&page, None).await }).await
}

/// The ids of all keys of a plan.
///
/// # Errors
///
/// As [`Management::members`].
pub async fn all_members<R: Management>(
    registry: &R,
    plan: &PlanId,
) -> Result<Vec<KeyId>, ManagementError> {
    let members = all(|page| async move { registry.members(plan, &page).await }).await?;
    Ok(members.into_iter().map(|member| member.id).collect())
}

async fn all<T, F>(page: impl Fn(PageRequest) -> F) -> Result<Vec<T>, ManagementError>
where
    F: Future<Output = Result<Page<T>, ManagementError>>,
{
    let mut entries = Vec::new();
    let mut after = None;
    loop {
        let limit = PAGE_LIMIT;
        let read = page(PageRequest { limit, after }).await?;
        entries.extend(read.entries);
        after = read.next;
        if after.is_none() {
            return Ok(entries);
        }
    }
}
