//! Bodies that are no text.

use serde_json::json;

use super::backend::BINARY;
use super::{App, Deployed, lambda_proxy};

/// The bytes of [`BINARY`] as Base64.
const BASE64: &str = "AJ+Slv8K";

#[tokio::test]
async fn the_base64_of_a_function_is_decoded_for_who_accepts_it() {
    let app = App::start().await;
    let mut deployed = Deployed::integration(&lambda_proxy("image"));
    deployed.api = json!({"binaryMediaTypes": ["image/png"]});
    app.deploy(&deployed).await;
    let png = app.send("GET", "/", &[("accept", "image/png")], "").await;
    assert_eq!(png.header("content-length"), Some("6"));
    let text = app.send("GET", "/", &[("accept", "text/html")], "").await;
    assert_eq!(text.body, "AJ+Slv8K");
}

#[tokio::test]
async fn a_binary_body_reaches_a_function_as_base64() {
    let app = App::start().await;
    let mut deployed = Deployed::integration(&lambda_proxy("echo"));
    deployed.api = json!({"binaryMediaTypes": ["image/*"]});
    app.deploy(&deployed).await;
    let headers = [("content-type", "image/png")];
    let answer = app.send("POST", "/", &headers, BINARY.to_vec()).await;
    let body = answer.json().unwrap();
    assert_eq!(body["event"]["isBase64Encoded"], true);
    assert_eq!(body["event"]["body"], "AJ+Slv8K");
}

#[tokio::test]
async fn an_http_proxy_hands_on_bytes_that_the_api_names_as_binary() {
    let app = App::start().await;
    let uri = app.backend.url("/binary");
    let integration = json!({"type": "HTTP_PROXY", "httpMethod": "GET", "uri": uri});
    let mut deployed = Deployed::integration(&integration);
    deployed.api = json!({"binaryMediaTypes": ["image/png"]});
    app.deploy(&deployed).await;
    let png = app.send("GET", "/", &[("accept", "image/png")], "").await;
    assert_eq!(png.header("content-length"), Some("6"));
    let other = app.send("GET", "/", &[("accept", "text/html")], "").await;
    assert_eq!(other.body, "AJ+Slv8K");
    deployed.api = json!({});
    app.deploy(&deployed).await;
    let damaged = app.send("GET", "/", &[("accept", "image/png")], "").await;
    assert_eq!(damaged.body, String::from_utf8_lossy(&BINARY));
}

#[tokio::test]
async fn content_handling_converts_in_both_directions() {
    let app = App::start().await;
    let integration = |request: &str, response: &str| {
        json!({
            "type": "HTTP", "httpMethod": "POST", "uri": app.backend.url("/echo"),
            "contentHandling": request,
            "integrationResponses": {"200": {"statusCode": "200", "contentHandling": response}},
        })
    };
    let mut deployed = Deployed::integration(&integration("CONVERT_TO_TEXT", "CONVERT_TO_TEXT"));
    deployed.api = json!({"binaryMediaTypes": ["image/png"]});
    app.deploy(&deployed).await;
    let headers = [("content-type", "image/png")];
    let seen = app.send("POST", "/", &headers, BINARY.to_vec()).await;
    assert_eq!(seen.json().unwrap()["body"], "AJ+Slv8K");
    let mut deployed = Deployed::integration(&integration("CONVERT_TO_BINARY", "CONVERT_TO_TEXT"));
    deployed.api = json!({"binaryMediaTypes": ["image/png"]});
    app.deploy(&deployed).await;
    let seen = app.send("POST", "/", &[], BASE64).await;
    assert_eq!(seen.json().unwrap()["length"], 6);
    let refused = app.send("POST", "/", &[], "not base64!").await;
    assert_eq!(refused.status, 500);
}
