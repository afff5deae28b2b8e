use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;

#[test]
fn refuses_a_billion_laughs() {
    let mut text = "a0: &a0 [x]\n".to_owned();
    for level in 1..60 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        writeln!(text, "a{level}: &a{level} [{aliases}]").unwrap();
    }
    assert!(error(&text).message.contains("more than 1000000 values"));
}

#[test]
fn refuses_ten_megabytes_of_anchors() {
    let text = format!("a:\n{}", "- &b x\n- *b\n".repeat(900_000));
    assert!(error(&text).message.contains("more than 1000000 values"));
}

#[test]
fn refuses_a_long_key_above_very_many_lists() {
    let text = function_with(
        "x",
        &format!(
            "  T: {{ Type: A::B::C, Properties: {{ {}: [{}] }} }}\n",
            "k".repeat(1000),
            "[x],".repeat(200_000)
        ),
    );
    assert!(
        error(&text)
            .message
            .contains("too large when it is resolved")
    );
}

#[test]
fn refuses_deep_nesting_in_every_style() {
    for text in [
        "[".repeat(100_000),
        "{a: ".repeat(100_000),
        "- ".repeat(100_000),
        "? ".repeat(100_000),
    ] {
        let error = error(&text);
        assert!(
            error.message.contains("deeper than 200") || error.message.contains("not YAML"),
            "{error}"
        );
    }
}

#[test]
fn refuses_a_file_beyond_the_bound() {
    let error = error(&" ".repeat(TEMPLATE_BYTES_MAX + 1));
    assert!(error.message.contains("larger than") && error.line.is_none());
}

#[test]
fn refuses_references_that_multiply_each_other() {
    let mut value = format!("&v0 {}", "x".repeat(1000));
    for _ in 0..40 {
        value = format!("!Sub ['${{A}}${{A}}', {{ A: {value} }}]");
    }
    assert!(
        error(&function_with(&value, ""))
            .message
            .contains("too large when it is resolved")
    );
}

#[test]
fn refuses_a_chain_of_references_that_is_too_long() {
    let mut text = "Resources:\n".to_owned();
    for number in 0..2000 {
        let next = number + 1;
        writeln!(text, "  A{number}: {{ Type: AWS::Serverless::HttpApi, Properties: {{ Name: !Ref A{next} }} }}").unwrap();
    }
    text.push_str("  A2000: { Type: AWS::SNS::Topic }\n");
    assert!(error(&text).message.contains("deeper than 250"));
}

#[test]
fn refuses_globals_that_multiply_with_the_resources() {
    let variables: Vec<String> = (0..2000).map(|number| format!("V{number}: x")).collect();
    let variables = variables.join(", ");
    let mut text = format!(
        "Globals: {{ Function: {{ Environment: {{ Variables: {{ {variables} }} }} }} }}\nResources:\n"
    );
    for number in 0..2000 {
        writeln!(text, "  F{number}: {{ Type: AWS::Serverless::Function, Properties: {{ Environment: {{ Variables: {{ A: b }} }} }} }}").unwrap();
    }
    assert!(error(&text).message.contains("merged into every resource"));
}

#[test]
fn reads_a_large_json_document() {
    let resources: Vec<String> =
        (0..5000).map(|number| format!("\"R{number}\": {{\"Type\": \"AWS::SNS::Topic\", \"Properties\": {{\"a\": [1, 2]}}}}")).collect();
    let template = read(&format!("{{\"Resources\": {{{}}}}}", resources.join(", ")));
    assert_eq!(template.not_simulated.len(), 5000);
}

/// Text that looks like a template, so that the cases get past the scanner.
fn yaml_like() -> impl Strategy<Value = String> {
    let words = [
        "Resources:",
        "\n  A:",
        "\n    Type: ",
        "AWS::Serverless::Function",
        "AWS::Serverless::Api",
        "Custom::UsagePlan",
        "AWS::DynamoDB::Table",
        "\n    Properties:",
        "\n      Events:",
        "\n      Name: ",
        "!Ref ",
        "!Sub ",
        "!GetAtt ",
        "!If ",
        "!Join ",
        "'${A}${B.C}${!D}${'",
        "A",
        "A.Arn",
        "&x ",
        "*x",
        "{",
        "}",
        "[",
        "]",
        ", ",
        ": ",
        "\n- ",
        "\n",
        "  ",
        "? ",
        "| ",
        "> ",
        "\"",
        "'",
        "#",
        "---\n",
        "%TAG ! x\n",
        "!!str ",
        "Fn::Sub",
        "Ref",
        "Condition: ",
        "Conditions:",
        "Parameters:",
        "Globals:",
        "5",
        "-1",
        "é",
        "\t",
        "\r\n",
        "\u{feff}",
        "ApiStages: ",
        "Throttle: ",
        "Quota: ",
        "RateLimit: ",
        "Auth: ",
        "UsagePlan: ",
        "Path: /a",
    ];
    prop::collection::vec(prop::sample::select(words.to_vec()), 0..60)
        .prop_map(|words| words.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_give_a_template_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = parse("t", &String::from_utf8_lossy(&bytes), &Settings::default()).map_err(|error| error.to_string());
    }

    #[test]
    fn anything_like_a_template_gives_a_template_or_an_error(text in yaml_like()) {
        let _ = parse("t", &text, &Settings::default()).map_err(|error| error.to_string());
    }

    #[test]
    fn any_properties_of_any_resource_give_a_template_or_an_error(kind in 0..7_usize, text in yaml_like()) {
        let kinds = ["Serverless::Function", "Serverless::Api", "Serverless::HttpApi", "Serverless::SimpleTable", "DynamoDB::Table",
            "ApiGateway::UsagePlan", "ApiGateway::ApiKey"];
        let text = format!("Resources:\n  A:\n    Type: AWS::{}\n    Properties: {text}", kinds[kind]);
        let _ = parse("t", &text, &Settings::default()).map_err(|error| error.to_string());
    }

    #[test]
    fn any_overrides_give_a_map_or_an_error(text in any::<String>()) {
        let _ = samconfig::parse_overrides(&text);
        let _ = samconfig::parameter_overrides(&text, "default");
    }
}
