//! Methods of `$input`.

use std::rc::Rc;

use super::{
    super::{
        JsonPath,
        error::{Position, RenderError},
        json::claims_to_be_json,
        render::Renderer,
        value::{Entries, Keys, Value},
    },
    Result, call_error,
};

impl<'a> Renderer<'a> {
    /// The body; API Gateway gives `{}` for an empty one.
    pub(in super::super) fn body(&self) -> &'a str {
        if self.input.body.is_empty() {
            "{}"
        } else {
            self.input.body
        }
    }

    pub(super) fn input_method(
        &mut self,
        name: &str,
        arguments: &[Value],
        position: Position,
    ) -> Result<Value> {
        match (name, arguments) {
            ("path", [path]) => {
                let found = self.select(path, position)?;
                Ok(found.unwrap_or(Value::Null))
            }
            ("json", [path]) => {
                let found = self.select(path, position)?;
                let found = found.unwrap_or_else(|| Value::text(""));
                let mut out = String::new();
                self.heap.print_json(&found, &mut out, &mut self.budget)?;
                Ok(Value::text(out))
            }
            ("params", []) => Ok(self.parameters()),
            ("params", [name]) => {
                let name = self.text(name)?;
                let found = self.input.parameters.any(&name);
                Ok(Value::text(found.unwrap_or_default()))
            }
            _ => Ok(Value::Null),
        }
    }

    fn select(&mut self, path: &Value, position: Position) -> Result<Option<Value>> {
        let path: JsonPath = self
            .text(path)?
            .parse()
            .map_err(|error| call_error(position, format!("{error}")))?;
        let document = self.document()?;
        path.select(&mut self.heap, &document, &mut self.budget)
    }

    /// The body as a value. Text that does not look like JSON is one string.
    fn document(&mut self) -> Result<Value> {
        if let Some(document) = &self.document {
            return Ok(document.clone());
        }
        let body = if self.body().trim().is_empty() {
            "{}"
        } else {
            self.body()
        };
        // A value costs more than its text.
        self.budget.charge(body.len() / 4)?;
        let document = match self.heap.read_json(body) {
            Ok(document) => document,
            Err(error) if claims_to_be_json(body) => {
                return Err(RenderError::BodyIsNotJson {
                    message: error.to_string(),
                });
            }
            Err(_) => Value::text(body),
        };
        self.document = Some(document.clone());
        Ok(document)
    }

    /// `$input.params()`: maps of the path's, the query's and the headers' parameters.
    fn parameters(&mut self) -> Value {
        let parameters = self.input.parameters;
        let path: Entries = parameters
            .path
            .iter()
            .map(|(name, value)| (Rc::from(name.as_str()), Value::text(value.as_str())))
            .collect();
        let last = |values: &std::collections::BTreeMap<String, Vec<String>>| -> Entries {
            values
                .iter()
                .filter_map(|(name, values)| {
                    let last = values.last()?;
                    Some((Rc::from(name.as_str()), Value::text(last.as_str())))
                })
                .collect()
        };
        let maps = [
            ("path", path, Keys::Exact),
            ("querystring", last(&parameters.query), Keys::Exact),
            ("header", last(&parameters.headers), Keys::AnyCase),
        ];
        let mut entries = Entries::new();
        for (name, map, keys) in maps {
            let map = self.heap.add_map(map, keys);
            entries.insert(Rc::from(name), Value::Map(map));
        }
        Value::Map(self.heap.add_map(entries, Keys::Exact))
    }
}
