//! `--data`: what outlives the gateway.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tempfile::TempDir;
use tests::{Gateway, GatewayBuilder};
use tokio::task::JoinSet;

use super::{Story, Template, USER, Verdict, on_both_templates, until};

on_both_templates! {
    keeps_everything_after_an_orderly_stop,
    keeps_everything_after_a_crash,
    a_crash_amid_requests_forgets_no_charge,
    without_a_folder_everything_is_new,
    one_folder_is_for_one_gateway,
}

#[derive(Clone, Copy)]
enum End {
    Term,
    Kill,
}

fn builder(template: Template, data: &Path) -> GatewayBuilder {
    Gateway::builder().template(template.path()).data(data)
}

async fn keeps_everything_after_an_orderly_stop(template: Template) {
    keeps_everything(template, End::Term).await;
}

async fn keeps_everything_after_a_crash(template: Template) {
    keeps_everything(template, End::Kill).await;
}

async fn keeps_everything(template: Template, end: End) {
    let data = TempDir::new().unwrap();
    let first = builder(template, data.path()).start().await;
    let mut story = Story::on(first.unwrap());
    let joe = story.joe();
    let limits = ["--rate", "0.001", "--burst", "9", "--quota", "5/MONTH"];
    let jane = story.key_on_new_plan("Few", &limits).await;
    let created = story.call("POST", "/dev/users", &jane.value, USER).await;
    assert_eq!(created.status, 201, "{created:?}");
    let user = created.json().unwrap();
    let path = format!("/dev/users/{}", user["id"].as_str().unwrap());
    assert_eq!(story.probes(&jane.value, 2).await, [Verdict::Admitted; 2]);
    assert_eq!(story.probe(&joe).await, Verdict::Admitted);
    match end {
        End::Term => assert!(story.gateway.stop().unwrap().success()),
        End::Kill => assert!(!story.gateway.kill().unwrap().success()),
    }

    let second = builder(template, data.path()).start().await;
    let story = Story::on(second.unwrap());
    let output = story.gateway.output();
    assert!(!output.contains(&joe), "a value was shown again: {output}");
    assert_eq!(story.used(&jane.id, "Few").await, 3);
    assert_eq!(story.used("joe-black", "Bronze").await, 1);
    let read = story.call("GET", &path, &jane.value, "").await;
    assert_eq!((read.status.as_u16(), read.json().unwrap()), (200, user));
    // 4 of 5 are used.
    let expected = [Verdict::Admitted, Verdict::LimitExceeded];
    assert_eq!(story.probes(&jane.value, 2).await, expected);
    assert_eq!(story.probe(&joe).await, Verdict::Admitted);
    let revealed = story
        .tollgate_json(&["keys", "show", "joe-black", "--reveal"])
        .await;
    assert_eq!(revealed["value"], joe.as_str());
}

async fn a_crash_amid_requests_forgets_no_charge(template: Template) {
    const CLIENTS: usize = 8;
    let data = TempDir::new().unwrap();
    let first = builder(template, data.path()).start().await;
    let mut story = Story::on(first.unwrap());
    let key = story
        .key_on_new_plan("Few", &["--quota", "400/MONTH"])
        .await;
    let admitted = Arc::new(AtomicUsize::new(0));
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let (client, value) = (story.client.clone(), key.value.clone());
        let admitted = Arc::clone(&admitted);
        clients.spawn(async move {
            let headers = [("x-api-key", value.as_str())];
            let path = "/dev/users/nobody";
            // Until the gateway is gone, or the quota when the crash is late.
            while let Ok(answer) = client.send("GET", path, &headers, "").await {
                if Verdict::of(&answer) != Verdict::Admitted {
                    break;
                }
                admitted.fetch_add(1, Ordering::SeqCst);
            }
        });
    }
    until("some are admitted", || {
        admitted.load(Ordering::SeqCst) >= 50
    })
    .await;
    story.gateway.kill().unwrap();
    clients.join_all().await;
    let before = admitted.load(Ordering::SeqCst);

    let second = builder(template, data.path()).start().await;
    let story = Story::on(second.unwrap());
    let used = usize::try_from(story.used(&key.id, "Few").await).unwrap();
    println!("{before} admitted before the crash, {used} charged");
    // Each client may have been charged for one request whose answer was lost.
    assert!((before..=before + CLIENTS).contains(&used));
    let verdicts = story.probes(&key.value, 400 - used + 1).await;
    let (last, rest) = verdicts.split_last().unwrap();
    assert_eq!(*last, Verdict::LimitExceeded);
    assert!(rest.iter().all(|verdict| *verdict == Verdict::Admitted));
}

async fn without_a_folder_everything_is_new(template: Template) {
    let mut story = Story::begin(template).await;
    let joe = story.joe();
    assert_eq!(story.probe(&joe).await, Verdict::Admitted);
    story.gateway.stop().unwrap();
    let story = Story::begin(template).await;
    assert_eq!(story.probe(&joe).await, Verdict::Forbidden);
    assert_eq!(story.used("joe-black", "Bronze").await, 0);
}

async fn one_folder_is_for_one_gateway(template: Template) {
    let data = TempDir::new().unwrap();
    let first = builder(template, data.path()).start().await;
    let story = Story::on(first.unwrap());
    let second = builder(template, data.path()).start().await;
    let message = second.unwrap_err().to_string();
    let folder = data.path().display();
    let sentence = format!(
        "another gateway uses the store in `{folder}`; stop it, or give this one another --data directory"
    );
    assert!(message.contains(&sentence), "{message}");
    assert!(message.contains("exit status: 2"), "{message}");
    assert_eq!(story.probe(&story.joe()).await, Verdict::Admitted);
}
