//! What a plan's limits let through.
//!
//! The plans' rates are so slow that no token comes back within a test, however slow the machine.

use tokio::task::JoinSet;
use tollgate::quota::{Period, Quota};
use tollgate::time::{Clock as _, SystemClock};

use super::{Story, Template, Verdict, on_both_templates, retry_after_s, until};

on_both_templates! {
    exactly_the_burst_passes_at_once,
    concurrent_requests_share_the_burst,
    retry_after_is_when_the_next_token_comes,
    exactly_the_quota_passes,
    the_plans_of_the_template_hold,
}

async fn exactly_the_burst_passes_at_once(template: Template) {
    let story = Story::begin(template).await;
    let limits = ["--rate", "0.001", "--burst", "25", "--quota", "1000/MONTH"];
    let key = story.key_on_new_plan("Slow", &limits).await;
    let mut expected = vec![Verdict::Admitted; 25];
    expected.extend([Verdict::TooManyRequests; 5]);
    assert_eq!(story.probes(&key.value, 30).await, expected);
    assert_eq!(
        story.used(&key.id, "Slow").await,
        25,
        "refused, and charged"
    );
}

async fn concurrent_requests_share_the_burst(template: Template) {
    let story = Story::begin(template).await;
    let limits = ["--rate", "0.001", "--burst", "25"];
    let key = story.key_on_new_plan("Slow", &limits).await;
    let mut requests = JoinSet::new();
    for _ in 0..60 {
        let (client, value) = (story.client.clone(), key.value.clone());
        requests.spawn(async move {
            let headers = [("x-api-key", value.as_str())];
            let answer = client.send("GET", "/dev/users/nobody", &headers, "").await;
            Verdict::of(&answer.unwrap())
        });
    }
    let count = |verdicts: &[Verdict]| {
        let admitted = verdicts.iter().filter(|one| **one == Verdict::Admitted);
        admitted.count()
    };
    let at_once = count(&requests.join_all().await);
    assert_eq!(at_once, 25, "of 60 concurrent requests");
    assert_eq!(count(&story.probes(&key.value, 5).await), 0);
    assert_eq!(story.used(&key.id, "Slow").await, 25);
}

async fn retry_after_is_when_the_next_token_comes(template: Template) {
    let story = Story::begin(template).await;
    // A token comes back 1,000 s after the first request.
    let limits = ["--rate", "0.001", "--burst", "1"];
    let key = story.key_on_new_plan("Slow", &limits).await;
    let first_sent = SystemClock.now();
    assert_eq!(story.probe(&key.value).await, Verdict::Admitted);
    let first_answered = SystemClock.now();
    let second_sent = SystemClock.now();
    let refused = story.call("GET", "/dev/users/nobody", &key.value, "").await;
    let second_answered = SystemClock.now();
    assert_eq!(Verdict::of(&refused), Verdict::TooManyRequests);

    let retry_after_s = retry_after_s(&refused);
    let soonest = 1_000 - second_answered.saturating_since(first_sent).as_secs() - 1;
    let latest = 1_001 - second_sent.saturating_since(first_answered).as_secs();
    assert!(
        (soonest..=latest).contains(&retry_after_s),
        "{retry_after_s} s"
    );
}

async fn exactly_the_quota_passes(template: Template) {
    let story = Story::begin(template).await;
    let key = story.key_on_new_plan("Few", &["--quota", "20/MONTH"]).await;
    let mut expected = vec![Verdict::Admitted; 20];
    expected.extend([Verdict::LimitExceeded; 5]);
    assert_eq!(story.probes(&key.value, 25).await, expected);
    assert_eq!(story.used(&key.id, "Few").await, 20, "refused, and charged");

    let quota = Quota::new(20, Period::Month, 0).unwrap();
    let sent = SystemClock.now();
    let refused = story.call("GET", "/dev/users/nobody", &key.value, "").await;
    let answered = SystemClock.now();
    let resets_at = quota.window(sent).resets_at();
    let retry_after_s = retry_after_s(&refused);
    let soonest = resets_at.saturating_since(answered).as_secs();
    let latest = resets_at.saturating_since(sent).as_secs() + 1;
    assert!(
        (soonest..=latest).contains(&retry_after_s),
        "{retry_after_s} s"
    );
}

/// Bronze lets 5 a second through, so how many pass depends on how long the requests take; but never more than that.
async fn the_plans_of_the_template_hold(template: Template) {
    let story = Story::begin(template).await;
    let joe = story.joe();
    let sent = SystemClock.now();
    let verdicts = story.probes(&joe, 40).await;
    let elapsed = SystemClock.now().saturating_since(sent);
    let admitted = verdicts.iter().filter(|one| **one == Verdict::Admitted);
    let admitted = u64::try_from(admitted.count()).unwrap();
    let most = 10 + u64::try_from(elapsed.as_millis()).unwrap() * 5 / 1_000;
    println!("Bronze: {admitted} of 40 passed in {elapsed:?}, {most} could have");
    assert!((10..=most).contains(&admitted), "{admitted} of {most}");
    assert_eq!(story.used("joe-black", "Bronze").await, admitted);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_the_gateway_denies_is_one_line_that_says_why() {
    let story = Story::begin(Template::RestApi).await;
    let limits = ["--rate", "0.001", "--burst", "1"];
    let key = story.key_on_new_plan("Slow", &limits).await;
    assert_eq!(story.probe(&key.value).await, Verdict::Admitted);
    assert_eq!(story.probe(&key.value).await, Verdict::TooManyRequests);
    let told = || {
        let output = story.gateway.output();
        let lines = output.lines().filter(|line| line.contains("throttled"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    until("it is logged", || !told().is_empty()).await;
    // Another line would come before the line of a later request.
    assert_eq!(story.probe(&key.value).await, Verdict::TooManyRequests);
    until("the next is logged", || told().len() > 1).await;
    let lines = told();
    assert_eq!(lines.len(), 2, "{lines:?}");
    for part in [
        "request_id=",
        &format!("key.id={}", key.id),
        "plan.id=",
        "decision=\"throttled\"",
        "limit=\"plan\"",
        "retry_after_ms=",
        " 429",
    ] {
        assert!(lines[0].contains(part), "{part}: {lines:?}");
    }
}
