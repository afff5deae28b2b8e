//! What templates give, case by case.

mod bounds;
mod directives;
mod errors;
mod expressions;
mod java;
mod paths;
mod real_templates;
mod variables;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Bounds, Input, Overrides, Parameters, RenderError, Rendered, Template};

/// A request that templates are applied to.
pub(super) struct Request {
    pub(super) body: String,
    pub(super) parameters: Parameters,
    pub(super) context: Value,
    pub(super) stage_variables: BTreeMap<String, String>,
}

impl Request {
    pub(super) fn with_body(body: &str) -> Self {
        let one = |name: &str, value: &str| (name.to_owned(), vec![value.to_owned()]);
        Self {
            body: body.to_owned(),
            parameters: Parameters {
                path: BTreeMap::from([("id".to_owned(), "42".to_owned())]),
                query: BTreeMap::from([
                    ("tag".to_owned(), vec!["a".to_owned(), "b".to_owned()]),
                    one("id", "of the query"),
                ]),
                headers: BTreeMap::from([one("X-Trace", "t-1"), one("tag", "of the header")]),
            },
            context: json!({
                "httpMethod": "POST",
                "stage": "dev",
                "requestTimeEpoch": 1_700_000_000_000_u64,
                "identity": {"sourceIp": "127.0.0.1", "apiKeyId": "k1"},
                "authorizer": {"principalId": "user"},
                "error": {"message": "no \"x\""},
            }),
            stage_variables: BTreeMap::from([("color".to_owned(), "blue".to_owned())]),
        }
    }

    pub(super) fn input(&self) -> Input<'_> {
        Input {
            body: &self.body,
            parameters: &self.parameters,
            context: &self.context,
            stage_variables: &self.stage_variables,
        }
    }

    pub(super) fn render(&self, template: &str) -> Result<Rendered, RenderError> {
        let template = Template::parse(template).unwrap_or_else(|error| panic!("{error}"));
        template.render(&self.input(), Bounds::default())
    }
}

const BODY: &str = r#"{"name":"Ann","age":7,"rate":1.5,"ok":true,"none":null,"tags":["x","y"],"pet":{"kind":"cat","toys":[{"n":1},{"n":2}]}}"#;

/// The text that a template gives for [`BODY`].
pub(super) fn rendered(template: &str) -> String {
    match Request::with_body(BODY).render(template) {
        Ok(rendered) => rendered.text,
        Err(error) => panic!("{template}: {error}"),
    }
}

/// Compares what each template gives.
pub(super) fn check(cases: &[(&str, &str)]) {
    for (template, expected) in cases {
        assert_eq!(rendered(template), *expected, "{template}");
    }
}

/// The error of a template that is read and not rendered.
pub(super) fn failure(template: &str) -> String {
    match Request::with_body(BODY).render(template) {
        Ok(rendered) => panic!("{template} gave {}", rendered.text),
        Err(error) => error.to_string(),
    }
}

pub(super) fn overrides(template: &str) -> Overrides {
    match Request::with_body(BODY).render(template) {
        Ok(rendered) => rendered.overrides,
        Err(error) => panic!("{template}: {error}"),
    }
}

#[test]
fn what_is_plain_text_is_the_same_for_every_input() {
    for text in ["", r#"{"statusCode": 200}"#, "a ## comment"] {
        let template = Template::parse(text).unwrap();
        let constant = template.constant().unwrap();
        assert_eq!(rendered(text).as_bytes(), &**constant);
    }
    for text in ["$input.body", "#set($a = 1)", "#if(true)a#end"] {
        assert_eq!(Template::parse(text).unwrap().constant(), None, "{text}");
    }
}
