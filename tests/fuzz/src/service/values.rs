//! Values for the members of requests: those that mean something, by the member's name, and those on the edge.

use fastrand::Rng;
use serde_json::{Value, json};

use super::words::{EDGES, ESCAPED, NUMBERS, PATCHED, PATCHES, PAYLOADS};

fn one<'t>(random: &mut Rng, texts: &[&'t str]) -> &'t str {
    texts
        .get(random.usize(..texts.len().max(1)))
        .copied()
        .unwrap_or_default()
}

/// A part of a path: most often something that is there.
pub(crate) fn in_path(random: &mut Rng, name: &str) -> String {
    if random.u32(..12) == 0 {
        return one(random, ESCAPED).to_owned();
    }
    let known: &[&str] = match name {
        "restapi_id" => &["<api>"],
        "resource_id" | "parent_id" => &["<resource>", "<resource>", "<root>"],
        "http_method" => &["GET", "GET", "GET", "POST", "ANY"],
        "status_code" => &["200", "200", "404", "099", "2000"],
        "deployment_id" => &["<deployment>"],
        "stage_name" => &["dev", "dev", "prod"],
        "api_Key" | "keyId" => &["<key>"],
        "usageplanId" => &["<plan>"],
        "authorizer_id" => &["<authorizer>"],
        "requestvalidator_id" => &["<validator>"],
        "model_name" => &["Empty", "Error", "User"],
        "response_type" => &["THROTTLED", "DEFAULT_4XX", "MISSING_AUTHENTICATION_TOKEN"],
        "export_type" => &["oas30", "swagger"],
        "resource_arn" => &[
            "arn:aws:apigateway:us-east-1::%2Fapikeys%2F<key>",
            "arn:aws:apigateway:us-east-1::/usageplans/<plan>",
            "arn:aws:apigateway:us-east-1::/restapis/<api>",
            "arn:aws:apigateway:us-east-1::/restapis/<api>/stages/dev",
        ],
        _ => &["x"],
    };
    one(random, known).to_owned()
}

/// The value of a query parameter.
pub(crate) fn in_query(random: &mut Rng, name: &str) -> &'static str {
    if random.u32(..8) == 0 {
        return one(random, ESCAPED);
    }
    let known: &[&str] = match name {
        "limit" => &["1", "0", "25", "500", "501", "-1"],
        "position" => &["1", "0", "x"],
        "startDate" | "endDate" => &[
            "2026-11-01",
            "2026-11-29",
            "2026-02-30",
            "1969-12-31",
            "9999-12-31",
        ],
        "format" => &["csv", "csv", "json"],
        "mode" => &["overwrite", "merge"],
        "embed" => &["methods", "apisummary", "a"],
        "keyId" => &["<key>"],
        "tagKeys" => &["a", "tollgate:expires-at"],
        "deploymentId" => &["<deployment>"],
        "parameters" => &["x"],
        _ => &["true", "false", "k", ""],
    };
    one(random, known)
}

/// The key of a map's entry.
pub(crate) fn key(random: &mut Rng, name: &str) -> &'static str {
    if random.u32(..10) == 0 {
        return one(random, EDGES);
    }
    let known: &[&str] = match name {
        "requestParameters" => &[
            "method.request.header.x",
            "method.request.querystring.q",
            "integration.request.header.x",
            "integration.request.path.id",
        ],
        "responseParameters" => &["method.response.header.x", "gatewayresponse.header.x"],
        "requestTemplates" | "responseTemplates" | "requestModels" | "responseModels" => {
            &["application/json", "text/plain", "$default"]
        }
        "tags" => &[
            "a",
            "aws:x",
            "tollgate:expires-at",
            "tollgate:lease",
            "tollgate:shards",
            "tollgate:on-unavailable",
        ],
        "throttle" => &["/users/GET", "*/*", "users/GET", "/users/{id}/ANY"],
        _ => &["colour", "a"],
    };
    one(random, known)
}

/// A text for a member.
pub(crate) fn text(random: &mut Rng, name: &str) -> &'static str {
    if random.u32(..10) == 0 {
        return one(random, EDGES);
    }
    let known: &[&str] = match name {
        "path" => PATCHED,
        "op" => &["replace", "add", "remove", "copy", "move", "test"],
        "keyId" => &["<key>"],
        "keyType" => &["API_KEY"],
        "apiId" | "restApiId" | "cloneFrom" => &["<api>"],
        "stage" | "stageName" => &["dev", "prod"],
        "deploymentId" => &["<deployment>"],
        "pathPart" => &["users", "{id}", "{proxy+}", "a:b", "a,b"],
        "httpMethod" => &["GET", "POST", "ANY"],
        "type" => &[
            "MOCK",
            "HTTP",
            "HTTP_PROXY",
            "AWS",
            "AWS_PROXY",
            "TOKEN",
            "REQUEST",
        ],
        "uri" | "authorizerUri" => &[
            "http://127.0.0.1:9/{id}",
            "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:f/invocations",
        ],
        "authorizationType" => &["NONE", "AWS_IAM", "CUSTOM"],
        "authorizerId" => &["<authorizer>"],
        "requestValidatorId" => &["<validator>"],
        "identitySource" => &[
            "method.request.header.Authorization",
            "context.identity.sourceIp",
        ],
        "schema" => &["{\"type\":\"object\"}", "{", "[]"],
        "contentType" => &["application/json"],
        "statusCode" => &["200", "429"],
        "selectionPattern" => &["2..", "(", ".*"],
        "passthroughBehavior" => &["WHEN_NO_MATCH", "NEVER"],
        "version" | "description" | "name" => &["n", "a name"],
        _ => PATCHES,
    };
    one(random, known)
}

/// A number, as JSON can have it.
pub(crate) fn number(random: &mut Rng) -> Value {
    let text = one(random, NUMBERS);
    serde_json::from_str(text).unwrap_or_else(|_out_of_range| json!(text))
}

/// The body of an import.
pub(crate) fn payload(random: &mut Rng) -> &'static str {
    one(random, PAYLOADS)
}

/// Anything at all.
pub(crate) fn of_any_type(random: &mut Rng) -> Value {
    match random.u32(..7) {
        0 => Value::Null,
        1 => Value::Bool(random.bool()),
        2 => number(random),
        3 => Value::from(one(random, EDGES)),
        4 => json!([]),
        5 => json!([{"a": [null]}]),
        _ => json!({"a": {"b": "c"}}),
    }
}
