//! What a template sets in `$context.requestOverride` and `$context.responseOverride`.

use std::{
    collections::{BTreeMap, HashSet},
    rc::Rc,
};

use super::{
    budget::Budget,
    error::{Position, RenderError},
    value::{Entries, Heap, Keys, MapId, Value},
};

/// Parameters and a status that a template overrides. A value with several texts was assigned a list.
///
/// From "Use a mapping template to override an API's request and response parameters and status codes" of API Gateway's developer guide.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overrides {
    /// `$context.requestOverride.header.*`
    pub request_headers: BTreeMap<String, Vec<String>>,
    /// `$context.requestOverride.querystring.*`
    pub request_query: BTreeMap<String, Vec<String>>,
    /// `$context.requestOverride.path.*`
    pub request_path: BTreeMap<String, Vec<String>>,
    /// `$context.responseOverride.header.*`
    pub response_headers: BTreeMap<String, Vec<String>>,
    /// `$context.responseOverride.status`, from 100 to 599
    pub response_status: Option<u16>,
}

const REQUEST: &str = "requestOverride";
const RESPONSE: &str = "responseOverride";

/// The maps that take overrides, and what has been set in them.
#[derive(Debug)]
pub(super) struct OverrideMaps {
    request: MapId,
    response: MapId,
    watched: HashSet<MapId>,
    assigned: HashSet<(MapId, Rc<str>)>,
}

impl OverrideMaps {
    /// Puts empty overrides into the context, in place of what may stand there.
    pub(super) fn new(heap: &mut Heap, context: MapId) -> Self {
        let mut watched = HashSet::new();
        let mut add = |heap: &mut Heap, names: &[&str]| {
            let mut entries = Entries::new();
            for name in names {
                let map = heap.add_map(Entries::new(), Keys::Exact);
                watched.insert(map);
                entries.insert(Rc::from(*name), Value::Map(map));
            }
            let map = heap.add_map(entries, Keys::Exact);
            watched.insert(map);
            map
        };
        let request = add(heap, &["header", "querystring", "path"]);
        let response = add(heap, &["header"]);
        if let Some(entries) = heap.entries_mut(context) {
            entries.insert(Rc::from(REQUEST), Value::Map(request));
            entries.insert(Rc::from(RESPONSE), Value::Map(response));
        }
        Self {
            request,
            response,
            watched,
            assigned: HashSet::new(),
        }
    }

    /// Notes an assignment. A parameter can be overridden once.
    pub(super) fn assign(
        &mut self,
        map: MapId,
        key: &Rc<str>,
        position: Position,
    ) -> Result<(), RenderError> {
        if self.watched.contains(&map) && !self.assigned.insert((map, Rc::clone(key))) {
            return Err(RenderError::OverriddenTwice {
                position,
                name: key.to_string(),
            });
        }
        Ok(())
    }

    pub(super) fn read(&self, heap: &Heap, budget: &mut Budget) -> Result<Overrides, RenderError> {
        Ok(Overrides {
            request_headers: parameters(heap, self.request, "header", budget)?,
            request_query: parameters(heap, self.request, "querystring", budget)?,
            request_path: parameters(heap, self.request, "path", budget)?,
            response_headers: parameters(heap, self.response, "header", budget)?,
            response_status: status(heap, self.response, budget)?,
        })
    }
}

fn parameters(
    heap: &Heap,
    map: MapId,
    name: &str,
    budget: &mut Budget,
) -> Result<BTreeMap<String, Vec<String>>, RenderError> {
    let mut parameters = BTreeMap::new();
    let Some(Value::Map(map)) = heap.get(map, name) else {
        return Ok(parameters);
    };
    for (name, value) in heap.entries(*map).into_iter().flatten() {
        let values = match value {
            Value::List(id) => heap.items(*id),
            single => std::slice::from_ref(single),
        };
        let texts: Result<Vec<_>, _> = values
            .iter()
            .map(|value| Ok(heap.to_text(value, budget)?.to_string()))
            .collect();
        parameters.insert(name.to_string(), texts?);
    }
    Ok(parameters)
}

fn status(heap: &Heap, map: MapId, budget: &mut Budget) -> Result<Option<u16>, RenderError> {
    let Some(value) = heap.get(map, "status") else {
        return Ok(None);
    };
    let text = heap.to_text(value, budget)?;
    match text.trim().parse() {
        Ok(status @ 100..=599) => Ok(Some(status)),
        Ok(_) | Err(_) => Err(RenderError::BadStatus {
            value: text.chars().take(100).collect(),
        }),
    }
}
