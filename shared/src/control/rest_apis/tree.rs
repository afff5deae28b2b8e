//! The tree of an API's resources: where they stand, and which may stand side by side.

use std::collections::BTreeSet;

use super::lookup;
use crate::api::{ParsePathTemplateError, PathTemplate, Segment};
use crate::control::error::ControlError;
use crate::rest_api::{Definition, Resource};

/// Adds a resource below another.
///
/// # Errors
///
/// 404 for an unknown parent, 409 for a name that a sibling has, 400 for what API Gateway allows nowhere.
pub(super) fn add(
    definition: &mut Definition,
    parent_id: &str,
    id: String,
    path_part: &str,
) -> Result<Resource, ControlError> {
    let parent = lookup::resource(definition, parent_id)?;
    let resource = Resource {
        id,
        parent_id: Some(parent_id.to_owned()),
        path_part: Some(path_part.to_owned()),
        path: below(&parent.path, path_part),
        resource_methods: std::collections::BTreeMap::new(),
    };
    check_place(definition, &resource)?;
    definition
        .resources
        .insert(resource.id.clone(), resource.clone());
    Ok(resource)
}

/// Gives a resource another last segment. Those below it follow.
pub(super) fn rename(
    definition: &mut Definition,
    id: &str,
    path_part: &str,
) -> Result<(), ControlError> {
    let mut resource = lookup::resource(definition, id)?.clone();
    if resource.parent_id.is_none() {
        return Err(ControlError::bad_request(
            "Root resource cannot update its pathPart.",
        ));
    }
    resource.path_part = Some(path_part.to_owned());
    replace(definition, resource)
}

/// Puts a resource below another parent. Those below it follow.
pub(super) fn move_below(
    definition: &mut Definition,
    id: &str,
    parent_id: &str,
) -> Result<(), ControlError> {
    let mut resource = lookup::resource(definition, id)?.clone();
    if resource.parent_id.is_none() {
        return Err(ControlError::bad_request(
            "Root resource cannot update its parentId.",
        ));
    }
    lookup::resource(definition, parent_id)?;
    if subtree(definition, id).contains(parent_id) {
        return Err(ControlError::bad_request("Resources cannot be cyclical."));
    }
    resource.parent_id = Some(parent_id.to_owned());
    replace(definition, resource)
}

/// Removes a resource with all that is below it.
pub(super) fn remove(definition: &mut Definition, id: &str) -> Result<(), ControlError> {
    if lookup::resource(definition, id)?.parent_id.is_none() {
        return Err(ControlError::bad_request(
            "The root resource cannot be deleted.",
        ));
    }
    for id in subtree(definition, id) {
        definition.resources.remove(&id);
    }
    Ok(())
}

/// The id of a resource and of all that are below it.
fn subtree(definition: &Definition, id: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::from([id.to_owned()]);
    let mut last_size = 0;
    while found.len() > last_size {
        last_size = found.len();
        for resource in definition.resources.values() {
            if resource
                .parent_id
                .as_ref()
                .is_some_and(|parent| found.contains(parent))
            {
                found.insert(resource.id.clone());
            }
        }
    }
    found
}

/// Puts `resource` in place of the one with its id, and makes the paths of all below it anew.
fn replace(definition: &mut Definition, mut resource: Resource) -> Result<(), ControlError> {
    let parent = match &resource.parent_id {
        Some(parent_id) => lookup::resource(definition, parent_id)?,
        None => return Err(lookup::no_resource()),
    };
    let path_part = resource.path_part.clone().unwrap_or_default();
    let old_path = resource.path;
    resource.path = below(&parent.path, &path_part);
    check_place(definition, &resource)?;

    let ids = subtree(definition, &resource.id);
    if ids.len() > 1 && is_greedy(&path_part) {
        return Err(child_of_greedy(&path_part));
    }
    for id in ids.iter().filter(|id| **id != resource.id) {
        let below = lookup::resource_mut(definition, id)?;
        if let Some(rest) = below.path.strip_prefix(&old_path) {
            below.path = format!("{}{rest}", resource.path);
        }
        template(&below.path)?;
    }
    definition.resources.insert(resource.id.clone(), resource);
    Ok(())
}

/// Checks a resource against its parent and its siblings.
fn check_place(definition: &Definition, resource: &Resource) -> Result<(), ControlError> {
    let path_part = resource.path_part.as_deref().unwrap_or_default();
    check_path_part(path_part)?;
    let parent = resource
        .parent_id
        .as_ref()
        .and_then(|id| definition.resources.get(id));
    if let Some(part) = parent
        .and_then(|parent| parent.path_part.as_deref())
        .filter(|part| is_greedy(part))
    {
        return Err(child_of_greedy(part));
    }
    let siblings = || {
        definition
            .resources
            .values()
            .filter(|other| other.parent_id == resource.parent_id && other.id != resource.id)
            .filter_map(|other| other.path_part.as_deref())
    };
    if siblings().any(|other| other == path_part) {
        return Err(ControlError::conflict(format!(
            "Another resource with the same parent already has this name: {path_part}"
        )));
    }
    if is_variable(path_part)
        && let Some(other) = siblings().find(|other| is_variable(other))
    {
        return Err(ControlError::bad_request(format!(
            "A sibling ({other}) of this resource already has a variable path part -- only one is allowed"
        )));
    }
    template(&resource.path).map(|_| ())
}

fn check_path_part(path_part: &str) -> Result<(), ControlError> {
    let name = path_part
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'))
        .map_or(path_part, |name| name.strip_suffix('+').unwrap_or(name));
    let valid = !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-:,$".contains(&byte));
    if valid {
        Ok(())
    } else {
        Err(ControlError::bad_request(
            "Resource's path part only allow a-zA-Z0-9._-: or a valid greedy path variable and curly braces at the beginning and the end.",
        ))
    }
}

fn child_of_greedy(path_part: &str) -> ControlError {
    ControlError::bad_request(format!(
        "Cannot create a child of a resource with a greedy path variable: {path_part}"
    ))
}

fn template(path: &str) -> Result<PathTemplate, ControlError> {
    path.parse()
        .map_err(|error: ParsePathTemplateError| ControlError::bad_request(error.to_string()))
}

fn last_segment(path_part: &str) -> Option<Segment> {
    let template: PathTemplate = format!("/{path_part}").parse().ok()?;
    template.segments().last().cloned()
}

fn is_greedy(path_part: &str) -> bool {
    matches!(last_segment(path_part), Some(Segment::Greedy(_)))
}

fn is_variable(path_part: &str) -> bool {
    matches!(
        last_segment(path_part),
        Some(Segment::Greedy(_) | Segment::Variable(_))
    )
}

fn below(parent: &str, path_part: &str) -> String {
    if parent == "/" {
        format!("/{path_part}")
    } else {
        format!("{parent}/{path_part}")
    }
}
