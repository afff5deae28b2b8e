//! Parameter mappings, `JSONPath`, and variables in URIs and in gateway responses. An input is a target, a source, and behind a line of
//! `---` the body.

use std::collections::BTreeMap;

use serde_json::json;
use tollgate_gateway::mapping::parameters::{
    ParameterMapping, Source, fill_placeholders, substitute_stage_variables,
};
use tollgate_gateway::mapping::substitution::substitute;
use tollgate_gateway::mapping::{Input, JsonPath, Parameters};

use super::{check, text, two};
use crate::target::{Memory, Seen, Target};

pub(super) const TARGET: Target = Target {
    name: "parameters",
    words: &[
        "integration.request.header.x",
        "integration.request.querystring.q",
        "integration.request.path.id",
        "method.response.header.x",
        "gatewayresponse.header.x",
        "method.request.header.",
        "method.request.querystring.",
        "method.request.multivaluequerystring.",
        "method.request.multivalueheader.",
        "method.request.path.",
        "method.request.body",
        "method.request.body.",
        "integration.response.header.",
        "integration.response.body.",
        "stageVariables.",
        "context.",
        "context.error.messageString",
        "'text'",
        "$.a",
        "$..a",
        "$[*]",
        "$['a']",
        "[?(@.a > 1)]",
        "[?(@.a =~ /b/)]",
        "&&",
        "||",
        "[-1]",
        "[0,1]",
        "[::2]",
        "[1:-1]",
        ".length()",
        "..*",
        "${stageVariables.",
        "{id}",
        "{id+}",
        "${context.",
        "$context.",
        "\n---\n",
        "{\"a\":[{\"b\":1},2]}",
        "\n",
    ],
    fresh: None,
    memory: Memory {
        base_bytes: 1 << 20,
        bytes_per_byte: 512,
    },
    weight: 1,
    check: evaluate,
};

fn evaluate(input: &[u8]) -> Result<Seen, String> {
    let text = text(input);
    let (expressions, body) = two(&text);
    let (target, source) = expressions.split_once('\n').unwrap_or(("", expressions));
    let one = |name: &str, value: &str| (name.to_owned(), vec![value.to_owned()]);
    let parameters = Parameters {
        path: BTreeMap::from([("id".to_owned(), body.to_owned())]),
        query: BTreeMap::from([("q".to_owned(), vec!["a".to_owned(), "b".to_owned()])]),
        headers: BTreeMap::from([one("X-Trace", "t-1")]),
    };
    let context = json!({"stage": "dev", "error": {"message": "no"}});
    let stage_variables = BTreeMap::from([("host".to_owned(), "127.0.0.1".to_owned())]);
    let input = Input {
        body,
        parameters: &parameters,
        context: &context,
        stage_variables: &stage_variables,
    };
    uri(expressions, &parameters.path, &stage_variables)?;
    let substituted = substitute(expressions, &input);
    check(
        expressions.contains('$') || substituted == expressions,
        || "a text without variables is changed".to_owned(),
    )?;
    let path = source.parse::<JsonPath>();
    if let Ok(path) = &path {
        check(path.source() == source, || {
            "a path is not what it was read from".to_owned()
        })?;
    }
    let mut told = format!("{}", path.is_ok());
    let mut taken = path.is_ok();
    for mapping in [
        ParameterMapping::of_request(target, source),
        ParameterMapping::of_response(target, source),
        ParameterMapping::of_gateway_response(target, source),
    ] {
        match mapping {
            Ok(mapping) => {
                taken = true;
                told.push_str(&values(&mapping.source, source, &input)?);
            }
            Err(error) => {
                check(!error.hint.is_empty(), || {
                    "an error does not say what to write".to_owned()
                })?;
                told.push_str(&error.hint);
            }
        }
    }
    if let Err(error) = path {
        told.push_str(&error.message);
    }
    Ok(if taken {
        Seen::taken(&told)
    } else {
        Seen::refused(&told)
    })
}

fn values(source: &Source, text: &str, input: &Input<'_>) -> Result<String, String> {
    let values = source.evaluate(input);
    check(values == source.evaluate(input), || {
        "a source has two values".to_owned()
    })?;
    if let Source::Static(content) = source {
        check(text == format!("'{content}'"), || {
            "a text is not what it was read from".to_owned()
        })?;
    }
    Ok(match values {
        Ok(values) => format!("{}", values.is_some()),
        Err(error) => error.to_string(),
    })
}

/// A value stays inside of the URI's path.
fn uri(
    text: &str,
    path: &BTreeMap<String, String>,
    stage_variables: &BTreeMap<String, String>,
) -> Result<(), String> {
    let filled = fill_placeholders("http://host/{id}/{none}?q=1", path);
    let inside = filled
        .strip_prefix("http://host/")
        .and_then(|rest| rest.strip_suffix("/{none}?q=1"));
    check(
        inside.is_some_and(|inside| {
            inside
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#'))
        }),
        || format!("a value leaves the path of its URI: `{filled}`"),
    )?;
    let substituted = substitute_stage_variables(text, stage_variables);
    check(
        text.contains("${stageVariables.") || substituted == text,
        || "a URI without variables is changed".to_owned(),
    )
}
