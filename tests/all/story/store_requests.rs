//! What decisions cost: requests to the store, counted between the gateway and its store.

use tests::{CountingProxy, DynamoDb, Gateway};

use super::{Story, Template, Verdict, on_both_templates};

on_both_templates! {
    an_admitted_request_costs_one_write,
    a_known_refusal_costs_nothing,
    what_cannot_be_a_key_costs_nothing,
}

struct Counted {
    story: Story,
    proxy: CountingProxy,
    _database: DynamoDb,
}

/// A gateway with one process of the function, so that one process knows all.
async fn begin(template: Template) -> Counted {
    let database = DynamoDb::embedded().unwrap();
    let proxy = CountingProxy::start(database.endpoint()).await.unwrap();
    let builder = Gateway::builder()
        .template(template.path())
        .endpoint_url(proxy.endpoint())
        .concurrency(1);
    let story = Story::on(builder.start().await.unwrap());
    // The first request to a stage of a REST API reads what is deployed there.
    let keyless = story.client.get("/dev/users/nobody").await.unwrap();
    assert_eq!(Verdict::of(&keyless), Verdict::Forbidden);
    Counted {
        story,
        proxy,
        _database: database,
    }
}

/// The requests without those with which the gateway asks, every half a minute, which alerts are owed: no decision needs a query.
fn for_clients(proxy: &CountingProxy) -> u64 {
    proxy.total() - proxy.count("Query")
}

async fn an_admitted_request_costs_one_write(template: Template) {
    let counted = begin(template).await;
    let Counted { story, proxy, .. } = &counted;
    let limits = ["--rate", "0.001", "--burst", "100", "--quota", "1000/MONTH"];
    let key = story.key_on_new_plan("Slow", &limits).await;
    proxy.reset();
    assert_eq!(story.probes(&key.value, 60).await, [Verdict::Admitted; 60]);
    println!("60 admitted requests: {:?}", proxy.counts());
    assert_eq!(proxy.count("UpdateItem"), 60);
    // The first sight of a key costs two reads. When 30 s have passed they are repeated, and a REST API's stage is read again.
    let reads = for_clients(proxy) - 60;
    assert_eq!(reads, proxy.count("GetItem"));
    assert!((2..60).contains(&reads), "{reads} reads");
}

async fn a_known_refusal_costs_nothing(template: Template) {
    let counted = begin(template).await;
    let Counted { story, proxy, .. } = &counted;
    let limits = ["--rate", "0.001", "--burst", "3"];
    let throttled = story.key_on_new_plan("Slow", &limits).await;
    let spent = story.key_on_new_plan("Few", &["--quota", "3/MONTH"]).await;
    for (key, refusal) in [
        (&throttled, Verdict::TooManyRequests),
        (&spent, Verdict::LimitExceeded),
    ] {
        assert_eq!(story.probes(&key.value, 3).await, [Verdict::Admitted; 3]);
        proxy.reset();
        assert_eq!(story.probes(&key.value, 20).await, [refusal; 20]);
        println!("20 known refusals, {refusal:?}: {:?}", proxy.counts());
        assert_eq!(for_clients(proxy), 0, "{refusal:?}");
    }
}

async fn what_cannot_be_a_key_costs_nothing(template: Template) {
    let counted = begin(template).await;
    let Counted { story, proxy, .. } = &counted;
    let mut misspelt = story.joe();
    let last = misspelt.pop().unwrap();
    misspelt.push(if last == 'a' { 'b' } else { 'a' });
    proxy.reset();
    for key in [misspelt.as_str(), "", "short"] {
        assert_eq!(story.probes(key, 5).await, [Verdict::Forbidden; 5]);
    }
    let keyless = story.client.get("/dev/users/nobody").await.unwrap();
    assert_eq!(Verdict::of(&keyless), Verdict::Forbidden);
    assert_eq!(for_clients(proxy), 0, "{:?}", proxy.counts());
}
