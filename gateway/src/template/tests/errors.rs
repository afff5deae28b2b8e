mod method_throttles;

use super::*;

/// Asserts the place and a part of the message, and that there is a hint.
#[track_caller]
fn refuses(text: &str, logical_id: Option<&str>, line: usize, part: &str) {
    let error = error(text);
    assert!(error.message.contains(part), "`{part}` is not in `{error}`");
    assert_eq!(
        (error.logical_id.as_deref(), error.line),
        (logical_id, Some(line)),
        "{error}"
    );
    assert!(
        !error.hint.is_empty() && error.file == "template.yaml",
        "{error}"
    );
}

fn event(properties: &str) -> String {
    format!(
        "{}      Events:\n        Get: {properties}\n",
        function_with("x", "")
    )
}

fn plan(properties: &str) -> String {
    format!("Resources:\n  P:\n    Type: Custom::UsagePlan\n    Properties: {properties}\n")
}

#[test]
fn shows_file_line_resource_message_and_hint() {
    let error = error(&event("{ Type: HttpApi, Properties: { Method: GET } }"));
    assert_eq!(
        error.to_string(),
        "template.yaml:10: F: Properties.Events.Get.Properties.Path is missing\nhint: add `Path`"
    );
}

#[test]
fn refuses_text_that_is_not_one_template() {
    refuses("Description: x", None, 1, "Resources is missing");
    refuses("", None, 1, "empty");
    refuses("[a]", None, 1, "must be a map, found a list");
    refuses("Resources:\n  A: [", None, 3, "not YAML");
    refuses("A: 1\n---\nB: 2", None, 2, "second document");
    refuses("A: 1\nB: 2\nA: 3", None, 3, "`A` stands twice");
    refuses("A: !Foo x", None, 1, "`!Foo` is no function");
    refuses("A: &a { b: 1 }\nB:\n  <<: *a", None, 3, "merge key");
    refuses("A: &a [*a]", None, 1, "inside of its own anchor");
    refuses(
        "Resources:\n  A:\n    Properties: {}",
        Some("A"),
        2,
        "Type is missing",
    );
    refuses(
        "Resources:\n  Fn::ForEach::X: []",
        None,
        2,
        "not alphanumeric",
    );
}

#[test]
fn refuses_references_that_name_nothing() {
    refuses(
        &function_with("!Ref Nope", ""),
        Some("F"),
        8,
        "refers to `Nope`",
    );
    refuses(
        &function_with("!GetAtt Nope.Arn", ""),
        Some("F"),
        8,
        "refers to `Nope`",
    );
    refuses(
        &function_with("!Sub '${Nope.Arn}'", ""),
        Some("F"),
        8,
        "refers to `Nope`",
    );
    refuses(
        &function_with("x", "Outputs:\n  O: { Value: !Ref FNope }"),
        None,
        10,
        "refers to `FNope`",
    );
    refuses(
        &function_with("x", "    DependsOn: [Nope]"),
        Some("F"),
        9,
        "DependsOn refers to `Nope`",
    );
    refuses(
        &function_with("!If [Nope, a, b]", ""),
        Some("F"),
        8,
        "the condition `Nope`",
    );
    refuses(
        &function_with("!FindInMap [a, b, c]", ""),
        Some("F"),
        8,
        "looks up `a.b.c`",
    );
    refuses(
        &function_with("!Select [2, [a]]", ""),
        Some("F"),
        8,
        "selects item `2` of a list of 1",
    );
    refuses(
        &function_with("!Cidr [a, 1, 2]", ""),
        Some("F"),
        8,
        "`Fn::Cidr`, which is not simulated",
    );
    let absent =
        "  T: { Type: AWS::SNS::Topic, Condition: No }\nConditions: { No: !Equals [a, b] }\n";
    refuses(
        &function_with("!Ref T", absent),
        Some("F"),
        8,
        "its condition `No` is false",
    );
}

#[test]
fn refuses_circles_of_references() {
    let names = "Resources:\n  A: { Type: AWS::Serverless::HttpApi, Properties: { Name: !Ref B } }\n  \
                 B: { Type: AWS::Serverless::HttpApi, Properties: { Name: !Sub '${A}' } }\n";
    refuses(names, Some("A"), 2, "circle of references: A -> B -> A");
    let conditions = function_with(
        "!If [X, a, b]",
        "Conditions:\n  X: !Not [!Condition Y]\n  Y: !Not [!Condition X]\n",
    );
    assert!(error(&conditions).message.contains("X -> Y -> X"));
}

#[test]
fn refuses_parameters_without_a_permitted_value() {
    let with =
        |declaration: &str| function_with("x", &format!("Parameters:\n  P: {declaration}\n"));
    refuses(
        &with("{ Type: String }"),
        None,
        10,
        "Parameters.P has no value",
    );
    assert!(
        error(&with("{ Type: String }"))
            .hint
            .contains("--parameter-overrides P=value")
    );
    refuses(
        &with("{ Type: Number, Default: many }"),
        None,
        10,
        "must be a number",
    );
    refuses(
        &with("{ Type: String, Default: c, AllowedValues: [a, b] }"),
        None,
        10,
        "cannot be `c`",
    );
    refuses(&with("{ Default: c }"), None, 10, "has no Type");
    let secret = error(&with(
        "{ Type: String, Default: hidden, NoEcho: true, AllowedValues: [a] }",
    ));
    assert!(!secret.to_string().contains("hidden"));
    let unknown = parse(
        "t",
        &with("{ Type: String, Default: c }"),
        &settings(&[("Q", "1")]),
    )
    .unwrap_err();
    assert!(
        unknown.message.contains("no parameter `Q`") && unknown.hint.ends_with("are P"),
        "{unknown}"
    );
}

#[test]
fn refuses_missing_and_mistyped_properties() {
    let function = |properties: &str| {
        format!(
            "Resources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties: {properties}\n"
        )
    };
    refuses(
        &function("{ Runtime: r, Handler: h }"),
        Some("F"),
        4,
        "Properties.CodeUri is missing",
    );
    refuses(
        &function("{ CodeUri: ., Handler: h }"),
        Some("F"),
        4,
        "Properties.Runtime is missing",
    );
    refuses(
        &function("{ CodeUri: s3://b/k, Handler: h }"),
        Some("F"),
        4,
        "in S3",
    );
    refuses(
        &function("{ CodeUri: ., Handler: h, Runtime: [r] }"),
        Some("F"),
        4,
        "Properties.Runtime must be a text, found a list",
    );
    refuses(
        &function("{ CodeUri: ., Handler: h, Runtime: r, Timeout: 901 }"),
        Some("F"),
        4,
        "must be 1 to 900, found 901",
    );
    refuses(
        &function("{ CodeUri: ., Handler: h, Runtime: r, Timeout: soon }"),
        Some("F"),
        4,
        "whole number from 0, found `soon`",
    );
    refuses(
        "Resources:\n  A:\n    Type: AWS::Serverless::Api",
        Some("A"),
        2,
        "Properties.StageName is missing",
    );
    let key = |properties: &str| {
        format!("Resources:\n  K:\n    Type: Custom::ApiKey\n    Properties: {properties}\n")
    };
    refuses(
        &key("{ Enabled: maybe }"),
        Some("K"),
        4,
        "Properties.Enabled must be true or false",
    );
    refuses(
        &key("{ Value: short }"),
        Some("K"),
        4,
        "20 to 128 characters, found 5",
    );
    let table = "Resources:\n  T:\n    Type: AWS::DynamoDB::Table\n    Properties: { BillingMode: PAY_PER_REQUEST, \
                 AttributeDefinitions: [], KeySchema: [{ AttributeName: a, KeyType: HASH }] }\n";
    refuses(table, Some("T"), 4, "KeySchema[0].AttributeName names `a`");
}

#[test]
fn refuses_limits_outside_of_their_ranges() {
    refuses(
        &plan("{ Throttle: { RateLimit: -1, BurstLimit: 1 } }"),
        Some("P"),
        4,
        "Throttle.RateLimit must be a number from 0, found `-1`",
    );
    for rate in ["fast", "inf", "NaN"] {
        let throttle = format!("{{ Throttle: {{ RateLimit: {rate}, BurstLimit: 1 }} }}");
        refuses(&plan(&throttle), Some("P"), 4, "RateLimit must be a number");
    }
    refuses(
        &plan("{ Throttle: { RateLimit: 1, BurstLimit: -1 } }"),
        Some("P"),
        4,
        "BurstLimit must be a whole number",
    );
    refuses(
        &plan("{ Throttle: { RateLimit: 1 } }"),
        Some("P"),
        4,
        "Throttle.BurstLimit is missing",
    );
    refuses(
        &plan("{ Quota: { Limit: 1, Period: YEAR } }"),
        Some("P"),
        4,
        "must be one of DAY, WEEK, MONTH, found `YEAR`",
    );
    for (period, offset) in [("DAY", 1), ("WEEK", 7), ("MONTH", 28)] {
        let part = format!("Quota.Offset must be 0 to {}, found {offset}", offset - 1);
        refuses(
            &plan(&format!(
                "{{ Quota: {{ Limit: 1, Period: {period}, Offset: {offset} }} }}"
            )),
            Some("P"),
            4,
            &part,
        );
    }
    let stage = "ApiStages: [{ ApiId: a, Stage: s, Throttle: { /x/GET: { RateLimit: 1, BurstLimit: 1 } } }]";
    refuses(
        &plan(&format!("{{ {stage} }}")),
        Some("P"),
        4,
        "without a Throttle of the plan",
    );
    for name in ["x", "/x/", "/GET", "/x/FETCH", "'*/GET'", "x/GET"] {
        let wrong_key = stage.replace("/x/GET", name);
        refuses(
            &plan(&format!("{{ {wrong_key} }}")),
            Some("P"),
            4,
            "keyed by a path and a method",
        );
    }
}

#[test]
fn refuses_plan_keys_that_join_other_things() {
    let with = |plan: &str, key: &str| {
        format!(
            "Resources:\n  P: {{ Type: Custom::UsagePlan }}\n  K: {{ Type: Custom::ApiKey }}\n  J:\n    Type: Custom::UsagePlanKey\n    \
             Properties: {{ KeyType: API_KEY, UsagePlanId: {plan}, KeyId: {key} }}\n"
        )
    };
    assert_eq!(read(&with("!Ref P", "!Ref K")).plan_keys.len(), 1);
    refuses(
        &with("!Ref K", "!Ref K"),
        Some("J"),
        6,
        "UsagePlanId refers to `K`, which is not a usage plan",
    );
    refuses(
        &with("!Ref P", "abc"),
        Some("J"),
        6,
        "KeyId refers to `abc`, which is not an API key",
    );
}

#[test]
fn refuses_events_without_their_api_and_routes_that_clash() {
    refuses(
        &event("{ Type: Api, Properties: { Path: /a, Method: GET, RestApiId: !Ref F } }"),
        Some("F"),
        10,
        "refers to `F`, which is not an AWS::Serverless::Api",
    );
    refuses(
        &event("{ Type: HttpApi, Properties: { Path: /a, Method: GET, ApiId: x } }"),
        Some("F"),
        10,
        "refers to `x`, which is not",
    );
    refuses(
        &event("{ Type: Api, Properties: { Path: a, Method: GET } }"),
        Some("F"),
        10,
        "must begin with `/`",
    );
    refuses(
        &event("{ Type: Api, Properties: { Path: /a, Method: FETCH } }"),
        Some("F"),
        10,
        "found `FETCH`",
    );
    refuses(
        &event("{ Type: Api, Properties: { Path: /a } }"),
        Some("F"),
        10,
        "Method is missing",
    );
    let twice = event(
        "{ Type: Api, Properties: { Path: /a, Method: GET } }\n        Again: { Type: Api, Properties: { Path: /a, Method: get } }",
    );
    refuses(
        &twice,
        Some("F"),
        11,
        "GET /a to ServerlessRestApi, which line 10 has added",
    );
}

#[test]
fn refuses_ids_and_names_that_clash() {
    let api = "{ Type: AWS::Serverless::HttpApi, Properties: { Name: same } }";
    refuses(
        &format!("Resources:\n  A: {api}\n  B: {api}\n"),
        Some("B"),
        3,
        "has the id `same`, which the API A has too",
    );
    let table = "{ Type: AWS::Serverless::SimpleTable, Properties: { TableName: same } }";
    refuses(
        &format!("Resources:\n  A: {table}\n  B: {table}\n"),
        Some("B"),
        3,
        "which the table A has too",
    );
}
