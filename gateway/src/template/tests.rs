mod api_stages;
mod authorizers;
mod bounds;
mod errors;
mod functions_of_cloudformation;
mod layers;
mod left_out;
mod resources;

use super::*;

fn settings(overrides: &[(&str, &str)]) -> Settings {
    let parameter_overrides = overrides
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    Settings {
        parameter_overrides,
        ..Settings::default()
    }
}

fn read(text: &str) -> Template {
    parse("dir/template.yaml", text, &Settings::default()).unwrap_or_else(|error| panic!("{error}"))
}

fn error(text: &str) -> TemplateError {
    parse("template.yaml", text, &Settings::default()).expect_err("the template is wrong")
}

/// A function whose environment holds the value under test as `V`.
fn function_with(value: &str, rest: &str) -> String {
    format!(
        "Resources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties:\n      Runtime: provided.al2023\n      \
         Handler: bootstrap\n      CodeUri: f\n      Environment: {{ Variables: {{ V: {value} }} }}\n{rest}"
    )
}

fn value_of(text: &str) -> String {
    read(text).functions[0].environment["V"].clone()
}
