use std::collections::BTreeMap;

use serde_json::json;

use super::{
    super::tests::Request, EvaluateMappingError, ParameterMapping, Source, Target,
    fill_placeholders, substitute_stage_variables,
};

const BODY: &str = r#"{"pets":[{"name":"Rex","age":3}],"none":null,"o":{"b":1,"a":"x"}}"#;

fn of_request(source: &str) -> ParameterMapping {
    ParameterMapping::of_request("integration.request.header.X", source)
        .unwrap_or_else(|error| panic!("{error}"))
}

fn value_of(source: &str, body: &str) -> Option<Vec<String>> {
    let request = Request::with_body(body);
    let value = of_request(source).source.evaluate(&request.input());
    value.unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn takes_values_from_every_place_of_a_request() {
    let cases: [(&str, Option<&[&str]>); 20] = [
        ("'text'", Some(&["text"])),
        ("''", Some(&[""])),
        ("method.request.path.id", Some(&["42"])),
        ("method.request.path.none", None),
        ("method.request.querystring.tag", Some(&["b"])),
        ("method.request.querystring.Tag", None),
        (
            "method.request.multivaluequerystring.tag",
            Some(&["a", "b"]),
        ),
        ("method.request.multivaluequerystring.none", None),
        ("method.request.header.X-Trace", Some(&["t-1"])),
        ("method.request.header.x-trace", Some(&["t-1"])),
        ("method.request.multivalueheader.x-trace", Some(&["t-1"])),
        ("method.request.body", Some(&[BODY])),
        ("method.request.body.pets[0].name", Some(&["Rex"])),
        ("method.request.body.pets[0].age", Some(&["3"])),
        ("method.request.body.o", Some(&[r#"{"b":1,"a":"x"}"#])),
        ("method.request.body.none", None),
        ("method.request.body.pets.name", None),
        ("stageVariables.color", Some(&["blue"])),
        ("context.identity.sourceIp", Some(&["127.0.0.1"])),
        ("context.identity.none", None),
    ];
    for (source, expected) in cases {
        let expected = expected.map(|values| values.iter().map(ToString::to_string).collect());
        assert_eq!(value_of(source, BODY), expected, "{source}");
    }
}

#[test]
fn joins_several_headers_with_commas() {
    let mut request = Request::with_body("");
    let values = vec!["a".to_owned(), "b".to_owned()];
    request
        .parameters
        .headers
        .insert("Accept".to_owned(), values);
    for (source, expected) in [
        ("method.request.multivalueheader.accept", "a,b"),
        ("method.request.header.accept", "b"),
    ] {
        let value = of_request(source).source.evaluate(&request.input());
        assert_eq!(value, Ok(Some(vec![expected.to_owned()])), "{source}");
    }
}

#[test]
fn an_empty_body_is_an_empty_object_and_a_malformed_one_is_refused() {
    assert_eq!(
        value_of("method.request.body", ""),
        Some(vec!["{}".to_owned()])
    );
    assert_eq!(
        value_of("method.request.body", "<b/>"),
        Some(vec!["<b/>".to_owned()])
    );
    for source in ["method.request.body", "method.request.body.x"] {
        let request = Request::with_body("\n{wrong");
        let error = of_request(source)
            .source
            .evaluate(&request.input())
            .unwrap_err();
        assert!(matches!(error, EvaluateMappingError::BodyIsNotJson { .. }));
        assert_eq!(error.to_string(), "Invalid JSON in request body");
    }
}

#[test]
fn finds_names_with_dots_in_the_context() {
    let mut request = Request::with_body("");
    request.context = json!({"authorizer": {"claims": {"a.b": "dotted", "cognito:username": "u"}}});
    for (source, expected) in [
        ("context.authorizer.claims.a.b", "dotted"),
        ("context.authorizer.claims.cognito:username", "u"),
        ("context.error.messageString", "null"),
    ] {
        let value = of_request(source).source.evaluate(&request.input());
        assert_eq!(value, Ok(Some(vec![expected.to_owned()])), "{source}");
    }
}

#[test]
fn reads_targets_and_sources() {
    let request =
        |target| ParameterMapping::of_request(target, "'x'").map(|mapping| mapping.target);
    assert_eq!(
        request("integration.request.header.X-A"),
        Ok(Target::Header("X-A".to_owned()))
    );
    assert_eq!(
        request("integration.request.querystring.a.b"),
        Ok(Target::Query("a.b".to_owned()))
    );
    assert_eq!(
        request("integration.request.path.id"),
        Ok(Target::Path("id".to_owned()))
    );
    let response = |source| {
        ParameterMapping::of_response("method.response.header.X", source)
            .map(|mapping| mapping.source)
    };
    assert_eq!(
        response("integration.response.header.Y"),
        Ok(Source::Header("Y".to_owned()))
    );
    assert_eq!(response("integration.response.body"), Ok(Source::Body));
    assert!(matches!(
        response("integration.response.body.a.b"),
        Ok(Source::BodyPath(_))
    ));
    let gateway = ParameterMapping::of_gateway_response("gatewayresponse.header.X", "'*'");
    assert_eq!(
        gateway,
        Ok(ParameterMapping {
            target: Target::Header("X".to_owned()),
            source: Source::Static("*".to_owned()),
        })
    );
}

#[test]
fn refuses_what_api_gateway_does_not_know() {
    let ok = "integration.request.header.X";
    let cases = [
        (ok, "text"),
        (ok, "'text"),
        (ok, "'"),
        (ok, "method.request.header."),
        (ok, "method.request.cookie.a"),
        (ok, "method.request.bodyx"),
        (ok, "method.request.body.a[b"),
        (ok, "integration.response.header.X"),
        (ok, "context."),
        (ok, ""),
        ("integration.request.body.X", "'x'"),
        ("integration.request.header.", "'x'"),
        ("method.response.header.X", "'x'"),
    ];
    for (target, source) in cases {
        assert!(
            ParameterMapping::of_request(target, source).is_err(),
            "{target} {source}"
        );
    }
    for source in ["method.request.header.X", "integration.response.path.id"] {
        let mapping = ParameterMapping::of_response("method.response.header.X", source);
        assert!(mapping.is_err(), "{source}");
    }
    let body =
        ParameterMapping::of_gateway_response("gatewayresponse.header.X", "method.request.body");
    assert!(body.is_err());
    let error = ParameterMapping::of_request(ok, "Authorization").unwrap_err();
    assert_eq!(
        error.to_string(),
        "Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping expression specified: Authorization]"
    );
}

#[test]
fn fills_uris() {
    let variables = BTreeMap::from([("host".to_owned(), "h:1".to_owned())]);
    for (uri, expected) in [
        ("http://${stageVariables.host}/a", "http://h:1/a"),
        ("http://${stageVariables.none}/a", "http:///a"),
        (
            "${stageVariables.}${stageVariables.a-b}${stageVariables.host",
            "${stageVariables.}${stageVariables.a-b}${stageVariables.host",
        ),
        ("${stageVariables.host}${stageVariables.host}", "h:1h:1"),
    ] {
        assert_eq!(
            substitute_stage_variables(uri, &variables),
            expected,
            "{uri}"
        );
    }
    let path = BTreeMap::from([
        ("id".to_owned(), "4/2?x=ä#%2F".to_owned()),
        ("proxy".to_owned(), "a/b".to_owned()),
    ]);
    for (uri, expected) in [
        ("http://h/{id}/x", "http://h/4/2%3Fx=%C3%A4%23%2F/x"),
        ("http://h/{proxy+}?q={none}", "http://h/a/b?q={none}"),
        ("{{proxy}{", "{a/b{"),
        ("{none}{proxy}", "{none}a/b"),
    ] {
        assert_eq!(fill_placeholders(uri, &path), expected, "{uri}");
    }
}
