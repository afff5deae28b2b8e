//! Many invocations at once, as on Lambda Managed Instances.

use tokio::task::JoinSet;

use crate::desk::{Desk, event};

const INVOCATIONS: usize = 64;
const AT_ONCE: usize = 16;
const QUOTA: usize = 40;

#[tokio::test]
async fn each_of_many_requests_at_once_is_answered_and_the_quota_is_exact() {
    let desk = Desk::with_plan(1_000, QUOTA.try_into().unwrap()).await;
    let mut runtimes = JoinSet::new();
    for _ in 0..AT_ONCE {
        let runtime = desk.runtime();
        runtimes.spawn(async move {
            loop {
                let got = runtime.next().await;
                let id = got.id().to_owned();
                let answer = format!(r#"{{"statusCode":200,"body":"{id}"}}"#);
                runtime.answer(&id, answer).await;
            }
        });
    }
    desk.platform.until_waiting(AT_ONCE).await;
    for number in 0..INVOCATIONS {
        desk.platform
            .send(&number.to_string(), event("users-create"));
    }
    let mut admitted = 0;
    for number in 0..INVOCATIONS {
        let id = number.to_string();
        let told = desk.platform.answer(&id).await.json();
        if told["statusCode"] == 200 {
            assert_eq!(told["body"], id);
            assert!(told["headers"]["ratelimit"].is_string());
            admitted += 1;
        } else {
            assert_eq!(told["body"], r#"{"message":"Limit Exceeded"}"#);
        }
    }
    assert_eq!(admitted, QUOTA);
    desk.platform.until_waiting(AT_ONCE).await;
}
