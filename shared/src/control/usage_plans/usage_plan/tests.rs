use super::*;
use crate::control::error::Kind;

fn read(body: &str) -> Result<NewPlan, ControlError> {
    let members = Members::read(body.as_bytes(), "createUsagePlanInput").unwrap();
    let (plan, _) = new_plan(&members)?;
    check(&plan, true)?;
    Ok(plan)
}

#[test]
fn a_plan_has_what_was_said_of_it() {
    let plan = read(
        r#"{"name":"Gold","description":"for many","tags":{"team":"blue"},
            "throttle":{"rateLimit":2,"burstLimit":10},"quota":{"limit":1000,"period":"MONTH","offset":27},
            "apiStages":[{"apiId":"a1","stage":"dev","throttle":{"/users/GET":{"rateLimit":0.5,"burstLimit":1}}},
                         {"apiId":"a1","stage":"$default"}]}"#,
    )
    .unwrap();
    assert_eq!(plan.name, "Gold");
    assert_eq!(plan.description.as_deref(), Some("for many"));
    let throttle = plan.throttle.unwrap();
    assert_eq!((throttle.rate.as_per_second(), throttle.burst), (2.0, 10));
    let quota = plan.quota.unwrap();
    assert_eq!(
        (quota.limit(), quota.period().as_str(), quota.offset()),
        (1_000, "MONTH", 27)
    );
    assert_eq!(plan.stages.len(), 2);
    let methods: Vec<_> = plan.stages[0].method_throttles.keys().collect();
    assert_eq!(methods, ["/users/GET"]);
}

#[test]
fn a_plan_may_have_a_name_and_nothing_else() {
    let plan = read(r#"{"name":"Free"}"#).unwrap();
    assert_eq!(
        (plan.throttle, plan.quota, plan.stages.len()),
        (None, None, 0)
    );
}

/// Recorded from AWS: a burst above the rate, and a quota without an offset.
#[test]
fn a_burst_may_be_above_the_rate_and_an_offset_left_out() {
    let plan = read(
        r#"{"name":"p","throttle":{"rateLimit":1,"burstLimit":5000},"quota":{"limit":0,"period":"WEEK"}}"#,
    )
    .unwrap();
    assert_eq!(plan.quota.unwrap().offset(), 0);
}

#[test]
fn what_breaks_a_rule_is_refused_with_its_text() {
    const STAGE: &str = "Invalid API Stage {api: %s, stage: %s} specified for usageplan %s";
    let cases = [
        // Reported by users of AWS.
        (r#""apiStages":[{"apiId":"","stage":"dev"}]"#, STAGE),
        (r#""apiStages":[{"stage":"dev"}]"#, STAGE),
        (r#""apiStages":[{"apiId":"a","stage":""}]"#, STAGE),
        (r#""apiStages":[{"apiId":"a"}]"#, STAGE),
        (
            r#""apiStages":[{"apiId":"a","stage":"dev","throttle":{"/u/GET":{"rateLimit":1,"burstLimit":1}}}]"#,
            "Can not define fine grain throttling if usage plan throttle is not defined.",
        ),
        (
            r#""throttle":{"rateLimit":1,"burstLimit":1},"apiStages":[{"apiId":"a","stage":"dev","throttle":{"*/*":{"rateLimit":1}}}]"#,
            "Invalid method */* specified. The throttle of the usage plan is the one for all methods",
        ),
        // Terraform's.
        (
            r#""quota":{"limit":1,"period":"DAY","offset":1}"#,
            "Usage Plan quota offset must be zero in the DAY period",
        ),
        (
            r#""quota":{"limit":1,"period":"WEEK","offset":7}"#,
            "Usage Plan quota offset must be between 0 and 6 inclusive in the WEEK period",
        ),
        (
            r#""quota":{"limit":1,"period":"MONTH","offset":28}"#,
            "Usage Plan quota offset must be between 0 and 27 inclusive in the MONTH period",
        ),
        // Our own.
        (
            r#""quota":{"period":"DAY"}"#,
            "Usage Plan quota must have a limit and a period",
        ),
        (
            r#""quota":{"limit":-1,"period":"DAY"}"#,
            "Usage Plan quota limit must be a whole number from 0 to 2147483647",
        ),
        (
            r#""throttle":{"rateLimit":-0.5}"#,
            "Usage Plan rate limit must be a number, 0 or more",
        ),
        (
            r#""throttle":{"burstLimit":-1}"#,
            "Usage Plan burst limit must be a whole number from 0 to 2147483647",
        ),
        (
            r#""apiStages":[{"apiId":"a","stage":"dev"},{"apiId":"a","stage":"dev"}]"#,
            "API Stage a:dev is specified more than once",
        ),
    ];
    for (member, text) in cases {
        let error = read(&format!(r#"{{"name":"p",{member}}}"#)).unwrap_err();
        assert_eq!(error.kind(), Kind::BadRequest, "{member}");
        assert_eq!(error.message(), text, "{member}");
    }
    assert_eq!(read(r#"{"name":""}"#).unwrap_err().kind(), Kind::BadRequest);
}

#[test]
fn what_breaks_the_service_model_is_refused_by_the_framework() {
    let error = read(r#"{"name":"p","quota":{"limit":1,"period":"YEAR"}}"#).unwrap_err();
    assert_eq!(error.kind(), Kind::Validation);
    assert_eq!(
        error.message(),
        "1 validation error detected: Value 'YEAR' at 'createUsagePlanInput.quota.period' failed to satisfy constraint: Member must satisfy enum value set: [DAY, WEEK, MONTH]"
    );
    let error = read("{}").unwrap_err();
    assert_eq!(error.kind(), Kind::Validation);
    let error = read(r#"{"name":"p","throttle":{"rateLimit":"2"}}"#).unwrap_err();
    assert_eq!(error.kind(), Kind::Serialization);
}

#[test]
fn no_part_of_a_stage_has_a_mark_that_tells_parts_apart() {
    assert!(api_stage("a1b2c3d4e5", "dev").is_some());
    assert!(api_stage("users-api.v1", "$default").is_some());
    for (api, stage) in [
        ("a/b", "c"),
        ("a", "b/c"),
        ("a:b", "c"),
        ("a", "b:c"),
        ("a#b", "c"),
    ] {
        assert_eq!(api_stage(api, stage), None, "{api} {stage}");
    }
}

#[test]
fn twenty_methods_of_a_stage_may_have_throttles_where_aws_limits_hold() {
    let plan = |count: usize| {
        let methods: Vec<String> = (0..count)
            .map(|number| format!(r#""/r{number}/GET":{{"rateLimit":1,"burstLimit":1}}"#))
            .collect();
        read(&format!(
            r#"{{"name":"p","throttle":{{}},"apiStages":[{{"apiId":"a","stage":"dev","throttle":{{{}}}}}]}}"#,
            methods.join(",")
        ))
    };
    assert!(plan(20).is_ok());
    assert_eq!(plan(21).unwrap_err().kind(), Kind::LimitExceeded);
}
