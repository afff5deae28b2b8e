//! `tollgate console`, for a table without a gateway of its own.

use std::process::Stdio;
use std::time::Duration;

use tests::{Gateway, HttpClient, binaries};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

/// How long the console may take to start or to end. A bound for a hung process, not an expectation.
const PATIENCE: Duration = Duration::from_mins(1);

#[tokio::test]
async fn the_console_of_a_table_is_served_until_it_is_told_to_stop() {
    let gateway = Gateway::builder().no_template().start().await.unwrap();
    let created = gateway.run(&["plans", "create", "Bronze"]).await.unwrap();
    assert_eq!(created.status.code(), Some(0), "{created:?}");
    let built = tokio::task::spawn_blocking(binaries)
        .await
        .unwrap()
        .unwrap();
    let mut child = Command::new(built.path("tollgate").unwrap())
        .args(["--json", "console", "--port", "0", "--table", "tollgate"])
        .args(["--endpoint-url", gateway.dynamodb_url()])
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut summary = String::new();
    while !summary.ends_with('}') {
        let line = tokio::time::timeout(PATIENCE, lines.next_line()).await;
        summary.push_str(&line.unwrap().unwrap().unwrap());
    }
    let summary: serde_json::Value = serde_json::from_str(&summary).unwrap();
    let client = HttpClient::new(summary["console_url"].as_str().unwrap());
    let page = client.get("/plans").await.unwrap();
    assert_eq!(page.status, 200);
    assert!(page.body.contains("Bronze"), "{}", page.body);
    let usage = client.get("/usage").await.unwrap();
    assert!(
        usage.body.contains("in the metrics of CloudWatch"),
        "{}",
        usage.body
    );
    let live = client.get("/usage/live").await.unwrap();
    assert!(live.body.contains("No gateway runs"), "{}", live.body);
    let events = client.get("/usage/live/events").await.unwrap();
    assert_eq!(events.status, 404);

    let pid = child.id().unwrap().to_string();
    let told = Command::new("kill").args(["-TERM", &pid]).status().await;
    assert!(told.unwrap().success());
    let ended = tokio::time::timeout(PATIENCE, child.wait()).await;
    assert_eq!(ended.unwrap().unwrap().code(), Some(0));
}

#[tokio::test]
async fn a_table_that_is_not_there_is_told_at_once() {
    let gateway = Gateway::builder().no_template().start().await.unwrap();
    let endpoint = ["--endpoint-url", gateway.dynamodb_url()];
    let line = [
        &["console", "--port", "0", "--table", "nothing"],
        &endpoint[..],
    ]
    .concat();
    let output = Gateway::builder().run(&line).await.unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(
        output.stderr.contains("there is no table `nothing`"),
        "{output:?}"
    );
    let line = ["console", "--url", "http://127.0.0.1:1"];
    let output = Gateway::builder().run(&line).await.unwrap();
    assert!(
        output.stderr.contains("console takes no --url"),
        "{output:?}"
    );
    let output = Gateway::builder()
        .run(&["console", "--table", ""])
        .await
        .unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(
        output.stderr.contains("the name of the table is empty"),
        "{output:?}"
    );
}
