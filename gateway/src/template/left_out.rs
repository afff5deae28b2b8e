//! What the gateway leaves out of a template.

use std::collections::BTreeSet;

use super::yaml::{Kind, Node};

/// The transforms whose effect is simulated.
const TRANSFORMS: [&str; 2] = ["AWS::Serverless-2016-10-31", "AWS::LanguageExtensions"];

/// How the types of resources and events begin that watch, permit and schedule what runs in the cloud. A laptop needs none of it.
const OF_THE_CLOUD: [&str; 10] = [
    "AWS::ApplicationInsights::",
    "AWS::CloudWatch::",
    "AWS::Events::",
    "AWS::IAM::",
    "AWS::KMS::",
    "AWS::Lambda::Permission",
    "AWS::Logs::",
    "AWS::Scheduler::",
    "AWS::SecretsManager::",
    "event Schedule",
];

/// A resource, an event of a function, an `OpenAPI` definition, an authorizer or a macro that the gateway leaves out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotSimulated {
    /// The logical id; `Function.Event` for an event, `Api.DefinitionBody` for a definition, `Transform` for a macro. For an authorizer,
    /// the API, event or function that it protects.
    pub logical_id: String,
    /// The resource type; `event Schedule` for an event, the macro's name for a macro, `Auth.DefaultAuthorizer` for an authorizer.
    pub resource_type: String,
    /// The line, from 1.
    pub line: usize,
}

impl NotSimulated {
    /// Whether the APIs work here as they do in the cloud without it: roles, logs, alarms, secrets, schedules.
    pub fn is_of_the_cloud(&self) -> bool {
        OF_THE_CLOUD
            .iter()
            .any(|start| self.resource_type.starts_with(start))
    }
}

/// The macros that the template asks for and that are not run.
pub(super) fn macros(root: &Node) -> Vec<NotSimulated> {
    let transform = root.get("Transform");
    let names: Vec<&Node> = match transform.map(|node| (&node.kind, node)) {
        Some((Kind::Scalar(_), node)) => vec![node],
        Some((Kind::List(items), _)) => items.iter().collect(),
        Some((Kind::Null | Kind::Map(_), _)) | None => Vec::new(),
    };
    let known: BTreeSet<&str> = TRANSFORMS.into();
    let unknown = names
        .into_iter()
        .filter_map(|node| Some((node.as_text()?, node.line)))
        .filter(|(name, _)| !known.contains(&***name));
    unknown
        .map(|(name, line)| NotSimulated {
            logical_id: "Transform".to_owned(),
            resource_type: name.to_string(),
            line,
        })
        .collect()
}
