//! `Ref` and `Fn::GetAtt`: what a name means, and a check that every name in the template means something.

use std::rc::Rc;

use super::{
    Resolver, resource_id,
    sub::{Piece, parts, pieces},
};
use crate::template::{
    error::{Place, TemplateError},
    resource::{Resource, ResourceKind},
    yaml::{Kind, Node},
};

/// The pseudo parameters. `Ref` to them is always allowed.
const PSEUDO_PARAMETERS: [&str; 8] = [
    "AWS::AccountId",
    "AWS::NoValue",
    "AWS::NotificationARNs",
    "AWS::Partition",
    "AWS::Region",
    "AWS::StackId",
    "AWS::StackName",
    "AWS::URLSuffix",
];
/// The longest logical id that `CloudFormation` accepts.
const LOGICAL_ID_LENGTH_MAX: usize = 255;

/// What a name can stand for.
enum Target<'a> {
    Parameter(&'a Node),
    Resource(&'a Resource),
    /// A resource that SAM generates beside one of the template's, with the type of that one.
    Generated(&'a str),
}

impl Resolver<'_> {
    /// The value of `Ref name`, where the name may be `Resource.Attribute` as in `Fn::Sub`. None for `AWS::NoValue`.
    pub(super) fn reference(
        &self,
        name: &str,
        line: usize,
        place: &Place,
    ) -> Result<Option<Node>, TemplateError> {
        let settings = self.settings;
        let pseudo = match name {
            "AWS::NoValue" => return Ok(None),
            "AWS::NotificationARNs" => return Ok(Some(Node::list(line, Vec::new()))),
            "AWS::Region" => Some(settings.region.clone()),
            "AWS::AccountId" => Some(settings.account_id.clone()),
            "AWS::StackName" => Some(settings.stack_name.clone()),
            "AWS::StackId" => {
                let (region, account, stack) =
                    (&settings.region, &settings.account_id, &settings.stack_name);
                Some(format!(
                    "arn:aws:cloudformation:{region}:{account}:stack/{stack}/local"
                ))
            }
            "AWS::Partition" => Some("aws".to_owned()),
            "AWS::URLSuffix" => Some("amazonaws.com".to_owned()),
            _ => None,
        };
        if let Some(text) = pseudo {
            return Ok(Some(Node::text(line, text)));
        }
        if let Some((logical_id, attribute)) = name.split_once('.') {
            return self
                .attribute_of(logical_id, attribute, line, place)
                .map(Some);
        }
        match self.target(name, line, place)? {
            Target::Parameter(value) => Ok(Some(Node {
                line,
                kind: value.kind.clone(),
            })),
            Target::Resource(resource) => {
                self.must_exist(resource, line, place)?;
                Ok(Some(Node::text(line, self.physical_id(resource)?)))
            }
            Target::Generated(_)
                if ["UsagePlan", "ApiKey", "UsagePlanKey"]
                    .iter()
                    .any(|end| name.ends_with(end)) =>
            {
                Ok(Some(Node::text(line, resource_id(name))))
            }
            Target::Generated(_) => Ok(Some(Node::text(line, name))),
        }
    }

    pub(super) fn get_att(
        &self,
        argument: &Node,
        line: usize,
        place: &Place,
    ) -> Result<Node, TemplateError> {
        match &argument.kind {
            Kind::Scalar(text) => match text.split_once('.') {
                Some((logical_id, attribute)) => {
                    self.attribute_of(logical_id, attribute, line, place)
                }
                None => Err(place.error(
                    line,
                    format!("`Fn::GetAtt {text}` names no attribute"),
                    "write `!GetAtt Resource.Arn`",
                )),
            },
            Kind::List(_) | Kind::Null | Kind::Map(_) => {
                let [logical_id, attribute] = self.arguments("Fn::GetAtt", argument, place)?;
                let (logical_id, attribute) =
                    (self.text(logical_id, place)?, self.text(attribute, place)?);
                self.attribute_of(&logical_id, &attribute, line, place)
            }
        }
    }

    fn attribute_of(
        &self,
        logical_id: &str,
        attribute: &str,
        line: usize,
        place: &Place,
    ) -> Result<Node, TemplateError> {
        let text = match self.target(logical_id, line, place)? {
            Target::Parameter(_) => {
                let message = format!("asks the parameter `{logical_id}` for `{attribute}`");
                return Err(place.error(line, message, "only resources have attributes"));
            }
            Target::Resource(resource) => {
                self.must_exist(resource, line, place)?;
                match resource.kind {
                    ResourceKind::RestApi | ResourceKind::HttpApi if attribute == "Stage" => {
                        self.stage_name(resource)?
                    }
                    ResourceKind::RestApi
                    | ResourceKind::HttpApi
                    | ResourceKind::Function
                    | ResourceKind::SimpleTable
                    | ResourceKind::Table
                    | ResourceKind::UsagePlan
                    | ResourceKind::ApiKey
                    | ResourceKind::UsagePlanKey
                    | ResourceKind::ApiStage
                    | ResourceKind::Layer
                    | ResourceKind::NotSimulated => self.attribute(resource, attribute)?,
                }
            }
            Target::Generated(resource_type) => {
                let of_url = self.function_url_attribute(logical_id, attribute)?;
                of_url.unwrap_or_else(|| {
                    self.plausible_attribute(resource_type, logical_id, attribute)
                })
            }
        };
        Ok(Node::text(line, text))
    }

    fn must_exist(
        &self,
        resource: &Resource,
        line: usize,
        place: &Place,
    ) -> Result<(), TemplateError> {
        let Some(condition) = &resource.condition else {
            return Ok(());
        };
        let own_place = Place::resource(&resource.logical_id, "Condition");
        if self.condition(condition, resource.line, &own_place)? {
            return Ok(());
        }
        let message = format!(
            "refers to `{}`, which does not exist: its condition `{condition}` is false",
            resource.logical_id
        );
        Err(place.error(
            line,
            message,
            format!("use `!If [{condition}, …, !Ref AWS::NoValue]`"),
        ))
    }

    fn target(&self, name: &str, line: usize, place: &Place) -> Result<Target<'_>, TemplateError> {
        if let Some(value) = self.parameters.get(name) {
            return Ok(Target::Parameter(value));
        }
        if let Some(resource) = self.resources.by_id.get(name) {
            return Ok(Target::Resource(resource));
        }
        if let Some(resource_type) = self.generated_by(name) {
            return Ok(Target::Generated(resource_type));
        }
        let message = format!("refers to `{name}`, which is neither a parameter nor a resource");
        Err(place.error(
            line,
            message,
            "correct the name, or add a parameter or resource with it",
        ))
    }

    /// The type of the SAM resource beside which SAM generates a resource of this name, such as the role of a function.
    fn generated_by(&self, name: &str) -> Option<&str> {
        if matches!(
            name,
            "ServerlessUsagePlan" | "ServerlessApiKey" | "ServerlessUsagePlanKey"
        ) {
            return Some("AWS::Serverless::Api");
        }
        if name.len() > LOGICAL_ID_LENGTH_MAX {
            return None;
        }
        (1..name.len()).rev().find_map(|end| {
            let (prefix, suffix) = name.split_at_checked(end)?;
            let resource = self.resources.by_id.get(prefix)?;
            let generates = match resource.kind {
                ResourceKind::RestApi | ResourceKind::HttpApi => {
                    matches!(suffix, "UsagePlan" | "ApiKey" | "UsagePlanKey")
                        || suffix.starts_with("Deployment")
                        || suffix.ends_with("Stage")
                }
                ResourceKind::Function => {
                    let begins = ["Role", "Url", "Version", "Alias", "EventInvokeConfig"]
                        .iter()
                        .any(|start| suffix.starts_with(start));
                    let events = resource.properties.get("Events").and_then(Node::as_map);
                    begins
                        || events.is_some_and(|events| {
                            (1..=suffix.len()).any(|end| {
                                suffix
                                    .get(..end)
                                    .is_some_and(|event| events.get(event).is_some())
                            })
                        })
                }
                ResourceKind::SimpleTable
                | ResourceKind::Table
                | ResourceKind::UsagePlan
                | ResourceKind::ApiKey
                | ResourceKind::UsagePlanKey
                | ResourceKind::ApiStage => false,
                ResourceKind::Layer | ResourceKind::NotSimulated => {
                    resource.type_name.starts_with("AWS::Serverless::")
                }
            };
            generates.then_some(&*resource.type_name)
        })
    }

    fn check_name(&self, name: &str, line: usize, place: &Place) -> Result<(), TemplateError> {
        if PSEUDO_PARAMETERS.contains(&name) {
            return Ok(());
        }
        let logical_id = name
            .split_once('.')
            .map_or(name, |(logical_id, _)| logical_id);
        self.target(logical_id, line, place).map(|_| ())
    }

    fn check_node(&self, node: &Node, place: &Place) -> Result<(), TemplateError> {
        self.spend(place.path.len().saturating_add(1), node.line, place)?;
        match (node.intrinsic(), &node.kind) {
            (
                Some((
                    "Ref" | "Fn::GetAtt",
                    Node {
                        kind: Kind::Scalar(name),
                        line,
                    },
                )),
                _,
            ) => self.check_name(name, *line, place),
            (
                Some((
                    "Fn::GetAtt",
                    Node {
                        kind: Kind::List(items),
                        line,
                    },
                )),
                _,
            ) => match items.first().and_then(Node::as_text) {
                Some(name) => self.check_name(name, *line, place),
                None => Ok(()),
            },
            (Some(("Fn::Sub", argument)), _) => {
                let (text, variables) = parts(argument, place)?;
                for piece in pieces(text) {
                    match piece {
                        Piece::Reference(name)
                            if variables.is_none_or(|variables| variables.get(name).is_none()) =>
                        {
                            self.check_name(name, argument.line, place)?;
                        }
                        Piece::Reference(_) | Piece::Literal(_) => {}
                    }
                }
                variables
                    .iter()
                    .flat_map(|map| map.iter())
                    .try_for_each(|(_, _, value)| self.check_node(value, place))
            }
            (_, Kind::Map(map)) => map.iter().try_for_each(|(key, _, value)| match value.kind {
                Kind::Null | Kind::Scalar(_) => Ok(()),
                Kind::List(_) | Kind::Map(_) => {
                    let is_function = node.intrinsic().is_some();
                    if is_function {
                        self.check_node(value, place)
                    } else {
                        self.check_node(value, &place.child(key))
                    }
                }
            }),
            (_, Kind::List(items)) => {
                items
                    .iter()
                    .enumerate()
                    .try_for_each(|(index, item)| match item.kind {
                        Kind::Null | Kind::Scalar(_) => Ok(()),
                        Kind::List(_) | Kind::Map(_) => self.check_node(item, &place.item(index)),
                    })
            }
            (_, Kind::Null | Kind::Scalar(_)) => Ok(()),
        }
    }
}

/// Checks that every `Ref`, `Fn::GetAtt` and `Fn::Sub` of the template names something, used or not.
///
/// # Errors
/// The first name that is neither a pseudo parameter, a parameter, a resource, nor a resource that SAM generates.
pub(in crate::template) fn check(
    resolver: &Resolver<'_>,
    root: &Node,
) -> Result<(), TemplateError> {
    for resource in resolver.resources.iter() {
        let place = Place::resource(&resource.logical_id, "Properties");
        resolver.check_node(&resource.properties, &place)?;
        let depends_on = root
            .get("Resources")
            .and_then(|all| all.get(&resource.logical_id))
            .and_then(|node| node.get("DependsOn"));
        let names: Vec<(&Rc<str>, usize)> = match depends_on.map(|node| (&node.kind, node.line)) {
            Some((Kind::Scalar(name), line)) => vec![(name, line)],
            Some((Kind::List(items), line)) => items
                .iter()
                .filter_map(|item| Some((item.as_text()?, line)))
                .collect(),
            Some((Kind::Null | Kind::Map(_), _)) | None => Vec::new(),
        };
        for (name, line) in names {
            resolver.check_name(
                name,
                line,
                &Place::resource(&resource.logical_id, "DependsOn"),
            )?;
        }
    }
    for section in ["Conditions", "Outputs"] {
        if let Some(node) = root.get(section) {
            resolver.check_node(node, &Place::section(section))?;
        }
    }
    Ok(())
}
