//! The processes of functions: none is left behind, and one that dies is replaced.

use std::fs;
use std::path::Path;
use std::process::Command;

use tests::Gateway;
use tokio::task::JoinSet;

use super::{Story, Template, USER, Verdict, on_both_templates, until};

on_both_templates! {
    no_process_is_left_after_an_orderly_stop,
    no_process_is_left_after_a_crash,
    a_killed_process_of_a_function_is_replaced,
    one_process_serves_many_requests_at_once,
}

/// The parent and the state of a process that has not ended.
pub(super) fn parent_of(id: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name of the command stands in parentheses, and may have any of them itself.
    let (_, rest) = stat.rsplit_once(") ")?;
    let mut fields = rest.split(' ');
    let state = fields.next()?;
    let parent = fields.next()?.parse().ok()?;
    (state != "Z").then_some(parent)
}

fn children_of(id: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").unwrap();
    let ids = processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    ids.filter(|process| parent_of(*process) == Some(id))
        .collect()
}

async fn functions_of(story: &Story) -> Vec<u32> {
    let gateway = story.gateway.process_id();
    until("the function runs", || !children_of(gateway).is_empty()).await;
    children_of(gateway)
}

fn kill(id: u32) {
    let killed = Command::new("kill")
        .args(["-KILL", &id.to_string()])
        .status();
    assert!(killed.unwrap().success());
}

async fn no_process_is_left_after_an_orderly_stop(template: Template) {
    let mut story = Story::begin(template).await;
    assert_eq!(story.probe(&story.joe()).await, Verdict::Admitted);
    let functions = functions_of(&story).await;
    let status = story.gateway.stop().unwrap();
    assert!(status.success(), "{status}");
    let left: Vec<_> = functions.into_iter().filter_map(parent_of).collect();
    assert!(left.is_empty(), "{left:?}");
    let output = story.gateway.output();
    assert!(!output.contains("panicked"), "{output}");
}

async fn no_process_is_left_after_a_crash(template: Template) {
    let mut story = Story::begin(template).await;
    assert_eq!(story.probe(&story.joe()).await, Verdict::Admitted);
    let functions = functions_of(&story).await;
    story.gateway.kill().unwrap();
    until("the functions end", || {
        functions.iter().all(|id| parent_of(*id).is_none())
    })
    .await;
}

async fn a_killed_process_of_a_function_is_replaced(template: Template) {
    let story = Story::begin(template).await;
    let key = story.key_on("Gold", "Jane Roe").await;
    for _ in 0..3 {
        let functions = functions_of(&story).await;
        functions.iter().copied().for_each(kill);
        // As on AWS, a request that a dying process has taken is lost with it; the next one is not.
        until("the gateway has noticed", || {
            functions
                .iter()
                .all(|id| !Path::new(&format!("/proc/{id}")).exists())
        })
        .await;
        assert_eq!(story.probe(&key.value).await, Verdict::Admitted);
    }
    assert_eq!(story.used(&key.id, "Gold").await, 3);
}

async fn one_process_serves_many_requests_at_once(template: Template) {
    let builder = Gateway::builder().template(template.path()).concurrency(1);
    let gateway = builder.flag("--max-concurrency=8").start().await;
    let story = Story::on(gateway.unwrap());
    let functions = functions_of(&story).await;
    for id in &functions {
        let variables = fs::read(format!("/proc/{id}/environ")).unwrap();
        let mut variables = variables.split(|byte| *byte == 0);
        assert!(variables.any(|variable| variable == b"AWS_LAMBDA_MAX_CONCURRENCY=8"));
    }
    let key = story
        .key_on_new_plan("Wide", &["--rate", "1000", "--burst", "100"])
        .await;
    let mut requests = JoinSet::new();
    for _ in 0..40 {
        let (client, value) = (story.client.clone(), key.value.clone());
        requests.spawn(async move {
            let headers = [("x-api-key", value.as_str())];
            let answer = client.send("POST", "/dev/users", &headers, USER).await;
            answer.unwrap().status.as_u16()
        });
    }
    let statuses = requests.join_all().await;
    assert_eq!(statuses, [201; 40]);
    assert_eq!(functions_of(&story).await, functions);
}
