//! Methods of lists and maps.

use super::{
    super::{
        error::{Position, RenderError},
        render::Renderer,
        value::{Entries, ListId, MapId, Origin, Value},
    },
    Result, as_index, call_error,
};

impl Renderer<'_> {
    pub(super) fn list_method(
        &mut self,
        list: ListId,
        name: &str,
        arguments: &[Value],
        position: Position,
    ) -> Result<Value> {
        Ok(match (name, arguments) {
            ("size" | "length", []) => Value::count(self.heap.items(list).len()),
            ("isEmpty", []) => Value::Boolean(self.heap.items(list).is_empty()),
            ("get", [index]) => {
                let at = self.checked_index(list, index, 0, position)?;
                self.heap
                    .items(list)
                    .get(at)
                    .cloned()
                    .unwrap_or(Value::Null)
            }
            ("set", [index, value]) => {
                let at = self.checked_index(list, index, 0, position)?;
                let items = self.heap.items_mut(list);
                let item = items.and_then(|items| items.get_mut(at));
                item.map_or(Value::Null, |item| std::mem::replace(item, value.clone()))
            }
            ("add", [value]) => {
                if let Some(items) = self.heap.items_mut(list) {
                    items.push(value.clone());
                }
                Value::Boolean(true)
            }
            ("add", [index, value]) => {
                let at = self.checked_index(list, index, 1, position)?;
                self.budget.charge(self.heap.items(list).len())?;
                if let Some(items) = self.heap.items_mut(list) {
                    items.insert(at, value.clone());
                }
                Value::text("")
            }
            ("addAll", [Value::List(other)]) => {
                let added = self.heap.items(*other).to_vec();
                self.budget.charge(added.len())?;
                let is_changed = !added.is_empty();
                if let Some(items) = self.heap.items_mut(list) {
                    items.extend(added);
                }
                Value::Boolean(is_changed)
            }
            ("remove", [index @ Value::Integer(_)]) => {
                let at = self.checked_index(list, index, 0, position)?;
                self.budget.charge(self.heap.items(list).len())?;
                let items = self.heap.items_mut(list);
                items.map_or(Value::Null, |items| items.remove(at))
            }
            ("remove", [value]) => {
                let at = self.find(list, value)?;
                if let (Some(at), Some(items)) = (at, self.heap.items_mut(list)) {
                    items.remove(at);
                }
                Value::Boolean(at.is_some())
            }
            ("clear", []) => {
                if let Some(items) = self.heap.items_mut(list) {
                    items.clear();
                }
                Value::Null
            }
            ("contains", [value]) => Value::Boolean(self.find(list, value)?.is_some()),
            ("indexOf", [value]) => self
                .find(list, value)?
                .map_or(Value::Integer(-1), Value::count),
            _ => Value::Null,
        })
    }

    /// An index of a list, or one of the `beyond` places after its end.
    fn checked_index(
        &self,
        list: ListId,
        index: &Value,
        beyond: usize,
        position: Position,
    ) -> Result<usize> {
        let length = self.heap.items(list).len();
        let at = as_index(index).filter(|at| *at < length + beyond);
        at.ok_or_else(|| {
            call_error(
                position,
                format!("the list has {length} items, and the index is not among them; compare with `size()` first"),
            )
        })
    }

    fn find(&mut self, list: ListId, wanted: &Value) -> Result<Option<usize>> {
        let items = self.heap.items(list).to_vec();
        for (index, item) in items.iter().enumerate() {
            self.budget.charge(1)?;
            let is_text = |value: &Value| matches!(value, Value::Text(_));
            if is_text(item) == is_text(wanted) && self.are_equal(item, wanted)? {
                return Ok(Some(index));
            }
        }
        Ok(None)
    }

    pub(super) fn map_method(
        &mut self,
        map: MapId,
        name: &str,
        arguments: &[Value],
        position: Position,
    ) -> Result<Value> {
        Ok(match (name, arguments) {
            ("get", [key]) => {
                let key = self.text(key)?;
                self.heap.get(map, &key).cloned().unwrap_or(Value::Null)
            }
            ("getOrDefault", [key, default]) => {
                let key = self.text(key)?;
                self.heap.get(map, &key).unwrap_or(default).clone()
            }
            ("put", [key, value]) => {
                let key = self.text(key)?;
                self.put(map, key, value.clone(), position)?
            }
            ("putAll", [Value::Map(other)]) => {
                for (key, value) in self.copied(*other)? {
                    self.put(map, key, value, position)?;
                }
                Value::Null
            }
            ("containsKey", [key]) => {
                let key = self.text(key)?;
                Value::Boolean(self.heap.get(map, &key).is_some())
            }
            ("containsValue", [value]) => {
                let mut is_found = false;
                for item in self.copied(map)?.values() {
                    is_found = is_found || self.are_equal(item, value)?;
                }
                Value::Boolean(is_found)
            }
            ("remove", [key]) => {
                let key = self.text(key)?;
                let entries = self.heap.entries_mut(map);
                let steps = entries.as_ref().map_or(0, |entries| entries.len());
                self.budget.charge(steps)?;
                entries
                    .and_then(|entries| entries.shift_remove(&key))
                    .unwrap_or(Value::Null)
            }
            ("size", []) => Value::count(self.size(map)),
            ("isEmpty", []) => Value::Boolean(self.size(map) == 0),
            ("keySet", []) => {
                let keys = self.copied(map)?.into_keys().map(Value::Text).collect();
                self.heap.add_list(keys, Origin::Template)
            }
            ("values", []) => {
                let values = self.copied(map)?.into_values().collect();
                self.heap.add_list(values, Origin::Template)
            }
            ("entrySet", []) => {
                let mut entries = Vec::new();
                for (key, value) in self.copied(map)? {
                    entries.push(self.heap.add_entry(key, value));
                }
                self.heap.add_list(entries, Origin::Template)
            }
            _ => Value::Null,
        })
    }

    fn size(&self, map: MapId) -> usize {
        self.heap.entries(map).map_or(0, Entries::len)
    }

    fn copied(&mut self, map: MapId) -> Result<Entries, RenderError> {
        self.budget.charge(self.size(map))?;
        Ok(self.heap.entries(map).cloned().unwrap_or_default())
    }
}
