//! What is said about a text that is no template.

use super::Template;

fn error(template: &str) -> String {
    match Template::parse(template) {
        Ok(_) => panic!("{template} was read"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn names_the_place_and_what_to_write() {
    for (template, expected) in [
        (
            "a\n  #if($x)b",
            "line 2, column 3: `#if` has no `#end`\nhint: write `#end` where the block ends",
        ),
        (
            "#foreach($i in [1])",
            "line 1, column 1: `#foreach` has no `#end`\nhint: write `#end` where the block ends",
        ),
        (
            "é#end",
            "line 1, column 2: an `#end`, `#else` or `#elseif` has no `#if`, `#foreach` or `#define` before it\nhint: remove it, or write `\\#end` to print it",
        ),
        (
            "#foreach($i in [1])#else#end",
            "line 1, column 20: `#foreach` takes no `#else`\nhint: write `#end` before it, or put an `#if` around it",
        ),
        (
            "#if(true)#else#else#end",
            "line 1, column 15: nothing but `#end` may follow `#else`\nhint: put the `#elseif` before the `#else`",
        ),
        (
            "#set $x = 1",
            "line 1, column 1: `#set` is not followed by `(`\nhint: write `#set(...)`, or `\\#set` to print it",
        ),
        (
            "#set(x = 1)",
            "line 1, column 6: a variable is missing before `x`\nhint: write `#set($name = value)`",
        ),
        (
            "#set($x 1)",
            "line 1, column 9: `=` is missing before `1`\nhint: write `#set($name = value)`",
        ),
        (
            "#set($x = 1",
            "line 1, column 12: `)` is missing before the end of the text\nhint: write `#set($name = value)`",
        ),
        (
            "#set($x.y() = 1)",
            "line 1, column 6: `$x.y()` is a call, and nothing can be assigned to it\nhint: write `#set($map.key = value)`, or `#set($ignored = $map.put(\"key\", value))`",
        ),
        (
            "#foreach($i.a in $x)#end",
            "line 1, column 10: `$i.a` is not a variable's name\nhint: write `#foreach($item in $list)`",
        ),
        (
            "#if()a#end",
            "line 1, column 5: a value is missing before `)`\nhint: write a variable (`$name`), a string, a number, `true`, `false`, a list (`[1, 2]`) or a map (`{\"key\": 1}`)",
        ),
        (
            "#set($x = null)",
            "line 1, column 11: `null` is no value in this version of Velocity\nhint: test with `#if($name)`, or compare with `\"\"`",
        ),
        (
            "#set($x = foo)",
            "line 1, column 11: `foo` is no value\nhint: write `$foo` for the variable, or `\"foo\"` for the text",
        ),
        (
            "#set($x = 99999999999999999999)",
            "line 1, column 11: `99999999999999999999` is too large for a number\nhint: write `\"99999999999999999999\"` if it is text",
        ),
        (
            "#set($x = 'a)",
            "line 1, column 11: a string has no end\nhint: write `'` where it ends",
        ),
        (
            "${x",
            "line 1, column 1: `${x` has no `}`\nhint: write `${name}`, or `$name` without braces",
        ),
        (
            "$x.f(1 2)",
            "line 1, column 8: `,` or `)` is missing before `2`\nhint: write `$value.method(first, second)`",
        ),
        (
            "#* a",
            "line 1, column 1: a comment has no end\nhint: write `*#` where it ends",
        ),
        (
            "#[[ a",
            "line 1, column 1: a raw text has no end\nhint: write `]]#` where it ends",
        ),
        (
            "#macro(a)b#end",
            "line 1, column 1: the directives `#macro`, `#parse`, `#include` and `#evaluate` are not supported\nhint: write its body with `#define($name) ... #end` and print it with `$name`",
        ),
        (
            "#set($x = \"a #if(true)\")",
            "line 1, column 14: `#if` has no `#end`\nhint: write `#end` where the block ends",
        ),
        (
            "#set($m = {\"a\" 1})",
            "line 1, column 16: `:` is missing before `1`\nhint: write `{\"key\": \"value\"}`",
        ),
    ] {
        assert_eq!(error(template), expected, "{template}");
    }
    assert!(error("#parse('x')").contains("not supported"));
}

#[test]
fn refuses_a_template_that_is_too_long_or_too_deep() {
    assert!(
        error(&"a".repeat(super::super::TEMPLATE_BYTES_MAX + 1))
            .contains("longer than 307200 bytes")
    );
    let deep = [
        "#if(true)".repeat(60),
        format!("#set($x = {}", "(".repeat(100_000)),
        format!("#set($x = {}", "[".repeat(100_000)),
        format!("#set($x = {}", "{".repeat(100_000)),
        format!("#set($x = {}", "!".repeat(100_000)),
        format!("#set($x = {}", "-".repeat(100_000)),
        format!("#set($x = {}", "not ".repeat(50_000)),
        "$x.f(".repeat(50_000),
        "$x[".repeat(50_000),
    ];
    for template in deep {
        let start: String = template.chars().take(20).collect();
        assert!(
            error(&template).contains("nested more than 50 deep"),
            "{start}"
        );
    }
}

#[test]
fn a_long_chain_is_not_deep() {
    let template = format!("#set($x = 1{})$x", " + 1".repeat(50_000));
    assert_eq!(super::rendered(&template), "50001");
    let template = format!("#set($m = {{}})$!m{}", ".a".repeat(100_000));
    assert_eq!(super::rendered(&template), "");
}
