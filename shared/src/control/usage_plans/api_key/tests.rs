use super::*;
use crate::control::settings::{UnmanagedStages, account_limit_of_aws};
use crate::key::EnvironmentLetter;

fn members(body: &str) -> Members {
    Members::read(body.as_bytes(), "createApiKeyInput").unwrap()
}

const NOW: Timestamp = Timestamp::from_secs(1_000);

fn settings() -> Settings {
    Settings {
        region: "us-east-1".to_owned(),
        account_id: "000000000000".to_owned(),
        environment: EnvironmentLetter::of("prod"),
        keep_values: true,
        aws_limits: false,
        account_limit: account_limit_of_aws(),
        unmanaged_stages: UnmanagedStages::Any,
    }
}

fn read(body: &str) -> Result<NewKey, ControlError> {
    new_key(&members(body), &settings())
}

fn change(patches: &[Patch]) -> Result<KeyChange, ControlError> {
    super::change(patches, &settings(), NOW)
}

fn patch(op: Op, path: &str, value: &str) -> Patch {
    Patch {
        op,
        path: path.to_owned(),
        value: Some(value.to_owned()),
        from: None,
    }
}

#[test]
fn a_key_of_which_nothing_is_said_is_disabled_and_gets_a_native_value() {
    for body in ["", "{}", r#"{"value":"","name":"","description":""}"#] {
        let key = read(body).unwrap();
        assert!(!key.enabled, "{body}");
        assert!(key.value.expose().starts_with("tg_p_"), "{body}");
        assert!(key.keep_value, "{body}");
        assert_eq!(key.name, "", "{body}");
        assert_eq!((key.description, key.customer_id), (None, None), "{body}");
    }
}

#[test]
fn what_is_said_of_a_key_is_kept() {
    let key = read(
        r#"{"name":"joe-black","description":"for joe","enabled":true,"customerId":"c1","generateDistinctId":true,
            "value":"a-value-of-twenty-characters","stageKeys":[{"restApiId":"a","stageName":"dev"}],
            "tags":{"team":"blue","tollgate:expires-at":"2026-11-23T12:00:00Z"}}"#,
    )
    .unwrap();
    assert_eq!(key.name, "joe-black");
    assert_eq!(key.description.as_deref(), Some("for joe"));
    assert_eq!(key.customer_id.as_deref(), Some("c1"));
    assert_eq!(key.value.expose(), "a-value-of-twenty-characters");
    assert!(key.enabled);
    assert_eq!(key.tags.len(), 2);
    let expires_at = crate::time::Timestamp::from_secs(1_795_435_200);
    assert_eq!(key.expires_at, Some(expires_at));
}

/// Recorded from AWS, but for the last.
#[test]
fn what_breaks_a_rule_is_refused_with_the_text_of_api_gateway() {
    let name = "n".repeat(1_025);
    let (short, long) = ("v".repeat(19), "v".repeat(129));
    let description = "d".repeat(125_001);
    let generated = KeyValue::generate(EnvironmentLetter::of("prod")).unwrap();
    let mistyped = format!("{}0", &generated.expose()[..40]);
    let mistyped = if KeyValue::parse(&mistyped).is_ok() {
        format!("{}1", &generated.expose()[..40])
    } else {
        mistyped
    };
    let cases = [
        (
            "name",
            name,
            "Invalid API Key name, can be at most 1024 characters.",
        ),
        (
            "value",
            short,
            "API Key value should be at least 20 characters",
        ),
        (
            "value",
            long,
            "API Key value exceeds maximum size of 128 characters",
        ),
        (
            "description",
            description,
            "Invalid API Key description specified.",
        ),
        (
            "value",
            mistyped,
            "API Key value starts like a Tollgate key, but its checksum does not fit",
        ),
    ];
    for (member, value, text) in cases {
        let body = format!(r#"{{"{member}":"{value}"}}"#);
        let error = read(&body).unwrap_err();
        assert_eq!(error.kind(), Kind::BadRequest, "{text}");
        assert_eq!(error.message(), text);
    }
    let at_most = format!(
        r#"{{"name":"{}","value":"{}","description":"{}"}}"#,
        "n".repeat(1_024),
        "v".repeat(128),
        "d".repeat(125_000)
    );
    assert!(read(&at_most).is_ok());
}

#[test]
fn members_of_other_types_are_refused() {
    for body in [
        r#"{"name":true}"#,
        r#"{"enabled":"yes"}"#,
        r#"{"stageKeys":["a/dev"]}"#,
        r#"{"stageKeys":[{"restApiId":1}]}"#,
        r#"{"generateDistinctId":"true"}"#,
        r#"{"tags":{"team":1}}"#,
    ] {
        let error = read(body).unwrap_err();
        assert_eq!(error.kind(), Kind::Serialization, "{body}");
    }
}

/// Recorded from AWS.
#[test]
fn four_members_can_be_replaced() {
    let patches = [
        patch(Op::Replace, "/name", "joe"),
        patch(Op::Replace, "/description", ""),
        patch(Op::Replace, "/customerId", "c1"),
        patch(Op::Replace, "/enabled", "TRUE"),
    ];
    let change = change(&patches).unwrap();
    assert_eq!(change.name.as_deref(), Some("joe"));
    assert_eq!(change.description.as_deref(), Some(""));
    assert_eq!(change.customer_id.as_deref(), Some("c1"));
    assert_eq!(change.enabled, Some(true));
    for value in ["false", "not-a-boolean", ""] {
        let change = self::change(&[patch(Op::Replace, "/enabled", value)]).unwrap();
        assert_eq!(change.enabled, Some(false), "{value}");
    }
}

#[test]
fn any_other_path_is_refused_with_those_that_can_be_replaced() {
    let error = change(&[patch(Op::Replace, "/id", "x")]).unwrap_err();
    assert_eq!(error.kind(), Kind::BadRequest);
    assert_eq!(
        error.message(),
        "Invalid patch path  '/id' specified for op 'replace'. Must be one of: [/description, /enabled, /name, /customerId]"
    );
    let error = change(&[patch(Op::Add, "/name", "x")]).unwrap_err();
    assert_eq!(
        error.message(),
        "Invalid patch path  '/name' specified for op 'add'. Must be one of: []"
    );
    let patches = [
        patch(Op::Replace, "/name", "joe"),
        patch(Op::Replace, "/value", "x"),
    ];
    assert!(change(&patches).is_err());
}

#[test]
fn a_value_is_added_and_those_before_it_work_on_for_the_overlap() {
    let in_secs = |secs| Some(NOW.saturating_add(Duration::from_secs(secs)));
    let made = change(&[patch(Op::Add, "/tollgate:values", "")]).unwrap();
    let rotation = made.rotation.unwrap();
    assert!(rotation.value.expose().starts_with("tg_p_"));
    assert!(rotation.keep_value);
    assert_eq!(made.former_until, in_secs(7 * 86_400));

    let overlap = patch(Op::Replace, "/tollgate:overlap", "12h");
    let chosen = patch(Op::Add, "/tollgate:values", "a-value-of-twenty-characters");
    let given = change(&[overlap, chosen]).unwrap();
    let value = given.rotation.unwrap().value;
    assert_eq!(value.expose(), "a-value-of-twenty-characters");
    assert_eq!(given.former_until, in_secs(43_200));

    let ended = change(&[patch(Op::Remove, "/tollgate:values", "")]).unwrap();
    assert!(ended.rotation.is_none());
    assert_eq!(ended.former_until, Some(NOW));
    for (op, path, value) in [
        (Op::Add, "/tollgate:values", "short"),
        (Op::Replace, "/tollgate:overlap", "soon"),
        (
            Op::Replace,
            "/tollgate:values",
            "a-value-of-twenty-characters",
        ),
    ] {
        let refused = change(&[patch(op, path, value)]).unwrap_err();
        assert_eq!(refused.kind(), Kind::BadRequest, "{path} {value}");
    }
}
