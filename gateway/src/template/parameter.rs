//! The section `Parameters`: each gets its override, else its default.

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use super::{
    error::{Place, TemplateError},
    settings::Settings,
    yaml::{Kind, Node},
};

/// The value of every parameter: a text, or a list for the list types.
///
/// # Errors
/// An override that names no parameter, a parameter without a value, a value that its `Type` or `AllowedValues` does not permit,
/// and a declaration of the wrong shape.
pub(super) fn read(
    section: Option<&Node>,
    settings: &Settings,
) -> Result<BTreeMap<Rc<str>, Node>, TemplateError> {
    let place = Place::section("Parameters");
    let mut values = BTreeMap::new();
    let declared = match section.map(|node| (&node.kind, node)) {
        None | Some((Kind::Null, _)) => None,
        Some((Kind::Map(map), _)) => Some(map),
        Some((Kind::Scalar(_) | Kind::List(_), node)) => {
            return Err(must_be(&place, node, "a map"));
        }
    };
    for (name, line, declaration) in declared.iter().flat_map(|map| map.iter()) {
        let place = place.child(name);
        values.insert(
            Rc::clone(name),
            value(name, *line, declaration, &place, settings)?,
        );
    }
    match settings
        .parameter_overrides
        .keys()
        .find(|name| !values.contains_key(name.as_str()))
    {
        None => Ok(values),
        Some(unknown) => {
            let known: Vec<&str> = values.keys().map(|name| &**name).collect();
            let hint = if known.is_empty() {
                "the template declares no parameters: remove the override".to_owned()
            } else {
                format!("the template's parameters are {}", known.join(", "))
            };
            let line = section.map_or(1, |node| node.line);
            Err(Place::default().error(
                line,
                format!("there is no parameter `{unknown}`, which an override names"),
                hint,
            ))
        }
    }
}

fn value(
    name: &str,
    line: usize,
    declaration: &Node,
    place: &Place,
    settings: &Settings,
) -> Result<Node, TemplateError> {
    if declaration.as_map().is_none() {
        return Err(must_be(place, declaration, "a map"));
    }
    let kind = match declaration.get("Type") {
        None => return Err(place.error(line, "has no Type", "add `Type: String`")),
        Some(node) => node
            .as_text()
            .ok_or_else(|| must_be(&place.child("Type"), node, "a text"))?,
    };
    let (text, line) = match (
        settings.parameter_overrides.get(name),
        declaration.get("Default"),
    ) {
        (Some(text), _) => (Rc::from(text.as_str()), line),
        (None, Some(default)) => match &default.kind {
            Kind::Scalar(text) => (Rc::clone(text), default.line),
            Kind::Null => (Rc::from(""), default.line),
            Kind::List(_) | Kind::Map(_) => {
                return Err(must_be(&place.child("Default"), default, "a text"));
            }
        },
        (None, None) => {
            return Err(place.error(
                line,
                "has no value",
                format!("add a Default, or `--parameter-overrides {name}=value`"),
            ));
        }
    };
    let secret = declaration
        .get("NoEcho")
        .and_then(Node::as_text)
        .is_some_and(|flag| flag.eq_ignore_ascii_case("true"));
    let shown = if secret {
        "the value".to_owned()
    } else {
        format!("`{text}`")
    };
    let is_list = &**kind == "CommaDelimitedList" || kind.starts_with("List<");
    let parts: Vec<&str> = if is_list {
        text.split(',').map(str::trim).collect()
    } else {
        vec![&text]
    };
    let is_number = &**kind == "Number" || &**kind == "List<Number>";
    if is_number
        && !parts
            .iter()
            .all(|part| part.parse::<f64>().is_ok_and(f64::is_finite))
    {
        return Err(place.error(
            line,
            format!("must be a number, found {shown}"),
            format!("its Type is {kind}"),
        ));
    }
    if let Some(allowed) = declaration.get("AllowedValues") {
        let items = allowed
            .as_list()
            .ok_or_else(|| must_be(&place.child("AllowedValues"), allowed, "a list"))?;
        let allowed: BTreeSet<&str> = items
            .iter()
            .filter_map(Node::as_text)
            .map(|text| &**text)
            .collect();
        if !parts.iter().all(|part| allowed.contains(part)) {
            let allowed: Vec<&str> = allowed.into_iter().collect();
            let hint = format!("AllowedValues are {}", allowed.join(", "));
            return Err(place.error(line, format!("cannot be {shown}"), hint));
        }
    }
    Ok(if is_list {
        let items = if text.is_empty() {
            Vec::new()
        } else {
            parts.iter().map(|part| Node::text(line, *part)).collect()
        };
        Node::list(line, items)
    } else {
        Node::text(line, text)
    })
}

fn must_be(place: &Place, node: &Node, wanted: &str) -> TemplateError {
    let found = node.kind_name();
    place.error(
        node.line,
        format!("must be {wanted}, found {found}"),
        format!("write {wanted}"),
    )
}
