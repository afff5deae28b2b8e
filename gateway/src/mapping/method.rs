//! The methods of values, as Java has them.
//!
//! A method that a value does not have gives nothing, as in Velocity. A method that it has and that cannot do what it was asked to do is
//! an error, where Java throws.

mod collection;
mod functions;
mod input;
mod pattern;
mod text;

use super::{
    error::{Position, RenderError},
    render::Renderer,
    value::Value,
};

type Result<T, E = RenderError> = std::result::Result<T, E>;

impl Renderer<'_> {
    /// Calls a method.
    pub(super) fn call(
        &mut self,
        receiver: &Value,
        name: &str,
        arguments: &[Value],
        position: Position,
    ) -> Result<Value> {
        self.budget.charge(1)?;
        match (receiver, name, arguments) {
            (Value::Null, _, _) => return Ok(Value::Null),
            (_, "toString", []) => return Ok(Value::Text(self.text(receiver)?)),
            (Value::List(_) | Value::Map(_), "equals", [other]) => {
                let is_same_kind = matches!(
                    (receiver, other),
                    (Value::List(_), Value::List(_)) | (Value::Map(_), Value::Map(_))
                );
                let are_equal = is_same_kind && self.are_equal(receiver, other)?;
                return Ok(Value::Boolean(are_equal));
            }
            _ => {}
        }
        match receiver {
            Value::Text(text) => self.text_method(text, name, arguments, position),
            Value::List(id) => self.list_method(*id, name, arguments, position),
            Value::Map(id) => self.map_method(*id, name, arguments, position),
            Value::Entry(id) => Ok(match (name, arguments) {
                ("getKey", []) => self.heap.key(*id),
                ("getValue", []) => self.heap.entry_value(*id),
                _ => Value::Null,
            }),
            Value::Input => self.input_method(name, arguments, position),
            Value::Functions => self.function(name, arguments, position),
            Value::Integer(_) | Value::Decimal(_) | Value::Boolean(_) => {
                self.scalar_method(receiver, name, arguments, position)
            }
            Value::Null | Value::Loop(_) | Value::Block(_) => Ok(Value::Null),
        }
    }

    pub(super) fn are_equal(&mut self, left: &Value, right: &Value) -> Result<bool> {
        self.heap.are_equal(left, right, &mut self.budget)
    }

    /// Methods of numbers and booleans. `parseInt` and `valueOf` are static in Java, and templates call them on any number.
    fn scalar_method(
        &mut self,
        receiver: &Value,
        name: &str,
        arguments: &[Value],
        position: Position,
    ) -> Result<Value> {
        match (name, arguments) {
            ("equals", [other]) => {
                let is_same_kind =
                    std::mem::discriminant(receiver) == std::mem::discriminant(other);
                let are_equal = is_same_kind && self.are_equal(receiver, other)?;
                Ok(Value::Boolean(are_equal))
            }
            ("intValue" | "longValue", []) => Ok(match receiver {
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "Java's conversion rounds towards zero and saturates too"
                )]
                Value::Decimal(number) => Value::Integer((*number as i64).into()),
                other => other.clone(),
            }),
            ("parseInt" | "parseLong" | "valueOf", [text]) => {
                let text = self.text(text)?;
                match (receiver, text.parse::<i64>(), text.parse::<f64>()) {
                    (Value::Integer(_), Ok(number), _) => Ok(Value::Integer(number.into())),
                    (Value::Decimal(_), _, Ok(number)) => Ok(Value::Decimal(number)),
                    _ => Err(call_error(
                        position,
                        format!(
                            "`{}` is no number; test it with `matches` first",
                            shown(&text)
                        ),
                    )),
                }
            }
            ("parseDouble", [text]) => {
                let text = self.text(text)?;
                let number = text.trim().parse().map_err(|error| {
                    call_error(
                        position,
                        format!("`{}` is no number: {error}", shown(&text)),
                    )
                })?;
                Ok(Value::Decimal(number))
            }
            _ => Ok(Value::Null),
        }
    }

    /// A text that a method made, within the bounds.
    fn made(&mut self, text: String) -> Result<Value> {
        self.check_length(text.len())?;
        Ok(Value::text(text))
    }

    fn check_length(&mut self, bytes: usize) -> Result<()> {
        self.budget.charge_bytes(bytes)?;
        let bytes_max = self.budget.bounds.output_bytes_max;
        if bytes > bytes_max {
            return Err(RenderError::TooLong { bytes_max });
        }
        Ok(())
    }
}

fn call_error(position: Position, message: impl Into<String>) -> RenderError {
    RenderError::Call {
        position,
        message: message.into(),
    }
}

/// The beginning of a text, for a message.
fn shown(text: &str) -> String {
    text.chars().take(60).collect()
}

/// An index or a length that a template passed; None when it is negative or no whole number.
fn as_index(value: &Value) -> Option<usize> {
    value
        .as_integer()
        .and_then(|index| usize::try_from(index).ok())
}
