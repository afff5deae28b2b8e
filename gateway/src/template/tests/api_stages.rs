//! Stages that are attached to a plan, and the function URLs among them.

use super::*;

fn template(stages: &str) -> String {
    format!(
        "Resources:
  Api: {{ Type: AWS::Serverless::HttpApi, Properties: {{ StageName: live }} }}
  F:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: r
      Handler: h
      CodeUri: .
      FunctionUrlConfig: {{ AuthType: NONE }}
      Events:
        Get: {{ Type: HttpApi, Properties: {{ ApiId: !Ref Api, Path: /a, Method: GET }} }}
{stages}
  Plan: {{ Type: Custom::UsagePlan, Properties: {{ ServiceToken: t, Throttle: {{ RateLimit: 5, BurstLimit: 10 }} }} }}
"
    )
}

fn attached(stage: &str) -> String {
    template(&format!(
        "  Attached:\n    Type: Custom::ApiStage\n    Properties: {{ ServiceToken: t, UsagePlanId: !Ref Plan, {stage} }}"
    ))
}

#[test]
fn a_stage_is_attached_to_the_plan_that_it_names_and_makes_it_another() {
    let alone = read(&template(""));
    let text = attached(
        "ApiId: !Ref Api, Stage: live, Throttle: { /a/GET: { RateLimit: 1, BurstLimit: 2 } }",
    );
    let with_stage = read(&text);
    let stages = &with_stage.plans[0].api_stages;
    let [stage] = stages.as_slice() else {
        panic!("{stages:?}")
    };
    assert_eq!(
        (stage.api_id.as_str(), stage.stage.as_str()),
        ("api", "live")
    );
    assert_eq!(stage.method_throttles["/a/GET"].burst_limit, 2);
    assert_ne!(alone.plans[0].digest, with_stage.plans[0].digest);
    assert_eq!(with_stage.plans[0].digest.len(), 64);
    // Who serves the resource is no part of it.
    let served_elsewhere = read(&text.replace("ServiceToken: t", "ServiceToken: u"));
    assert_eq!(served_elsewhere.plans[0].digest, with_stage.plans[0].digest);
    assert_eq!(with_stage.not_simulated, []);
}

#[test]
fn the_id_of_a_function_url_can_be_cut_out_of_it() {
    let id = "ApiId: !Select [0, !Split [\".\", !Select [1, !Split [\"//\", !GetAtt FUrl.FunctionUrl]]]]";
    let template = read(&attached(&format!("{id}, Stage: $default")));
    let url = template.functions[0].url.as_ref().unwrap();
    assert_eq!(url.id.len(), 32);
    assert_eq!(template.plans[0].api_stages[0].api_id, url.id);
}

#[test]
fn a_stage_without_a_plan_and_one_that_stands_twice_are_refused() {
    let cases = [
        ("UsagePlanId: !Ref Plan, Stage: live", "ApiId is missing"),
        (
            "UsagePlanId: other, ApiId: !Ref Api, Stage: live",
            "refers to `other`, which is not a usage plan of this template",
        ),
        (
            "UsagePlanId: !Ref Plan, ApiId: !Ref Api, Stage: live, Throttle: { /b/GET: { RateLimit: 1, BurstLimit: 2 } }",
            "/b",
        ),
    ];
    for (properties, part) in cases {
        let text = template(&format!(
            "  Attached:\n    Type: Custom::ApiStage\n    Properties: {{ {properties} }}"
        ));
        let error = error(&text);
        assert!(error.message.contains(part), "`{part}` is not in `{error}`");
        assert_eq!(error.logical_id.as_deref(), Some("Attached"));
    }
    let one = "Properties: { UsagePlanId: !Ref Plan, ApiId: !Ref Api, Stage: live }";
    let twice = template(&format!(
        "  One: {{ Type: Custom::ApiStage, {one} }}\n  Two: {{ Type: Custom::ApiStage, {one} }}"
    ));
    let message = error(&twice).message;
    assert!(
        message.contains("adds the stage api/live to Plan, which covers it already"),
        "{message}"
    );
}
