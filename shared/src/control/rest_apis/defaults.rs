//! What a new API consists of.

use std::collections::BTreeMap;

use super::change::new_part_id;
use crate::control::error::ControlError;
use crate::rest_api::{Definition, Model, Resource};

/// The root resource, and the two models that API Gateway gives to every new API.
pub(super) fn definition(root_resource_id: &str) -> Result<Definition, ControlError> {
    let root = Resource {
        id: root_resource_id.to_owned(),
        parent_id: None,
        path_part: None,
        path: "/".to_owned(),
        resource_methods: BTreeMap::new(),
    };
    let models = [
        model(
            "Empty",
            "This is a default empty schema model",
            "{\n  \"$schema\": \"http://json-schema.org/draft-04/schema#\",\n  \"title\" : \"Empty Schema\",\n  \"type\" : \"object\"\n}",
        )?,
        model(
            "Error",
            "This is a default error schema model",
            "{\n  \"$schema\" : \"http://json-schema.org/draft-04/schema#\",\n  \"title\" : \"Error Schema\",\n  \"type\" : \"object\",\n  \"properties\" : {\n    \"message\" : { \"type\" : \"string\" }\n  }\n}",
        )?,
    ];
    Ok(Definition {
        resources: BTreeMap::from([(root.id.clone(), root)]),
        models: models
            .into_iter()
            .map(|model| (model.name.clone(), model))
            .collect(),
        ..Definition::default()
    })
}

fn model(name: &str, description: &str, schema: &str) -> Result<Model, ControlError> {
    Ok(Model {
        id: new_part_id(|_| false)?,
        name: name.to_owned(),
        description: Some(description.to_owned()),
        schema: Some(schema.to_owned()),
        content_type: "application/json".to_owned(),
    })
}
