//! Resources and methods as trees.

use serde_json::json;

use super::says;
use super::shop::World;

#[tokio::test]
async fn what_is_deployed_stands_beside_what_has_been_edited() {
    let world = World::start().await;
    let shop = world.shop().await;
    let list = world.page("/console/apis").await;
    let address = format!("/console/apis/{}/dev", shop.api_id);
    for text in [
        &format!("<a href=\"{address}\">shop</a>"),
        "⚠ 1 that no plan limits",
        ">Bronze</a>",
    ] {
        says(&list, text);
    }
    let fresh = world.page(&address).await;
    assert!(
        fresh.body.contains("Nothing has been edited since"),
        "{}",
        fresh.body
    );
    assert!(
        fresh.body.contains("1 method requires no key"),
        "{}",
        fresh.body
    );

    let resources = format!("/restapis/{}/resources", shop.api_id);
    let all = world.call("GET", &resources, &json!(null)).await;
    let items = all["item"].as_array().unwrap();
    let id = |path: &str| {
        let resource = items.iter().find(|resource| resource["path"] == path);
        resource.unwrap()["id"].as_str().unwrap().to_owned()
    };
    let method = format!("{resources}/{}/methods/GET", id("/items"));
    let patch = json!({"patchOperations": [
        {"op": "replace", "path": "/apiKeyRequired", "value": "false"},
    ]});
    world.call("PATCH", &method, &patch).await;
    let below = format!("{resources}/{}", id("/items"));
    world
        .call("POST", &below, &json!({"pathPart": "new"}))
        .await;

    let edited = world.page(&address).await;
    for text in [
        "Edited since it was deployed",
        "API key: deployed <strong>required</strong>, edited <strong>not required</strong>",
        "<code>/new</code> <span class=\"badge warning\">added, not deployed yet</span>",
        "aws apigateway create-deployment --rest-api-id",
    ] {
        says(&edited, text);
    }
    let missing = world.page("/console/apis/nobody/dev").await;
    assert_eq!(missing.status, 404);
}
