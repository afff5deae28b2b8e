//! No template hangs, grows without end or panics.

use proptest::prelude::*;

use super::{BODY, Bounds, RenderError, Request, Template, failure, rendered};

#[test]
fn a_loop_ends_after_a_thousand_rounds() {
    assert_eq!(
        rendered("#foreach($i in [1..5000])#set($n = $i)#end$n"),
        "1000"
    );
}

#[test]
fn a_template_ends_when_its_work_is_done() {
    let nested =
        "#foreach($a in [1..1000])#foreach($b in [1..1000])#foreach($c in [1..1000])x#end#end#end";
    assert_eq!(
        failure(nested),
        "the template takes more than 4000000 steps"
    );
    for template in [
        "#set($x = [1..2000000000])",
        "#set($x = 'aaaaaaaaaaaaaaaa')#foreach($i in [1..1000])#set($x = \"$x$x\")#end",
        "#set($x = 'aaaaaaaaaaaaaaaa')#foreach($i in [1..1000])#set($x = $x + $x)#end",
        "#set($x = 'aaaaaaaaaaaaaaaa')#foreach($i in [1..1000])#set($x = $x.concat($x))#end",
        "#set($x = 'aaaaaaaaaaaaaaaa')#foreach($i in [1..1000])#set($x = $x.replace('a', 'aa'))#end",
        "#set($x = 'aaaaaaaaaaaaaaaa')#foreach($i in [1..1000])#set($x = $x.replaceAll('a', 'aa'))#end",
        "#set($x = [1])#foreach($i in [1..1000])#set($y = $x.addAll($x))#end",
        "#set($x = [1])#foreach($i in [1..100])#set($x = [$x, $x])#end$x",
    ] {
        let error = Request::with_body(BODY).render(template).unwrap_err();
        let is_bound = matches!(
            error,
            RenderError::TooManySteps { .. } | RenderError::TooLong { .. }
        );
        assert!(is_bound, "{template}: {error}");
    }
}

#[test]
fn what_contains_itself_ends_in_an_error() {
    for template in [
        "#set($l = [])#set($x = $l.add($l))$l",
        "#set($m = {})#set($m.m = $m)$m",
        "#set($m = {})#set($m.m = $m)#set($x = $util.urlEncode($m))",
        "#define($b)$b#end$b",
        "#define($b)#set($x = \"$b\")#end$b",
        "#set($e = 1)#foreach($i in [1..900])#set($m = {})#set($m.k = $e)#set($e = $m.entrySet().get(0))#end$e",
        "#set($r = $input.path('$'))#set($r.self = $r)$input.json('$..x')",
    ] {
        assert_eq!(
            failure(template),
            "the template nests blocks or values more than 200 deep",
            "{template}"
        );
    }
}

#[test]
fn the_output_is_bounded() {
    let template = Template::parse("#foreach($i in [1..100])0123456789#end").unwrap();
    let request = Request::with_body(BODY);
    let bounds = Bounds {
        output_bytes_max: 999,
        ..Bounds::default()
    };
    let error = template.render(&request.input(), bounds).unwrap_err();
    assert_eq!(error.to_string(), "the template gives more than 999 bytes");
    let bounds = Bounds {
        output_bytes_max: 1_000,
        ..Bounds::default()
    };
    assert!(template.render(&request.input(), bounds).is_ok());
}

#[test]
fn a_body_of_megabytes_passes() {
    let items = vec!["{\"name\":\"value\",\"n\":123456}"; 150_000].join(",");
    let body = format!("[{items}]");
    let rendered = Request::with_body(&body)
        .render("$input.json('$')")
        .unwrap();
    assert!(rendered.text == body);
}

/// Bounds that end a hostile template soon.
const SMALL: Bounds = Bounds {
    output_bytes_max: 10_000,
    iterations_max: 50,
    steps_max: 20_000,
};

fn parse_and_render(template: &str, body: &str) {
    if let Ok(template) = Template::parse(template) {
        let request = Request::with_body(body);
        let first = template.render(&request.input(), SMALL);
        assert_eq!(first, template.render(&request.input(), SMALL));
        if let Ok(rendered) = first {
            assert!(rendered.text.len() <= SMALL.output_bytes_max);
        }
    }
}

/// Pieces of templates, right and wrong ones, in any order.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "#set(",
        "#if(",
        "#elseif(",
        "#else",
        "#end",
        "#foreach(",
        "#define(",
        "#break",
        "#stop",
        "#{end}",
        "#[[",
        "]]#",
        "#*",
        "*#",
        "##",
        "$x",
        "${x}",
        "$!x",
        "$input",
        "$context",
        "$util",
        "$stageVariables",
        "$foreach",
        "$velocityCount",
        ".path(",
        ".json(",
        ".get(",
        ".put(",
        ".a",
        ".body",
        ".split(",
        ".substring(",
        ".replaceAll(",
        ".params()",
        ".entrySet()",
        "'$..a[*]'",
        "'$[?(@.a==1)]'",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "\"",
        "'",
        ",",
        ":",
        "..",
        ".",
        "=",
        "==",
        "!=",
        "<",
        ">=",
        "&&",
        "||",
        "!",
        "and ",
        "not ",
        "+",
        "-",
        "*",
        "/",
        "%",
        "in ",
        " ",
        "\n",
        "\\",
        "1",
        "2.5",
        "true",
        "abc",
        "é",
        "$",
        "#",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn expression() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "1",
        "-7",
        "2.5",
        "true",
        "'a b'",
        "\"x${v}y\"",
        "[]",
        "{}",
        "[1..4]",
        "$v",
        "$w",
        "$unset",
        "$!unset",
        "$input.body",
        "$context",
        "$input.path('$')",
        "$input.path('$..n')",
        "$input.json('$.pet')",
        "$input.params()",
        "$stageVariables.color",
        "$foreach.count",
    ])
    .prop_map(str::to_owned);
    leaf.prop_recursive(4, 24, 3, |inner| {
        let operator = prop::sample::select(vec![
            "+", "-", "*", "/", "%", "==", "!=", "<", ">=", "&&", "||", " and ", " lt ",
        ]);
        let method = prop::sample::select(vec![
            "get",
            "add",
            "put",
            "contains",
            "split",
            "replaceAll",
            "matches",
            "substring",
            "indexOf",
            "remove",
            "equals",
            "concat",
            "containsKey",
            "keySet",
            "entrySet",
            "size",
            "length",
            "toString",
            "trim",
            "charAt",
            "valueOf",
            "addAll",
            "set",
        ]);
        prop_oneof![
            (inner.clone(), operator, inner.clone())
                .prop_map(|(left, operator, right)| format!("({left} {operator} {right})")),
            inner.clone().prop_map(|inner| format!("!{inner}")),
            (inner.clone(), inner.clone())
                .prop_map(|(first, second)| format!("[{first}, {second}]")),
            (inner.clone(), inner.clone()).prop_map(|(key, value)| format!("{{{key}: {value}}}")),
            (method, prop::collection::vec(inner.clone(), 0..3))
                .prop_map(|(method, arguments)| format!("$v.{method}({})", arguments.join(", "))),
            inner.prop_map(|index| format!("$w[{index}]")),
        ]
    })
}

fn statements() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        expression().prop_map(|value| format!("#set($v = {value})\n")),
        expression().prop_map(|value| format!("#set($w = {value})")),
        expression().prop_map(|value| format!("#set($w.k = {value})$w")),
        expression().prop_map(|value| format!("#set($w[0] = {value})$v")),
        expression().prop_map(|value| format!("$util.escapeJavaScript({value})")),
        Just("$v ${w} \\$v #break".to_owned()),
        Just(" text\n".to_owned()),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        let body = prop::collection::vec(inner, 1..4).prop_map(|parts| parts.concat());
        prop_oneof![
            (expression(), body.clone(), body.clone()).prop_map(|(condition, yes, no)| format!(
                "#if({condition}) {yes} #{{else}} {no} #end"
            )),
            (expression(), body.clone())
                .prop_map(|(items, body)| format!("#foreach($v in {items}) {body} #end")),
            body.prop_map(|body| format!("#define($v){body}#end $v")),
        ]
    })
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(template in "\\PC{0,60}", body in "\\PC{0,20}") {
        parse_and_render(&template, &body);
    }

    #[test]
    fn any_order_of_pieces_is_read_or_refused(template in pieces()) {
        parse_and_render(&template, BODY);
    }

    #[test]
    fn templates_of_the_grammar_are_read_and_end(parts in prop::collection::vec(statements(), 1..5)) {
        let template = parts.concat();
        prop_assert!(Template::parse(&template).is_ok(), "{}", template);
        parse_and_render(&template, BODY);
    }

    #[test]
    fn text_without_signs_comes_out_as_it_went_in(text in "[^$#\\\\]{0,200}") {
        let request = Request::with_body(BODY);
        let rendered = request.render(&text).unwrap();
        prop_assert_eq!(rendered.text, text);
    }

    #[test]
    fn json_comes_out_as_it_went_in(keys in prop::collection::vec("[a-z\"\\\\é\u{1}]{1,6}", 0..6), number in any::<i64>()) {
        let members: std::collections::BTreeSet<_> = keys.into_iter().collect();
        let members: Vec<_> = members
            .into_iter()
            .rev()
            .map(|key| format!("{}:[{number},{{}},null,true]", serde_json::Value::from(key)))
            .collect();
        let body = format!("{{{}}}", members.join(","));
        let rendered = Request::with_body(&body).render("$input.json('$')").unwrap();
        prop_assert_eq!(rendered.text, body);
    }

    #[test]
    fn any_path_is_read_or_refused(path in "[$@.*?()\\[\\]'\"a0:,!=<>&|~/ -]{0,40}") {
        let mut request = Request::with_body(BODY);
        request.stage_variables.insert("p".to_owned(), path);
        let template = Template::parse("$input.json($stageVariables.p)").unwrap();
        let _ = template.render(&request.input(), SMALL);
    }
}
