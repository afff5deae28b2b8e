//! The template as JSON, with CloudFormation's short forms written out.

use saphyr::{LoadableYamlNode as _, Scalar, Yaml};
use serde_json::{Map, Value, json};
use tests::workspace_root;

/// The resources of the project's template, by logical id.
pub(super) fn resources() -> Map<String, Value> {
    let text = std::fs::read_to_string(workspace_root().join("template.yaml")).unwrap();
    let documents = Yaml::load_from_str(&text).unwrap();
    let template = as_json(&documents[0]);
    template["Resources"].as_object().unwrap().clone()
}

/// The properties of a resource, which has to be of this type.
pub(super) fn properties(logical_id: &str, resource_type: &str) -> Value {
    let resource = &resources()[logical_id];
    assert_eq!(resource["Type"], resource_type, "{logical_id}");
    resource["Properties"].clone()
}

/// The logical id that a `!Ref` or `!GetAtt` names.
pub(super) fn named(reference: &Value) -> String {
    let (form, argument) = reference.as_object().unwrap().iter().next().unwrap();
    let argument = argument.as_str().unwrap();
    match form.as_str() {
        "Ref" => argument.to_owned(),
        "Fn::GetAtt" => argument.split_once('.').unwrap().0.to_owned(),
        _ => panic!("{reference} names no resource"),
    }
}

fn as_json(node: &Yaml<'_>) -> Value {
    match node {
        Yaml::Value(scalar) => match scalar {
            Scalar::Null => Value::Null,
            Scalar::Boolean(flag) => (*flag).into(),
            Scalar::Integer(number) => (*number).into(),
            Scalar::FloatingPoint(number) => number.into_inner().into(),
            Scalar::String(text) => text.as_ref().into(),
        },
        Yaml::Sequence(items) => items.iter().map(as_json).collect(),
        Yaml::Mapping(members) => {
            let members = members
                .iter()
                .map(|(name, value)| (name.as_str().unwrap().to_owned(), as_json(value)));
            Value::Object(members.collect())
        }
        Yaml::Tagged(tag, node) => {
            let form = match tag.suffix.as_str() {
                "Ref" => "Ref".to_owned(),
                name => format!("Fn::{name}"),
            };
            json!({ form: as_json(node) })
        }
        Yaml::Representation(..) | Yaml::Alias(_) | Yaml::BadValue => {
            panic!("CloudFormation would not read {node:?}")
        }
    }
}
