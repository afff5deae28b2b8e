//! Calls of the management API, in this process: the console has no other way to change anything.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use serde_json::{Value, json};

use super::path;
use super::visit::Visit;

/// Tags to set, or to take away where there is `None`.
pub(super) type TagChanges = BTreeMap<String, Option<String>>;

/// Why the management API did not do something, in its own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// 4xx when the request is at fault.
    pub(super) status: StatusCode,
    /// For people.
    pub(super) message: String,
}

impl Refusal {
    fn internal(message: &str) -> Self {
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            message: message.to_owned(),
        }
    }

    /// The refusal that an answer stands for. Errors of the framework have their text in another member than the service's own.
    fn of(status: StatusCode, body: &Value) -> Self {
        let message = ["message", "Message"]
            .into_iter()
            .find_map(|member| body.get(member)?.as_str())
            .unwrap_or("the management API gave no reason");
        Self {
            status,
            message: sentence(message),
        }
    }
}

/// A message as a sentence: some of API Gateway's begin small, or have no end.
fn sentence(message: &str) -> String {
    let mut text = String::with_capacity(message.len().saturating_add(1));
    let mut characters = message.trim().chars();
    if let Some(first) = characters.next() {
        text.extend(first.to_uppercase());
    }
    text.push_str(characters.as_str());
    if !text.ends_with(['.', '!', '?']) {
        text.push('.');
    }
    text
}

/// Patch operations, in the order in which they are made.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Patches(Vec<Value>);

impl Patches {
    pub(super) fn replace(&mut self, path: &str, value: impl Into<String>) {
        self.push("replace", path, Some(value.into()));
    }

    pub(super) fn add(&mut self, path: &str, value: impl Into<String>) {
        self.push("add", path, Some(value.into()));
    }

    pub(super) fn remove(&mut self, path: &str) {
        self.push("remove", path, None);
    }

    /// Removes one of several things that a path has.
    pub(super) fn remove_value(&mut self, path: &str, value: impl Into<String>) {
        self.push("remove", path, Some(value.into()));
    }

    /// Whether there is nothing to change.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn push(&mut self, op: &str, path: &str, value: Option<String>) {
        let mut operation = json!({"op": op, "path": path});
        if let (Some(value), Value::Object(members)) = (value, &mut operation) {
            members.insert("value".to_owned(), Value::String(value));
        }
        self.0.push(operation);
    }

    /// The body of an update.
    pub(super) fn into_body(self) -> Value {
        json!({"patchOperations": self.0})
    }
}

impl Visit<'_> {
    /// Asks the management API for something, as API Gateway's clients do. The path has no prefix, and its segments are encoded.
    pub(super) async fn call(
        &self,
        method: Method,
        path: &str,
        body: &Value,
    ) -> Result<Value, Refusal> {
        let bytes = match body {
            Value::Null => Bytes::new(),
            body => Bytes::from(body.to_string()),
        };
        self.call_with(method, path, bytes).await
    }

    /// The same with a body that need not be JSON, as an import has it.
    pub(super) async fn call_with(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<Value, Refusal> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::CONTENT_TYPE, "application/json")
            .body(body)
            .map_err(|_no_uri| Refusal::internal("The name cannot stand in an address."))?;
        let answer = self.surroundings().control.answer(request).await;
        let status = answer.status();
        let body = match answer.body() {
            empty if empty.is_empty() => Value::Null,
            bytes => serde_json::from_slice(bytes).map_err(|_no_json| {
                Refusal::internal("The management API did not answer in JSON.")
            })?,
        };
        if status.is_success() {
            Ok(body)
        } else {
            Err(Refusal::of(status, &body))
        }
    }

    /// `PATCH`, when there is something to change.
    pub(super) async fn patch(&self, path: &str, patches: Patches) -> Result<(), Refusal> {
        if patches.is_empty() {
            return Ok(());
        }
        self.call(Method::PATCH, path, &patches.into_body())
            .await
            .map(|_changed| ())
    }

    /// Sets tags of a key or a plan, by its path, and then takes some away.
    pub(super) async fn change_tags(
        &self,
        resource: &str,
        changes: &TagChanges,
    ) -> Result<(), Refusal> {
        // Only what follows the account says which resource it is.
        let arn = format!("arn:aws:apigateway:us-east-1::{resource}");
        let path = format!("/tags/{}", path::segment(&arn));
        let set: BTreeMap<&str, &str> = changes
            .iter()
            .filter_map(|(name, text)| Some((name.as_str(), text.as_deref()?)))
            .collect();
        if !set.is_empty() {
            self.call(Method::PUT, &path, &json!({ "tags": set }))
                .await?;
        }
        let removed = changes.iter().filter(|(_, text)| text.is_none());
        let query: Vec<_> = removed
            .map(|(name, _)| ("tagKeys", name.as_str()))
            .collect();
        if !query.is_empty() {
            let path = path::with_query(&path, query);
            self.call(Method::DELETE, &path, &Value::Null).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_a_sentence_whichever_member_it_stands_in() {
        let of = |body: Value| Refusal::of(StatusCode::BAD_REQUEST, &body).message;
        assert_eq!(
            of(json!({"message": "no usage plan x"})),
            "No usage plan x."
        );
        assert_eq!(of(json!({"Message": "1 error."})), "1 error.");
        assert_eq!(of(json!({})), "The management API gave no reason.");
    }

    #[test]
    fn patches_are_written_as_clients_write_them() {
        let mut patches = Patches::default();
        assert!(patches.is_empty());
        patches.replace("/name", "Gold");
        patches.remove("/quota");
        patches.remove_value("/apiStages", "a:b");
        assert_eq!(
            patches.into_body(),
            json!({"patchOperations": [
                {"op": "replace", "path": "/name", "value": "Gold"},
                {"op": "remove", "path": "/quota"},
                {"op": "remove", "path": "/apiStages", "value": "a:b"},
            ]})
        );
    }
}
