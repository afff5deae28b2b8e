//! Authorizers of HTTP APIs, and who may call their routes.

use super::*;

const FUNCTION: &str = "Type: AWS::Serverless::Function
    Properties:
      Runtime: r
      Handler: h
      CodeUri: .
      Events:";

fn template(auth: &str, events: &str) -> String {
    format!(
        "Resources:
  Api: {{ Type: AWS::Serverless::HttpApi, Properties: {{ Auth: {auth} }} }}
  Check: {{ Type: AWS::Serverless::Function, Properties: {{ Runtime: r, Handler: h, CodeUri: . }} }}
  F:
    {FUNCTION}
{events}"
    )
}

fn event(name: &str, auth: &str) -> String {
    format!(
        "        {name}: {{ Type: HttpApi, Properties: {{ ApiId: !Ref Api, Path: /{name}, Method: GET{auth} }} }}\n"
    )
}

fn authorizations(template: &Template) -> Vec<(&str, &RouteAuthorization)> {
    let methods = template.apis[0].methods.iter();
    methods
        .map(|method| (method.path.as_str(), &method.authorization))
        .collect()
}

#[test]
fn a_lambda_authorizer_is_read_with_all_that_can_be_said_about_it() {
    let read = read(&template(
        "{ Authorizers: { Plans: { FunctionArn: !GetAtt Check.Arn, AuthorizerPayloadFormatVersion: 2.0,
            EnableSimpleResponses: true, EnableFunctionDefaultPermissions: true, FunctionInvokeRole: arn:of:a:role,
            Identity: { Headers: [X-Api-Key, A], QueryStrings: [q], StageVariables: [v], Context: [routeKey], ReauthorizeEvery: 60 } },
          Old: { FunctionArn: !GetAtt Check.Arn, AuthorizerPayloadFormatVersion: '1.0' } } }",
        &event("a", ""),
    ));
    let arn = "arn:aws:lambda:us-east-1:000000000000:function:Check";
    let plans = LambdaAuthorizerSpec {
        name: "Plans".to_owned(),
        function_arn: arn.to_owned(),
        payload_version: PayloadVersion::V2,
        simple_responses: true,
        identity_sources: [
            "$request.header.X-Api-Key",
            "$request.header.A",
            "$request.querystring.q",
            "$stageVariables.v",
            "$context.routeKey",
        ]
        .map(str::to_owned)
        .to_vec(),
        ttl_s: 60,
    };
    let old = LambdaAuthorizerSpec {
        name: "Old".to_owned(),
        payload_version: PayloadVersion::V1,
        simple_responses: false,
        identity_sources: Vec::new(),
        ttl_s: 0,
        ..plans.clone()
    };
    assert_eq!(read.apis[0].authorizers, [plans, old]);
    assert_eq!(read.not_simulated, []);
    assert_eq!(authorizations(&read), [("/a", &RouteAuthorization::Open)]);
}

#[test]
fn a_route_takes_the_default_unless_its_event_says_otherwise() {
    let auth = "{ DefaultAuthorizer: Plans, EnableIamAuthorizer: true, Authorizers: {
        Plans: { FunctionArn: a, AuthorizerPayloadFormatVersion: 2.0 }, Tokens: { JwtConfiguration: { issuer: i } } } }";
    let events = [
        event("a", ""),
        event("b", ", Auth: { AuthorizationScopes: [s] }"),
        event("c", ", Auth: { Authorizer: NONE }"),
        event("d", ", Auth: { Authorizer: AWS_IAM }"),
        event("e", ", Auth: { Authorizer: Tokens }"),
    ];
    let read = read(&template(auth, &events.concat()));
    let plans = RouteAuthorization::Lambda("Plans".to_owned());
    assert_eq!(
        authorizations(&read),
        [
            ("/a", &plans),
            ("/b", &plans),
            ("/c", &RouteAuthorization::Open),
            ("/d", &RouteAuthorization::Signed),
            ("/e", &RouteAuthorization::NotSimulated("Tokens".to_owned())),
        ]
    );
    let left_out: Vec<_> = read
        .not_simulated
        .iter()
        .map(|entry| (entry.logical_id.as_str(), entry.resource_type.as_str()))
        .collect();
    assert_eq!(left_out, [("Api", "Auth.Authorizers.Tokens")]);
}

#[test]
fn globals_protect_the_implicit_api() {
    let read = read(&format!(
        "Globals: {{ HttpApi: {{ Auth: {{ DefaultAuthorizer: G, Authorizers: {{ G: {{ FunctionArn: a, AuthorizerPayloadFormatVersion: 2.0 }} }} }} }} }}
Resources:
  F:
    {FUNCTION}
        Any: {{ Type: HttpApi }}
"
    ));
    assert_eq!(
        authorizations(&read),
        [("$default", &RouteAuthorization::Lambda("G".to_owned()))]
    );
}

#[test]
fn an_api_with_a_definition_may_have_authorizers_that_are_not_seen() {
    let text = template(
        "{ DefaultAuthorizer: Elsewhere }, DefinitionBody: {}",
        &event("a", ""),
    );
    let elsewhere = RouteAuthorization::NotSimulated("Elsewhere".to_owned());
    assert_eq!(authorizations(&read(&text)), [("/a", &elsewhere)]);
}

#[test]
fn what_no_authorizer_can_be_is_refused() {
    let cases = [
        (
            "{ DefaultAuthorizer: Plans }",
            "",
            "refers to `Plans`, which is no authorizer of the API",
        ),
        (
            "{}",
            ", Auth: { Authorizer: Plans }",
            "refers to `Plans`, which is no authorizer of the API",
        ),
        (
            "{ Authorizers: { A: { FunctionArn: a } } }",
            "",
            "AuthorizerPayloadFormatVersion is missing",
        ),
        (
            "{ Authorizers: { A: { FunctionArn: a, AuthorizerPayloadFormatVersion: 3 } } }",
            "",
            "must be one of 1.0, 2.0, found `3`",
        ),
        (
            "{ Authorizers: { A: { FunctionArn: a, AuthorizerPayloadFormatVersion: 1.0, EnableSimpleResponses: true } } }",
            "",
            "EnableSimpleResponses needs the format 2.0 of events",
        ),
        (
            "{ Authorizers: { A: { FunctionArn: a, AuthorizerPayloadFormatVersion: 2.0, Identity: { ReauthorizeEvery: 3601 } } } }",
            "",
            "must be 0 to 3600, found 3601",
        ),
    ];
    for (auth, of_event, part) in cases {
        let error = error(&template(auth, &event("a", of_event)));
        assert!(error.message.contains(part), "`{part}` is not in `{error}`");
        assert!(!error.hint.is_empty());
    }
}
