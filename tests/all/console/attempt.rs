//! "Try it".

use tests::{Answer, Gateway};

use super::shop::{Shop, World};
use super::{Browser, says};

const PAGE: &str = "/console/try";

async fn attempt(world: &World, shop: &Shop, path: &str, more: &[(&str, &str)]) -> Answer {
    let stage = format!("{}:dev", shop.api_id);
    let mut fields = vec![("stage", stage.as_str()), ("method", "GET"), ("path", path)];
    fields.extend(more);
    let answer = world.submit(PAGE, &fields).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert!(!answer.body.contains(&shop.value), "{}", answer.body);
    answer
}

#[track_caller]
fn says_all(page: &Answer, texts: &[&str]) {
    for text in texts {
        says(page, text);
    }
}

#[tokio::test]
async fn a_request_is_sent_and_its_decision_explained() {
    let world = World::start().await;
    let shop = world.shop().await;
    let listed = format!("id:{}", shop.key_id);

    let without_key = attempt(&world, &shop, "/items", &[]).await;
    says_all(
        &without_key,
        &[
            "<strong>403 Forbidden</strong>, after",
            "The request has no key: the header x-api-key is missing.",
            "The request is refused with <strong>403 Forbidden</strong>",
        ],
    );

    let explained = attempt(
        &world,
        &shop,
        "/items",
        &[("key", &listed), ("action", "explain")],
    )
    .await;
    says_all(
        &explained,
        &[
            "nothing was charged",
            "The bucket holds 2 of 2 requests now.",
        ],
    );

    let listed_key = attempt(&world, &shop, "/items/7?limit=1", &[("key", &listed)]).await;
    says_all(
        &listed_key,
        &[
            "<strong>200 OK</strong>, after",
            // What the method sends back of the key is not shown, and markup is text.
            "&quot;items&quot;: &quot;&lt;b&gt;•••&lt;/b&gt;&quot;",
            "The method GET /items/{id} answers.",
            "The bucket holds 2 of 2 requests now.",
            "The bucket holds 1 of 2 requests now.",
            "1 are used and 99 are left",
        ],
    );

    let typed = [("key", "typed"), ("value", shop.value.as_str())];
    let second = attempt(&world, &shop, "/items", &typed).await;
    says_all(&second, &["<strong>200 OK</strong>, after"]);

    let over_the_burst = attempt(&world, &shop, "/items", &typed).await;
    says_all(
        &over_the_burst,
        &[
            "<strong>429 Too Many Requests</strong>, after",
            "The bucket is empty: the next request fits in",
            "The request is refused with <strong>429 Too Many Requests</strong>",
            "2 are used and 98 are left",
        ],
    );

    let unmetered = attempt(&world, &shop, "/health", &[]).await;
    says_all(&unmetered, &["200 OK", "The method requires no key"]);
}

#[tokio::test]
async fn what_was_entered_wrong_stands_beside_its_field_and_no_value_is_shown_again() {
    let world = World::start().await;
    let shop = world.shop().await;
    let stage = format!("{}:dev", shop.api_id);
    let header_line = format!("x-api-key: {}", shop.value);
    let fields = [
        ("stage", stage.as_str()),
        ("method", "GET"),
        ("path", "items"),
        ("value", &shop.value),
        ("headers", &header_line),
    ];
    let answer = world.submit(PAGE, &fields).await;
    assert_eq!(answer.status, 422);
    says_all(
        &answer,
        &["A path begins with a slash", "Choose the key above"],
    );
    assert!(!answer.body.contains(&shop.value), "{}", answer.body);
}

#[tokio::test]
async fn without_a_gateway_the_decision_is_explained_from_the_table() {
    let world = World::without_gateway().await;
    let shop = world.shop().await;
    let listed = format!("id:{}", shop.key_id);
    let answer = attempt(&world, &shop, "/items", &[("key", &listed)]).await;
    says_all(
        &answer,
        &[
            "Nothing was sent, because no gateway runs here",
            "The request passes",
            "100 are left",
        ],
    );
    let query = format!(
        "{PAGE}?stage={}%3Adev&method=GET&path=%2Fitems&key={}",
        shop.api_id, shop.key_id
    );
    let form = world.page(&query).await;
    says_all(
        &form,
        &[
            "No gateway runs here",
            &format!("<option value=\"{listed}\" selected>joe-black ("),
            "value=\"/items\"",
        ],
    );
}

/// The template of the project: an HTTP API and a function URL, whose function has the usage plan layer.
#[tokio::test]
async fn requests_reach_functions_by_their_api_and_by_their_url() {
    let browser = Browser::at(Gateway::builder().start().await.unwrap()).await;
    let keys = browser.api("/apikeys?includeValues=true").await;
    let key = &keys["item"][0];
    let value = key["value"].as_str().unwrap();
    let listed = format!("id:{}", key["id"].as_str().unwrap());
    let plans = browser.api("/usageplans").await;
    let stages = plans["item"][0]["apiStages"].as_array().unwrap();
    for stage in stages {
        let text = |member: &str| stage[member].as_str().unwrap();
        let api_stage = format!("{}:{}", text("apiId"), text("stage"));
        let fields = [
            ("stage", api_stage.as_str()),
            ("method", "GET"),
            ("path", "/users"),
        ];
        let refused = browser.post(PAGE, &fields).await;
        let admitted = [&fields[..], &[("key", &listed)]].concat();
        let admitted = browser.post(PAGE, &admitted).await;
        says_all(
            &refused,
            &[
                "<strong>403 Forbidden</strong>, after",
                "The usage plan layer of the function UsersFunction requires a key",
                "the header x-api-key is missing",
            ],
        );
        says_all(
            &admitted,
            &[
                "<strong>200 OK</strong>, after",
                "The function UsersFunction answers.",
                "The request passes",
            ],
        );
        assert!(!admitted.body.contains(value), "{}", admitted.body);
    }
}
