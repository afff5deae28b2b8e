//! JSON to values and back, with members in their order.

use std::{fmt, rc::Rc};

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::{
    budget::Budget,
    error::RenderError,
    value::{Entries, Heap, Keys, Origin, Value, decimal},
};

impl Heap {
    /// Reads a JSON text. Nesting is bounded by the parser, at 128.
    pub(super) fn read_json(&mut self, text: &str) -> serde_json::Result<Value> {
        let mut parser = serde_json::Deserializer::from_str(text);
        let value = Seed(self).deserialize(&mut parser)?;
        parser.end()?;
        Ok(value)
    }

    /// Takes a JSON value over.
    pub(super) fn add_json(&mut self, json: &serde_json::Value) -> Value {
        Seed(self).deserialize(json).unwrap_or(Value::Null)
    }

    /// Appends a value as JSON.
    pub(super) fn print_json(
        &self,
        value: &Value,
        out: &mut String,
        budget: &mut Budget,
    ) -> Result<(), RenderError> {
        match value {
            Value::Boolean(boolean) => budget.push(out, if *boolean { "true" } else { "false" }),
            Value::Integer(number) => budget.push(out, &number.to_string()),
            Value::Decimal(number) if number.is_finite() => budget.push(out, &decimal(*number)),
            Value::Text(text) => budget.push(out, &quoted(text)),
            Value::List(id) => {
                budget.enter()?;
                budget.push(out, "[")?;
                for (index, item) in self.items(*id).iter().enumerate() {
                    budget.push(out, if index == 0 { "" } else { "," })?;
                    self.print_json(item, out, budget)?;
                }
                budget.leave();
                budget.push(out, "]")
            }
            Value::Map(id) => {
                budget.enter()?;
                budget.push(out, "{")?;
                for (index, (key, item)) in self.entries(*id).into_iter().flatten().enumerate() {
                    budget.push(out, if index == 0 { "" } else { "," })?;
                    budget.push(out, &quoted(key))?;
                    budget.push(out, ":")?;
                    self.print_json(item, out, budget)?;
                }
                budget.leave();
                budget.push(out, "}")
            }
            Value::Null
            | Value::Decimal(_)
            | Value::Entry(_)
            | Value::Loop(_)
            | Value::Block(_)
            | Value::Input
            | Value::Functions => budget.push(out, "null"),
        }
    }
}

/// A JSON string, with its quotes.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Puts what it reads into a heap.
struct Seed<'h>(&'h mut Heap);

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, boolean: bool) -> Result<Value, E> {
        Ok(Value::Boolean(boolean))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Integer(number.into()))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Integer(number.into()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Decimal(number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element_seed(Seed(&mut *self.0))? {
            items.push(item);
        }
        Ok(self.0.add_list(items, Origin::Json))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut entries = Entries::new();
        while let Some(key) = map.next_key::<String>()? {
            let value = map.next_value_seed(Seed(&mut *self.0))?;
            entries.insert(Rc::from(key), value);
        }
        Ok(Value::Map(self.0.add_map(entries, Keys::Exact)))
    }
}

/// Whether a body has to be JSON to be walked. API Gateway takes any other text as one string.
pub(super) fn claims_to_be_json(body: &str) -> bool {
    body.trim_start().starts_with(['{', '[', '"'])
}
