use super::*;

/// A plan with a throttle of one method of an API that has `GET /users`, `ANY /any` and `POST /`.
fn method_throttle(name: &str) -> String {
    format!(
        "Resources:\n  P:\n    Type: Custom::UsagePlan\n    Properties:\n      Throttle: {{ RateLimit: 1, BurstLimit: 1 }}\n      \
         ApiStages:\n        - {{ ApiId: !Ref A, Stage: s, Throttle: {{ {name}: {{ RateLimit: 1, BurstLimit: 1 }} }} }}\n  \
         A: {{ Type: AWS::Serverless::Api, Properties: {{ StageName: s }} }}\n  F:\n    Type: AWS::Serverless::Function\n    \
         Properties:\n      Runtime: r\n      Handler: h\n      CodeUri: .\n      Events:\n        \
         G: {{ Type: Api, Properties: {{ Path: /users, Method: get, RestApiId: !Ref A }} }}\n        \
         H: {{ Type: Api, Properties: {{ Path: /any, Method: any, RestApiId: !Ref A }} }}\n        \
         I: {{ Type: Api, Properties: {{ Path: /, Method: post, RestApiId: !Ref A }} }}\n"
    )
}

#[test]
fn reads_the_verb_of_a_method_throttle_in_any_case() {
    for (name, read_as) in [
        ("/users/get", "/users/GET"),
        ("/users/Any", "/users/ANY"),
        ("/any/PUT", "/any/PUT"),
        ("//post", "//POST"),
        ("'*/*'", "*/*"),
    ] {
        let template = read(&method_throttle(name));
        let names: Vec<&String> = template.plans[0].api_stages[0]
            .method_throttles
            .keys()
            .collect();
        assert_eq!(names, [read_as]);
    }
}

#[test]
fn refuses_a_throttle_of_a_method_that_the_api_does_not_have() {
    for name in ["/users/POST", "/orders/GET", "/users/{id}/GET"] {
        let text = method_throttle(&format!("'{name}'"));
        refuses(&text, Some("P"), 7, "names no method of the API A");
        assert_eq!(
            error(&text).hint,
            "the API A has `/users/GET`, `/any/ANY`, `//POST`"
        );
    }
    let unknown_api = method_throttle("/orders/GET").replace("!Ref A, Stage", "x, Stage");
    assert_eq!(read(&unknown_api).plans.len(), 1);
}

#[test]
fn refuses_two_throttles_of_one_method() {
    let limits = "{ RateLimit: 1, BurstLimit: 1 }";
    let text = method_throttle(&format!("/users/get: {limits}, /users/GET"));
    refuses(&text, Some("P"), 7, "a second time");
}
