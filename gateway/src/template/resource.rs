//! The section `Resources`, with `Globals` merged into the properties.

use std::{collections::BTreeMap, rc::Rc};

use super::{
    error::{Place, TemplateError},
    yaml::{Kind, Map, Node},
};

/// The REST API that SAM makes for events of type `Api` without a `RestApiId`.
pub(super) const IMPLICIT_REST_API: &str = "ServerlessRestApi";
/// The HTTP API that SAM makes for events of type `HttpApi` without an `ApiId`.
pub(super) const IMPLICIT_HTTP_API: &str = "ServerlessHttpApi";

/// The most list items and map members that merging `Globals` may produce.
const MERGED_MEMBERS_MAX: usize = 1_000_000;

/// What the reader does with a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ResourceKind {
    RestApi,
    HttpApi,
    Function,
    SimpleTable,
    Table,
    UsagePlan,
    ApiKey,
    UsagePlanKey,
    ApiStage,
    Layer,
    NotSimulated,
}

impl ResourceKind {
    fn of(resource_type: &str) -> Self {
        match resource_type {
            "AWS::Serverless::Api" => Self::RestApi,
            "AWS::Serverless::HttpApi" => Self::HttpApi,
            "AWS::Serverless::Function" => Self::Function,
            "AWS::Serverless::SimpleTable" => Self::SimpleTable,
            "AWS::DynamoDB::Table" => Self::Table,
            "AWS::ApiGateway::UsagePlan" | "Custom::UsagePlan" => Self::UsagePlan,
            "AWS::ApiGateway::ApiKey" | "Custom::ApiKey" => Self::ApiKey,
            "AWS::ApiGateway::UsagePlanKey" | "Custom::UsagePlanKey" => Self::UsagePlanKey,
            "Custom::ApiStage" => Self::ApiStage,
            "AWS::Serverless::LayerVersion" | "AWS::Lambda::LayerVersion" => Self::Layer,
            _ => Self::NotSimulated,
        }
    }

    /// The member of `Globals` that holds defaults for this kind.
    fn globals(self) -> Option<&'static str> {
        match self {
            Self::RestApi => Some("Api"),
            Self::HttpApi => Some("HttpApi"),
            Self::Function => Some("Function"),
            Self::SimpleTable
            | Self::Table
            | Self::UsagePlan
            | Self::ApiKey
            | Self::UsagePlanKey
            | Self::ApiStage
            | Self::Layer
            | Self::NotSimulated => None,
        }
    }
}

/// One resource as it stands in the template.
#[derive(Debug, Clone)]
pub(super) struct Resource {
    pub(super) logical_id: Rc<str>,
    pub(super) type_name: Rc<str>,
    pub(super) kind: ResourceKind,
    pub(super) line: usize,
    /// The properties with `Globals` merged in. A map always.
    pub(super) properties: Node,
    pub(super) metadata: Option<Node>,
    pub(super) condition: Option<Rc<str>>,
}

/// The resources by logical id, and their order in the text.
#[derive(Debug, Default)]
pub(super) struct Resources {
    pub(super) by_id: BTreeMap<Rc<str>, Resource>,
    /// Without the implicit APIs, which stand in `by_id` only.
    pub(super) order: Vec<Rc<str>>,
}

impl Resources {
    /// The resources in the order of the text.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Resource> {
        self.order
            .iter()
            .filter_map(|logical_id| self.by_id.get(logical_id))
    }
}

/// Reads the resources of a template.
///
/// # Errors
/// No `Resources`, a resource without a `Type`, and parts of the wrong shape.
pub(super) fn read(root: &Node) -> Result<Resources, TemplateError> {
    let Some(section) = root.get("Resources") else {
        return Err(Place::default().error(
            root.line,
            "the section Resources is missing",
            "add `Resources:` with at least one resource",
        ));
    };
    let place = Place::section("Resources");
    let Some(map) = section.as_map() else {
        return Err(must_be_map(&place, section));
    };
    let globals = root.get("Globals");
    if let Some(globals) = globals {
        for (name, _, node) in member_map(globals, &Place::section("Globals"))?
            .iter()
            .flat_map(|map| map.iter())
        {
            member_map(node, &Place::section("Globals").child(name))?;
        }
    }
    let mut merger = Merger {
        globals,
        members_left: MERGED_MEMBERS_MAX,
    };
    let mut resources = Resources::default();
    for (logical_id, line, node) in map.iter() {
        if logical_id.is_empty() || !logical_id.chars().all(|c| c.is_ascii_alphanumeric()) {
            let hint = "use letters and digits; `Fn::ForEach` and `Fn::Transform` are not expanded";
            return Err(place.error(
                *line,
                format!("has the logical id `{logical_id}`, which is not alphanumeric"),
                hint,
            ));
        }
        let resource = resource(logical_id, *line, node, &mut merger)?;
        resources.by_id.insert(Rc::clone(logical_id), resource);
        resources.order.push(Rc::clone(logical_id));
    }
    for (name, resource_type, stage) in [
        (IMPLICIT_REST_API, "AWS::Serverless::Api", "Prod"),
        (IMPLICIT_HTTP_API, "AWS::Serverless::HttpApi", "$default"),
    ] {
        if !resources.by_id.contains_key(name) {
            resources.by_id.insert(
                Rc::from(name),
                implicit_api(name, resource_type, stage, section.line, &mut merger)?,
            );
        }
    }
    Ok(resources)
}

fn implicit_api(
    name: &str,
    resource_type: &str,
    stage: &str,
    line: usize,
    merger: &mut Merger<'_>,
) -> Result<Resource, TemplateError> {
    let kind = ResourceKind::of(resource_type);
    let mut own = Map::default();
    own.insert(Rc::from("StageName"), line, Node::text(line, stage));
    Ok(Resource {
        logical_id: Rc::from(name),
        type_name: Rc::from(resource_type),
        kind,
        line,
        properties: merger.with_globals(kind, &Node::map(line, own))?,
        metadata: None,
        condition: None,
    })
}

fn resource(
    logical_id: &Rc<str>,
    line: usize,
    node: &Node,
    merger: &mut Merger<'_>,
) -> Result<Resource, TemplateError> {
    let place = Place::resource(logical_id, "");
    if node.as_map().is_none() {
        let found = node.kind_name();
        return Err(place.error(
            line,
            format!("a resource must be a map, found {found}"),
            "write `Type:` and `Properties:`",
        ));
    }
    let resource_type = match node.get("Type") {
        None => {
            return Err(place.error(
                line,
                "Type is missing",
                "add `Type: AWS::Serverless::Function` or another resource type",
            ));
        }
        Some(found) => found
            .as_text()
            .ok_or_else(|| must_be_text(&place.child("Type"), found))?,
    };
    let condition = match node.get("Condition") {
        None => None,
        Some(found) => {
            Some(Rc::clone(found.as_text().ok_or_else(|| {
                must_be_text(&place.child("Condition"), found)
            })?))
        }
    };
    let kind = ResourceKind::of(resource_type);
    let empty = Node::map(line, Map::default());
    let properties = match node.get("Properties") {
        None => empty,
        Some(found) => {
            member_map(found, &place.child("Properties"))?.map_or(empty, |_| found.clone())
        }
    };
    Ok(Resource {
        logical_id: Rc::clone(logical_id),
        type_name: Rc::clone(resource_type),
        kind,
        line,
        properties: merger.with_globals(kind, &properties)?,
        metadata: node.get("Metadata").cloned(),
        condition,
    })
}

/// Merges `Globals` into properties, with a bound on the members that all the merges together may produce.
struct Merger<'a> {
    globals: Option<&'a Node>,
    members_left: usize,
}

impl Merger<'_> {
    fn with_globals(
        &mut self,
        kind: ResourceKind,
        properties: &Node,
    ) -> Result<Node, TemplateError> {
        match kind
            .globals()
            .zip(self.globals)
            .and_then(|(name, globals)| globals.get(name))
        {
            None => Ok(properties.clone()),
            Some(defaults) => self.merge(defaults, properties),
        }
    }

    /// SAM's merge: maps are merged member by member, lists are concatenated, of anything else the resource's own value stays.
    fn merge(&mut self, defaults: &Node, own: &Node) -> Result<Node, TemplateError> {
        match (&defaults.kind, &own.kind) {
            (Kind::Map(_), Kind::Map(_))
                if defaults.intrinsic().is_some() || own.intrinsic().is_some() =>
            {
                Ok(own.clone())
            }
            (Kind::Map(defaults), Kind::Map(members)) => {
                self.spend(defaults.len().saturating_add(members.len()), own.line)?;
                let mut merged = Map::clone(defaults);
                for (key, line, value) in members.iter() {
                    let value = match defaults.get(key) {
                        None => value.clone(),
                        Some(default) => self.merge(default, value)?,
                    };
                    merged.insert(Rc::clone(key), *line, value);
                }
                Ok(Node::map(own.line, merged))
            }
            (Kind::List(defaults), Kind::List(items)) => {
                self.spend(defaults.len().saturating_add(items.len()), own.line)?;
                Ok(Node::list(
                    own.line,
                    defaults.iter().chain(items.iter()).cloned().collect(),
                ))
            }
            (Kind::Null | Kind::Scalar(_) | Kind::List(_) | Kind::Map(_), _) => Ok(own.clone()),
        }
    }

    fn spend(&mut self, members: usize, line: usize) -> Result<(), TemplateError> {
        self.members_left = self.members_left.checked_sub(members).ok_or_else(|| {
            let message = format!("is too large: merged into every resource it makes more than {MERGED_MEMBERS_MAX} values");
            Place::section("Globals").error(line, message, "move what few resources need into those resources")
        })?;
        Ok(())
    }
}

/// The map that a node is, None when it is empty.
fn member_map<'a>(node: &'a Node, place: &Place) -> Result<Option<&'a Rc<Map>>, TemplateError> {
    match &node.kind {
        Kind::Null => Ok(None),
        Kind::Map(map) => Ok(Some(map)),
        Kind::Scalar(_) | Kind::List(_) => Err(must_be_map(place, node)),
    }
}

fn must_be_map(place: &Place, node: &Node) -> TemplateError {
    let found = node.kind_name();
    place.error(
        node.line,
        format!("must be a map, found {found}"),
        "write `Name: value` lines below it",
    )
}

fn must_be_text(place: &Place, node: &Node) -> TemplateError {
    let found = node.kind_name();
    place.error(
        node.line,
        format!("must be a text, found {found}"),
        "write a plain text",
    )
}
