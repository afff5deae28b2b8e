//! The value of an expression.

use std::{cmp::Ordering, rc::Rc};

use super::{
    super::{
        error::RenderError,
        syntax::{Expression, Operator, Reference, Step},
        value::{Entries, Keys, Origin, Value, compare, number},
    },
    Renderer,
};

impl<'a> Renderer<'a> {
    pub(in super::super) fn text(&mut self, value: &Value) -> Result<Rc<str>, RenderError> {
        self.heap.to_text(value, &mut self.budget)
    }

    /// The value of a reference; None when its variable is not defined. What is not there is an empty string.
    pub(super) fn resolve(
        &mut self,
        reference: &'a Reference,
    ) -> Result<Option<Value>, RenderError> {
        let value = self.walk(&reference.variable, &reference.steps)?;
        let or_empty = |value| {
            if matches!(value, Value::Null) {
                Value::text("")
            } else {
                value
            }
        };
        Ok(value.map(or_empty))
    }

    /// Follows the steps from a variable; None when it is not defined.
    pub(super) fn walk(
        &mut self,
        variable: &str,
        steps: &'a [Step],
    ) -> Result<Option<Value>, RenderError> {
        let Some(mut value) = self.variables.get(variable).cloned() else {
            return Ok(None);
        };
        if let Value::Block(block) = value {
            value = self.block(block)?;
        }
        for step in steps {
            self.budget.charge(1)?;
            value = match step {
                Step::Property(name) => self.property(&value, name),
                Step::Index(index) => {
                    let index = self.evaluate(index)?;
                    self.item(&value, &index)?
                }
                Step::Method {
                    name,
                    arguments,
                    position,
                } => {
                    let arguments: Result<Vec<_>, _> = arguments
                        .iter()
                        .map(|argument| self.evaluate(argument))
                        .collect();
                    self.call(&value, name, &arguments?, *position)?
                }
            };
        }
        Ok(Some(value))
    }

    fn property(&self, value: &Value, name: &str) -> Value {
        match value {
            Value::Map(id) => self.heap.get(*id, name).cloned().unwrap_or(Value::Null),
            Value::Entry(id) => match name {
                "key" => self.heap.key(*id),
                "value" => self.heap.entry_value(*id),
                _ => Value::Null,
            },
            Value::Loop(state) => match name {
                "index" => Value::count(state.index),
                "count" => Value::count(state.index + 1),
                "first" => Value::Boolean(state.index == 0),
                "last" => Value::Boolean(state.index + 1 == state.length),
                "hasNext" => Value::Boolean(state.index + 1 < state.length),
                _ => Value::Null,
            },
            Value::Input if name == "body" => Value::text(self.body()),
            Value::Input
            | Value::Null
            | Value::Boolean(_)
            | Value::Integer(_)
            | Value::Decimal(_)
            | Value::Text(_)
            | Value::List(_)
            | Value::Block(_)
            | Value::Functions => Value::Null,
        }
    }

    /// The item of a list at an index, which counts from the end when negative, or a map's value.
    fn item(&mut self, value: &Value, index: &Value) -> Result<Value, RenderError> {
        if let Value::Map(id) = value {
            let key = self.text(index)?;
            return Ok(self.heap.get(*id, &key).cloned().unwrap_or(Value::Null));
        }
        let (Value::List(id), Some(index)) = (value, index.as_integer()) else {
            return Ok(Value::Null);
        };
        let items = self.heap.items(*id);
        let distance = usize::try_from(index.unsigned_abs()).unwrap_or(usize::MAX);
        let at = if index < 0 {
            items.len().checked_sub(distance)
        } else {
            Some(distance)
        };
        let item = at.and_then(|at| items.get(at));
        Ok(item.cloned().unwrap_or(Value::Null))
    }

    pub(super) fn evaluate(&mut self, expression: &'a Expression) -> Result<Value, RenderError> {
        self.budget.enter()?;
        let value = match expression {
            Expression::Boolean(boolean) => Value::Boolean(*boolean),
            Expression::Integer(number) => Value::Integer(*number),
            Expression::Decimal(number) => Value::Decimal(*number),
            Expression::Plain(text) => {
                self.budget.charge_bytes(text.len())?;
                Value::text(&**text)
            }
            Expression::Interpolated(nodes) => {
                let mut text = String::new();
                self.nodes(nodes, &mut text)?;
                Value::text(text)
            }
            Expression::List(items) => {
                let items: Result<Vec<_>, _> =
                    items.iter().map(|item| self.evaluate(item)).collect();
                self.heap.add_list(items?, Origin::Template)
            }
            Expression::Range(first, last) => {
                let first = self.evaluate(first)?;
                let last = self.evaluate(last)?;
                self.range(&first, &last)?
            }
            Expression::Map(pairs) => {
                let mut entries = Entries::new();
                for (key, value) in pairs {
                    let key = self.evaluate(key)?;
                    let key = self.text(&key)?;
                    entries.insert(key, self.evaluate(value)?);
                }
                Value::Map(self.heap.add_map(entries, Keys::Exact))
            }
            Expression::Reference(reference) => self.resolve(reference)?.unwrap_or(Value::Null),
            Expression::Not(inner) => Value::Boolean(!self.evaluate(inner)?.is_true()),
            Expression::Negative(inner) => {
                let inner = self.evaluate(inner)?;
                arithmetic(Operator::Subtract, &Value::Integer(0), &inner)
            }
            Expression::Chain { first, rest } => {
                let mut value = self.evaluate(first)?;
                for (operator, right) in rest {
                    value = self.operate(*operator, &value, right)?;
                }
                value
            }
        };
        self.budget.leave();
        Ok(value)
    }

    fn range(&mut self, first: &Value, last: &Value) -> Result<Value, RenderError> {
        let (Some(first), Some(last)) = (first.as_integer(), last.as_integer()) else {
            return Ok(Value::Null);
        };
        let length = first.abs_diff(last).saturating_add(1);
        self.budget
            .charge(usize::try_from(length).unwrap_or(usize::MAX))?;
        let items = if first <= last {
            (first..=last).map(Value::Integer).collect()
        } else {
            (last..=first).rev().map(Value::Integer).collect()
        };
        Ok(self.heap.add_list(items, Origin::Template))
    }

    fn operate(
        &mut self,
        operator: Operator,
        left: &Value,
        right: &'a Expression,
    ) -> Result<Value, RenderError> {
        match operator {
            Operator::Or => {
                let is_true = left.is_true() || self.evaluate(right)?.is_true();
                return Ok(Value::Boolean(is_true));
            }
            Operator::And => {
                let is_true = left.is_true() && self.evaluate(right)?.is_true();
                return Ok(Value::Boolean(is_true));
            }
            Operator::Equal
            | Operator::NotEqual
            | Operator::Less
            | Operator::LessOrEqual
            | Operator::Greater
            | Operator::GreaterOrEqual
            | Operator::Add
            | Operator::Subtract
            | Operator::Multiply
            | Operator::Divide
            | Operator::Remainder => {}
        }
        let right = self.evaluate(right)?;
        let order = || compare(left, &right);
        Ok(match operator {
            Operator::Or | Operator::And => Value::Null,
            Operator::Equal => {
                Value::Boolean(self.heap.are_equal(left, &right, &mut self.budget)?)
            }
            Operator::NotEqual => {
                Value::Boolean(!self.heap.are_equal(left, &right, &mut self.budget)?)
            }
            // What is no number is neither less nor greater.
            Operator::Less => Value::Boolean(order() == Some(Ordering::Less)),
            Operator::LessOrEqual => {
                Value::Boolean(matches!(order(), Some(Ordering::Less | Ordering::Equal)))
            }
            Operator::Greater => Value::Boolean(order() == Some(Ordering::Greater)),
            Operator::GreaterOrEqual => {
                Value::Boolean(matches!(order(), Some(Ordering::Greater | Ordering::Equal)))
            }
            Operator::Add => {
                let is_text = |value: &Value| matches!(value, Value::Text(_));
                let is_null = |value: &Value| matches!(value, Value::Null);
                if (is_text(left) || is_text(&right)) && !is_null(left) && !is_null(&right) {
                    let mut text = String::new();
                    self.heap.print(left, &mut text, &mut self.budget)?;
                    self.heap.print(&right, &mut text, &mut self.budget)?;
                    Value::text(text)
                } else {
                    arithmetic(operator, left, &right)
                }
            }
            Operator::Subtract | Operator::Multiply | Operator::Divide | Operator::Remainder => {
                arithmetic(operator, left, &right)
            }
        })
    }
}

/// Null for what is no number, for a division by zero, and for what is too large.
fn arithmetic(operator: Operator, left: &Value, right: &Value) -> Value {
    if let (Some(left), Some(right)) = (left.as_integer(), right.as_integer()) {
        let result = match operator {
            Operator::Add => left.checked_add(right),
            Operator::Subtract => left.checked_sub(right),
            Operator::Multiply => left.checked_mul(right),
            Operator::Divide => left.checked_div(right),
            Operator::Remainder => left.checked_rem(right),
            Operator::Or
            | Operator::And
            | Operator::Equal
            | Operator::NotEqual
            | Operator::Less
            | Operator::LessOrEqual
            | Operator::Greater
            | Operator::GreaterOrEqual => None,
        };
        return result.map_or(Value::Null, Value::Integer);
    }
    let (Some(left), Some(right)) = (number(left), number(right)) else {
        return Value::Null;
    };
    Value::Decimal(match operator {
        Operator::Add => left + right,
        Operator::Subtract => left - right,
        Operator::Multiply => left * right,
        Operator::Divide | Operator::Remainder if right == 0.0 => return Value::Null,
        Operator::Divide => left / right,
        Operator::Remainder => left % right,
        Operator::Or
        | Operator::And
        | Operator::Equal
        | Operator::NotEqual
        | Operator::Less
        | Operator::LessOrEqual
        | Operator::Greater
        | Operator::GreaterOrEqual => return Value::Null,
    })
}
