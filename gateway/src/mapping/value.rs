//! The values of a template.

use std::{cmp::Ordering, rc::Rc};

use indexmap::IndexMap;

use super::{budget::Budget, error::RenderError};

/// A value. What contains other values stands in the [`Heap`], so that a change is seen through every variable, and that a list which
/// contains itself, or entries of entries of entries, are given back without ado.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Null,
    Boolean(bool),
    Integer(i128),
    Decimal(f64),
    Text(Rc<str>),
    List(ListId),
    Map(MapId),
    /// One entry of a map's `entrySet()`.
    Entry(EntryId),
    /// `$foreach`.
    Loop(LoopState),
    /// What `#define` made: a place in the template's table of blocks.
    Block(usize),
    /// `$input`.
    Input,
    /// `$util`.
    Functions,
}

impl Value {
    pub(super) fn text(text: impl Into<Rc<str>>) -> Self {
        Self::Text(text.into())
    }

    /// A number of things.
    pub(super) fn count(count: usize) -> Self {
        i128::try_from(count).map_or(Self::Null, Self::Integer)
    }

    /// Velocity 1.x: only null and false are false. An empty string, 0 and an empty list are true.
    pub(super) fn is_true(&self) -> bool {
        match self {
            Self::Null => false,
            Self::Boolean(boolean) => *boolean,
            Self::Integer(_)
            | Self::Decimal(_)
            | Self::Text(_)
            | Self::List(_)
            | Self::Map(_)
            | Self::Entry(_)
            | Self::Loop(_)
            | Self::Block(_)
            | Self::Input
            | Self::Functions => true,
        }
    }

    /// A whole number that counts or indexes something.
    pub(super) fn as_integer(&self) -> Option<i128> {
        match self {
            Self::Integer(number) => Some(*number),
            Self::Null
            | Self::Boolean(_)
            | Self::Decimal(_)
            | Self::Text(_)
            | Self::List(_)
            | Self::Map(_)
            | Self::Entry(_)
            | Self::Loop(_)
            | Self::Block(_)
            | Self::Input
            | Self::Functions => None,
        }
    }
}

/// Where a loop is.
#[derive(Debug, Clone, Copy)]
pub(super) struct LoopState {
    pub(super) index: usize,
    pub(super) length: usize,
}

/// A list's place in the heap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ListId(usize);

/// A map's place in the heap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct MapId(usize);

/// What a list came from, which decides how it prints: as JSON, or as Java prints a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    Json,
    Template,
}

/// An entry's place in the heap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EntryId(usize);

/// How a map's keys are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keys {
    Exact,
    /// As the keys are written, else in any case: header names.
    AnyCase,
}

/// A map's entries, in the order in which they were added.
pub(super) type Entries = IndexMap<Rc<str>, Value>;

/// All lists and maps of one rendering.
#[derive(Debug, Default)]
pub(super) struct Heap {
    lists: Vec<(Vec<Value>, Origin)>,
    maps: Vec<(Entries, Keys)>,
    pairs: Vec<(Rc<str>, Value)>,
}

impl Heap {
    pub(super) fn add_list(&mut self, items: Vec<Value>, origin: Origin) -> Value {
        self.lists.push((items, origin));
        Value::List(ListId(self.lists.len() - 1))
    }

    pub(super) fn add_map(&mut self, entries: Entries, keys: Keys) -> MapId {
        self.maps.push((entries, keys));
        MapId(self.maps.len() - 1)
    }

    pub(super) fn add_entry(&mut self, key: Rc<str>, value: Value) -> Value {
        self.pairs.push((key, value));
        Value::Entry(EntryId(self.pairs.len() - 1))
    }

    pub(super) fn key(&self, id: EntryId) -> Value {
        let pair = self.pairs.get(id.0);
        pair.map_or(Value::Null, |(key, _)| Value::Text(Rc::clone(key)))
    }

    pub(super) fn entry_value(&self, id: EntryId) -> Value {
        let pair = self.pairs.get(id.0);
        pair.map_or(Value::Null, |(_, value)| value.clone())
    }

    pub(super) fn items(&self, id: ListId) -> &[Value] {
        self.lists.get(id.0).map_or(&[], |(items, _)| items)
    }

    pub(super) fn items_mut(&mut self, id: ListId) -> Option<&mut Vec<Value>> {
        self.lists.get_mut(id.0).map(|(items, _)| items)
    }

    /// The entries of a map; None only for an id of another heap.
    pub(super) fn entries(&self, id: MapId) -> Option<&Entries> {
        self.maps.get(id.0).map(|(entries, _)| entries)
    }

    pub(super) fn entries_mut(&mut self, id: MapId) -> Option<&mut Entries> {
        self.maps.get_mut(id.0).map(|(entries, _)| entries)
    }

    pub(super) fn get(&self, id: MapId, key: &str) -> Option<&Value> {
        let (entries, keys) = self.maps.get(id.0)?;
        entries.get(key).or_else(|| match keys {
            Keys::Exact => None,
            Keys::AnyCase => entries
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case(key))
                .map(|(_, value)| value),
        })
    }

    /// Appends a value as Java's `toString` gives it.
    pub(super) fn print(
        &self,
        value: &Value,
        out: &mut String,
        budget: &mut Budget,
    ) -> Result<(), RenderError> {
        match value {
            Value::Null => budget.push(out, "null"),
            Value::Boolean(boolean) => budget.push(out, if *boolean { "true" } else { "false" }),
            Value::Integer(number) => budget.push(out, &number.to_string()),
            Value::Decimal(number) => budget.push(out, &decimal(*number)),
            Value::Text(text) => budget.push(out, text),
            Value::Entry(id) => {
                budget.enter()?;
                self.print(&self.key(*id), out, budget)?;
                budget.push(out, "=")?;
                self.print(&self.entry_value(*id), out, budget)?;
                budget.leave();
                Ok(())
            }
            Value::List(id) => match self.lists.get(id.0) {
                Some((items, Origin::Template)) => {
                    budget.enter()?;
                    budget.push(out, "[")?;
                    for (index, item) in items.iter().enumerate() {
                        budget.push(out, if index == 0 { "" } else { ", " })?;
                        self.print(item, out, budget)?;
                    }
                    budget.leave();
                    budget.push(out, "]")
                }
                // A list that came from JSON prints as JSON, with all that is in it.
                Some((_, Origin::Json)) | None => self.print_json(value, out, budget),
            },
            Value::Map(id) => {
                budget.enter()?;
                budget.push(out, "{")?;
                for (index, (key, item)) in self.entries(*id).into_iter().flatten().enumerate() {
                    budget.push(out, if index == 0 { "" } else { ", " })?;
                    budget.push(out, key)?;
                    budget.push(out, "=")?;
                    self.print(item, out, budget)?;
                }
                budget.leave();
                budget.push(out, "}")
            }
            Value::Loop(state) => budget.push(out, &state.index.to_string()),
            Value::Input => budget.push(out, "$input"),
            Value::Functions => budget.push(out, "$util"),
            // Read through a variable, a block is rendered before anything sees it.
            Value::Block(_) => Ok(()),
        }
    }

    /// A value as text.
    pub(super) fn to_text(
        &self,
        value: &Value,
        budget: &mut Budget,
    ) -> Result<Rc<str>, RenderError> {
        if let Value::Text(text) = value {
            return Ok(Rc::clone(text));
        }
        let mut out = String::new();
        self.print(value, &mut out, budget)?;
        Ok(out.into())
    }

    /// `==`: numbers by value, everything else by its text, as Velocity compares values of different classes.
    pub(super) fn are_equal(
        &self,
        left: &Value,
        right: &Value,
        budget: &mut Budget,
    ) -> Result<bool, RenderError> {
        if let Some(order) = compare(left, right) {
            return Ok(order.is_eq());
        }
        if matches!(left, Value::Null) || matches!(right, Value::Null) {
            return Ok(matches!((left, right), (Value::Null, Value::Null)));
        }
        Ok(self.to_text(left, budget)? == self.to_text(right, budget)?)
    }
}

/// The order of two numbers; None when one of them is none.
pub(super) fn compare(left: &Value, right: &Value) -> Option<Ordering> {
    if let (Value::Integer(left), Value::Integer(right)) = (left, right) {
        return Some(left.cmp(right));
    }
    number(left)?.partial_cmp(&number(right)?)
}

/// The value of a number.
pub(super) fn number(value: &Value) -> Option<f64> {
    match value {
        #[expect(
            clippy::cast_precision_loss,
            reason = "comparison with a decimal is in decimals, as in Java"
        )]
        Value::Integer(number) => Some(*number as f64),
        Value::Decimal(number) => Some(*number),
        Value::Null
        | Value::Boolean(_)
        | Value::Text(_)
        | Value::List(_)
        | Value::Map(_)
        | Value::Entry(_)
        | Value::Loop(_)
        | Value::Block(_)
        | Value::Input
        | Value::Functions => None,
    }
}

/// A decimal as Java's `Double.toString` writes it: plain from 0.001 to 10,000,000, else with an exponent.
pub(super) fn decimal(number: f64) -> String {
    let size = number.abs();
    if !number.is_finite() {
        return if number.is_nan() {
            "NaN".to_owned()
        } else if number > 0.0 {
            "Infinity".to_owned()
        } else {
            "-Infinity".to_owned()
        };
    }
    if size == 0.0 || (0.001..10_000_000.0).contains(&size) {
        return format!("{number:?}");
    }
    let text = format!("{number:E}");
    match text.split_once('E') {
        Some((digits, exponent)) if !digits.contains('.') => format!("{digits}.0E{exponent}"),
        Some(_) | None => text,
    }
}
