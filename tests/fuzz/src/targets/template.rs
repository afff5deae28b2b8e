//! SAM and `CloudFormation` templates, in YAML and JSON.

use std::collections::BTreeSet;

use tollgate_gateway::template::{DEFAULT_ROUTE, Settings, Template, TemplateError, parse};

use super::{check, text};
use crate::target::{Memory, Seen, Target};

const FILE: &str = "folder/template.yaml";

pub(super) const TARGET: Target = Target {
    name: "template",
    words: &[
        "Resources:",
        "Properties:",
        "Type:",
        "AWS::Serverless::Function",
        "AWS::Serverless::Api",
        "AWS::Serverless::HttpApi",
        "AWS::Serverless::SimpleTable",
        "AWS::DynamoDB::Table",
        "AWS::ApiGateway::UsagePlan",
        "AWS::ApiGateway::ApiKey",
        "AWS::ApiGateway::UsagePlanKey",
        "Custom::UsagePlan",
        "Custom::ApiKey",
        "Custom::UsagePlanKey",
        "Custom::ApiStage",
        "Globals:",
        "Parameters:",
        "Mappings:",
        "Conditions:",
        "Condition:",
        "Default:",
        "Events:",
        "Auth:",
        "ApiKeyRequired: true",
        "UsagePlan:",
        "CreateUsagePlan: PER_API",
        "CreateUsagePlan: SHARED",
        "ApiStages:",
        "Throttle:",
        "RateLimit:",
        "BurstLimit:",
        "Quota:",
        "Limit:",
        "Period: DAY",
        "!Ref ",
        "!GetAtt ",
        "!Sub ",
        "!If ",
        "!Join ",
        "!Select ",
        "!Split ",
        "!FindInMap ",
        "!Equals ",
        "!Not ",
        "!And ",
        "!Base64 ",
        "!Cidr ",
        "!ImportValue ",
        "Fn::Sub",
        "Fn::ForEach::Each",
        "Fn::Transform",
        "Ref",
        "AWS::NoValue",
        "AWS::Region",
        "AWS::StackName",
        "${AWS::Region}",
        "${!x}",
        "&a ",
        "*a",
        "<<: *a",
        "? ",
        "- ",
        ": ",
        "|\n",
        ">-\n",
        "!!binary ",
        "--- ",
        "...",
        "%YAML 1.1\n",
        "$default",
        "/{proxy+}",
        "/users/{id}",
    ],
    fresh: None,
    memory: Memory {
        base_bytes: 1 << 18,
        bytes_per_byte: 512,
    },
    weight: 2,
    check: read,
};

fn read(input: &[u8]) -> Result<Seen, String> {
    let text = text(input);
    let settings = Settings::default();
    let read = parse(FILE, &text, &settings);
    check(read == parse(FILE, &text, &settings), || {
        "it is read in two ways".to_owned()
    })?;
    match read {
        Ok(template) => {
            whole(&template)?;
            let told = format!(
                "{} {} {} {} {} {} {}",
                template.apis.len() > 1,
                template.functions.len() > 1,
                template.tables.len() > 1,
                template.plans.len() > 1,
                template.keys.len() > 1,
                template.plan_keys.len() > 1,
                template.not_simulated.len() > 1,
            );
            Ok(Seen::taken(&told))
        }
        Err(error) => {
            refused(&error, &text)?;
            Ok(Seen::refused(&error.message))
        }
    }
}

/// What is deployed has ids of its own, and names only what is there.
fn whole(template: &Template) -> Result<(), String> {
    unique("API", template.apis.iter().map(|api| api.id.as_str()))?;
    let plan_ids = unique("plan", template.plans.iter().map(|plan| plan.id.as_str()))?;
    let key_ids = unique("key", template.keys.iter().map(|key| key.id.as_str()))?;
    for member in &template.plan_keys {
        check(
            plan_ids.contains(member.plan_id.as_str()) && key_ids.contains(member.key_id.as_str()),
            || "a key joins a plan, and one of them is not there".to_owned(),
        )?;
    }
    for method in template.apis.iter().flat_map(|api| &api.methods) {
        check(
            method.path.starts_with('/') || method.path == DEFAULT_ROUTE,
            || format!("a method has the path `{}`", method.path),
        )?;
    }
    for plan in &template.plans {
        let is_rate = |rate: f64| rate.is_finite() && rate >= 0.0;
        check(
            plan.throttle
                .is_none_or(|throttle| is_rate(throttle.rate_limit)),
            || "a plan has a rate that is none".to_owned(),
        )?;
    }
    Ok(())
}

fn unique<'t>(what: &str, ids: impl Iterator<Item = &'t str>) -> Result<BTreeSet<&'t str>, String> {
    let mut known = BTreeSet::new();
    for id in ids {
        check(known.insert(id), || format!("two of one id: {what} `{id}`"))?;
    }
    Ok(known)
}

/// An error names the file and a line of it, and says what to do.
fn refused(error: &TemplateError, text: &str) -> Result<(), String> {
    // YAML ends lines in more ways than one.
    let lines = text
        .chars()
        .filter(|character| matches!(character, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}'))
        .count()
        .saturating_add(2);
    check(error.file == FILE, || "the error names no file".to_owned())?;
    check(
        error.line.is_none_or(|line| (1..=lines).contains(&line)),
        || format!("the error names the line {:?} of {lines}", error.line),
    )?;
    check(!error.message.is_empty() && !error.hint.is_empty(), || {
        "the error does not say what to do".to_owned()
    })
}
