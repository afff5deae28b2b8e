use std::collections::BTreeMap;

use super::*;
use crate::control::error::Kind;

fn patch(op: Op, path: &str, value: Option<&str>) -> Patch {
    Patch {
        op,
        path: path.to_owned(),
        value: value.map(str::to_owned),
        from: None,
    }
}

fn add(path: &str, value: &str) -> Patch {
    patch(Op::Add, path, Some(value))
}

fn replace(path: &str, value: &str) -> Patch {
    patch(Op::Replace, path, Some(value))
}

fn remove(path: &str) -> Patch {
    patch(Op::Remove, path, None)
}

fn bare_plan() -> NewPlan {
    NewPlan {
        id: Some("p12345".into()),
        name: "Bronze".to_owned(),
        description: Some("for some".to_owned()),
        product_code: None,
        throttle: None,
        quota: None,
        stages: vec![CoveredStage::new(ApiStage::new("x", "dev"))],
        tags: BTreeMap::new(),
    }
}

fn patched(patches: &[Patch]) -> Result<NewPlan, ControlError> {
    let changes: Vec<Change> = patches
        .iter()
        .map(Change::parse)
        .collect::<Result<_, _>>()?;
    let mut plan = bare_plan();
    apply(&changes, &mut plan)?;
    Ok(plan)
}

fn refused(patches: &[Patch]) -> (Kind, String) {
    let error = patched(patches).unwrap_err();
    (error.kind(), error.message().to_owned())
}

fn limits(throttle: Throttle) -> (f64, u64) {
    (throttle.rate.as_per_second(), throttle.burst)
}

fn methods(plan: &NewPlan) -> Vec<(&str, f64, u64)> {
    let stage = plan.stages.first().unwrap();
    stage
        .method_throttles
        .iter()
        .map(|(name, method)| {
            let (rate, burst) = limits(method.throttle);
            (name.as_str(), rate, burst)
        })
        .collect()
}

#[test]
fn name_description_and_product_code_are_set_and_removed() {
    let plan = patched(&[
        replace("/name", "Gold"),
        replace("/description", ""),
        add("/productCode", "c1"),
    ])
    .unwrap();
    assert_eq!(plan.name, "Gold");
    assert_eq!(plan.description, None);
    assert_eq!(plan.product_code.as_deref(), Some("c1"));
    let plan = patched(&[replace("/productCode", "c2"), remove("/productCode")]).unwrap();
    assert_eq!(plan.product_code, None);
}

/// Recorded from AWS: `replace` needs nothing to replace, and a new quota has the offset 0. Terraform sends `add` as well.
#[test]
fn a_throttle_and_a_quota_are_set_where_there_were_none() {
    for op in [Op::Add, Op::Replace] {
        let set = |path: &str, value: &str| patch(op, path, Some(value));
        let plan = patched(&[
            set("/throttle/rateLimit", "200"),
            set("/throttle/burstLimit", "100"),
            set("/quota/limit", "500"),
            set("/quota/period", "DAY"),
        ])
        .unwrap();
        assert_eq!(limits(plan.throttle.unwrap()), (200.0, 100));
        let quota = plan.quota.unwrap();
        assert_eq!((quota.limit(), quota.offset()), (500, 0));
    }
    let plan = patched(&[
        add("/throttle/rateLimit", "1"),
        add("/quota/limit", "1"),
        add("/quota/period", "DAY"),
        remove("/throttle"),
        remove("/quota"),
    ])
    .unwrap();
    assert_eq!((plan.throttle, plan.quota), (None, None));
}

#[test]
fn an_offset_may_come_before_the_period_that_allows_it() {
    let plan = patched(&[
        replace("/quota/limit", "500"),
        replace("/quota/offset", "6"),
        replace("/quota/period", "WEEK"),
    ])
    .unwrap();
    assert_eq!(plan.quota.unwrap().offset(), 6);
    let (kind, text) = refused(&[
        replace("/quota/limit", "500"),
        replace("/quota/offset", "6"),
        replace("/quota/period", "DAY"),
    ]);
    assert_eq!(kind, Kind::BadRequest);
    assert_eq!(
        text,
        "Usage Plan quota offset must be zero in the DAY period"
    );
    assert_eq!(refused(&[replace("/quota/limit", "5")]).0, Kind::BadRequest);
}

#[test]
fn numbers_that_cannot_be_read_are_refused() {
    for path in [
        "/throttle/rateLimit",
        "/apiStages/x:dev/throttle/a/GET/rateLimit",
    ] {
        for value in ["", "many", "-1", "inf", "NaN"] {
            let (kind, _) = refused(&[replace(path, value)]);
            assert_eq!(kind, Kind::BadRequest, "{path} {value}");
        }
    }
    for path in [
        "/throttle/burstLimit",
        "/quota/limit",
        "/quota/offset",
        "/apiStages/x:dev/throttle/a/GET/burstLimit",
    ] {
        for value in ["", "many", "-1", "1.5", "2147483648"] {
            let (kind, _) = refused(&[replace(path, value)]);
            assert_eq!(kind, Kind::BadRequest, "{path} {value}");
        }
    }
    assert_eq!(
        refused(&[replace("/quota/period", "YEAR")]).0,
        Kind::BadRequest
    );
}

#[test]
fn stages_are_added_and_removed_by_their_names() {
    let plan = patched(&[
        add("/apiStages", "x:prod"),
        add("/apiStages", "x:prod"),
        patch(Op::Remove, "/apiStages", Some("x:dev")),
    ])
    .unwrap();
    let stages: Vec<String> = plan
        .stages
        .iter()
        .map(|covered| covered.api_stage.to_string())
        .collect();
    assert_eq!(stages, ["x:prod"]);
}

/// Recorded from AWS for `remove`.
#[test]
fn what_is_no_stage_of_the_plan_is_refused() {
    let invalid = (Kind::BadRequest, "Invalid API Stage specified".to_owned());
    for value in [None, Some(""), Some("x"), Some(":dev"), Some("x:")] {
        for op in [Op::Add, Op::Remove] {
            assert_eq!(refused(&[patch(op, "/apiStages", value)]), invalid);
        }
    }
    let not_covered = (
        Kind::NotFound,
        "Invalid API Stage {api: x, stage: prod} specified for usageplan p12345".to_owned(),
    );
    let patches = [
        patch(Op::Remove, "/apiStages", Some("x:prod")),
        replace("/apiStages/x:prod/throttle/a/GET/rateLimit", "1"),
        replace("/apiStages/x:prod/throttle", "{}"),
        remove("/apiStages/x:prod/throttle/a/GET"),
        remove("/apiStages/x:prod/throttle"),
    ];
    for patch in patches {
        assert_eq!(
            refused(std::slice::from_ref(&patch)),
            not_covered,
            "{}",
            patch.path
        );
    }
}

/// The first as Terraform sends it, the others as the documents have it.
#[test]
fn a_method_has_its_throttle_set_in_each_form_of_its_path() {
    let paths = [
        ("/test/GET", "/test/GET"),
        ("~1test/GET", "/test/GET"),
        ("~1users~1{id}/GET", "/users/{id}/GET"),
        ("test/GET", "/test/GET"),
        ("/GET", "//GET"),
        ("//GET", "//GET"),
        ("~1/GET", "//GET"),
        ("*/*", "*/*"),
    ];
    for (path, name) in paths {
        let path = format!("/apiStages/x:dev/throttle/{path}");
        for op in [Op::Replace, Op::Add] {
            let set = |limit: &str, value| patch(op, &format!("{path}/{limit}"), Some(value));
            let plan = patched(&[set("rateLimit", "0.5"), set("burstLimit", "3")]).unwrap();
            assert_eq!(methods(&plan), [(name, 0.5, 3)], "{path}");
        }
        let plan = patched(&[replace(&format!("{path}/rateLimit"), "1"), remove(&path)]).unwrap();
        assert_eq!(methods(&plan), [], "{path}");
    }
}

#[test]
fn a_method_without_a_throttle_has_none_to_remove() {
    let (kind, text) = refused(&[remove("/apiStages/x:dev/throttle/test/GET")]);
    assert_eq!(kind, Kind::NotFound);
    assert!(text.starts_with("Invalid method /test/GET"), "{text}");
}

#[test]
fn all_methods_of_a_stage_are_replaced_by_a_map_and_removed() {
    let map = r#"{"/a/GET":{"rateLimit":1.5,"burstLimit":2},"*/*":{"rateLimit":3,"burstLimit":4}}"#;
    let before = replace("/apiStages/x:dev/throttle/b/GET/rateLimit", "9");
    let plan = patched(&[before.clone(), replace("/apiStages/x:dev/throttle", map)]).unwrap();
    assert_eq!(methods(&plan), [("*/*", 3.0, 4), ("/a/GET", 1.5, 2)]);
    let plan = patched(&[before, remove("/apiStages/x:dev/throttle")]).unwrap();
    assert_eq!(methods(&plan), []);
    for map in [
        "",
        "[]",
        "1",
        "{",
        r#"{"/a/GET":1}"#,
        r#"{"/a/GET":{"rateLimit":"1"}}"#,
    ] {
        let (kind, _) = refused(&[replace("/apiStages/x:dev/throttle", map)]);
        assert!(
            matches!(kind, Kind::BadRequest | Kind::Serialization),
            "{map}"
        );
    }
}

/// Quoted by a user of AWS, typing error included.
#[test]
fn remove_says_which_paths_it_takes() {
    let (kind, text) = refused(&[remove("/apiStages/x:dev")]);
    assert_eq!(kind, Kind::BadRequest);
    assert_eq!(
        text,
        "Invalid patch path  '/apiStages/x:dev' specified for op 'remove'. Must be one of: [/apiStages, /quota, /throttle, /productCode, /apiStages/<apidId:stageName>/throttle/<resourcePath>/<httpMethod>, /apiStages/<apidId:stageName>/throttle]"
    );
}

#[test]
fn other_paths_and_operations_are_refused() {
    let patches = [
        add("/name", "x"),
        add("/description", "x"),
        remove("/name"),
        remove("/throttle/rateLimit"),
        replace("/apiStages", "x:dev"),
        replace("/id", "x"),
        replace("/tags", "{}"),
        replace("/quota", "{}"),
        replace("/throttle/rate", "1"),
        replace("/apiStages/x:dev/throttle/rateLimit", "1"),
        replace("/apiStages/x:dev/throttled", "{}"),
        replace("/apiStages/x:dev/throttle/a/GET/limit", "1"),
        replace("", "x"),
        patch(Op::Copy, "/name", Some("x")),
        patch(Op::Move, "/name", Some("x")),
        patch(Op::Test, "/name", Some("x")),
    ];
    for patch in patches {
        let (kind, text) = refused(std::slice::from_ref(&patch));
        assert_eq!(kind, Kind::BadRequest, "{patch:?}");
        let start = format!(
            "Invalid patch path  '{}' specified for op '{}'. Must be one of: [",
            patch.path, patch.op
        );
        assert!(text.starts_with(&start), "{text}");
    }
}
