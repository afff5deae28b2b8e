//! Methods of strings. Indexes count UTF-16 code units, as in Java.

use std::{cmp::Ordering, rc::Rc};

use super::{
    super::{error::Position, render::Renderer, value::Value},
    Result, as_index, call_error, shown,
};

impl Renderer<'_> {
    pub(super) fn text_method(
        &mut self,
        text: &Rc<str>,
        name: &str,
        arguments: &[Value],
        position: Position,
    ) -> Result<Value> {
        // Each of them reads the text once.
        self.budget.charge_bytes(text.len())?;
        Ok(match (name, arguments) {
            ("length", []) => Value::count(utf16_length(text)),
            ("isEmpty", []) => Value::Boolean(text.is_empty()),
            ("isBlank", []) => Value::Boolean(text.trim().is_empty()),
            ("trim" | "strip", []) => Value::text(text.trim()),
            ("toLowerCase", []) => self.made(text.to_lowercase())?,
            ("toUpperCase", []) => self.made(text.to_uppercase())?,
            ("equals", [other]) => {
                Value::Boolean(matches!(other, Value::Text(other) if other == text))
            }
            ("contains", [part]) => Value::Boolean(text.contains(&*self.text(part)?)),
            ("startsWith", [part]) => Value::Boolean(text.starts_with(&*self.text(part)?)),
            ("endsWith", [part]) => Value::Boolean(text.ends_with(&*self.text(part)?)),
            ("equalsIgnoreCase", [other]) => {
                let other = self.text(other)?;
                Value::Boolean(text.to_lowercase() == other.to_lowercase())
            }
            ("compareTo", [other]) => {
                let other = self.text(other)?;
                Value::Integer(match text.encode_utf16().cmp(other.encode_utf16()) {
                    Ordering::Less => -1,
                    Ordering::Equal => 0,
                    Ordering::Greater => 1,
                })
            }
            ("concat", [other]) => {
                let other = self.text(other)?;
                self.check_length(text.len() + other.len())?;
                Value::text(format!("{text}{other}"))
            }
            ("indexOf", [part]) => {
                let part = self.text(part)?;
                index_in(text, text.find(&*part))
            }
            ("indexOf", [part, start]) => {
                let part = self.text(part)?;
                let start = as_index(start).unwrap_or(0);
                let start = utf16_offset(text, start).unwrap_or(text.len());
                let rest = text.get(start..).unwrap_or_default();
                index_in(text, rest.find(&*part).map(|at| at + start))
            }
            ("lastIndexOf", [part]) => {
                let part = self.text(part)?;
                index_in(text, text.rfind(&*part))
            }
            ("charAt", [index]) => {
                let at = as_index(index);
                let end = at.map(|at| at + 1);
                substring(text, at, end, position)?
            }
            ("substring" | "subSequence", [start]) => {
                substring(text, as_index(start), Some(utf16_length(text)), position)?
            }
            ("substring" | "subSequence", [start, end]) => {
                substring(text, as_index(start), as_index(end), position)?
            }
            ("replace", [old, new]) => {
                let old = self.text(old)?;
                let new = self.text(new)?;
                let count = text.matches(&*old).count();
                self.check_length(text.len().saturating_add(count.saturating_mul(new.len())))?;
                Value::text(text.replace(&*old, &new))
            }
            ("replaceAll", [pattern, new]) => {
                self.replace_pattern(text, pattern, new, usize::MAX, position)?
            }
            ("replaceFirst", [pattern, new]) => {
                self.replace_pattern(text, pattern, new, 1, position)?
            }
            ("matches", [pattern]) => Value::Boolean(self.fits_pattern(text, pattern, position)?),
            ("split", [pattern]) => self.split(text, pattern, 0, position)?,
            ("split", [pattern, limit]) => {
                let limit = limit.as_integer().unwrap_or(0);
                self.split(text, pattern, limit, position)?
            }
            _ => Value::Null,
        })
    }
}

fn utf16_length(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// The byte at an index; None beyond the end and inside of a pair of surrogates.
fn utf16_offset(text: &str, index: usize) -> Option<usize> {
    let mut units = 0;
    for (offset, character) in text.char_indices() {
        if units >= index {
            return (units == index).then_some(offset);
        }
        units += character.len_utf16();
    }
    (units == index).then_some(text.len())
}

/// The index of a byte; -1 for none.
fn index_in(text: &str, offset: Option<usize>) -> Value {
    let before = offset.and_then(|offset| text.get(..offset));
    before.map_or(Value::Integer(-1), |before| {
        Value::count(utf16_length(before))
    })
}

fn substring(
    text: &str,
    start: Option<usize>,
    end: Option<usize>,
    position: Position,
) -> Result<Value> {
    let offset = |index: Option<usize>| index.and_then(|index| utf16_offset(text, index));
    let part = match (offset(start), offset(end)) {
        (Some(start), Some(end)) => text.get(start..end),
        (Some(_) | None, _) => None,
    };
    part.map(Value::text).ok_or_else(|| {
        call_error(
            position,
            format!(
                "`{}` has {} characters, and the index is beyond them; compare with `length()` first",
                shown(text),
                utf16_length(text)
            ),
        )
    })
}
