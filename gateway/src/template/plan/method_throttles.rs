//! The throttles of single methods in a plan's stage.

use std::collections::BTreeMap;

use super::{Throttle, throttle};
use crate::template::{
    api::{ApiSpec, VERBS},
    error::TemplateError,
    field::Field,
};

/// The name of the throttle that holds for each method of a stage.
const EVERY_METHOD: &str = "*/*";

/// Reads `Throttle` of a plan's stage. `api` is the stage's API, where all of its methods are known.
pub(super) fn read(
    api_stage: &Field<'_>,
    api: Option<&ApiSpec>,
) -> Result<BTreeMap<String, Throttle>, TemplateError> {
    let Some(methods) = api_stage.get("Throttle")? else {
        return Ok(BTreeMap::new());
    };
    let mut throttles = BTreeMap::new();
    for (name, limits) in methods.entries()? {
        let name = match parse(&name) {
            Some(Name::EveryMethod) => EVERY_METHOD.to_owned(),
            Some(Name::Method { path, verb }) => {
                if let Some(api) = api {
                    must_exist(api, path, &verb, &limits)?;
                }
                format!("{path}/{verb}")
            }
            None => {
                return Err(limits.error(
                    "is not keyed by a path and a method",
                    "write the key as `/users/{id}/GET`, `/users/{id}/ANY`, or `*/*`",
                ));
            }
        };
        if throttles.insert(name.clone(), throttle(&limits)?).is_some() {
            return Err(limits.error(
                format!("limits the method `{name}` a second time"),
                "remove one of the two",
            ));
        }
    }
    Ok(throttles)
}

enum Name<'a> {
    EveryMethod,
    Method { path: &'a str, verb: String },
}

fn parse(name: &str) -> Option<Name<'_>> {
    if name == EVERY_METHOD {
        return Some(Name::EveryMethod);
    }
    let (path, verb) = name.rsplit_once('/')?;
    let verb = verb.to_ascii_uppercase();
    (path.starts_with('/') && VERBS.contains(&verb.as_str())).then_some(Name::Method { path, verb })
}

/// API Gateway refuses a throttle for a method that the stage does not have: `404 Invalid method`.
fn must_exist(
    api: &ApiSpec,
    path: &str,
    verb: &str,
    limits: &Field<'_>,
) -> Result<(), TemplateError> {
    // A method ANY takes requests of each verb, and a throttle of its resource's ANY those of each method.
    let exists = api.methods.iter().any(|method| {
        method.path == path && (verb == "ANY" || method.verb == "ANY" || method.verb == verb)
    });
    if exists {
        return Ok(());
    }
    let names: Vec<String> = api
        .methods
        .iter()
        .map(|method| format!("`{}/{}`", method.path, method.verb))
        .collect();
    let hint = if names.is_empty() {
        format!("the API {} has no methods", api.logical_id)
    } else {
        format!("the API {} has {}", api.logical_id, names.join(", "))
    };
    Err(limits.error(
        format!("names no method of the API {}", api.logical_id),
        hint,
    ))
}
