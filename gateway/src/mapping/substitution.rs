//! The templates of gateway responses: variables, and no other Velocity.

use super::{
    Input,
    parameters::{Source, context_text},
};

/// Fills in a gateway response's template.
///
/// It knows `$context.…`, `$stageVariables.…` and `$method.request.{header|path|querystring}.…`, with or without braces; what is not
/// there becomes empty, and all other text stays as it is. `$context.error.messageString` is a JSON string with its quotes (`null`
/// without a message), `$context.error.message` is bare.
///
/// From "Gateway responses for REST APIs in API Gateway" of API Gateway's developer guide.
pub fn substitute(template: &str, input: &Input<'_>) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        rest = if let Some((value, after)) = variable(after, input) {
            out.push_str(&value);
            after
        } else {
            out.push('$');
            after
        };
    }
    out.push_str(rest);
    out
}

/// The value of the variable at the start of a text, and what stands after it.
fn variable<'a>(text: &'a str, input: &Input<'_>) -> Option<(String, &'a str)> {
    let (name, after) = if let Some(braced) = text.strip_prefix('{') {
        braced.split_once('}')?
    } else {
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        let length = text.find(|c| !is_part(c)).unwrap_or(text.len());
        // A dot at the end belongs to the sentence.
        let name = text.get(..length)?.trim_end_matches('.');
        (name, text.get(name.len()..)?)
    };
    let value = match name.strip_prefix("context.") {
        Some(path) => context_text(input.context, path),
        None => match Source::parse_of_gateway_response(name)? {
            Source::Static(_) => return None,
            // A source without a body cannot fail.
            source => source
                .evaluate(input)
                .ok()
                .flatten()
                .map(|values| values.join(",")),
        },
    };
    Some((value.unwrap_or_default(), after))
}

#[cfg(test)]
mod tests {
    use super::{super::tests::Request, substitute};

    #[test]
    fn fills_in_variables_and_nothing_else() {
        let request = Request::with_body("");
        let cases = [
            (
                r#"{"message":$context.error.messageString}"#,
                r#"{"message":"no \"x\""}"#,
            ),
            ("$context.error.message", "no \"x\""),
            ("${context.stage}s $context.stage.", "devs dev."),
            ("$context.requestTimeEpoch", "1700000000000"),
            ("[$context.missing][$context.identity.none]", "[][]"),
            ("$stageVariables.color $stageVariables.none!", "blue !"),
            (
                "$method.request.header.x-trace $method.request.path.id $method.request.querystring.tag",
                "t-1 42 b",
            ),
            (
                "#set($x = 1)$x $input.body $ $$context.stage ${context.stage",
                "#set($x = 1)$x $input.body $ $dev ${context.stage",
            ),
        ];
        for (template, expected) in cases {
            assert_eq!(
                substitute(template, &request.input()),
                expected,
                "{template}"
            );
        }
    }

    #[test]
    fn a_message_that_is_not_there_is_null() {
        let mut request = Request::with_body("");
        request.context = serde_json::json!({"error": {"message": null}});
        let text = substitute(
            "{\"message\":$context.error.messageString}",
            &request.input(),
        );
        assert_eq!(text, "{\"message\":null}");
    }
}
