//! A gateway whose stderr is a pipe that nobody reads.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tests::{HttpClient, binaries, workspace_root};

use super::until;

/// More than enough lines of log to fill a pipe.
const REQUESTS: usize = 2_000;

/// Ends the gateway when the test does not.
struct Guard(Child);

impl Drop for Guard {
    fn drop(&mut self) {
        // It has ended already when all went well.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_pipe_holds_up_neither_requests_nor_the_end() {
    let gateway = Command::new(binaries().unwrap().path("tollgate").unwrap())
        .args(["start-api", "--no-build", "--port=0"])
        .args(["--admin-port=0", "--dynamodb-port=0"])
        .current_dir(workspace_root())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut gateway = Guard(gateway);
    let lines = BufReader::new(gateway.0.stdout.take().unwrap()).lines();
    let shown: Vec<String> = lines
        .map(Result::unwrap)
        .take_while(|line| !line.starts_with("Ready"))
        .collect();
    let url = shown
        .iter()
        .find_map(|line| line.strip_prefix("API users on "));
    let client = HttpClient::new(url.unwrap().trim_end_matches("/dev"));
    for _ in 0..REQUESTS {
        let answer = client.send("GET", "/dev/users", &[], "").await.unwrap();
        assert_eq!(answer.status, 403);
    }
    let terminated = Command::new("kill")
        .arg(gateway.0.id().to_string())
        .status();
    assert!(terminated.unwrap().success());
    let ended = async {
        until("the gateway ends", || {
            gateway.0.try_wait().unwrap().is_some()
        })
        .await;
    };
    tokio::time::timeout(Duration::from_mins(1), ended)
        .await
        .unwrap();
}
