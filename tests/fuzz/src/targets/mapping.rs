//! Mapping templates, parsed and applied. An input is a template, a line of `---` and the body that it is applied to.

use std::collections::BTreeMap;

use serde_json::json;
use tollgate_gateway::mapping::{Bounds, Input, Parameters, Template};

use super::{check, text, two};
use crate::target::{Memory, Seen, Target};

/// Bounds that end a hostile template soon.
const BOUNDS: Bounds = Bounds {
    output_bytes_max: 20_000,
    iterations_max: 100,
    steps_max: 40_000,
};

pub(super) const TARGET: Target = Target {
    name: "mapping",
    words: &[
        "#set($x = ",
        "#if(",
        "#elseif(",
        "#else",
        "#end",
        "#foreach($i in ",
        "#define($b)",
        "#break",
        "#stop",
        "#{end}",
        "#[[",
        "]]#",
        "#*",
        "*#",
        "##",
        "#macro(",
        "#evaluate(",
        "$x",
        "${x}",
        "$!x",
        "$!{x}",
        "\\$x",
        "$input",
        "$input.path('$')",
        "$input.json('$')",
        "$input.params()",
        "$input.params('id')",
        "$input.body",
        "$context",
        "$context.identity",
        "$context.requestOverride.header.x",
        "$context.responseOverride.status",
        "$stageVariables",
        "$util",
        "$util.escapeJavaScript(",
        "$util.parseJson(",
        "$util.urlEncode(",
        "$util.base64Decode(",
        "$foreach.index",
        "$velocityCount",
        ".get(",
        ".put(",
        ".add(",
        ".size()",
        ".keySet()",
        ".entrySet()",
        ".split(",
        ".substring(",
        ".substring(2, 1)",
        ".substring(-1)",
        ".subSequence(1, 0)",
        ".get(-1)",
        ".replaceAll(",
        ".matches(",
        ".concat(",
        ".length()",
        ".toString()",
        ".hashCode()",
        ".remove(",
        ".equals(",
        "'$..a[*]'",
        "'$[?(@.a==1)]'",
        "'$[0:2]'",
        "[1..3]",
        "[0..99999]",
        "{'a': 1}",
        "[1, 'b', 2.5]",
        "==",
        "!=",
        "&&",
        "||",
        "!",
        "+",
        "-",
        "*",
        "/",
        "%",
        "<=",
        ">",
        " in ",
        "\n---\n",
        "{\"a\":[1,{\"b\":null}]}",
    ],
    fresh: None,
    memory: Memory {
        base_bytes: 1 << 23,
        bytes_per_byte: 1024,
    },
    weight: 1,
    check: render,
};

fn render(input: &[u8]) -> Result<Seen, String> {
    let text = text(input);
    let (source, body) = two(&text);
    let template = match Template::parse(source) {
        Ok(template) => template,
        Err(error) => {
            let lines = source.split('\n').count();
            check((1..=lines).contains(&error.position.line), || {
                format!("the error names line {} of {lines}", error.position.line)
            })?;
            return Ok(Seen::refused(&error.message));
        }
    };
    let one = |name: &str, value: &str| (name.to_owned(), vec![value.to_owned()]);
    let parameters = Parameters {
        path: BTreeMap::from([("id".to_owned(), "42".to_owned())]),
        query: BTreeMap::from([one("tag", "a b")]),
        headers: BTreeMap::from([one("X-Trace", "t-1")]),
    };
    let context = json!({"stage": "dev", "identity": {"sourceIp": "127.0.0.1"}, "requestTimeEpoch": 1_700_000_000_000_u64});
    let stage_variables = BTreeMap::from([("colour".to_owned(), "blue".to_owned())]);
    let input = Input {
        body,
        parameters: &parameters,
        context: &context,
        stage_variables: &stage_variables,
    };
    let rendered = template.render(&input, BOUNDS);
    check(rendered == template.render(&input, BOUNDS), || {
        "it is applied in two ways".to_owned()
    })?;
    match rendered {
        Ok(rendered) => {
            let len = rendered.text.len();
            check(len <= BOUNDS.output_bytes_max, || {
                format!("it gives {len} bytes, more than its bound")
            })?;
            let constant = template.constant();
            check(
                constant.is_none_or(|constant| rendered.text.as_bytes() == &**constant),
                || "what does not depend on the input does".to_owned(),
            )?;
            let status = rendered.overrides.response_status;
            check(
                status.is_none_or(|status| (100..=599).contains(&status)),
                || format!("the status is {status:?}"),
            )?;
            // The shape of what came out says which parts of the language were at work.
            let shape: String = rendered
                .text
                .chars()
                .filter(|character| !character.is_alphanumeric())
                .take(12)
                .collect();
            Ok(Seen::taken(&shape.replace(['`', '\'', '"'], "q")))
        }
        Err(error) => Ok(Seen::refused(&error.to_string())),
    }
}
