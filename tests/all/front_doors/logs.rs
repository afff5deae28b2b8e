//! What functions write: one line for each decision, one count, and never a secret.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, OnceLock};

use serde_json::Value;
use tests::Fault;
use tollgate::authorizer::{Authorizer, AuthorizerSettings};
use tollgate::logs::Logs;
use tollgate::metrics::Metrics;
use tracing::Dispatch;
use tracing::dispatcher::set_default;
use tracing::subscriber::NoSubscriber;

use super::{EVENTS, send, start};
use crate::deployment::tables::{KEY, PEPPER, event};

/// All that is written.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Written {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    /// The lines, each of which has to be JSON.
    fn lines(&self) -> Vec<Value> {
        let text = self.text();
        let lines = text.lines().map(serde_json::from_str);
        lines.collect::<Result<_, _>>().unwrap()
    }
}

fn dispatch(written: &Written, level: &str) -> Dispatch {
    // While there is just one dispatch, a thread without it, such as that of another test, decides for all threads what is written.
    static ANOTHER: OnceLock<Dispatch> = OnceLock::new();
    ANOTHER.get_or_init(|| Dispatch::new(NoSubscriber::new()));
    let writer = written.clone();
    let logs = Logs::from_lookup(&[], |name| match name {
        "AWS_LAMBDA_LOG_FORMAT" => Some("JSON".to_owned()),
        "AWS_LAMBDA_LOG_LEVEL" => Some(level.to_owned()),
        _ => None,
    });
    logs.into_dispatch(move || writer.clone())
}

/// Every event, with a good key, with a wrong one and without one; then throttled, and with a store that fails.
async fn use_everything(written: &Written) {
    let (tables, layer) = start().await;
    let layer = layer.metrics(Metrics::to("users", written.clone()));
    for name in EVENTS {
        let good = event(name);
        assert_eq!(send(&layer, &good).await.status(), 200);
        let wrong = good.replace(KEY, "tg_d_0123456789abcdefghijklmnopqrstuvwxyz");
        assert_eq!(send(&layer, &wrong).await.status(), 403);
        let missing = good.replace("x-api-key", "x-other-key");
        assert_eq!(send(&layer, &missing).await.status(), 403);
    }
    let authorizer = Authorizer::new(tables.limiter(), AuthorizerSettings::default())
        .metrics(Metrics::to("authorizer", written.clone()));
    for name in [
        "authorizer-rest-token.json",
        "authorizer-websocket-connect.json",
    ] {
        let asked: Value = serde_json::from_str(&event(name)).unwrap();
        authorizer.answer(&asked).await.unwrap();
    }
    tables.proxy.inject("UpdateItem", Fault::ServerError, 8);
    assert_eq!(
        send(&layer, &event("users-create.json")).await.status(),
        503
    );
}

#[tokio::test]
async fn no_line_at_any_level_has_a_key_or_the_pepper() {
    for level in ["TRACE", "INFO"] {
        let written = Written::default();
        let guard = set_default(&dispatch(&written, level));
        use_everything(&written).await;
        drop(guard);
        let text = written.text();
        for secret in [KEY, PEPPER, "0123456789abcdefghijklmnopqrstuvwxyz"] {
            assert!(!text.contains(secret), "{level}: {secret}");
        }
        assert!(text.contains(r#""key.id":"client""#) || level == "INFO");
    }
}

#[tokio::test]
async fn a_decision_is_one_line_and_one_count_and_admissions_are_silent_at_info() {
    for (level, admissions) in [("DEBUG", 7), ("INFO", 0)] {
        let written = Written::default();
        let guard = set_default(&dispatch(&written, level));
        use_everything(&written).await;
        drop(guard);
        let lines = written.lines();
        let with = |name: &str, value: &str| {
            let lines = lines.iter().filter(|line| line[name] == value);
            lines.count()
        };
        assert_eq!(with("decision", "admitted"), admissions, "{level}");
        assert_eq!(with("decision", "unknown_key"), 5, "{level}");
        assert_eq!(with("decision", "missing_key"), 5, "{level}");
        assert_eq!(with("level", "ERROR"), 1, "{level}");
        let counted = |name: &str| {
            let lines = lines.iter().filter(|line| line[name] == 1);
            lines.count()
        };
        assert_eq!(counted("Admitted"), 7, "{level}");
        assert_eq!(counted("Forbidden"), 10, "{level}");
        assert_eq!(counted("StoreFailed"), 1, "{level}");
        let of_plan = lines.iter().filter(|line| line["Plan"] == "bronze").count();
        assert_eq!(of_plan, 7, "{level}");
    }
}
