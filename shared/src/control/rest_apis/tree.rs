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
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-:".contains(&byte));
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::api::{Routes, Routing, Verb};
    use crate::control::error::Kind;

    fn definition() -> Definition {
        let root = Resource {
            id: "root".to_owned(),
            parent_id: None,
            path_part: None,
            path: "/".to_owned(),
            resource_methods: std::collections::BTreeMap::new(),
        };
        let mut definition = Definition::default();
        definition.resources.insert(root.id.clone(), root);
        definition
    }

    fn with(resources: &[(&str, &str, &str)]) -> Definition {
        let mut definition = definition();
        for (parent, id, part) in resources {
            add(&mut definition, parent, (*id).to_owned(), part).unwrap();
        }
        definition
    }

    fn paths(definition: &Definition) -> Vec<&str> {
        definition
            .resources
            .values()
            .map(|resource| resource.path.as_str())
            .collect()
    }

    #[test]
    fn what_may_stand_where_is_refused_with_the_recorded_texts() {
        let tree = with(&[
            ("root", "pets", "pets"),
            ("pets", "subpets", "subpets"),
            ("subpets", "deep", "pets"),
            ("root", "proxy", "{proxy+}"),
        ]);
        let greedy = "Cannot create a child of a resource with a greedy path variable: {proxy+}";
        let cases: [(&str, &str, Kind, &str); 6] = [
            (
                "nowhere",
                "a",
                Kind::NotFound,
                "Invalid Resource identifier specified",
            ),
            (
                "root",
                "pets",
                Kind::Conflict,
                "Another resource with the same parent already has this name: pets",
            ),
            (
                "root",
                "{id}",
                Kind::BadRequest,
                "A sibling ({proxy+}) of this resource already has a variable path part -- only one is allowed",
            ),
            ("proxy", "a", Kind::BadRequest, greedy),
            ("proxy", "{id}", Kind::BadRequest, greedy),
            (
                "root",
                "a b",
                Kind::BadRequest,
                "Resource's path part only allow a-zA-Z0-9._-: or a valid greedy path variable and curly braces at the beginning and the end.",
            ),
        ];
        for (parent, part, kind, message) in cases {
            let error = add(&mut tree.clone(), parent, "new".to_owned(), part).unwrap_err();
            assert_eq!((error.kind(), error.message()), (kind, message));
        }
        let moved = |id: &str, parent: &str| {
            let error = move_below(&mut tree.clone(), id, parent).unwrap_err();
            (error.kind(), error.message().to_owned())
        };
        assert_eq!(
            moved("deep", "root"),
            (
                Kind::Conflict,
                "Another resource with the same parent already has this name: pets".to_owned()
            )
        );
        assert_eq!(
            moved("pets", "deep"),
            (Kind::BadRequest, "Resources cannot be cyclical.".to_owned())
        );
        assert_eq!(
            moved("root", "pets").1,
            "Root resource cannot update its parentId."
        );
        let error = rename(&mut tree.clone(), "root", "a").unwrap_err();
        assert_eq!(error.message(), "Root resource cannot update its pathPart.");
    }

    #[test]
    fn a_resource_that_moves_takes_all_below_it_along() {
        let mut tree = with(&[
            ("root", "a", "a"),
            ("a", "b", "b"),
            ("b", "c", "{id}"),
            ("root", "d", "d"),
        ]);
        move_below(&mut tree, "b", "d").unwrap();
        assert_eq!(paths(&tree), ["/a", "/d/b", "/d/b/{id}", "/d", "/"]);
        rename(&mut tree, "d", "e").unwrap();
        assert_eq!(paths(&tree), ["/a", "/e/b", "/e/b/{id}", "/e", "/"]);
        remove(&mut tree, "d").unwrap();
        assert_eq!(paths(&tree), ["/a", "/"]);
    }

    #[test]
    fn a_resource_with_children_cannot_become_greedy() {
        let mut tree = with(&[("root", "a", "a"), ("a", "b", "b")]);
        let error = rename(&mut tree, "a", "{rest+}").unwrap_err();
        assert_eq!(
            error.message(),
            "Cannot create a child of a resource with a greedy path variable: {rest+}"
        );
    }

    proptest! {
        /// Whatever is done to a tree, each path is its parent's with its own part, and the router takes them all.
        #[test]
        fn every_tree_that_is_accepted_can_be_routed(
            steps in proptest::collection::vec((0_u8..4, 0_usize..12, 0_usize..12, 0_usize..6), 1..40)
        ) {
            const PARTS: [&str; 6] = ["a", "b", "{x}", "{y}", "{z+}", "c"];
            let mut tree = definition();
            for (index, (step, first, second, part)) in steps.into_iter().enumerate() {
                let ids: Vec<String> = tree.resources.keys().cloned().collect();
                let first = &ids[first % ids.len()];
                let second = &ids[second % ids.len()];
                let mut after = tree.clone();
                let outcome = match step {
                    0 => rename(&mut after, first, PARTS[part]),
                    1 => move_below(&mut after, first, second),
                    2 => remove(&mut after, first),
                    _ => add(&mut after, first, format!("r{index}"), PARTS[part]).map(|_| ()),
                };
                if outcome.is_ok() {
                    tree = after;
                }
                let mut routes = Routes::new(Routing::RestApi);
                for resource in tree.resources.values() {
                    if let (Some(parent), Some(part)) = (&resource.parent_id, &resource.path_part) {
                        let parent = &tree.resources[parent];
                        prop_assert_eq!(&resource.path, &below(&parent.path, part));
                    }
                    let template = resource.path.parse().unwrap();
                    routes.insert(Verb::Get, template, ()).unwrap();
                }
            }
        }
    }
}
