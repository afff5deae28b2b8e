use proptest::prelude::*;

use super::*;
use crate::event::ApiKind;

fn rest(answer: &str) -> Result<ProxyResponse, MalformedResponse> {
    from_v1(answer.as_bytes(), ApiKind::Rest, &[], None)
}

fn v2(answer: &str) -> Result<ProxyResponse, MalformedResponse> {
    from_v2(answer.as_bytes(), ApiKind::Http)
}

fn values<'r>(response: &'r ProxyResponse, name: &str) -> Vec<&'r str> {
    response
        .headers
        .get_all(name)
        .iter()
        .map(|value| value.to_str().unwrap())
        .collect()
}

#[test]
fn v1_reads_a_whole_answer() {
    let answer = r#"{"statusCode":201,"headers":{"Content-Type":"text/plain","X-A":"1"},"body":"made","isBase64Encoded":false}"#;
    let response = rest(answer).unwrap();
    assert_eq!(response.status, 201);
    assert_eq!(values(&response, "content-type"), ["text/plain"]);
    assert_eq!(values(&response, "x-a"), ["1"]);
    assert_eq!(response.body, "made");
}

#[test]
fn v1_reads_a_status_from_a_text() {
    assert_eq!(rest(r#"{"statusCode":"404"}"#).unwrap().status, 404);
}

#[test]
fn v1_refuses_a_bad_status() {
    for status in [
        r#""abc""#, "-1", "0", "99", "100", "600", "70000", "200.5", "true", "[]", r#""2e2""#,
    ] {
        assert_eq!(
            rest(&format!(r#"{{"statusCode":{status}}}"#)),
            Err(MalformedResponse::BadStatus),
            "{status}"
        );
    }
}

#[test]
fn v1_fills_in_what_is_absent_or_null() {
    for answer in [
        r#"{"headers":{"a":"b"}}"#,
        r#"{"statusCode":null,"headers":null,"multiValueHeaders":null,"body":null}"#,
    ] {
        let response = rest(answer).unwrap();
        assert_eq!(response.status, 200);
        assert_eq!(response.body, "");
        assert_eq!(values(&response, "content-type"), ["application/json"]);
    }
}

#[test]
fn v1_writes_booleans_and_numbers_in_headers_as_text() {
    let response = rest(r#"{"headers":{"x-bool":true,"x-number":1.5,"x-null":null}}"#).unwrap();
    assert_eq!(values(&response, "x-bool"), ["true"]);
    assert_eq!(values(&response, "x-number"), ["1.5"]);
    assert!(values(&response, "x-null").is_empty());
}

#[test]
fn v1_merges_headers_into_multi_value_headers_whatever_their_case() {
    let answer = r#"{"headers":{"test-HEADER":"value-solo","x-same":"a"},"multiValueHeaders":{"Test-Header":["value-multi"],"X-Same":["a"]}}"#;
    let response = rest(answer).unwrap();
    assert_eq!(
        values(&response, "test-header"),
        ["value-multi", "value-solo"]
    );
    assert_eq!(
        values(&response, "x-same"),
        ["a"],
        "the same value in both is one value"
    );
}

#[test]
fn v1_decodes_base64_only_for_a_binary_media_type_that_the_client_accepts() {
    let answer = br#"{"body":"aGk=","isBase64Encoded":true}"#;
    let body = |types: &[&str], accept| {
        let types: Vec<String> = types
            .iter()
            .map(|&media_type| media_type.to_owned())
            .collect();
        from_v1(answer, ApiKind::Rest, &types, accept).unwrap().body
    };
    assert_eq!(body(&[], Some("image/png")), "aGk=");
    assert_eq!(
        body(&["image/png"], Some("image/png;q=0.5, text/html")),
        "hi"
    );
    assert_eq!(
        body(&["image/png"], Some("text/html, image/png")),
        "aGk=",
        "only the first media range counts"
    );
    assert_eq!(body(&["image/png"], Some("*/*")), "aGk=");
    assert_eq!(body(&["image/*"], Some("image/gif")), "hi");
    assert_eq!(body(&["image/png"], None), "aGk=");
    assert_eq!(body(&["*/*"], None), "hi");
    assert_eq!(
        from_v1(answer, ApiKind::Http, &[], None).unwrap().body,
        "hi",
        "an HTTP API always decodes"
    );
}

#[test]
fn v1_refuses_answers_of_another_shape_and_says_why() {
    use MalformedResponse as E;
    assert_eq!(rest("no json"), Err(E::NotJson));
    assert_eq!(rest(r#""text""#), Err(E::NotAnObject));
    assert_eq!(rest("[]"), Err(E::NotAnObject));
    assert_eq!(rest("null"), Err(E::NotAnObject));
    assert_eq!(rest("{}"), Err(E::Empty));
    assert_eq!(
        rest(r#"{"statusCode":200,"wrongValue":1}"#),
        Err(E::UnknownKey {
            key: "wrongValue".to_owned()
        })
    );
    assert_eq!(
        rest(r#"{"statusCode":200,"cookies":[]}"#),
        Err(E::UnknownKey {
            key: "cookies".to_owned()
        })
    );
    assert!(matches!(
        rest(r#"{"multiValueHeaders":{"a":"b"}}"#),
        Err(E::WrongType { .. })
    ));
    assert!(matches!(
        rest(r#"{"multiValueHeaders":{"a":[["b"]]}}"#),
        Err(E::WrongType { .. })
    ));
    assert!(matches!(
        rest(r#"{"headers":["a"]}"#),
        Err(E::WrongType { .. })
    ));
    assert!(matches!(
        rest(r#"{"headers":{"a":{}}}"#),
        Err(E::WrongType { .. })
    ));
    assert!(matches!(
        rest(r#"{"body":{"a":1}}"#),
        Err(E::WrongType { .. })
    ));
    assert!(matches!(
        rest(r#"{"isBase64Encoded":1}"#),
        Err(E::WrongType { .. })
    ));
    assert!(matches!(
        rest(r#"{"headers":{"a b":"c"}}"#),
        Err(E::BadHeader { .. })
    ));
    assert!(matches!(
        rest(r#"{"headers":{"a":"b\r\nc: d"}}"#),
        Err(E::BadHeader { .. })
    ));
    let invalid = br#"{"body":"%","isBase64Encoded":true}"#;
    assert_eq!(
        from_v1(invalid, ApiKind::Rest, &["*/*".to_owned()], None),
        Err(E::BadBase64)
    );
    assert_eq!(
        rest(r#"{"wrongValue":1}"#).unwrap_err().to_string(),
        "the function's answer has the unknown key `wrongValue`"
    );
}

#[test]
fn v1_renames_reserved_headers_and_drops_those_of_the_connection() {
    let answer = r#"{"headers":{"Date":"d","WWW-Authenticate":"w","Content-Length":"9","Transfer-Encoding":"chunked"}}"#;
    let response = rest(answer).unwrap();
    assert_eq!(values(&response, "x-amzn-remapped-date"), ["d"]);
    assert_eq!(values(&response, "x-amzn-remapped-www-authenticate"), ["w"]);
    assert_eq!(values(&response, "x-amzn-remapped-content-length"), ["9"]);
    for gone in [
        "date",
        "www-authenticate",
        "content-length",
        "transfer-encoding",
    ] {
        assert!(values(&response, gone).is_empty(), "{gone}");
    }
    let response = from_v1(answer.as_bytes(), ApiKind::Http, &[], None).unwrap();
    assert_eq!(values(&response, "www-authenticate"), ["w"]);
    assert!(values(&response, "content-length").is_empty());
}

#[test]
fn v2_takes_json_without_a_status_for_the_body() {
    for (answer, body) in [
        (r#"{"message": "hi"}"#, r#"{"message": "hi"}"#),
        (r#""Hello""#, "Hello"),
        (" [1, 2] ", "[1, 2]"),
        ("null", "null"),
        ("{}", "{}"),
        (r#"{"body":"x"}"#, r#"{"body":"x"}"#),
    ] {
        let response = v2(answer).unwrap();
        assert_eq!(
            (response.status.as_u16(), &response.body[..]),
            (200, body.as_bytes())
        );
        assert_eq!(values(&response, "content-type"), ["application/json"]);
    }
}

#[test]
fn v2_reads_a_whole_answer() {
    let answer = r#"{"statusCode":201,"headers":{"x-a":1},"cookies":["a=1; Path=/","b=2"],"body":"aGk=","isBase64Encoded":true,"more":1}"#;
    let response = v2(answer).unwrap();
    assert_eq!(
        (response.status.as_u16(), &response.body[..]),
        (201, &b"hi"[..])
    );
    assert_eq!(values(&response, "x-a"), ["1"]);
    assert_eq!(values(&response, "set-cookie"), ["a=1; Path=/", "b=2"]);
}

#[test]
fn v2_has_a_content_type_for_each_kind() {
    let answer = br#"{"statusCode":200,"body":"x"}"#;
    assert_eq!(
        values(&from_v2(answer, ApiKind::Http).unwrap(), "content-type"),
        ["text/plain; charset=utf-8"]
    );
    assert_eq!(
        values(
            &from_v2(answer, ApiKind::FunctionUrl).unwrap(),
            "content-type"
        ),
        ["application/json"]
    );
}

#[test]
fn v2_refuses_what_it_cannot_read() {
    assert_eq!(v2("no json"), Err(MalformedResponse::NotJson));
    assert_eq!(
        v2(r#"{"statusCode":"x"}"#),
        Err(MalformedResponse::BadStatus)
    );
    assert!(matches!(
        v2(r#"{"statusCode":200,"cookies":"a"}"#),
        Err(MalformedResponse::WrongType { .. })
    ));
    assert!(matches!(
        v2(r#"{"statusCode":200,"cookies":["a\n"]}"#),
        Err(MalformedResponse::BadHeader { .. })
    ));
    assert_eq!(
        v2(r#"{"statusCode":200,"body":"%","isBase64Encoded":true}"#),
        Err(MalformedResponse::BadBase64)
    );
}

/// Answers near the format, so that the checks behind the JSON parser are reached.
fn near_answers() -> impl Strategy<Value = Vec<u8>> {
    let value = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("[\"a\"]".to_owned()),
        Just("{\"a\":[1,null]}".to_owned()),
        Just("{\"a\":\"\\u0000\"}".to_owned()),
        any::<i64>().prop_map(|number| number.to_string()),
        "\"\\PC{0,5}\"",
    ];
    let key = prop_oneof![
        Just("statusCode"),
        Just("headers"),
        Just("multiValueHeaders"),
        Just("body"),
        Just("isBase64Encoded"),
        Just("cookies"),
    ];
    proptest::collection::vec((key, value), 0..5).prop_map(|members| {
        let members: Vec<String> = members
            .into_iter()
            .map(|(key, value)| format!("\"{key}\":{value}"))
            .collect();
        format!("{{{}}}", members.join(",")).into_bytes()
    })
}

proptest! {
    #[test]
    fn never_panics(answer in prop_oneof![proptest::collection::vec(any::<u8>(), 0..64), near_answers()], accept in "\\PC*") {
        for kind in [ApiKind::Rest, ApiKind::Http, ApiKind::FunctionUrl] {
            let responses = [from_v1(&answer, kind, &["*/*".to_owned()], Some(&accept)), from_v2(&answer, kind)];
            for response in responses.into_iter().flatten() {
                prop_assert!(response.headers.contains_key("content-type"));
                prop_assert!((200..=599).contains(&response.status.as_u16()));
            }
        }
    }
}
