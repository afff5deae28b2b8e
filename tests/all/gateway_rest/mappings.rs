//! Templates by media type, and what templates override.

use serde_json::json;

use super::{App, Deployed, mock, shown};

/// An HTTP integration whose template for JSON makes `{"t":1}`.
fn integration(app: &App, passthrough: &str) -> serde_json::Value {
    json!({
        "type": "HTTP", "httpMethod": "POST", "uri": app.backend.url("/echo"),
        "passthroughBehavior": passthrough,
        "requestTemplates": {"application/json": "{\"t\":1}"},
        "integrationResponses": {"200": {"statusCode": "200"}},
    })
}

#[tokio::test]
async fn a_body_without_a_template_passes_or_not() {
    let app = App::start().await;
    let xml = [("content-type", "text/xml")];
    app.deploy(&Deployed::integration(&integration(&app, "WHEN_NO_MATCH")))
        .await;
    let templated = app.send("POST", "/", &[], "x").await.json().unwrap();
    assert_eq!(templated["body"], "{\"t\":1}");
    assert_eq!(
        templated["headers"]["content-type"],
        json!(["application/json"])
    );
    let passed = app.send("POST", "/", &xml, "<x/>").await.json().unwrap();
    assert_eq!(passed["body"], "<x/>");
    assert_eq!(passed["headers"]["content-type"], json!(["text/xml"]));
    let refused = (
        415,
        Some("BadRequestException"),
        r#"{"message":"Unsupported Media Type"}"#,
    );
    for passthrough in ["WHEN_NO_TEMPLATES", "NEVER"] {
        app.deploy(&Deployed::integration(&integration(&app, passthrough)))
            .await;
        assert_eq!(
            shown(&app.send("POST", "/", &xml, "<x/>").await),
            refused,
            "{passthrough}"
        );
    }
    let mut bare = integration(&app, "WHEN_NO_TEMPLATES");
    bare["requestTemplates"] = json!({});
    app.deploy(&Deployed::integration(&bare)).await;
    assert_eq!(
        app.send("POST", "/", &xml, "<x/>").await.json().unwrap()["body"],
        "<x/>"
    );
    bare["passthroughBehavior"] = json!("NEVER");
    app.deploy(&Deployed::integration(&bare)).await;
    assert_eq!(app.send("POST", "/", &xml, "<x/>").await.status, 415);
}

#[tokio::test]
async fn templates_override_parameters_of_the_request() {
    let app = App::start().await;
    let mut overriding = integration(&app, "NEVER");
    overriding["uri"] = json!(app.backend.url("/echo/{place}"));
    overriding["requestParameters"] = json!({"integration.request.header.x-a": "'mapped'"});
    overriding["requestTemplates"]["application/json"] = json!(
        "#set($context.requestOverride.header.x-a = 'overridden')\
         #set($context.requestOverride.querystring.q = 'a b')\
         #set($context.requestOverride.path.place = 'here')body"
    );
    app.deploy(&Deployed::integration(&overriding)).await;
    let seen = app.send("POST", "/", &[], "").await.json().unwrap();
    assert_eq!(seen["headers"]["x-a"], json!(["overridden"]));
    assert_eq!(
        (&seen["query"], &seen["path"]),
        (&json!("q=a+b"), &json!("/echo/here"))
    );
    assert_eq!(seen["body"], "body");
}

#[tokio::test]
async fn templates_override_status_and_header_fields_of_the_answer() {
    let app = App::start().await;
    let body = "#set($context.responseOverride.status = 418)#set($context.responseOverride.header.x-a = 'b')tea";
    app.deploy(&Deployed::integration(&mock(body))).await;
    let answer = app.get("/").await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (418, "tea"));
    assert_eq!(answer.header("x-a"), Some("b"));
}

#[tokio::test]
async fn an_answer_is_made_by_the_template_that_the_client_accepts() {
    let app = App::start().await;
    let mut both = mock("json");
    both["integrationResponses"]["200"]["responseTemplates"]["text/html"] = json!("html");
    app.deploy(&Deployed::integration(&both)).await;
    for (accept, expected) in [
        ("text/html", "html"),
        ("application/json", "json"),
        ("image/png", "json"),
    ] {
        let answer = app.send("GET", "/", &[("accept", accept)], "").await;
        assert_eq!(answer.body, expected, "{accept}");
        let media_type = answer.header("content-type").unwrap();
        assert!(media_type.ends_with(expected), "{media_type}");
    }
}

#[tokio::test]
async fn a_body_that_is_not_json_is_the_clients_mistake() {
    let app = App::start().await;
    let mut walking = integration(&app, "NEVER");
    walking["requestTemplates"]["application/json"] = json!("$input.json('$.a')");
    app.deploy(&Deployed::integration(&walking)).await;
    let answer = app.send("POST", "/", &[], "{\"a\":").await;
    assert_eq!(answer.status, 400);
    assert!(
        answer
            .body
            .contains("Could not parse request body into json"),
        "{}",
        answer.body
    );
    assert_eq!(app.backend.calls(), 0);
}

#[tokio::test]
async fn templates_see_variables_context_and_parameters() {
    let app = App::start().await;
    let text = "$stageVariables.color|$context.apiId|$context.stage|$context.resourcePath|$context.httpMethod|\
                $input.params('q')|$input.params('x-a')|$context.identity.sourceIp|$context.accountId";
    let mut deployed = Deployed::integration(&mock(text));
    deployed.stage = json!({"variables": {"color": "blue"}});
    app.deploy(&deployed).await;
    let answer = app.send("GET", "/?q=1", &[("x-a", "2")], "").await;
    assert_eq!(
        answer.body,
        "blue|a1b2c3|test|/|GET|1|2|127.0.0.1|000000000000"
    );
}
