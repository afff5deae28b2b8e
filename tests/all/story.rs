//! What Tollgate promises, told to the real binary over real sockets.
//!
//! Each story is told twice: for an HTTP API, where the function's layer enforces the plans, and for a REST API, where the gateway does.

mod bad_input;
mod commands;
mod errors;
mod limits;
mod live;
mod open_methods;
#[cfg(target_os = "linux")]
mod processes;
mod requests;
mod restart;
mod sdk;
#[cfg(target_os = "linux")]
mod signals;
mod start;
mod store_requests;
mod strict_aws;
mod unread_output;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tests::{Answer, Gateway, HttpClient, Output, workspace_root};
use tokio::time::Instant;

/// Makes two tests of each story, one for each kind of API.
macro_rules! on_both_templates {
    ($($story:ident),+ $(,)?) => {
        mod http_api {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $story() {
                    super::$story(crate::story::Template::HttpApi).await;
                }
            )+
        }
        mod rest_api {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $story() {
                    super::$story(crate::story::Template::RestApi).await;
                }
            )+
        }
    };
}
use on_both_templates;

/// A user that the API takes.
pub(crate) const USER: &str = r#"{"name":"Ada Lovelace","email":"ada@example.org"}"#;

/// How long a condition may take to become true. A bound for what never comes, not an expectation.
const PATIENCE: Duration = Duration::from_secs(30);

const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// The same API and plans, enforced in two places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Template {
    /// The workspace's own `template.yaml`.
    HttpApi,
    /// The one with the plans of API Gateway itself.
    RestApi,
}

impl Template {
    pub(crate) fn path(self) -> PathBuf {
        workspace_root().join(match self {
            Self::HttpApi => "template.yaml",
            Self::RestApi => "tests/templates/rest-api.yaml",
        })
    }

    /// A copy with other text in some places, in a folder of its own.
    fn edited(self, edits: &[(&str, &str)]) -> (TempDir, PathBuf) {
        let mut text = fs::read_to_string(self.path()).unwrap();
        let code_uri = match self {
            Self::HttpApi => "CodeUri: functions/",
            Self::RestApi => "CodeUri: ../../functions/",
        };
        let anywhere = format!("CodeUri: {}/functions/", workspace_root().display());
        for (from, to) in [(code_uri, anywhere.as_str())].iter().chain(edits) {
            assert!(text.contains(from), "{self:?} has no `{from}`");
            text = text.replace(from, to);
        }
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("template.yaml");
        fs::write(&path, text).unwrap();
        (folder, path)
    }
}

/// A running gateway, and those who use it.
pub(crate) struct Story {
    pub(crate) gateway: Gateway,
    client: HttpClient,
}

/// A key as its owner knows it.
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) value: String,
}

impl Story {
    pub(crate) async fn begin(template: Template) -> Self {
        let builder = Gateway::builder().template(template.path());
        Self::on(builder.start().await.unwrap())
    }

    pub(crate) fn on(gateway: Gateway) -> Self {
        let client = gateway.client();
        Self { gateway, client }
    }

    /// The value of the key `joe-black`, as the gateway has shown it.
    fn joe(&self) -> String {
        let output = self.gateway.output();
        let row = output.lines().find(|line| line.starts_with("joe-black "));
        let value = row.and_then(|row| row.split_whitespace().last());
        let value = value.unwrap_or_else(|| panic!("no value of joe-black in:\n{output}"));
        assert!(value.starts_with("tg_d_"), "{value}");
        value.to_owned()
    }

    /// Waits until the gateway has said something. What it says on stderr is read beside what it says on stdout, and may come later.
    async fn until_says(&self, text: &str) {
        until(text, || self.gateway.output().contains(text)).await;
    }

    /// What a command that is done wrote to stdout.
    async fn tollgate(&self, arguments: &[&str]) -> String {
        let Output {
            status,
            stdout,
            stderr,
        } = self.gateway.run(arguments).await.unwrap();
        assert!(status.success(), "{arguments:?}: {status}\n{stderr}");
        stdout
    }

    /// The JSON value that a command writes with `--json`, and nothing else.
    pub(crate) async fn tollgate_json(&self, arguments: &[&str]) -> Value {
        let arguments = [&["--json"], arguments].concat();
        let stdout = self.tollgate(&arguments).await;
        serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{error}: {stdout}"))
    }

    /// A new plan for `users:dev`, and a key on it.
    pub(crate) async fn key_on_new_plan(&self, plan: &str, limits: &[&str]) -> Key {
        let arguments = [&["plans", "create", plan, "--stage", "users:dev"], limits];
        self.tollgate_json(&arguments.concat()).await;
        self.key_on(plan, &format!("{plan}-client")).await
    }

    /// A new key on a plan that exists.
    pub(crate) async fn key_on(&self, plan: &str, name: &str) -> Key {
        let created = self
            .tollgate_json(&["keys", "create", name, "--plan", plan])
            .await;
        let member = |name: &str| created[name].as_str().unwrap().to_owned();
        assert_eq!(created["name"], name);
        Key {
            id: member("id"),
            value: member("value"),
        }
    }

    pub(crate) async fn call(&self, method: &str, path: &str, key: &str, body: &str) -> Answer {
        let headers = [("x-api-key", key), ("content-type", "application/json")];
        let body = body.to_owned();
        self.client
            .send(method, path, &headers, body)
            .await
            .unwrap()
    }

    /// Asks for a user that does not exist: an admitted request is answered 404, and the function asks no store for it.
    async fn probe(&self, key: &str) -> Verdict {
        Verdict::of(&self.call("GET", "/dev/users/nobody", key, "").await)
    }

    /// As many probes, one after another.
    async fn probes(&self, key: &str, count: usize) -> Vec<Verdict> {
        let mut verdicts = Vec::new();
        for _ in 0..count {
            verdicts.push(self.probe(key).await);
        }
        verdicts
    }

    /// What `usage` says of today, for one plan of a key.
    async fn used(&self, key: &str, plan: &str) -> u64 {
        let usage = self.tollgate_json(&["usage", key, "--plan", plan]).await;
        let days = usage["days"].as_array().unwrap();
        days.iter().map(|day| day["used"].as_u64().unwrap()).sum()
    }
}

/// How a probe was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    Admitted,
    Forbidden,
    TooManyRequests,
    LimitExceeded,
}

impl Verdict {
    /// The verdict that an answer to a probe stands for. All of a refusal has to be as API Gateway answers it.
    fn of(answer: &Answer) -> Self {
        let error_type = answer.header("x-amzn-errortype");
        match (answer.status.as_u16(), error_type, answer.body.as_str()) {
            (403, Some("ForbiddenException"), r#"{"message":"Forbidden"}"#) => Self::Forbidden,
            (429, Some("TooManyRequestsException"), r#"{"message":"Too Many Requests"}"#) => {
                Self::TooManyRequests
            }
            (429, Some("LimitExceededException"), r#"{"message":"Limit Exceeded"}"#) => {
                Self::LimitExceeded
            }
            (404, None, body) if body.contains("user") => Self::Admitted,
            _ => panic!("not an answer to a probe: {answer:?}"),
        }
    }
}

fn retry_after_s(answer: &Answer) -> u64 {
    let field = answer.header("retry-after");
    let field = field.unwrap_or_else(|| panic!("no Retry-After: {answer:?}"));
    field.parse().unwrap()
}

/// The columns of a text with one space between them, so that widths do not matter.
fn squeezed(text: &str) -> Vec<String> {
    let lines = text.lines();
    lines
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect()
}

fn assert_line(text: &str, line: &str) {
    let lines = squeezed(text);
    assert!(
        lines.iter().any(|known| known == line),
        "no `{line}` in:\n{text}"
    );
}

/// Waits until something is so.
async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < end, "not so after {PATIENCE:?}: {what}");
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}
