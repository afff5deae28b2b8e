//! Models: the forms of bodies.

use http::StatusCode;
use serde_json::{Value, json};

use super::change::new_part_id;
use super::{list, view};
use crate::control::Inner;
use crate::control::call::Call;
use crate::control::error::ControlError;
use crate::control::members::Members;
use crate::control::patch::{Op, Patch};
use crate::control::reply::Reply;
use crate::rest_api::{Definition, Model};
use crate::store::{ApiRegistry, Registry};
use crate::time::Clock;

/// What a change may name.
const PATHS: [&str; 2] = ["/description", "/schema"];

pub(super) async fn create<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let members = call.members("createModelInput")?;
    let new = read(&members)?;
    let model = control
        .change_api(call, |edit| {
            check_name(&new.name)?;
            let models = &mut edit.record.definition.models;
            if models.contains_key(&new.name) {
                return Err(ControlError::conflict(
                    "Model name already exists for this REST API",
                ));
            }
            check_schema(new.schema.as_deref(), &new.content_type)?;
            let model = Model {
                id: new_part_id(|id| models.values().any(|model| model.id == id))?,
                ..new.clone()
            };
            models.insert(model.name.clone(), model.clone());
            Ok(model)
        })
        .await?;
    Reply::created(&model)
}

/// Models here have no references to resolve but those within the API: `flatten` changes nothing.
pub(super) async fn get<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let name = call.path("model_name");
    let api = control.api(call).await?;
    let model = api.record.definition.models.get(name);
    Reply::ok(model.ok_or_else(|| unknown(name))?)
}

pub(super) async fn list<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let api = control.api(call).await?;
    list::page(
        call,
        api.record.definition.models.values(),
        |model| model.name.clone(),
        view::plain,
    )
}

/// `GetModelTemplate`: a template that copies the members of the model's schema.
pub(super) async fn template<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let name = call.path("model_name");
    let api = control.api(call).await?;
    let model = api.record.definition.models.get(name);
    let model = model.ok_or_else(|| unknown(name))?;
    Reply::ok(&json!({"value": default_template(model)}))
}

pub(super) async fn update<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let patches = call.patches("updateModelInput")?;
    let name = call.path("model_name");
    let model = control
        .change_api(call, |edit| {
            let models = &mut edit.record.definition.models;
            let model = models.get_mut(name).ok_or_else(|| unknown(name))?;
            apply(model, &patches)?;
            Ok(model.clone())
        })
        .await?;
    Reply::ok(&model)
}

pub(super) async fn delete<S: Registry + ApiRegistry, C: Clock>(
    control: &Inner<S, C>,
    call: &Call<'_>,
) -> Result<Reply, ControlError> {
    let name = call.path("model_name");
    control
        .change_api(call, |edit| remove(&mut edit.record.definition, name))
        .await?;
    Ok(Reply::empty(StatusCode::ACCEPTED))
}

fn unknown(name: &str) -> ControlError {
    ControlError::not_found(format!("Invalid model name specified: {name}"))
}

fn read(members: &Members) -> Result<Model, ControlError> {
    Ok(Model {
        id: String::new(),
        name: members.required_text("name")?,
        description: members.filled_text("description")?,
        schema: members.text("schema")?,
        content_type: members.required_text("contentType")?,
    })
}

fn check_name(name: &str) -> Result<(), ControlError> {
    if name.is_empty() {
        Err(ControlError::bad_request("Model name must be non-empty"))
    } else if name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        Ok(())
    } else {
        Err(ControlError::bad_request(format!(
            "Model name must be alphanumeric: {name}"
        )))
    }
}

/// JSON is asked for whatever the media type, as recorded for XML without a schema.
fn check_schema(schema: Option<&str>, content_type: &str) -> Result<(), ControlError> {
    let schema = schema.unwrap_or_default();
    if schema.trim().is_empty() {
        return Err(empty_schema());
    }
    if !content_type.contains("json") {
        return Ok(());
    }
    match serde_json::from_str(schema) {
        Ok(Value::Object(members)) if members.is_empty() => Err(empty_schema()),
        Ok(Value::Object(_)) => Ok(()),
        Ok(
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_),
        )
        | Err(_) => Err(ControlError::bad_request(
            "Invalid model specified: Validation Result: warnings : [], errors : [Invalid model schema specified]",
        )),
    }
}

fn empty_schema() -> ControlError {
    ControlError::bad_request("Model schema must have at least 1 property or array items defined")
}

fn apply(model: &mut Model, patches: &[Patch]) -> Result<(), ControlError> {
    for patch in patches {
        match (patch.op, patch.path.as_str()) {
            (Op::Replace, "/description") => model.description = patch.optional_text(),
            (Op::Replace, "/schema") => {
                check_schema(patch.value.as_deref(), &model.content_type)?;
                model.schema.clone_from(&patch.value);
            }
            (Op::Replace, _) => return Err(patch.unknown_path(&PATHS)),
            (Op::Add | Op::Remove | Op::Move | Op::Test | Op::Copy, _) => {
                return Err(patch.unsupported_op());
            }
        }
    }
    Ok(())
}

fn remove(definition: &mut Definition, name: &str) -> Result<(), ControlError> {
    if !definition.models.contains_key(name) {
        return Err(unknown(name));
    }
    for resource in definition.resources.values() {
        for method in resource.resource_methods.values() {
            let responses = method.method_responses.values();
            let place = if method.request_models.values().any(|model| model == name) {
                "request"
            } else if responses
                .flat_map(|response| response.response_models.values())
                .any(|model| model == name)
            {
                "response"
            } else {
                continue;
            };
            return Err(ControlError::conflict(format!(
                "Cannot delete model '{name}', is referenced in method {place}: {}/{}",
                resource.path, method.http_method
            )));
        }
    }
    definition.models.remove(name);
    Ok(())
}

/// A mapping template that takes each member of an object from the request's body.
fn default_template(model: &Model) -> String {
    let schema: Value = model
        .schema
        .as_deref()
        .and_then(|schema| serde_json::from_str(schema).ok())
        .unwrap_or_default();
    let properties = schema.get("properties").and_then(Value::as_object);
    let lines: Vec<String> = properties
        .into_iter()
        .flatten()
        .map(|(name, property)| {
            let quote = match property.get("type").and_then(Value::as_str) {
                Some("number" | "integer" | "boolean" | "object" | "array") => "",
                Some(_) | None => "\"",
            };
            format!("  \"{name}\" : {quote}$inputRoot.{name}{quote}")
        })
        .collect();
    format!(
        "#set($inputRoot = $input.path('$'))\n{{\n{}\n}}",
        lines.join(",\n")
    )
}
