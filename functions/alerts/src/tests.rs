//! The function over a DynamoDB API in this process, with an event bus and a webhook on this machine.

mod test_app;

use std::time::Duration;

use serde_json::{Value, json};
use tollgate::alert::{Alert, Channel, WebhookSecret};
use tollgate::alerting::TRIED_FOR;
use tollgate::store::{AlertOutbox as _, AlertState, Ledger as _};
use tollgate::time::Clock as _;

use test_app::{NOW, SECRET, TestApp, charged, kept, meter, stream};

/// The day of [`NOW`].
const TODAY: u32 = 20_780;

#[tokio::test]
async fn a_charge_that_reaches_a_threshold_is_told_once_to_both() {
    let app = TestApp::start("80,100").await;
    assert_eq!(app.take(&[charged(1, TODAY, 799)]).await["kept"], 0);
    assert_eq!(app.take(&[charged(2, TODAY, 800)]).await["kept"], 1);
    app.follow().await;
    let [event] = app.events().try_into().unwrap();
    let [hook] = app.hooks().try_into().unwrap();
    assert_eq!(event.fields["x-amz-target"], "AWSEvents.PutEvents");
    let signature = event.fields["authorization"].to_str().unwrap();
    assert!(
        signature.contains("/us-east-1/events/aws4_request"),
        "{signature}"
    );
    let entry = &event.json()["Entries"][0];
    assert_eq!(entry["Source"], "tollgate");
    assert_eq!(entry["DetailType"], "Tollgate Usage Threshold Reached");
    assert_eq!(entry["EventBusName"], "alerts");
    let detail = hook.json();
    assert_eq!(entry["Detail"], hook.text());
    assert_eq!(detail["quota"]["thresholdPercent"], 80);
    assert_eq!(detail["quota"]["used"], 800);
    assert_eq!(detail["keyName"], "Joe Black");
    assert_eq!(detail["customerId"], "customer-7");
    assert_eq!(detail["planName"], "Bronze");
    assert_eq!(
        hook.fields["tollgate-alert-id"],
        detail["id"].as_str().unwrap()
    );
    let secret = WebhookSecret::new(SECRET.as_bytes()).unwrap();
    let signature = secret.sign(NOW, hook.text().as_bytes());
    assert_eq!(hook.fields["tollgate-signature"], signature);
}

#[tokio::test]
async fn batches_that_come_twice_late_and_in_another_order_raise_nothing_twice() {
    let app = TestApp::start("50,80,100").await;
    let batches = [
        stream(&[charged(1, TODAY, 400), charged(2, TODAY, 900)]),
        stream(&[charged(3, TODAY, 1_000)]),
        stream(&[charged(1, TODAY, 400), charged(2, TODAY, 900)]),
        stream(&[charged(3, TODAY, 1_000), charged(0, TODAY, 1)]),
    ];
    for batch in batches.iter().rev().chain(&batches) {
        app.handle(batch).await;
        // Another process has the next batch, and remembers nothing.
        app.restart().handle(batch).await;
        app.follow().await;
    }
    let mut percents: Vec<u64> = app
        .hooks()
        .iter()
        .map(|hook| hook.json()["quota"]["thresholdPercent"].as_u64().unwrap())
        .collect();
    percents.sort_unstable();
    assert_eq!(percents, [50, 80, 100]);
    assert_eq!(app.events().len(), 3);
}

#[tokio::test]
async fn the_next_window_has_alerts_of_its_own() {
    let app = TestApp::start("100").await;
    app.take(&[charged(1, TODAY, 1_000)]).await;
    app.clock.advance(Duration::from_hours(24));
    let records = [charged(2, TODAY + 1, 1_000), charged(1, TODAY, 1_000)];
    assert_eq!(app.take(&records).await["kept"], 1);
    app.follow().await;
    assert_eq!(app.hooks().len(), 2);
}

#[tokio::test]
async fn what_a_process_kept_and_did_not_tell_another_one_tells_with_the_same_id() {
    let app = TestApp::start("80").await;
    // The process ends after it has kept the alert.
    app.take(&[charged(1, TODAY, 800)]).await;
    let restarted = app.restart();
    restarted.take(&[charged(1, TODAY, 800)]).await;
    assert_eq!(app.hooks().len(), 0);
    app.clock.advance(Duration::from_secs(30));
    assert_eq!(restarted.schedule().await["told"], 1);
    // The stream brings it late.
    app.follow().await;
    let hooks = app.hooks();
    assert_eq!(hooks.len(), 1);
    let owed = app.store.alerts(AlertState::Owed, 9).await.unwrap();
    let told = app.store.alerts(AlertState::Told, 9).await.unwrap();
    assert_eq!((owed.len(), told.len()), (0, 1));
    assert_eq!(hooks[0].json()["id"], told[0].alert.id());
    assert_eq!(told[0].told, [Channel::Event, Channel::Webhook]);
}

#[tokio::test]
async fn a_process_that_ends_after_sending_sends_again_with_the_same_id() {
    let app = TestApp::start("80").await;
    app.take(&[charged(1, TODAY, 800)]).await;
    let owed = app.store.alerts(AlertState::Owed, 9).await.unwrap();
    app.follow().await;
    // As if it had not kept that both are told.
    app.owe_again(&owed[0].alert).await;
    app.restart().follow().await;
    let ids: Vec<Value> = app
        .hooks()
        .iter()
        .map(|it| it.json()["id"].clone())
        .collect();
    assert_eq!(ids.len(), 2);
    assert_eq!(ids[0], ids[1]);
}

#[tokio::test]
async fn who_does_not_take_it_is_told_later_and_the_other_not_again() {
    let app = TestApp::start("80").await;
    app.hook_answers(500);
    app.take(&[charged(1, TODAY, 800)]).await;
    app.follow().await;
    assert_eq!((app.events().len(), app.hooks().len()), (1, 1));
    app.hook_answers(204);
    assert_eq!(app.schedule().await["owed"], 1, "it is not overdue");
    app.clock.advance(Duration::from_mins(5));
    assert_eq!(app.schedule().await["told"], 1);
    assert_eq!(app.schedule().await["told"], 0);
    assert_eq!((app.events().len(), app.hooks().len()), (1, 2));
}

#[tokio::test]
async fn an_event_bus_that_refuses_the_entry_is_told_later() {
    let app = TestApp::start("80").await;
    app.refuse_events();
    app.take(&[charged(1, TODAY, 800)]).await;
    app.follow().await;
    let owed = app.store.alerts(AlertState::Owed, 9).await.unwrap();
    assert_eq!(owed[0].told, [Channel::Webhook]);
}

#[tokio::test]
async fn after_three_days_it_is_given_up() {
    let app = TestApp::start("80").await;
    app.hook_answers(500);
    app.take(&[charged(1, TODAY, 800)]).await;
    app.clock.advance(TRIED_FOR);
    assert_eq!(app.schedule().await["givenUp"], 1);
    assert_eq!(app.schedule().await["givenUp"], 0);
}

#[tokio::test]
async fn throttling_that_a_process_has_kept_is_told() {
    let app = TestApp::start("throttled").await;
    let alert = Alert::throttled(meter(), app.clock.now());
    app.store.record_alert(&alert).await.unwrap();
    app.take(&[kept(&alert)]).await;
    app.take(&[kept(&alert)]).await;
    let [hook] = app.hooks().try_into().unwrap();
    assert_eq!(hook.json()["type"], "ThrottlingStarted");
    assert_eq!(hook.json()["throttled"]["startsAt"], "2026-11-23T12:00:00Z");
    let entry = &app.events()[0].json()["Entries"][0];
    assert_eq!(entry["DetailType"], "Tollgate Throttling Started");
}

#[tokio::test]
async fn a_plan_without_the_tag_raises_nothing() {
    let app = TestApp::start("").await;
    assert_eq!(app.take(&[charged(1, TODAY, 1_000)]).await["kept"], 0);
}

#[tokio::test]
async fn records_that_cannot_be_read_do_not_hold_up_others_and_unknown_events_are_refused() {
    let app = TestApp::start("80").await;
    let broken = json!({ "eventName": "MODIFY", "dynamodb": { "Keys": 7 } });
    let taken = app.take(&[broken, charged(1, TODAY, 900)]).await;
    assert_eq!(taken["kept"], 1);
    let deadline = app.clock.now().saturating_add(Duration::from_mins(1));
    let unknown = json!({ "source": "aws.s3" });
    assert!(app.app.handle(&unknown, deadline).await.is_err());
}

#[tokio::test]
async fn a_batch_that_is_out_of_time_leaves_its_alerts_owed() {
    let app = TestApp::start("throttled").await;
    let alert = Alert::throttled(meter(), app.clock.now());
    app.store.record_alert(&alert).await.unwrap();
    let records = stream(&[kept(&alert)]);
    let done = app.app.handle(&records, app.clock.now()).await.unwrap();
    assert_eq!((&done["told"], &done["owed"]), (&json!(0), &json!(1)));
    assert!(app.hooks().is_empty());
    app.take(&[kept(&alert)]).await;
    assert_eq!(app.hooks().len(), 1);
}
