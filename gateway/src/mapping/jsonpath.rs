//! `JSONPath`, in the dialect of the Java library that API Gateway uses.
//!
//! It differs from RFC 9535 where templates depend on it: the dollar sign may be left out, names may have hyphens, and a path that names
//! exactly one place gives the value there, not a list of one. A path with `*`, `..`, a slice, several indexes or a filter gives a list.

mod filter;
mod parse;

use self::filter::Filter;
use super::{
    budget::Budget,
    error::RenderError,
    value::{Heap, Origin, Value},
};

/// A parsed path.
#[derive(Debug, Clone, PartialEq)]
pub struct JsonPath {
    /// As written.
    source: Box<str>,
    selectors: Vec<Selector>,
}

/// Why a text is no path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{path}` is no JSONPath: {message}")]
pub struct ParseJsonPathError {
    /// The text.
    pub path: String,
    /// What is wrong, and what to write instead.
    pub message: String,
}

#[derive(Debug, Clone, PartialEq)]
enum Selector {
    Name(Box<str>),
    Indexes(Vec<i64>),
    Slice {
        start: Option<i64>,
        end: Option<i64>,
    },
    Wildcard,
    /// All values below and the value itself; the next selector picks from them.
    Descendants,
    Filter(Filter),
    /// `length()`.
    Length,
}

impl Selector {
    /// Whether it leads from one value to one at most.
    fn is_definite(&self) -> bool {
        match self {
            Self::Name(_) | Self::Length => true,
            Self::Indexes(indexes) => indexes.len() == 1,
            Self::Slice { .. } | Self::Wildcard | Self::Descendants | Self::Filter(_) => false,
        }
    }
}

impl JsonPath {
    /// The path as it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// What the path finds; None when it names one place and nothing is there.
    pub(super) fn select(
        &self,
        heap: &mut Heap,
        root: &Value,
        budget: &mut Budget,
    ) -> Result<Option<Value>, RenderError> {
        let mut found = self.find(heap, root, root, budget)?;
        if self.selectors.iter().all(Selector::is_definite) {
            return Ok(found.pop());
        }
        Ok(Some(heap.add_list(found, Origin::Json)))
    }

    /// All values that the path finds from `start`.
    fn find(
        &self,
        heap: &Heap,
        root: &Value,
        start: &Value,
        budget: &mut Budget,
    ) -> Result<Vec<Value>, RenderError> {
        let mut values = vec![start.clone()];
        for selector in &self.selectors {
            let mut next = Vec::new();
            for value in &values {
                budget.charge(1)?;
                selector.apply(heap, root, value, &mut next, budget)?;
            }
            values = next;
        }
        Ok(values)
    }
}

impl Selector {
    fn apply(
        &self,
        heap: &Heap,
        root: &Value,
        value: &Value,
        found: &mut Vec<Value>,
        budget: &mut Budget,
    ) -> Result<(), RenderError> {
        match self {
            Self::Name(name) => {
                if let Value::Map(id) = value {
                    found.extend(heap.get(*id, name).cloned());
                }
            }
            Self::Indexes(indexes) => {
                if let Value::List(id) = value {
                    let items = heap.items(*id);
                    for index in indexes {
                        let at = at_least(*index, items.len());
                        found.extend(at.and_then(|at| items.get(at)).cloned());
                    }
                }
            }
            Self::Slice { start, end } => {
                if let Value::List(id) = value {
                    let items = heap.items(*id);
                    let start = bound(start.unwrap_or(0), items.len());
                    let end = end.map_or(items.len(), |end| bound(end, items.len()));
                    let picked = items.get(start..end).unwrap_or_default();
                    budget.charge(picked.len())?;
                    found.extend_from_slice(picked);
                }
            }
            Self::Wildcard => {
                let members = children(heap, value);
                budget.charge(members.len())?;
                found.extend(members);
            }
            Self::Descendants => descend(heap, value, found, budget)?,
            Self::Filter(filter) => {
                // Only a list is filtered item by item; an object passes or fails as a whole.
                let candidates = if let Value::List(id) = value {
                    heap.items(*id).to_vec()
                } else {
                    vec![value.clone()]
                };
                for candidate in candidates {
                    budget.charge(1)?;
                    if filter.fits(heap, root, &candidate, budget)? {
                        found.push(candidate);
                    }
                }
            }
            Self::Length => match value {
                Value::List(id) => found.push(Value::count(heap.items(*id).len())),
                Value::Map(id) => {
                    let length = heap.entries(*id).map_or(0, indexmap::IndexMap::len);
                    found.push(Value::count(length));
                }
                Value::Text(text) => found.push(Value::count(text.encode_utf16().count())),
                Value::Null
                | Value::Boolean(_)
                | Value::Integer(_)
                | Value::Decimal(_)
                | Value::Entry(_)
                | Value::Loop(_)
                | Value::Block(_)
                | Value::Input
                | Value::Functions => {}
            },
        }
        Ok(())
    }
}

/// The place of an index, which counts from the end when negative.
fn at_least(index: i64, length: usize) -> Option<usize> {
    if index >= 0 {
        return usize::try_from(index).ok();
    }
    length.checked_sub(usize::try_from(index.unsigned_abs()).ok()?)
}

/// The place of a slice's bound, kept inside of the list.
fn bound(index: i64, length: usize) -> usize {
    match at_least(index, length) {
        Some(at) => at.min(length),
        None if index < 0 => 0,
        None => length,
    }
}

fn children(heap: &Heap, value: &Value) -> Vec<Value> {
    match value {
        Value::List(id) => heap.items(*id).to_vec(),
        Value::Map(id) => heap
            .entries(*id)
            .map(|entries| entries.values().cloned().collect())
            .unwrap_or_default(),
        Value::Null
        | Value::Boolean(_)
        | Value::Integer(_)
        | Value::Decimal(_)
        | Value::Text(_)
        | Value::Entry(_)
        | Value::Loop(_)
        | Value::Block(_)
        | Value::Input
        | Value::Functions => Vec::new(),
    }
}

fn descend(
    heap: &Heap,
    value: &Value,
    found: &mut Vec<Value>,
    budget: &mut Budget,
) -> Result<(), RenderError> {
    budget.enter()?;
    found.push(value.clone());
    for child in children(heap, value) {
        descend(heap, &child, found, budget)?;
    }
    budget.leave();
    Ok(())
}
