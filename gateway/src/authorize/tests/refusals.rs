//! Requests that do not pass.

use tollgate::rest_api::GatewayResponseKind;

use super::*;

#[tokio::test]
async fn without_an_identity_the_function_is_not_called() {
    let desk = Desk::new();
    let many = authorizer(
        AuthorizerKind::Request,
        Some(
            "method.request.header.X-Tenant, method.request.querystring.User,stageVariables.Env,context.identity.sourceIp",
        ),
    );
    let mut complete = Sent::default().with_header("x-tenant", "blue");
    complete.query = "User=ada".to_owned();
    complete
        .variables
        .insert("Env".to_owned(), "test".to_owned());
    let mut wrong = Vec::new();
    let mut change = |change: fn(&mut Sent)| {
        let mut sent = complete.clone();
        change(&mut sent);
        wrong.push(sent);
    };
    change(|sent| sent.headers.clear());
    change(|sent| sent.headers = Sent::default().with_header("x-tenant", "").headers);
    change(|sent| sent.query = "user=ada".to_owned());
    change(|sent| sent.query = "User=".to_owned());
    change(|sent| sent.variables.clear());
    for sent in &wrong {
        let result = desk.ask(&many, sent, policy("Allow", "*")).await;
        assert_eq!(name(&result), "unauthorized");
    }
    let result = desk
        .ask(&token(), &Sent::default(), policy("Allow", "*"))
        .await;
    assert_eq!(name(&result), "unauthorized");
    assert_eq!(desk.calls(), 0);
    let result = desk.ask(&many, &complete, policy("Allow", "*")).await;
    assert_eq!(name(&result), "authorized");
}

#[tokio::test]
async fn a_token_has_to_fit_the_whole_expression() {
    let desk = Desk::new();
    let mut strict = token();
    strict.identity_validation_expression = Some("Bearer [a-z]+|none".to_owned());
    for (value, fits) in [
        ("Bearer abc", true),
        ("none", true),
        ("Bearer ABC", false),
        ("Bearer abc1", false),
        ("a Bearer abc", false),
        ("none of it", false),
    ] {
        let result = desk
            .ask(&strict, &Sent::token(value), policy("Allow", "*"))
            .await;
        let expected = if fits { "authorized" } else { "unauthorized" };
        assert_eq!(name(&result), expected, "{value}");
    }
    assert_eq!(desk.calls(), 2);
}

#[tokio::test]
async fn an_authorizer_that_cannot_be_executed_opens_nothing() {
    let mut no_uri = token();
    no_uri.authorizer_uri = None;
    let mut bad_expression = token();
    bad_expression.identity_validation_expression = Some("a)|(b".to_owned());
    let wrong = [
        authorizer(AuthorizerKind::CognitoUserPools, None),
        authorizer(AuthorizerKind::Jwt, None),
        authorizer(AuthorizerKind::Token, Some("method.request.querystring.q")),
        authorizer(
            AuthorizerKind::Token,
            Some("method.request.header.A,method.request.header.B"),
        ),
        authorizer(AuthorizerKind::Request, Some("method.request.path.id")),
        authorizer(AuthorizerKind::Request, Some("method.request.header.A,")),
        no_uri,
        bad_expression,
    ];
    let desk = Desk::new();
    let sent = Sent::token("Bearer 1");
    for authorizer in &wrong {
        let result = desk.ask(authorizer, &sent, policy("Allow", "*")).await;
        assert_eq!(name(&result), "authorizer_configuration", "{authorizer:?}");
    }
    assert_eq!(desk.calls(), 0);
}

#[tokio::test]
async fn refusals_have_the_answers_that_users_recorded() {
    let desk = Desk::new();
    let sent = Sent::token("t");
    let mut fresh = token();
    fresh.authorizer_result_ttl_in_seconds = Some(0);
    let failure = |message: &str| {
        Err(InvocationFailure::Function {
            message: message.to_owned(),
        })
    };
    let unavailable = Err(InvocationFailure::Unavailable {
        reason: "no such function".to_owned(),
    });
    let table = [
        (
            Ok(policy("Deny", "*")),
            "ACCESS_DENIED",
            403,
            "AccessDeniedException",
            r#"{"Message":"User is not authorized to access this resource with an explicit deny"}"#,
        ),
        (
            Ok(policy("Allow", "arn:aws:execute-api:*:*:abc123/prod/*")),
            "ACCESS_DENIED",
            403,
            "AccessDeniedException",
            r#"{"Message":"User is not authorized to access this resource"}"#,
        ),
        (
            failure("Unauthorized"),
            "UNAUTHORIZED",
            401,
            "UnauthorizedException",
            r#"{"message":"Unauthorized"}"#,
        ),
        (
            failure("unauthorized"),
            "AUTHORIZER_CONFIGURATION_ERROR",
            500,
            "AuthorizerConfigurationException",
            r#"{"message":null}"#,
        ),
        (
            unavailable,
            "AUTHORIZER_CONFIGURATION_ERROR",
            500,
            "AuthorizerConfigurationException",
            r#"{"message":null}"#,
        ),
        (
            Ok(json!("yes")),
            "AUTHORIZER_CONFIGURATION_ERROR",
            500,
            "AuthorizerConfigurationException",
            r#"{"message":null}"#,
        ),
    ];
    for (answer, kind, status, error_type, body) in table {
        let shown = format!("{answer:?}");
        let refused = desk
            .ask_function(&fresh, &sent.request(), answer)
            .await
            .unwrap_err();
        let error = refused.error();
        assert_eq!(
            GatewayResponseKind::parse(kind),
            Some(error.kind),
            "{shown}"
        );
        assert_eq!(error.status, status, "{shown}");
        assert_eq!(error.error_type, error_type, "{shown}");
        assert_eq!(error.body, body, "{shown}");
        let body: BTreeMap<String, Option<String>> = serde_json::from_str(error.body).unwrap();
        assert_eq!(body.values().next().unwrap().as_deref(), error.message);
    }
}

#[tokio::test]
async fn a_denied_caller_has_a_context_for_templates() {
    let desk = Desk::new();
    let mut answer = policy("Deny", "*");
    answer["context"] = json!({"reason": "no seat left"});
    let refused = desk
        .ask(&token(), &Sent::token("t"), answer)
        .await
        .unwrap_err();
    assert_eq!(
        refused.answer().unwrap().context()["reason"],
        "no seat left"
    );
}
