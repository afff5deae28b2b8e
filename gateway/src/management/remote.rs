//! Keys and plans behind a management API.

mod operations;

use std::collections::BTreeMap;
use std::fmt::Display;

use bytes::Bytes;
use http::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tollgate::id::{KeyId, PlanId};
use tollgate::quota::Day;
use tollgate::store::{ApiKey, DayUse, FurtherUsed, PageRequest};

use super::document::{
    Damage, FurtherDocument, KeyDocument, PageDocument, PlanDocument, UsageDocument,
};
use super::error::Subject;
use super::{ManagedPlan, ManagementError};
use crate::remote::{CallErrorKind, Client, Refusal};

/// What stands in a path or a query as it is.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// The largest page of the management API.
const MAX_PAGE: u32 = 500;

/// The keys and plans behind a management API. Clones share connections.
#[derive(Clone, Debug)]
pub struct Remote {
    client: Client,
}

impl Remote {
    /// What `client` reaches.
    pub const fn new(client: Client) -> Self {
        Self { client }
    }

    async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        subject: Subject<'_>,
    ) -> Result<T, ManagementError> {
        let answer = self.client.get(path).await?;
        self.read(&answer.map_err(|refusal| subject.error(refusal))?)
    }

    /// As [`Remote::get`], of what may not exist.
    async fn find<T: DeserializeOwned>(&self, path: &str) -> Result<Option<T>, ManagementError> {
        match self.client.get(path).await? {
            Ok(body) => self.read(&body).map(Some),
            Err(Refusal { status, .. }) if status == http::StatusCode::NOT_FOUND => Ok(None),
            Err(refusal) => Err(Subject::default().error(refusal)),
        }
    }

    async fn change(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        subject: Subject<'_>,
    ) -> Result<Bytes, ManagementError> {
        let answer = self.client.change(method, path, body).await?;
        answer.map_err(|refusal| subject.error(refusal))
    }

    fn read<T: DeserializeOwned>(&self, body: &[u8]) -> Result<T, ManagementError> {
        serde_json::from_slice(body).map_err(|error| self.damaged(error))
    }

    /// For an answer that is none of a management API, or that makes no sense.
    fn damaged(&self, why: impl Display) -> ManagementError {
        let message = format!("the answer cannot be read: {why}");
        ManagementError::Call(self.client.error(CallErrorKind::NotManagement(message)))
    }

    fn sound<T>(&self, read: Result<T, Damage>) -> Result<T, ManagementError> {
        read.map_err(|damage| self.damaged(damage))
    }

    async fn page<T: DeserializeOwned>(
        &self,
        path: &str,
        page: &PageRequest,
        filters: &[(&str, &str)],
    ) -> Result<PageDocument<T>, ManagementError> {
        let mut path = format!("{path}?limit={}", page.limit.min(MAX_PAGE));
        let position = page.after.as_deref().map(|after| ("position", after));
        for (name, value) in filters.iter().copied().chain(position) {
            path.extend(["&", name, "="]);
            path.extend(utf8_percent_encode(value, UNRESERVED));
        }
        self.get(&path, Subject::default()).await
    }

    async fn whole_key(&self, document: KeyDocument) -> Result<ApiKey, ManagementError> {
        let plan_ids = self.plans_of_key(&document.id).await?;
        self.sound(document.read(plan_ids))
    }

    /// The ids of a key's plans, in the order in which it joined them.
    async fn plans_of_key(&self, key_id: &str) -> Result<Vec<PlanId>, ManagementError> {
        let mut ids = Vec::new();
        let mut after = None;
        loop {
            let request = PageRequest {
                limit: MAX_PAGE,
                after,
            };
            let filter = [("keyId", key_id)];
            let page: PageDocument<PlanDocument> =
                self.page("/usageplans", &request, &filter).await?;
            ids.extend(page.item.iter().map(PlanDocument::id));
            after = page.position;
            if after.is_none() {
                return Ok(ids);
            }
        }
    }

    async fn patch_plan(&self, plan: &PlanId, body: Value) -> Result<ManagedPlan, ManagementError> {
        let subject = Subject {
            plan: Some(plan),
            key: None,
        };
        let path = plan_path(plan);
        let answer = self
            .change(Method::PATCH, &path, Some(&body), subject)
            .await?;
        let document: PlanDocument = self.read(&answer)?;
        self.sound(document.read())
    }

    /// Sets and takes away labels of a key or a plan, by its path.
    async fn change_tags(
        &self,
        resource: &str,
        changes: &BTreeMap<String, Option<String>>,
        subject: Subject<'_>,
    ) -> Result<(), ManagementError> {
        let path = tags_path(resource);
        let removed: Vec<String> = changes
            .iter()
            .filter(|(_, text)| text.is_none())
            .map(|(name, _)| format!("tagKeys={}", escaped(name)))
            .collect();
        if !removed.is_empty() {
            let path = format!("{path}?{}", removed.join("&"));
            self.change(Method::DELETE, &path, None, subject).await?;
        }
        let set: BTreeMap<&str, &str> = changes
            .iter()
            .filter_map(|(name, text)| Some((name.as_str(), text.as_deref()?)))
            .collect();
        if !set.is_empty() {
            let body = json!({ "tags": set });
            self.change(Method::PUT, &path, Some(&body), subject)
                .await?;
        }
        Ok(())
    }

    async fn usage_of(
        &self,
        key: &KeyId,
        plan: &ManagedPlan,
        from: Day,
        to: Day,
    ) -> Result<UsageDocument, ManagementError> {
        let path = format!(
            "{}/usage?startDate={from}&endDate={to}&keyId={}",
            plan_path(&plan.id),
            escaped(key.as_str())
        );
        let subject = Subject {
            key: Some(key),
            plan: Some(&plan.id),
        };
        self.get(&path, subject).await
    }

    async fn further(
        &self,
        key: &KeyId,
        plan: &ManagedPlan,
        today: Day,
    ) -> Result<Vec<FurtherUsed>, ManagementError> {
        let mut usage = self.usage_of(key, plan, today, today).await?;
        let told = usage.further_quotas.remove(key.as_str());
        let told = told.unwrap_or_default();
        self.sound(told.iter().map(FurtherDocument::read).collect())
    }

    async fn days(
        &self,
        key: &KeyId,
        plan: &ManagedPlan,
        from: Day,
        to: Day,
    ) -> Result<Vec<DayUse>, ManagementError> {
        let mut usage = self.usage_of(key, plan, from, to).await?;
        let told = usage.values.remove(key.as_str()).unwrap_or_default();
        let days = (from.number()..=to.number()).map(Day::from_number);
        let days: Vec<DayUse> = days
            .zip(&told)
            .map(|(day, (used, remaining))| DayUse {
                day,
                used: *used,
                // The wire has a number here in any case.
                remaining: plan.quota.map(|_quota| *remaining),
            })
            .collect();
        let expected = to.number().saturating_sub(from.number()).saturating_add(1);
        if usize::try_from(expected).is_ok_and(|expected| expected == told.len()) {
            Ok(days)
        } else {
            Err(self.damaged(format!(
                "it tells the usage of {} days, not of {expected}",
                told.len()
            )))
        }
    }
}

fn key_path(id: &KeyId) -> String {
    format!("/apikeys/{}", escaped(id.as_str()))
}

/// The path of the tags of a key, of what belongs to it, or of a plan, by its own path. Only what follows the account says which resource it
/// is.
fn tags_path(resource: &str) -> String {
    let arn = format!("arn:aws:apigateway:us-east-1::{resource}");
    format!("/tags/{}", escaped(&arn))
}

fn plan_path(id: &PlanId) -> String {
    format!("/usageplans/{}", escaped(id.as_str()))
}

fn escaped(text: &str) -> impl Display {
    utf8_percent_encode(text, UNRESERVED)
}

/// Whether a text can be one segment of a path: no id is what cannot, and servers read another path then.
fn is_segment(text: &str) -> bool {
    !matches!(text, "" | "." | "..")
}
