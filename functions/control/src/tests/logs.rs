//! What the function logs.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;

use super::test_app::{TestApp, delete, event, update, with};

/// Keeps what is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

fn record() -> (Log, tracing::subscriber::DefaultGuard) {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .with_max_level(tracing::Level::DEBUG)
        .with_writer(log.clone())
        .finish();
    (log, tracing::subscriber::set_default(subscriber))
}

#[tokio::test]
async fn no_value_of_a_key_and_no_response_url_is_logged() {
    const CHOSEN: &str = "a-value-that-joe-has-chosen";
    let (log, _guard) = record();
    let app = TestApp::start().await;
    let create = event("control-api-key-create");
    let made = app.deploy(&create).await.succeeded();
    let generated = made.text("/Data/Value").to_owned();
    let chosen = with(&create, &json!({ "Value": CHOSEN }));
    let replaced = app
        .deploy(&update(&create, &chosen, made.id(), "u1"))
        .await
        .succeeded();
    let mut taken = chosen.clone();
    taken["LogicalResourceId"] = json!("JaneBlack");
    app.deploy(&taken).await.failed();
    app.deploy(&with(&chosen, &json!({ "Enabled": CHOSEN })))
        .await
        .failed();
    app.deploy(&with(&chosen, &json!({ "Name": [CHOSEN] })))
        .await
        .failed();
    app.deploy(&delete(&chosen, replaced.id()))
        .await
        .succeeded();
    let mut values = event("control-management-list-keys");
    values["rawQueryString"] = json!("includeValues=true");
    let listed = app.handle(values).await.unwrap();
    assert!(listed["body"].as_str().unwrap().contains(&generated));
    let log = log.text();
    assert!(log.contains("a custom resource"), "{log}");
    assert!(log.contains("a call of the management API"), "{log}");
    for secret in [CHOSEN, &generated, "signature=s"] {
        assert!(!log.contains(secret), "{log}");
    }
}

#[tokio::test]
async fn one_line_says_what_became_of_a_request() {
    let (log, _guard) = record();
    let app = TestApp::start().await;
    let made = app
        .deploy(&event("control-usage-plan-create"))
        .await
        .succeeded();
    app.handle(event("control-management-unsigned"))
        .await
        .unwrap();
    let log = log.text();
    let lines: Vec<&str> = log
        .lines()
        .filter(|line| line.contains("a custom resource"))
        .collect();
    let [line] = lines.as_slice() else {
        panic!("{log}");
    };
    for part in [
        "Custom::UsagePlan",
        "Create",
        "Bronze",
        made.id(),
        "SUCCESS",
        "\"INFO\"",
    ] {
        assert!(line.contains(part), "{line}");
    }
    assert!(
        log.contains("must have the authorisation type AWS_IAM"),
        "{log}"
    );
}
