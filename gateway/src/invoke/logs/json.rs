//! Lines of functions that log JSON, as they are shown on a terminal.

use serde_json::{Map, Value};
use tracing::Level;

/// What is shown in another way, or does not help on a terminal.
const NOT_SHOWN: [&str; 9] = [
    "AWSRequestId",
    "fields",
    "level",
    "message",
    "requestId",
    "span",
    "spans",
    "target",
    "timestamp",
];

/// The members of a line that is an object.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Members(Map<String, Value>);

impl Members {
    /// Reads a line. `None` when it is no object.
    pub(super) fn read(line: &str) -> Option<Self> {
        // Most lines are none, and need not be parsed to know it.
        if !line.starts_with('{') {
            return None;
        }
        match serde_json::from_str(line) {
            Ok(Value::Object(members)) => Some(Self(members)),
            Ok(_) | Err(_) => None,
        }
    }

    /// A member that is text: of the line or, where that has none, of its member `fields`, as Lambda's runtimes nest them.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let member = self.0.get(name).or_else(|| self.fields()?.get(name));
        member?.as_str()
    }

    fn fields(&self) -> Option<&Map<String, Value>> {
        self.0.get("fields")?.as_object()
    }
}

/// A line that says how much it matters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct JsonLine {
    pub(super) level: Level,
    /// The message, then the other members as `name=value`. Control characters are escaped.
    pub(super) text: String,
}

impl JsonLine {
    /// The line in the form of Lambda's runtimes: an object with `level`, and with `message` in it or in its member `fields`.
    /// `None` for any other.
    pub(super) fn new(members: &Members) -> Option<Self> {
        let level = level(members.0.get("level")?.as_str()?)?;
        let mut text = members.text("message")?.to_owned();
        append(&mut text, members.fields());
        append(&mut text, Some(&members.0));
        Some(Self {
            level,
            text: escaped(&text),
        })
    }
}

fn level(name: &str) -> Option<Level> {
    match name.to_ascii_uppercase().as_str() {
        "TRACE" => Some(Level::TRACE),
        "DEBUG" => Some(Level::DEBUG),
        "INFO" => Some(Level::INFO),
        "WARN" => Some(Level::WARN),
        "ERROR" | "FATAL" => Some(Level::ERROR),
        _ => None,
    }
}

fn append(text: &mut String, members: Option<&Map<String, Value>>) {
    let shown = members
        .into_iter()
        .flatten()
        .filter(|(name, _)| !NOT_SHOWN.contains(&name.as_str()));
    for (name, value) in shown {
        text.extend([" ", name, "=", &value.to_string()]);
    }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() {
            escaped.extend(character.escape_default());
        } else {
            escaped.push(character);
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Option<(Level, String)> {
        let line = JsonLine::new(&Members::read(line)?)?;
        Some((line.level, line.text))
    }

    #[test]
    fn level_message_and_fields_are_shown() {
        let nested = r#"{"timestamp":"2026-11-28T20:00:00Z","level":"WARN","fields":{"message":"denied a request","key.id":"a1","retry_after_ms":20},"target":"tollgate","span":{"name":"Lambda"},"spans":[]}"#;
        assert_eq!(
            read(nested),
            Some((
                Level::WARN,
                r#"denied a request key.id="a1" retry_after_ms=20"#.to_owned()
            ))
        );
        let flat = r#"{"level":"fatal","message":"gone","errorType":"E","requestId":"r"}"#;
        assert_eq!(
            read(flat),
            Some((Level::ERROR, r#"gone errorType="E""#.to_owned()))
        );
    }

    #[test]
    fn a_message_can_neither_break_the_line_nor_command_the_terminal() {
        let line = r#"{"level":"INFO","message":"a\nb\u001b[2Jc"}"#;
        assert_eq!(
            read(line),
            Some((Level::INFO, r"a\nb\u{1b}[2Jc".to_owned()))
        );
    }

    #[test]
    fn other_lines_are_left_as_they_are() {
        for line in [
            "",
            "plain",
            "{",
            "[]",
            r#"{"_aws":{"Timestamp":1},"Admitted":1}"#,
            r#"{"level":"INFO"}"#,
            r#"{"level":"LOUD","message":"a"}"#,
            r#"{"level":3,"message":"a"}"#,
            r#"{"message":"a"}"#,
            r#"{"level":"INFO","message":{}}"#,
        ] {
            assert_eq!(read(line), None, "{line}");
        }
    }
}
