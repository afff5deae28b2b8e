//! `$input`, `$context`, `$stageVariables`, `$util` and the overrides.

use std::collections::BTreeMap;

use super::{BODY, Bounds, Request, Template, check, failure, overrides, rendered};

#[test]
fn input_gives_the_body_and_its_parts() {
    assert_eq!(rendered("$input.body"), BODY);
    assert_eq!(rendered("$input.json('$')"), BODY);
    check(&[
        (
            "$input.json('$.name') $input.json('$.age') $input.json('$.rate')",
            "\"Ann\" 7 1.5",
        ),
        (
            "$input.json('$.pet') $input.json('$.none')",
            "{\"kind\":\"cat\",\"toys\":[{\"n\":1},{\"n\":2}]} null",
        ),
        ("$input.json('$.missing')", "\"\""),
        (
            "$input.path('$.name') $input.path('$.age') $input.path('$.ok')",
            "Ann 7 true",
        ),
        (
            "$input.path('$').pet.toys[1].n ${input.path('$.pet').kind}",
            "2 cat",
        ),
        (
            "[$input.path('$.missing')][$input.path('$').missing][$input.path('$.none')]",
            "[][][]",
        ),
        ("$input.unknown $input.unknown('x')", " "),
    ]);
}

#[test]
fn a_missing_part_equals_the_empty_string() {
    check(&[
        (
            "#if($input.path('$.missing') == '')none#{else}some#end",
            "none",
        ),
        (
            "#set($r = $input.path('$'))#if($r.missing != '')some#{else}none#end",
            "none",
        ),
        ("#if(\"$!unset\" == '')none#end", "none"),
        (
            "#if($input.path('$.missing').size() > 0)some#{else}none#end",
            "none",
        ),
        (
            "#if($input.path('$.tags').size() > 0)some#{else}none#end",
            "some",
        ),
        ("#if($input.params('none') == '')none#end", "none"),
    ]);
}

#[test]
fn maps_print_as_java_does_and_lists_of_the_body_as_json() {
    check(&[
        (
            "$input.path('$.pet')",
            "{kind=cat, toys=[{\"n\":1},{\"n\":2}]}",
        ),
        ("$input.path('$.tags')", "[\"x\",\"y\"]"),
        (
            "#set($l = ['x', $input.path('$.pet.toys')])$l",
            "[x, [{\"n\":1},{\"n\":2}]]",
        ),
        ("$input.path('$').toString().contains('cat')", "true"),
    ]);
}

#[test]
fn an_empty_body_is_an_empty_object() {
    let request = Request::with_body("");
    let text = request.render("$input.body $input.json('$') $input.path('$') $input.json('$.a')");
    assert_eq!(
        text.map(|rendered| rendered.text),
        Ok("{} {} {} \"\"".to_owned())
    );
}

#[test]
fn a_body_that_is_no_json_is_text_or_an_error() {
    let request = Request::with_body("a=1&b=2");
    let rendered = request.render("$input.path('$') $input.body");
    assert_eq!(
        rendered.map(|rendered| rendered.text),
        Ok("a=1&b=2 a=1&b=2".to_owned())
    );
    let request = Request::with_body("{\"a\": }");
    assert_eq!(
        request.render("$input.body").map(|rendered| rendered.text),
        Ok("{\"a\": }".to_owned())
    );
    let error = request.render("$input.path('$')").unwrap_err().to_string();
    assert_eq!(
        error,
        "the body is not JSON: expected value at line 1 column 7"
    );
}

#[test]
fn keeps_large_numbers_and_the_order_of_members() {
    let body = r#"{"z":18446744073709551615,"a":-9223372036854775808,"m":{"y":1,"b":0.1}}"#;
    let rendered = Request::with_body(body).render("$input.json('$')");
    assert_eq!(rendered.map(|rendered| rendered.text), Ok(body.to_owned()));
}

#[test]
fn params_are_found_in_path_then_query_then_headers() {
    check(&[
        (
            "$input.params('id') $input.params('tag') $input.params('X-Trace') $input.params('x-trace')",
            "42 b t-1 t-1",
        ),
        ("[$input.params('none')]", "[]"),
        (
            "$input.params().path.id $input.params().querystring.get('id') $input.params().header.x-trace",
            "42 of the query t-1",
        ),
        (
            "$input.params()",
            "{path={id=42}, querystring={id=of the query, tag=b}, header={X-Trace=t-1, tag=of the header}}",
        ),
        ("$input.params().keySet()", "[path, querystring, header]"),
    ]);
}

#[test]
fn context_and_stage_variables_are_trees() {
    check(&[
        (
            "$context.httpMethod $context.identity.sourceIp $context.requestTimeEpoch",
            "POST 127.0.0.1 1700000000000",
        ),
        (
            "[$context.missing][$context.missing.deeper][$stageVariables.none]",
            "[][][]",
        ),
        (
            "$stageVariables.color ${stageVariables.color} $stageVariables['color']",
            "blue blue blue",
        ),
        (
            "#foreach($k in $context.identity.keySet())$k=$context.identity.get($k);#end",
            "apiKeyId=k1;sourceIp=127.0.0.1;",
        ),
    ]);
}

#[test]
fn util_has_six_functions() {
    check(&[
        (
            "$util.escapeJavaScript('it''s \"a\"/\\ b')",
            "it\\'s \\\"a\\\"\\/\\\\ b",
        ),
        (
            "$util.escapeJavaScript(\"a\n\té\u{1f600}\u{1}\")",
            "a\\n\\t\\u00E9\\uD83D\\uDE00\\u0001",
        ),
        (
            "$util.escapeJavaScript($input.params('none'))|$util.escapeJavaScript(7)",
            "|7",
        ),
        (
            "$util.escapeJavaScript($input.json('$.name')).replaceAll(\"\\\\'\", \"'\")",
            "\\\"Ann\\\"",
        ),
        ("$util.urlEncode('x=a+b c/ä*')", "x%3Da%2Bb+c%2F%C3%A4*"),
        ("$util.urlDecode('x%3Da+b%2Bc%')", "x=a b+c%"),
        (
            "$util.base64Encode('hi there') $util.base64Decode('aGkgdGhlcmU=') $util.base64Decode('aGk')",
            "aGkgdGhlcmU= hi there hi",
        ),
        (
            "$util.parseJson('{\"a\": [1, {\"b\": \"c\"}]}').a[1].b $util.parseJson('\"x\"') $util.parseJson('[]')",
            "c x []",
        ),
        ("[$util.unknown('x')][$util.urlEncode()]", "[][]"),
    ]);
    assert!(failure("$util.base64Decode('*')").starts_with("line 1, column 6: `*` is no base64"));
}

#[test]
fn overrides_come_back_to_the_caller() {
    let one = |name: &str, values: &[&str]| {
        let values = values.iter().map(ToString::to_string).collect();
        BTreeMap::from([(name.to_owned(), values)])
    };
    let given = overrides(
        "#set($context.requestOverride.header.oHeader = '1header')
         #set($context.requestOverride.querystring['q'] = 7)
         #set($context.requestOverride.path.proxy = $input.path('$.name'))
         #set($context.responseOverride.header.Cache-Control = ['a', 'b'])
         #set($context.responseOverride.status = 301)",
    );
    assert_eq!(given.request_headers, one("oHeader", &["1header"]));
    assert_eq!(given.request_query, one("q", &["7"]));
    assert_eq!(given.request_path, one("proxy", &["Ann"]));
    assert_eq!(given.response_headers, one("Cache-Control", &["a", "b"]));
    assert_eq!(given.response_status, Some(301));
    let put = overrides("#set($ignored = $context.responseOverride.header.put('X', 'y'))");
    assert_eq!(put.response_headers, one("X", &["y"]));
    assert_eq!(
        overrides("#set($context.responseOverride.status = '404')").response_status,
        Some(404)
    );
    assert_eq!(overrides("text"), super::Overrides::default());
}

#[test]
fn an_override_is_set_once_and_a_status_is_a_number() {
    assert_eq!(
        failure(
            "#set($context.responseOverride.status = 200)\n#set($context.responseOverride.status = 400)"
        ),
        "line 2, column 6: `status` is overridden twice; keep the value in a variable and override once, at the end"
    );
    let twice = "#set($h = $context.requestOverride.header)#set($h.a = 1)#set($x = $h.put('a', 2))";
    assert!(failure(twice).contains("`a` is overridden twice"));
    for status in ["99", "600", "'ok'", "$input.path('$.missing')"] {
        let template = format!("#set($context.responseOverride.status = {status})");
        assert!(
            failure(&template).contains("write a number from 100 to 599"),
            "{status}"
        );
    }
}

#[test]
fn rendering_twice_gives_the_same() {
    let template =
        Template::parse("#set($x = $input.path('$.tags').add('z'))$input.json('$.tags')").unwrap();
    let request = Request::with_body(BODY);
    let first = template.render(&request.input(), Bounds::default());
    assert_eq!(first, template.render(&request.input(), Bounds::default()));
}
