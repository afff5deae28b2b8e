//! `tollgate connect` and `--url`, against the management API of a running gateway.

use std::process::Stdio;
use std::time::Duration;

use aws_sdk_apigateway::config::{BehaviorVersion, Credentials, Region};
use serde_json::Value;
use tests::{Gateway, binaries};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// How long the proxy may take to start or to end. A bound for a hung process, not an expectation.
const PATIENCE: Duration = Duration::from_mins(1);

async fn gateway() -> Gateway {
    let started = Gateway::builder().no_template().start().await;
    started.unwrap()
}

/// A proxy to `url`, and where it listens.
async fn connect(url: &str) -> (Child, String) {
    let built = tokio::task::spawn_blocking(binaries)
        .await
        .unwrap()
        .unwrap();
    let mut child = Command::new(built.path("tollgate").unwrap())
        .args(["connect", "--port", "0", "--json", "--url", url])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut text = String::new();
    let summary = tokio::time::timeout(PATIENCE, async {
        loop {
            text.push_str(&lines.next_line().await.unwrap().unwrap());
            if let Ok(summary) = serde_json::from_str::<Value>(&text) {
                return summary;
            }
        }
    });
    let summary = summary.await.unwrap();
    assert_eq!(summary["url"], url);
    let endpoint_url = summary["endpointUrl"].as_str().unwrap().to_owned();
    (child, endpoint_url)
}

#[tokio::test]
async fn an_aws_sdk_works_through_the_proxy_until_it_is_told_to_stop() {
    let gateway = gateway().await;
    let (mut proxy, endpoint_url) = connect(gateway.admin_url()).await;
    let config = aws_sdk_apigateway::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("AKID", "secret", None, None, "test"))
        .endpoint_url(endpoint_url)
        .build();
    let client = aws_sdk_apigateway::Client::from_conf(config);
    let plan = client.create_usage_plan().name("Bronze").send().await;
    let plan = plan.unwrap();
    let plans = client.get_usage_plans().send().await.unwrap();
    assert_eq!(plans.items()[0].id(), plan.id());

    let pid = proxy.id().unwrap().to_string();
    let told = Command::new("kill").args(["-INT", &pid]).status().await;
    assert!(told.unwrap().success());
    let ended = tokio::time::timeout(PATIENCE, proxy.wait()).await;
    assert_eq!(ended.unwrap().unwrap().code(), Some(0));
}

#[tokio::test]
async fn commands_work_through_the_url_of_a_gateway() {
    let gateway = gateway().await;
    let url = gateway.admin_url();
    for command in [
        &["plans", "create", "Bronze", "--quota", "10/DAY"] as &[&str],
        &["keys", "create", "joe-black", "--plan", "Bronze"],
        &["usage", "joe-black"],
        &["keys", "delete", "joe-black", "--yes"],
    ] {
        let line = [&["--url", url], command].concat();
        let output = Gateway::builder().run(&line).await.unwrap();
        assert_eq!(output.status.code(), Some(0), "{command:?} {output:?}");
    }
    let listed = gateway.run(&["plans", "list", "--json"]).await.unwrap();
    assert!(listed.stdout.contains("Bronze"), "{listed:?}");
}
