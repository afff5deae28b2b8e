//! JSON values to YAML.

use serde_json::Value;

const INDENT: &str = "  ";

/// The value in block style. Texts that might be something else are quoted as in JSON, which YAML reads alike.
pub(super) fn write(value: &Value) -> String {
    let mut out = String::from("---\n");
    match value {
        Value::Array(_) | Value::Object(_) => block(value, 0, &mut out),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            out.push_str(&inline(value));
            out.push('\n');
        }
    }
    out
}

fn block(value: &Value, level: usize, out: &mut String) {
    let indent = INDENT.repeat(level);
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (name, value) in members {
                out.push_str(&indent);
                out.push_str(&text(name));
                out.push(':');
                after_key(value, level, out);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                out.push_str(&indent);
                out.push('-');
                after_key(item, level, out);
            }
        }
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Array(_)
        | Value::Object(_) => {
            out.push_str(&indent);
            out.push_str(&inline(value));
            out.push('\n');
        }
    }
}

fn after_key(value: &Value, level: usize, out: &mut String) {
    let is_block = match value {
        Value::Object(members) => !members.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    };
    if is_block {
        out.push('\n');
        block(value, level.saturating_add(1), out);
    } else {
        out.push(' ');
        out.push_str(&inline(value));
        out.push('\n');
    }
}

fn inline(value: &Value) -> String {
    match value {
        Value::String(value) => text(value),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            value.to_string()
        }
    }
}

/// A word as it is; everything else in double quotes.
fn text(text: &str) -> String {
    let is_word = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/')
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c))
        && !matches!(
            text.to_ascii_lowercase().as_str(),
            "null" | "true" | "false" | "yes" | "no" | "on" | "off" | "y" | "n"
        );
    if is_word {
        return text.to_owned();
    }
    // YAML does not take these two as they are, though JSON does.
    Value::from(text)
        .to_string()
        .replace('\u{7f}', "\\u007f")
        .replace('\u{feff}', "\\ufeff")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::control::openapi::yaml;

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            "\\PC*".prop_map(Value::from),
            "[ -~\\n\\t]{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                // The merge key is no name of a member in YAML.
                proptest::collection::btree_map("[ -~]{0,8}", inner, 0..4).prop_map(|members| {
                    members
                        .into_iter()
                        .filter(|(name, _)| name != "<<")
                        .collect()
                }),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_as_it_was(value in any_value()) {
            prop_assert_eq!(yaml::read(&write(&value)).unwrap(), value);
        }
    }

    #[test]
    fn a_document_is_written_in_blocks() {
        let value = json!({"a": [{"b": "x y", "c": 1}, []], "d": "true", "e": {}, "/p/{id}": "p"});
        let expected =
            "---\n\"/p/{id}\": p\na:\n  -\n    b: \"x y\"\n    c: 1\n  - []\nd: \"true\"\ne: {}\n";
        assert_eq!(write(&value), expected);
    }
}
