//! Signals that come while functions still start: nothing is left behind.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use tempfile::TempDir;
use tests::{Gateway, Output};
use tokio::task::JoinHandle;

use super::processes::parent_of;
use super::until;

/// A function that never asks for an invocation, ignores TERM, and has started another process that does.
const STUBBORN: &str = "#!/bin/sh
trap '' TERM
sleep 3600 &
echo $PPID $$ $! > pids.new
mv pids.new pids
wait
wait
";

const TEMPLATE: &str = "
Transform: AWS::Serverless-2016-10-31
Resources:
  Stubborn:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: code
      Handler: bootstrap
      Runtime: provided.al2023
";

struct Starting {
    gateway: u32,
    /// The function's process, and the one that it has started.
    started: Vec<u32>,
    ended: JoinHandle<Output>,
    _folder: TempDir,
}

/// A gateway that waits for its function.
async fn starting() -> Starting {
    let folder = tempfile::tempdir().unwrap();
    let template = folder.path().join("template.yaml");
    fs::write(&template, TEMPLATE).unwrap();
    let code = folder.path().join("code");
    fs::create_dir(&code).unwrap();
    let bootstrap = code.join("bootstrap");
    fs::write(&bootstrap, STUBBORN).unwrap();
    fs::set_permissions(&bootstrap, fs::Permissions::from_mode(0o755)).unwrap();
    let template = template.to_str().unwrap().to_owned();
    let ended = tokio::spawn(async move {
        let arguments = ["start-api", "--template", &template, "--port", "0"];
        let ports = ["--admin-port", "0", "--dynamodb-port", "0"];
        let all = [&arguments[..], &ports[..]].concat();
        Gateway::builder().run(&all).await.unwrap()
    });
    let pids = code.join("pids");
    until("the function runs", || pids.exists()).await;
    let text = fs::read_to_string(pids).unwrap();
    let mut ids = text.split_whitespace().map(|id| id.parse().unwrap());
    Starting {
        gateway: ids.next().unwrap(),
        started: ids.collect(),
        ended,
        _folder: folder,
    }
}

fn signal(name: &str, id: u32) -> bool {
    let sent = Command::new("kill").args([name, &id.to_string()]).status();
    sent.unwrap().success()
}

async fn nothing_is_left_of(started: &[u32]) {
    until("what was started is gone", || {
        started.iter().all(|id| parent_of(*id).is_none())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signal_before_the_functions_have_started_stops_everything() {
    for name in ["-TERM", "-INT"] {
        let starting = starting().await;
        assert!(signal(name, starting.gateway));
        let output = starting.ended.await.unwrap();
        assert!(output.status.success(), "{output:?}");
        assert!(!output.stderr.contains("panicked"), "{output:?}");
        nothing_is_left_of(&starting.started).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_signal_ends_functions_and_what_they_have_started_at_once() {
    let starting = starting().await;
    assert!(signal("-INT", starting.gateway));
    // The first may have ended it by then.
    let _sent = signal("-INT", starting.gateway);
    let output = starting.ended.await.unwrap();
    assert!(output.status.success(), "{output:?}");
    nothing_is_left_of(&starting.started).await;
}
