//! The management API of a running gateway, and the store behind it.

use std::time::Duration;

use ::tests::{Answer, Gateway, HttpClient, Result, sdk_config};
use serde_json::{Value, json};
use tollgate::key::Pepper;
use tollgate::store::dynamodb::{DynamoStore, Patience};

/// The table of the gateway, and the pepper of its keys.
pub(crate) const TABLE: &str = "live";
pub(crate) const PEPPER: &str = "a pepper for live runs";

/// How long an answer may take. A bound for what hangs on a loaded machine, not an expectation.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Both ways to what operators have made.
#[derive(Clone, Debug)]
pub(crate) struct Management {
    client: HttpClient,
    pub(crate) store: DynamoStore,
}

impl Management {
    pub(crate) fn of(gateway: &Gateway) -> Result<Self> {
        let config = sdk_config(gateway.dynamodb_url());
        let pepper = Pepper::new(PEPPER.as_bytes())?;
        Ok(Self {
            client: HttpClient::new(gateway.admin_url()),
            store: DynamoStore::new(&config, Patience::OPERATOR, TABLE, pepper),
        })
    }

    /// Sends a request. A body of `null` is none.
    ///
    /// # Errors
    ///
    /// When there is no answer.
    pub(crate) async fn send(&self, method: &str, path: &str, body: &Value) -> Result<Answer> {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let headers = [("accept", "application/json")];
        let sent = self.client.send(method, path, &headers, body);
        tokio::time::timeout(PATIENCE, sent)
            .await
            .map_err(|_elapsed| format!("{method} {path}: no answer within {PATIENCE:?}"))?
    }

    /// Sends a request that has to be carried out. Its answer.
    ///
    /// # Errors
    ///
    /// When it is not.
    pub(crate) async fn done(&self, method: &str, path: &str, body: &Value) -> Result<Value> {
        let answer = self.send(method, path, body).await?;
        if !answer.status.is_success() {
            return Err(format!("{method} {path}: {} {}", answer.status, answer.body).into());
        }
        if answer.body.is_empty() {
            return Ok(Value::Null);
        }
        answer.json()
    }

    /// What is at `path`.
    ///
    /// # Errors
    ///
    /// When there is no such thing.
    pub(crate) async fn get(&self, path: &str) -> Result<Value> {
        self.done("GET", path, &Value::Null).await
    }

    /// The entries of the list at `path`, which is shorter than a page.
    ///
    /// # Errors
    ///
    /// When there is no such list, or it has another page.
    pub(crate) async fn list(&self, path: &str) -> Result<Vec<Value>> {
        let mut list = self.get(path).await?;
        if list.get("position").is_some() {
            return Err(format!("{path} has more than a page").into());
        }
        match list.get_mut("item").map(Value::take) {
            Some(Value::Array(entries)) => Ok(entries),
            Some(_) | None => Ok(Vec::new()),
        }
    }
}

/// Makes an API whose root answers `GET` by itself, to those who have a key. Its id.
///
/// # Errors
///
/// When the management API does not.
pub(crate) async fn make_api(management: &Management, name: &str) -> Result<String> {
    let api = management
        .done("POST", "/restapis", &json!({"name": name}))
        .await?;
    let id = text(&api, "id");
    let root = text(&api, "rootResourceId");
    let method = format!("/restapis/{id}/resources/{root}/methods/GET");
    let steps: [(&str, Value); 4] = [
        (
            "",
            json!({"authorizationType": "NONE", "apiKeyRequired": true}),
        ),
        ("/responses/200", json!({})),
        (
            "/integration",
            json!({"type": "MOCK", "requestTemplates": {"application/json": "{\"statusCode\": 200}"}}),
        ),
        ("/integration/responses/200", json!({})),
    ];
    for (part, body) in steps {
        management
            .done("PUT", &format!("{method}{part}"), &body)
            .await?;
    }
    Ok(id)
}

/// A member that is a text, or nothing.
pub(crate) fn text(value: &Value, member: &str) -> String {
    let text = value.get(member).and_then(Value::as_str);
    text.unwrap_or_default().to_owned()
}
