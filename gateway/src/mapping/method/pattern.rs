//! Methods that take a regular expression.
//!
//! The classes `\d`, `\w` and `\s` are ASCII, as in Java. Look-around and back references are not supported; time and memory are bounded.

use std::rc::Rc;

use regex_lite::{Captures, Regex, RegexBuilder};

use super::{
    super::{
        error::Position,
        render::Renderer,
        value::{Origin, Value},
    },
    Result, call_error, shown,
};

/// The longest pattern, in bytes.
const PATTERN_LENGTH_MAX: usize = 1_000;
/// The largest compiled pattern, in bytes.
const COMPILED_BYTES_MAX: usize = 256 * 1024;
const NESTING_MAX: u32 = 32;

impl Renderer<'_> {
    /// Compiles a pattern for one pass over a text.
    fn pattern(&mut self, pattern: &str, text: &str, position: Position) -> Result<Regex> {
        if pattern.len() > PATTERN_LENGTH_MAX {
            return Err(call_error(
                position,
                format!("the pattern is longer than {PATTERN_LENGTH_MAX} bytes"),
            ));
        }
        // A pass costs at most the product of both lengths.
        self.budget
            .charge_bytes(text.len().saturating_mul(pattern.len() + 1))?;
        RegexBuilder::new(pattern)
            .size_limit(COMPILED_BYTES_MAX)
            .nest_limit(NESTING_MAX)
            .build()
            .map_err(|error| {
                call_error(
                    position,
                    format!(
                        "`{}` is no regular expression that is supported: {error}",
                        shown(pattern)
                    ),
                )
            })
    }

    pub(super) fn fits_pattern(
        &mut self,
        text: &str,
        pattern: &Value,
        position: Position,
    ) -> Result<bool> {
        let pattern = self.text(pattern)?;
        let whole = format!(r"\A(?:{pattern})\z");
        Ok(self.pattern(&whole, text, position)?.is_match(text))
    }

    pub(super) fn replace_pattern(
        &mut self,
        text: &str,
        pattern: &Value,
        replacement: &Value,
        count_max: usize,
        position: Position,
    ) -> Result<Value> {
        let pattern = self.text(pattern)?;
        let replacement = self.text(replacement)?;
        let pattern = self.pattern(&pattern, text, position)?;
        let mut out = String::new();
        let mut done = 0;
        for captures in pattern.captures_iter(text).take(count_max) {
            let Some(found) = captures.get(0) else {
                continue;
            };
            let before = text.get(done..found.start()).unwrap_or_default();
            self.budget.push(&mut out, before)?;
            let new =
                expand(&replacement, &captures).map_err(|message| call_error(position, message))?;
            self.budget.push(&mut out, &new)?;
            done = found.end();
        }
        let after = text.get(done..).unwrap_or_default();
        self.budget.push(&mut out, after)?;
        Ok(Value::text(out))
    }

    /// Java's `split`: no empty text at the start for an empty match, and without a limit none at the end.
    pub(super) fn split(
        &mut self,
        text: &Rc<str>,
        pattern: &Value,
        limit: i128,
        position: Position,
    ) -> Result<Value> {
        let pattern = self.text(pattern)?;
        let pattern = self.pattern(&pattern, text, position)?;
        let pieces_max = usize::try_from(limit).ok().filter(|limit| *limit > 0);
        let mut pieces = Vec::new();
        let mut done = 0;
        for found in pattern.find_iter(text) {
            if pieces_max.is_some_and(|most| pieces.len() + 1 >= most) {
                break;
            }
            if found.end() == 0 {
                continue;
            }
            self.budget.charge(1)?;
            let piece = text.get(done..found.start()).unwrap_or_default();
            pieces.push(Value::text(piece));
            done = found.end();
        }
        if pieces.is_empty() {
            pieces.push(Value::Text(Rc::clone(text)));
        } else {
            pieces.push(Value::text(text.get(done..).unwrap_or_default()));
            while limit == 0 && matches!(pieces.last(), Some(Value::Text(last)) if last.is_empty())
            {
                pieces.pop();
            }
        }
        Ok(self.heap.add_list(pieces, Origin::Template))
    }
}

/// Java's replacement text: `$1` is a group, a backslash takes the next character as it is.
fn expand(replacement: &str, captures: &Captures<'_>) -> Result<String, String> {
    let mut out = String::new();
    let mut characters = replacement.chars();
    while let Some(next) = characters.next() {
        match next {
            '\\' => out.extend(characters.next()),
            '$' => {
                let digit = characters.next().and_then(|digit| digit.to_digit(10));
                let group = digit.and_then(|digit| usize::try_from(digit).ok());
                let Some(group) = group.filter(|group| *group < captures.len()) else {
                    return Err(format!(
                        "`{}` names no group of the pattern; write `\\\\$` before a dollar sign that is text",
                        shown(replacement)
                    ));
                };
                out.push_str(captures.get(group).map_or("", |group| group.as_str()));
            }
            _ => out.push(next),
        }
    }
    Ok(out)
}
