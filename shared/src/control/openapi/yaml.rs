//! YAML to JSON values, by the core schema of YAML 1.2.
//!
//! What aliases expand to is counted before they are expanded, so that a small text cannot become a huge tree.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Tag};
use serde_json::{Map, Number, Value};

use super::{DEPTH_MAX, EXPANDED_BYTES_MAX};

/// What a value costs beside its text.
const VALUE_BYTES: usize = 16;

/// The key whose maps are merged into the map where it stands.
const MERGE_KEY: &str = "<<";

/// Reads one document.
///
/// # Errors
///
/// What is wrong and on which line: no YAML, more than one document or none, a key that is a list or map or stands twice, an alias inside of its
/// own anchor, and a tree beyond the bounds.
pub(super) fn read(text: &str) -> Result<Value, String> {
    let mut builder = Builder::default();
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        let (event, span) =
            event.map_err(|scan| format!("line {}: {}", scan.marker().line(), scan.info()))?;
        let line = span.start.line();
        builder
            .event(event)
            .map_err(|what| format!("line {line}: {what}"))?;
    }
    builder
        .root
        .ok_or_else(|| "the document is empty".to_owned())
}

/// A finished value with what it costs and how deep it is.
#[derive(Clone)]
struct Finished {
    value: Value,
    bytes: usize,
    height: usize,
}

enum Content {
    List(Vec<Value>),
    Map {
        map: Map<String, Value>,
        merged: Vec<Value>,
        key: Option<String>,
    },
}

/// A list or map whose end has not been seen.
struct Open {
    anchor: usize,
    content: Content,
    bytes: usize,
    height: usize,
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    anchors: HashMap<usize, Finished>,
    root: Option<Value>,
    bytes: usize,
}

impl Builder {
    fn event(&mut self, event: Event<'_>) -> Result<(), String> {
        match event {
            Event::DocumentStart(_) if self.root.is_some() => {
                Err("a second document begins here".to_owned())
            }
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Ok(()),
            Event::Alias(anchor) => {
                let shared = self
                    .anchors
                    .get(&anchor)
                    .ok_or("the alias stands inside of its own anchor")?;
                let bytes = shared.bytes;
                self.spend(bytes)?;
                // Only now is there room for the copy.
                let shared = self.anchors.get(&anchor).cloned();
                shared.map_or(Ok(()), |shared| self.complete(shared))
            }
            Event::Scalar(text, style, anchor, tag) => {
                let bytes = text.len().saturating_add(VALUE_BYTES);
                self.spend(bytes)?;
                // Keys are texts, whatever else they might be.
                let is_key = matches!(
                    self.open.last(),
                    Some(Open {
                        content: Content::Map { key: None, .. },
                        ..
                    })
                );
                let value = if is_key {
                    Value::String(text.into_owned())
                } else {
                    scalar(&text, style, tag.as_deref())
                };
                self.close(
                    Finished {
                        value,
                        bytes,
                        height: 1,
                    },
                    anchor,
                )
            }
            Event::SequenceStart(anchor, _) => self.begin(Content::List(Vec::new()), anchor),
            Event::MappingStart(anchor, _) => self.begin(
                Content::Map {
                    map: Map::new(),
                    merged: Vec::new(),
                    key: None,
                },
                anchor,
            ),
            Event::SequenceEnd | Event::MappingEnd => {
                let open = self
                    .open
                    .pop()
                    .ok_or("a list or map ends that did not begin")?;
                let value = match open.content {
                    Content::List(items) => Value::Array(items),
                    Content::Map {
                        map,
                        merged,
                        key: _,
                    } => Value::Object(with_merged(map, merged)?),
                };
                let finished = Finished {
                    value,
                    bytes: open.bytes.saturating_add(VALUE_BYTES),
                    height: open.height.saturating_add(1),
                };
                self.close(finished, open.anchor)
            }
        }
    }

    fn begin(&mut self, content: Content, anchor: usize) -> Result<(), String> {
        self.spend(VALUE_BYTES)?;
        self.open.push(Open {
            anchor,
            content,
            bytes: 0,
            height: 0,
        });
        if self.open.len() > DEPTH_MAX {
            return Err(too_deep());
        }
        Ok(())
    }

    fn spend(&mut self, bytes: usize) -> Result<(), String> {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes > EXPANDED_BYTES_MAX {
            return Err(format!(
                "with its aliases expanded the document has more than {EXPANDED_BYTES_MAX} bytes"
            ));
        }
        Ok(())
    }

    /// Remembers a finished value for aliases, and hands it to what contains it.
    fn close(&mut self, finished: Finished, anchor: usize) -> Result<(), String> {
        if anchor > 0 {
            // The copy for aliases is memory too.
            self.spend(finished.bytes)?;
            self.anchors.insert(anchor, finished.clone());
        }
        self.complete(finished)
    }

    fn complete(&mut self, child: Finished) -> Result<(), String> {
        if self.open.len().saturating_add(child.height) > DEPTH_MAX.saturating_add(1) {
            return Err(too_deep());
        }
        let Some(parent) = self.open.last_mut() else {
            self.root = Some(child.value);
            return Ok(());
        };
        parent.bytes = parent.bytes.saturating_add(child.bytes);
        parent.height = parent.height.max(child.height);
        match &mut parent.content {
            Content::List(items) => items.push(child.value),
            Content::Map { map, merged, key } => match key.take() {
                None => *key = Some(key_text(child.value)?),
                Some(name) if name == MERGE_KEY => merged.push(child.value),
                Some(name) => {
                    if map.contains_key(&name) {
                        return Err(format!("the key `{name}` stands twice in one map"));
                    }
                    map.insert(name, child.value);
                }
            },
        }
        Ok(())
    }
}

fn too_deep() -> String {
    format!("the document is nested deeper than {DEPTH_MAX} levels")
}

fn key_text(key: Value) -> Result<String, String> {
    match key {
        Value::String(text) => Ok(text),
        // An alias of a scalar that is not a key where it stands.
        Value::Number(_) | Value::Bool(_) => Ok(key.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => {
            Err("a key has to be a text".to_owned())
        }
    }
}

/// Adds the members of merged maps that the map does not have itself; of two merged maps the first wins.
fn with_merged(
    mut map: Map<String, Value>,
    merged: Vec<Value>,
) -> Result<Map<String, Value>, String> {
    for value in merged {
        let sources = match value {
            Value::Array(sources) => sources,
            other => vec![other],
        };
        for source in sources {
            let Value::Object(members) = source else {
                return Err(format!("`{MERGE_KEY}` wants a map or a list of maps"));
            };
            for (name, value) in members {
                map.entry(name).or_insert(value);
            }
        }
    }
    Ok(map)
}

fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Value {
    let plain = matches!(style, ScalarStyle::Plain);
    match tag {
        None if plain => plain_scalar(text),
        // `!!int 7` and its kind: as if it were written plainly. All other tags make texts.
        Some(tag) if tag.is_yaml_core_schema() && tag.suffix != "str" => plain_scalar(text),
        None | Some(_) => Value::from(text),
    }
}

fn plain_scalar(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => number(text).map_or_else(|| Value::from(text), Value::Number),
    }
}

fn number(text: &str) -> Option<Number> {
    if let Some(digits) = text.strip_prefix("0x") {
        return u64::from_str_radix(digits, 16).ok().map(Number::from);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return u64::from_str_radix(digits, 8).ok().map(Number::from);
    }
    let begins_well = text
        .trim_start_matches(['+', '-'])
        .starts_with(|c: char| c.is_ascii_digit() || c == '.');
    if !begins_well || !text.contains(|c: char| c.is_ascii_digit()) {
        return None;
    }
    if let Ok(number) = text.parse::<u64>() {
        return Some(number.into());
    }
    if let Ok(number) = text.parse::<i64>() {
        return Some(number.into());
    }
    // Infinities and what is not a number have no place in JSON.
    Number::from_f64(text.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_those_of_the_core_schema() {
        let text = "a: 1\nb: -2\nc: 1.5\nd: true\ne: ~\nf: yes\ng: '1'\nh: 0x1F\ni: 2015-10-07T04:41:28Z\nj: !!str 5\nk: .inf\nl: 1.2.3\nm:\n";
        let expected = json!({
            "a": 1, "b": -2, "c": 1.5, "d": true, "e": null, "f": "yes", "g": "1", "h": 31,
            "i": "2015-10-07T04:41:28Z", "j": "5", "k": ".inf", "l": "1.2.3", "m": null,
        });
        assert_eq!(read(text).unwrap(), expected);
    }

    #[test]
    fn keys_are_texts_whatever_they_look_like() {
        assert_eq!(
            read("200: {true: x, ~: y}\n").unwrap(),
            json!({"200": {"true": "x", "~": "y"}})
        );
    }

    #[test]
    fn aliases_and_merge_keys_are_expanded() {
        let text = "base: &base {a: 1, b: 2}\nitem:\n  <<: *base\n  b: 3\nalso: *base\n";
        let expected = json!({
            "base": {"a": 1, "b": 2}, "item": {"a": 1, "b": 3}, "also": {"a": 1, "b": 2},
        });
        assert_eq!(read(text).unwrap(), expected);
    }

    #[test]
    fn an_alias_bomb_is_refused_before_it_goes_off() {
        let mut lines = vec!["l0: &l0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]".to_owned()];
        for level in 1..20 {
            let below = vec![format!("*l{}", level - 1); 9].join(", ");
            lines.push(format!("l{level}: &l{level} [{below}]"));
        }
        let text = lines.join("\n");
        assert!(read(&text).unwrap_err().contains("aliases expanded"));
    }

    #[test]
    fn what_is_no_single_document_is_refused() {
        for text in [
            "",
            "a: 1\n---\nb: 2\n",
            "a: [",
            "a: 1\na: 2\n",
            "? [x]\n: y\n",
            "a: &a [*a]\n",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
        let deep = "[".repeat(10_000);
        assert!(read(&deep).is_err());
    }
}
