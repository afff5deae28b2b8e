//! Deleting APIs and stages, which takes them out of the usage plans that cover them.

use super::change::Tries;
use super::lookup;
use crate::control::Inner;
use crate::control::call::Call;
use crate::control::error::ControlError;
use crate::id::{ApiId, ApiStage};
use crate::store::{ApiRegistry, PageRequest, PlanChange, Registry, RegistryError, Saved};
use crate::time::Clock;

/// How many plans are taken from one page.
const PLANS_A_PAGE: u32 = 100;

impl<S: Registry + ApiRegistry, C: Clock> Inner<S, C> {
    /// Deletes the API that the operation's path names.
    ///
    /// Plans lose its stages first. A plan that takes one of them meanwhile changes the API's revision, so that the deletion starts again:
    /// no plan is left with a stage that is gone.
    pub(super) async fn delete_api(&self, call: &Call<'_>) -> Result<(), ControlError> {
        let mut tries = Tries::new();
        loop {
            let before = self.api(call).await?;
            let id = ApiId::from(before.record.api.id.as_str());
            for stage in before.record.stages.keys() {
                self.detach(&ApiStage::new(id.clone(), stage.as_str()))
                    .await?;
            }
            match self.store.delete_rest_api(&before).await? {
                Saved::Yes => {
                    self.gateway.api_changed(&id);
                    return Ok(());
                }
                Saved::Overtaken => tries.again().await?,
            }
        }
    }

    /// Deletes the stage that the operation's path names, as [`Inner::delete_api`] does with all of them.
    pub(super) async fn delete_stage(&self, call: &Call<'_>) -> Result<(), ControlError> {
        let name = call.path("stage_name");
        let mut tries = Tries::new();
        loop {
            let before = self.api(call).await?;
            let id = ApiId::from(before.record.api.id.as_str());
            let mut after = before.record.clone();
            after.stages.remove(name).ok_or_else(lookup::no_stage)?;
            self.detach(&ApiStage::new(id.clone(), name)).await?;
            match self.store.save_rest_api(&before, &after, None).await? {
                Saved::Yes => {
                    self.gateway.api_changed(&id);
                    return Ok(());
                }
                Saved::Overtaken => tries.again().await?,
            }
        }
    }

    /// Takes a stage out of every plan that covers it.
    async fn detach(&self, api_stage: &ApiStage) -> Result<(), ControlError> {
        let mut request = PageRequest {
            limit: PLANS_A_PAGE,
            after: None,
        };
        loop {
            let page = self.store.plans_of_stage(api_stage, &request).await?;
            for plan in &page.entries {
                let change = PlanChange::RemoveStage(api_stage.clone());
                match self.store.update_plan(plan, &change).await {
                    // Somebody deleted the plan meanwhile.
                    Ok(_) | Err(RegistryError::NoSuchPlan(_)) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            request.after = page.next;
            if request.after.is_none() {
                return Ok(());
            }
        }
    }
}
