//! Values for the members of requests: those that mean something, by the member's name, and those on the edge.

use fastrand::Rng;
use serde_json::{Value, json};

/// Texts that mean nothing, or something else.
const EDGES: &[&str] = &[
    "",
    " ",
    "a",
    "\u{e9}",
    "\u{0}",
    "\u{1f600}",
    "a b",
    "a/b",
    "../x",
    "{x}",
    "{x+}",
    "{",
    "<key>",
    "*",
    "%2F",
    "-1",
    "0",
    "1e9",
    "9223372036854775808",
    "NaN",
    "null",
    "true",
    "2027-01-01T00:00:00Z",
    "0000000000000000000000000000000000000000",
];

/// Edges as they can stand in a path or a query.
const ESCAPED: &[&str] = &[
    "%00",
    "%20",
    "%2F",
    "%C3%A9",
    "%ff",
    "a%2Fb",
    "..",
    "*",
    "%7Bx%7D",
    "-1",
    "0",
    "9223372036854775808",
    "x",
    "%25",
    "%0a",
];

const NUMBERS: &[&str] = &[
    "-1",
    "0",
    "1",
    "2",
    "10",
    "49",
    "50",
    "100",
    "1000",
    "29000",
    "29001",
    "0.5",
    "1e-9",
    "1e300",
    "-0.0",
    "2147483647",
    "2147483648",
    "9223372036854775807",
    "18446744073709551615",
    "1e999",
];

const PATCHED: &[&str] = &[
    "/",
    "",
    "//",
    "/~1",
    "/~0",
    "/name",
    "/description",
    "/enabled",
    "/customerId",
    "/stages",
    "/labels",
    "/value",
    "/quota",
    "/quota/limit",
    "/quota/offset",
    "/quota/period",
    "/throttle",
    "/throttle/rateLimit",
    "/throttle/burstLimit",
    "/productCode",
    "/apiStages",
    "/apiStages/<api>:dev",
    "/apiStages/<api>:dev/throttle",
    "/apiStages/<api>:dev/throttle/~1users~1GET",
    "/apiStages/<api>:dev/throttle/users/GET/rateLimit",
    "/apiStages/<api>:dev/throttle/users/GET/burstLimit",
    "/apiStages/<api>:dev/throttle//users/GET/rateLimit",
    "/remaining",
    "/cloudwatchRoleArn",
    "/features",
    "/tags/a",
    "/version",
    "/policy",
    "/minimumCompressionSize",
    "/apiKeySource",
    "/disableExecuteApiEndpoint",
    "/binaryMediaTypes/image~1png",
    "/endpointConfiguration/types/EDGE",
    "/endpointConfiguration/types/0",
    "/endpointConfiguration/ipAddressType",
    "/endpointConfiguration/vpcEndpointIds",
    "/securityPolicy",
    "/endpointAccessMode",
    "/pathPart",
    "/parentId",
    "/apiKeyRequired",
    "/authorizationType",
    "/authorizerId",
    "/operationName",
    "/requestValidatorId",
    "/authorizationScopes",
    "/requestParameters/method.request.header.x",
    "/requestModels/application~1json",
    "/uri",
    "/httpMethod",
    "/credentials",
    "/connectionType",
    "/connectionId",
    "/contentHandling",
    "/responseTransferMode",
    "/passthroughBehavior",
    "/cacheNamespace",
    "/cacheKeyParameters/method.request.querystring.q",
    "/timeoutInMillis",
    "/tlsConfig/insecureSkipVerification",
    "/requestTemplates/application~1json",
    "/requestParameters/integration.request.header.x",
    "/responseParameters/method.response.header.x",
    "/responseParameters/gatewayresponse.header.x",
    "/responseTemplates/application~1json",
    "/responseModels/application~1json",
    "/selectionPattern",
    "/statusCode",
    "/deploymentId",
    "/variables/colour",
    "/tracingEnabled",
    "/cacheClusterEnabled",
    "/cacheClusterSize",
    "/accessLogSettings/destinationArn",
    "/accessLogSettings/format",
    "/accessLogSettings",
    "/canarySettings",
    "/canarySettings/percentTraffic",
    "/canarySettings/deploymentId",
    "/canarySettings/stageVariableOverrides/colour",
    "/canarySettings/useStageCache",
    "/*/*/throttling/rateLimit",
    "/*/*/throttling/burstLimit",
    "/*/*/logging/loglevel",
    "/*/*/logging/dataTrace",
    "/*/*/caching/ttlInSeconds",
    "/*/*/caching/unauthorizedCacheControlHeaderStrategy",
    "/*/*",
    "/~1users/GET/metrics/enabled",
    "/~1users/GET",
    "/schema",
    "/validateRequestBody",
    "/validateRequestParameters",
    "/authorizerUri",
    "/identitySource",
    "/authorizerResultTtlInSeconds",
    "/type",
    "/providerARNs",
    "/clientCertificateId",
];

const PATCHES: &[&str] = &[
    "true",
    "false",
    "1",
    "0.5",
    "100",
    "DAY",
    "WEEK",
    "MONTH",
    "<api>:dev",
    "<api>:none",
    "other:dev",
    "<deployment>",
    "<validator>",
    "<authorizer>",
    "NONE",
    "CUSTOM",
    "AWS_IAM",
    "HEADER",
    "AUTHORIZER",
    "EDGE",
    "REGIONAL",
    "HTTP",
    "MOCK",
    "http://127.0.0.1:9/",
    "'text'",
    "method.request.header.x",
    "Empty",
    "Error",
    "INFO",
    "OFF",
    "SUCCEED_WITH_RESPONSE_HEADER",
    "blue",
    "{\"type\":\"object\"}",
    "$input.json('$')",
    "#if(",
    "arn:aws:iam::000000000000:role/r",
    "WHEN_NO_TEMPLATES",
    "50",
    "CONVERT_TO_TEXT",
    "renamed",
    "UsagePlans",
];

const PAYLOADS: &[&str] = &[
    r"name,key,description,enabled,usageplanIds\nk1,importedKeyNumberOne0001,d,true,<plan>\nk2,short,,maybe,\n",
    r"name,key\nk,importedKeyNumberTwo0002\nk,importedKeyNumberTwo0002\n",
    r"key\nx\n",
    r#"{"openapi":"3.0.1","info":{"title":"i","version":"1"},"paths":{"/users/{id}":{"get":{"responses":{"200":{"description":"d"}},"x-amazon-apigateway-integration":{"type":"mock","responses":{"default":{"statusCode":"200"}}}}}}}"#,
    r#"{"swagger":"2.0","info":{"title":"s","version":"1"},"paths":{"/{proxy+}":{"x-amazon-apigateway-any-method":{"x-amazon-apigateway-integration":{"type":"http_proxy","httpMethod":"ANY","uri":"http://127.0.0.1:9/{proxy}"}}}}}"#,
    r"openapi: 3.0.1\ninfo: {title: y, version: '1'}\npaths: {/a: {get: {}}}\n",
    "",
    "{}",
    "[",
];

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
