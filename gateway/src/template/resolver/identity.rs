//! What `Ref` and `Fn::GetAtt` give: the local names and ids of resources.

use std::rc::Rc;

use sha2::{Digest as _, Sha256};

use super::Resolver;
use crate::local::short_id;
use crate::template::{
    error::{Place, TemplateError},
    resource::{Resource, ResourceKind},
    yaml::Node,
};

/// The id of a plan or a key: 10 lower-case letters and digits that depend on the logical id only.
pub(in crate::template) fn resource_id(logical_id: &str) -> Rc<str> {
    let hash = Sha256::digest(logical_id.as_bytes());
    let mut number = hash
        .first_chunk()
        .map_or(0, |bytes| u128::from_be_bytes(*bytes));
    let mut id = String::with_capacity(10);
    for _ in 0..10 {
        id.push(
            u32::try_from(number % 36)
                .ok()
                .and_then(|digit| char::from_digit(digit, 36))
                .unwrap_or('0'),
        );
        number /= 36;
    }
    id.into()
}

/// The id of a function's URL, the first label of its host. It stands for the API in plans.
pub(in crate::template) fn function_url_id(logical_id: &str) -> String {
    short_id(logical_id, 32)
}

/// The name of a table that the template leaves unnamed. `DynamoDB` wants 3 characters or more.
fn table_name(logical_id: &Rc<str>) -> Rc<str> {
    if logical_id.len() < 3 {
        return format!("{logical_id}-table").into();
    }
    Rc::clone(logical_id)
}

fn api_id(name: Option<&str>, logical_id: &str) -> Rc<str> {
    let fits = |name: &str| {
        (1..=40).contains(&name.len())
            && name
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    match name {
        Some(name) if fits(name) => Rc::from(name),
        Some(_) | None => Rc::from(logical_id.to_ascii_lowercase()),
    }
}

impl Resolver<'_> {
    /// What `Ref` gives for a resource: the API's id, the function's or table's name, the plan's or key's id, the layer's ARN, else the
    /// logical id.
    pub(in crate::template) fn physical_id(
        &self,
        resource: &Resource,
    ) -> Result<Rc<str>, TemplateError> {
        if let Some(id) = self.ids.borrow().get(&resource.logical_id) {
            return Ok(Rc::clone(id));
        }
        let place = Place::resource(&resource.logical_id, "Properties");
        let logical_id = &resource.logical_id;
        let id = self.guarded(logical_id, resource.line, &place, || {
            Ok(match resource.kind {
                ResourceKind::RestApi | ResourceKind::HttpApi => {
                    api_id(self.property(resource, "Name")?.as_deref(), logical_id)
                }
                ResourceKind::Function => self
                    .property(resource, "FunctionName")?
                    .unwrap_or_else(|| Rc::clone(logical_id)),
                ResourceKind::SimpleTable => self
                    .property(resource, "TableName")?
                    .unwrap_or_else(|| table_name(logical_id)),
                ResourceKind::Table => match self.property(resource, "TableName")? {
                    Some(name) => name,
                    None if self.is_tollgate_table(&resource.properties, &place)? => {
                        Rc::from(self.settings.tollgate_table.as_str())
                    }
                    None => table_name(logical_id),
                },
                ResourceKind::UsagePlan
                | ResourceKind::ApiKey
                | ResourceKind::UsagePlanKey
                | ResourceKind::ApiStage => resource_id(logical_id),
                ResourceKind::Layer => self.layer_arn(logical_id),
                ResourceKind::NotSimulated => Rc::clone(logical_id),
            })
        })?;
        self.ids
            .borrow_mut()
            .insert(Rc::clone(logical_id), Rc::clone(&id));
        Ok(id)
    }

    /// The stage of a SAM API; `$default` for an HTTP API that names none.
    pub(in crate::template) fn stage_name(&self, api: &Resource) -> Result<Rc<str>, TemplateError> {
        let place = Place::resource(&api.logical_id, "Properties");
        match self.property(api, "StageName")? {
            Some(stage) => Ok(stage),
            None if api.kind == ResourceKind::HttpApi => Ok(Rc::from("$default")),
            None => {
                Err(place
                    .child("StageName")
                    .error(api.line, "is missing", "add `StageName: dev`"))
            }
        }
    }

    /// The attribute of a resource: the ARNs and ids that SAM and `CloudFormation` give, else a text that names both.
    pub(super) fn attribute(
        &self,
        resource: &Resource,
        attribute: &str,
    ) -> Result<Rc<str>, TemplateError> {
        let id = self.physical_id(resource)?;
        let (region, account) = (&self.settings.region, &self.settings.account_id);
        Ok(match (resource.kind, attribute) {
            (ResourceKind::Function, "Arn") => {
                format!("arn:aws:lambda:{region}:{account}:function:{id}").into()
            }
            (ResourceKind::Table | ResourceKind::SimpleTable, "Arn") => {
                format!("arn:aws:dynamodb:{region}:{account}:table/{id}").into()
            }
            (ResourceKind::Table | ResourceKind::SimpleTable, "StreamArn") => {
                format!("arn:aws:dynamodb:{region}:{account}:table/{id}/stream/latest").into()
            }
            (ResourceKind::RestApi, "RestApiId")
            | (ResourceKind::HttpApi, "ApiId")
            | (
                ResourceKind::UsagePlan | ResourceKind::UsagePlanKey | ResourceKind::ApiStage,
                "Id",
            )
            | (ResourceKind::ApiKey, "APIKeyId")
            | (ResourceKind::Layer, "LayerVersionArn") => id,
            (
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
                | ResourceKind::NotSimulated,
                _,
            ) => self.plausible_attribute(&resource.type_name, &resource.logical_id, attribute),
        })
    }

    /// The ARN of a layer's only version here.
    fn layer_arn(&self, logical_id: &str) -> Rc<str> {
        let (region, account) = (&self.settings.region, &self.settings.account_id);
        format!("arn:aws:lambda:{region}:{account}:layer:{logical_id}:1").into()
    }

    /// An attribute of the URL that SAM makes for a function, whose name is the function's with `Url`. `None` for anything else.
    pub(super) fn function_url_attribute(
        &self,
        name: &str,
        attribute: &str,
    ) -> Result<Option<Rc<str>>, TemplateError> {
        let function = name
            .strip_suffix("Url")
            .and_then(|function| self.resources.by_id.get(function))
            .filter(|resource| resource.kind == ResourceKind::Function);
        match (function, attribute) {
            (Some(function), "FunctionUrl") => {
                let id = function_url_id(&function.logical_id);
                let region = &self.settings.region;
                Ok(Some(
                    format!("https://{id}.lambda-url.{region}.on.aws/").into(),
                ))
            }
            (Some(function), "FunctionArn") => self.attribute(function, "Arn").map(Some),
            (Some(_) | None, _) => Ok(None),
        }
    }

    /// An attribute of something that is not simulated: an ARN where the name says so, else a text that names both.
    pub(super) fn plausible_attribute(
        &self,
        resource_type: &str,
        logical_id: &str,
        attribute: &str,
    ) -> Rc<str> {
        if !attribute.ends_with("Arn") {
            return format!("{logical_id}.{attribute}").into();
        }
        let service = resource_type
            .split("::")
            .nth(1)
            .unwrap_or("cloudformation")
            .to_ascii_lowercase();
        let (region, account) = (&self.settings.region, &self.settings.account_id);
        format!("arn:aws:{service}:{region}:{account}:{logical_id}").into()
    }

    /// A text property. None when it is absent, empty or `AWS::NoValue`.
    fn property(&self, resource: &Resource, name: &str) -> Result<Option<Rc<str>>, TemplateError> {
        let place = Place::resource(&resource.logical_id, "Properties").child(name);
        match resource.properties.get(name) {
            None => Ok(None),
            Some(node) => match self.value(node, &place)? {
                None => Ok(None),
                Some(value) => match value.as_text() {
                    Some(text) => Ok(Some(Rc::clone(text)).filter(|text| !text.is_empty())),
                    None => Err(super::wrong_type(&place, &value, "a text")),
                },
            },
        }
    }

    /// Tollgate's own table is known by its shape: `pk` and `sk` of type S, and the index `list` on `list_pk` and `list_sk`.
    fn is_tollgate_table(&self, properties: &Node, place: &Place) -> Result<bool, TemplateError> {
        let has_keys = |node: &Node, hash: &str, range: &str| -> Result<bool, TemplateError> {
            let keys = self.rows(node.get("KeySchema"), ["AttributeName", "KeyType"], place)?;
            let expected = [[hash, "HASH"], [range, "RANGE"]];
            Ok(keys.len() == 2
                && expected.iter().all(|row| {
                    keys.iter()
                        .any(|key| key.iter().map(|text| &**text).eq(row.iter().copied()))
                }))
        };
        if !has_keys(properties, "pk", "sk")? {
            return Ok(false);
        }
        let attributes = self.rows(
            properties.get("AttributeDefinitions"),
            ["AttributeName", "AttributeType"],
            place,
        )?;
        let is_text = |name: &str| {
            attributes
                .iter()
                .any(|[attribute, kind]| &**attribute == name && &**kind == "S")
        };
        if !is_text("pk") || !is_text("sk") {
            return Ok(false);
        }
        for index in self.items(properties.get("GlobalSecondaryIndexes"), place)? {
            let is_list = match index.get("IndexName") {
                Some(name) => &*self.text(name, place)? == "list",
                None => false,
            };
            if is_list && has_keys(&index, "list_pk", "list_sk")? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The maps of a list, each as the texts of two of its members. A row that lacks one is left out.
    fn rows(
        &self,
        list: Option<&Node>,
        members: [&str; 2],
        place: &Place,
    ) -> Result<Vec<[Rc<str>; 2]>, TemplateError> {
        let mut rows = Vec::new();
        for item in self.items(list, place)? {
            let [first, second] = members;
            if let Some((first, second)) = item.get(first).zip(item.get(second)) {
                rows.push([self.text(first, place)?, self.text(second, place)?]);
            }
        }
        Ok(rows)
    }

    fn items(&self, list: Option<&Node>, place: &Place) -> Result<Vec<Node>, TemplateError> {
        let Some(list) = list else {
            return Ok(Vec::new());
        };
        let mut items = Vec::new();
        for item in self.list(list, place)?.iter() {
            items.extend(self.value(item, place)?);
        }
        Ok(items)
    }
}
