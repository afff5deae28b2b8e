//! Answers that are used again.

use super::*;

#[tokio::test]
async fn an_answer_is_used_again_until_its_time_is_over() {
    let desk = Desk::new();
    let sent = Sent::token("t");
    let first = desk
        .ask(&token(), &sent, policy("Allow", "*"))
        .await
        .unwrap();
    assert_eq!(first.context()["integrationLatency"], 7);
    desk.clock.advance(Duration::from_millis(299_999));
    let again = desk
        .ask(&token(), &sent, policy("Deny", "*"))
        .await
        .unwrap();
    assert_eq!(again.context()["integrationLatency"], 0);
    assert_eq!(again.principal_id(), Some("ada"));
    assert_eq!(desk.calls(), 1);
    desk.clock.advance(Duration::from_millis(1));
    let result = desk.ask(&token(), &sent, policy("Deny", "*")).await;
    assert_eq!(name(&result), "explicit_deny");
    // Denials are remembered too.
    let result = desk.ask(&token(), &sent, policy("Allow", "*")).await;
    assert_eq!(name(&result), "explicit_deny");
    assert_eq!(desk.calls(), 2);
}

#[tokio::test]
async fn the_remembered_policy_is_evaluated_for_each_method() {
    let desk = Desk::new();
    let sent = Sent::token("t");
    desk.ask(&token(), &sent, policy("Allow", ARN))
        .await
        .unwrap();
    let request = ProxyRequest {
        method: &Method::DELETE,
        ..sent.request()
    };
    let result = desk
        .ask_function(&token(), &request, Ok(policy("Allow", "*")))
        .await;
    assert_eq!(name(&result), "implicit_deny");
    assert_eq!(desk.calls(), 1);
}

#[tokio::test]
async fn answers_are_remembered_for_one_identity_authorizer_stage_and_deployment() {
    let desk = Desk::new();
    let sent = Sent::token("t");
    let other_token = Sent::token("u");
    let allow = || Ok(policy("Allow", "*"));
    let request = sent.request();
    let mut other_authorizer = token();
    other_authorizer.id = "auth02".to_owned();
    let requests = [
        (token(), request),
        (token(), other_token.request()),
        (other_authorizer, request),
        (
            token(),
            ProxyRequest {
                stage: "prod",
                ..request
            },
        ),
        (
            token(),
            ProxyRequest {
                api_id: "other",
                ..request
            },
        ),
        (
            token(),
            ProxyRequest {
                deployment_id: "dep2",
                ..request
            },
        ),
    ];
    for _ in 0..2 {
        for (authorizer, request) in &requests {
            desk.ask_function(authorizer, request, allow())
                .await
                .unwrap();
        }
    }
    assert_eq!(desk.calls(), requests.len());
    desk.authorizers.flush("abc123", "prod");
    for (authorizer, request) in &requests {
        desk.ask_function(authorizer, request, allow())
            .await
            .unwrap();
    }
    assert_eq!(desk.calls(), requests.len() + 1);
}

#[tokio::test]
async fn identities_of_several_values_do_not_run_into_each_other() {
    let desk = Desk::new();
    let two = authorizer(
        AuthorizerKind::Request,
        Some("method.request.header.X-A,method.request.header.X-B"),
    );
    for (a, b) in [("1", "23"), ("12", "3")] {
        let sent = Sent::default().with_header("x-a", a).with_header("x-b", b);
        desk.ask(&two, &sent, policy("Allow", "*")).await.unwrap();
    }
    assert_eq!(desk.calls(), 2);
}

#[tokio::test]
async fn nothing_is_remembered_when_the_time_to_live_is_zero_or_nothing_tells_callers_apart() {
    let desk = Desk::new();
    let mut off = token();
    off.authorizer_result_ttl_in_seconds = Some(0);
    let anybody = authorizer(AuthorizerKind::Request, None);
    for _ in 0..2 {
        desk.ask(&off, &Sent::token("t"), policy("Allow", "*"))
            .await
            .unwrap();
        desk.ask(&anybody, &Sent::token("t"), policy("Allow", "*"))
            .await
            .unwrap();
    }
    assert_eq!(desk.calls(), 4);
}

#[tokio::test]
async fn failures_are_not_remembered() {
    let desk = Desk::new();
    let sent = Sent::token("t");
    for message in ["Unauthorized", "boom"] {
        let failure = InvocationFailure::Function {
            message: message.to_owned(),
        };
        let result = desk
            .ask_function(&token(), &sent.request(), Err(failure))
            .await;
        assert!(result.is_err());
    }
    desk.ask(&token(), &sent, json!({})).await.unwrap_err();
    desk.ask(&token(), &sent, policy("Allow", "*"))
        .await
        .unwrap();
    assert_eq!(desk.calls(), 4);
}
