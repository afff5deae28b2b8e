//! Request validators.

use serde_json::{Value, json};

use super::{App, Deployed, mock, shown, with};

fn deployed(validator: &Value) -> Deployed {
    let mut method = with(&mock("fine"));
    method["requestValidatorId"] = json!("val");
    method["requestParameters"] = json!({
        "method.request.querystring.qs1": true,
        "method.request.header.x-header-param": true,
        "method.request.header.x-optional": false,
    });
    method["requestModels"] = json!({"application/json": "User"});
    let mut deployed = Deployed::methods(&[("/", "POST", method)]);
    deployed.definition["requestValidators"] = json!({"val": validator});
    let schema = json!({
        "$schema": "http://json-schema.org/draft-04/schema#", "type": "object", "required": ["name"],
        "properties": {"friend": {"$ref": "https://apigateway.amazonaws.com/restapis/a1b2c3/models/Friend"}},
    });
    let model = |id: &str, name: &str, schema: &Value| json!({"id": id, "name": name, "schema": schema.to_string(), "contentType": "application/json"});
    deployed.definition["models"] = json!({
        "User": model("m1", "User", &schema),
        "Friend": model("m2", "Friend", &json!({"type": "string"})),
    });
    deployed
}

#[tokio::test]
async fn required_parameters_that_are_missing_are_named() {
    let app = App::start().await;
    let validator =
        json!({"id": "val", "validateRequestBody": false, "validateRequestParameters": true});
    app.deploy(&deployed(&validator)).await;
    let both = r#"{"message":"Missing required request parameters: [x-header-param, qs1]"}"#;
    let one = r#"{"message":"Missing required request parameters: [qs1]"}"#;
    let header = [("x-header-param", "1")];
    let refused = |text| (400, Some("BadRequestException"), text);
    assert_eq!(shown(&app.send("POST", "/", &[], "").await), refused(both));
    assert_eq!(
        shown(&app.send("POST", "/?qs1=", &header, "").await),
        refused(one)
    );
    assert_eq!(
        app.send("POST", "/?qs1=1", &header, "no JSON").await.body,
        "fine"
    );
}

#[tokio::test]
async fn a_body_has_to_fit_its_model() {
    let app = App::start().await;
    let validator =
        json!({"id": "val", "validateRequestBody": true, "validateRequestParameters": false});
    let mut deployed = deployed(&validator);
    deployed.definition["gatewayResponses"] = json!({"BAD_REQUEST_BODY": {
        "responseParameters": {},
        "responseTemplates": {"application/json": "$context.error.message: $context.error.validationErrorString"},
    }});
    app.deploy(&deployed).await;
    for body in ["", "{}", "no JSON", r#"{"name":"joe","friend":1}"#] {
        let answer = app.send("POST", "/", &[], body).await;
        assert_eq!(answer.status, 400, "{body}");
        assert!(
            answer.body.starts_with("Invalid request body: ["),
            "{}",
            answer.body
        );
    }
    for body in [r#"{"name":"joe"}"#, r#"{"name":"joe","friend":"ann"}"#] {
        assert_eq!(
            app.send("POST", "/", &[], body).await.body,
            "fine",
            "{body}"
        );
    }
}
