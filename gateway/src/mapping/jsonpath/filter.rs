//! What stands between `[?(` and `)]`.

use std::cmp::Ordering;

use regex_lite::Regex;

use super::{
    super::{
        budget::Budget,
        error::RenderError,
        value::{Heap, Value, compare},
    },
    JsonPath,
};

/// A condition on one value.
#[derive(Debug, Clone)]
pub(super) enum Filter {
    Any(Vec<Self>),
    All(Vec<Self>),
    Not(Box<Self>),
    Exists(Operand),
    Compare {
        left: Operand,
        comparison: Comparison,
        right: Operand,
    },
    Matches {
        left: Operand,
        pattern: Regex,
    },
}

impl PartialEq for Filter {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Any(left), Self::Any(right)) | (Self::All(left), Self::All(right)) => {
                left == right
            }
            (Self::Not(left), Self::Not(right)) => left == right,
            (Self::Exists(left), Self::Exists(right)) => left == right,
            (
                Self::Compare {
                    left,
                    comparison,
                    right,
                },
                Self::Compare {
                    left: other_left,
                    comparison: other_comparison,
                    right: other_right,
                },
            ) => left == other_left && comparison == other_comparison && right == other_right,
            (
                Self::Matches { left, pattern },
                Self::Matches {
                    left: other_left,
                    pattern: other_pattern,
                },
            ) => left == other_left && pattern.as_str() == other_pattern.as_str(),
            (
                Self::Any(_)
                | Self::All(_)
                | Self::Not(_)
                | Self::Exists(_)
                | Self::Compare { .. }
                | Self::Matches { .. },
                _,
            ) => false,
        }
    }
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// A side of a comparison.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Operand {
    /// `@…`
    Current(JsonPath),
    /// `$…`
    Root(JsonPath),
    Text(Box<str>),
    Integer(i64),
    Decimal(f64),
    Boolean(bool),
    Null,
}

impl Operand {
    /// The first value that it stands for.
    fn value(
        &self,
        heap: &Heap,
        root: &Value,
        current: &Value,
        budget: &mut Budget,
    ) -> Result<Option<Value>, RenderError> {
        Ok(match self {
            Self::Current(path) => path.find(heap, root, current, budget)?.into_iter().next(),
            Self::Root(path) => path.find(heap, root, root, budget)?.into_iter().next(),
            Self::Text(text) => Some(Value::text(&**text)),
            Self::Integer(number) => Some(Value::Integer((*number).into())),
            Self::Decimal(number) => Some(Value::Decimal(*number)),
            Self::Boolean(boolean) => Some(Value::Boolean(*boolean)),
            Self::Null => Some(Value::Null),
        })
    }
}

impl Filter {
    pub(super) fn fits(
        &self,
        heap: &Heap,
        root: &Value,
        current: &Value,
        budget: &mut Budget,
    ) -> Result<bool, RenderError> {
        budget.charge(1)?;
        match self {
            Self::Any(filters) => {
                for filter in filters {
                    if filter.fits(heap, root, current, budget)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Self::All(filters) => {
                for filter in filters {
                    if !filter.fits(heap, root, current, budget)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Self::Not(filter) => Ok(!filter.fits(heap, root, current, budget)?),
            Self::Exists(operand) => Ok(operand.value(heap, root, current, budget)?.is_some()),
            Self::Compare {
                left,
                comparison,
                right,
            } => {
                let left = left.value(heap, root, current, budget)?;
                let right = right.value(heap, root, current, budget)?;
                let (Some(left), Some(right)) = (left, right) else {
                    return Ok(*comparison == Comparison::NotEqual);
                };
                comparison.holds(heap, &left, &right, budget)
            }
            Self::Matches { left, pattern } => {
                let Some(Value::Text(text)) = left.value(heap, root, current, budget)? else {
                    return Ok(false);
                };
                budget.charge(text.len())?;
                Ok(pattern.is_match(&text))
            }
        }
    }
}

impl Comparison {
    fn holds(
        self,
        heap: &Heap,
        left: &Value,
        right: &Value,
        budget: &mut Budget,
    ) -> Result<bool, RenderError> {
        let order = if let (Value::Text(left), Value::Text(right)) = (left, right) {
            Some(left.cmp(right))
        } else {
            compare(left, right)
        };
        Ok(match self {
            Self::Equal => is_same(heap, left, right, budget)?,
            Self::NotEqual => !is_same(heap, left, right, budget)?,
            Self::Less => order == Some(Ordering::Less),
            Self::LessOrEqual => matches!(order, Some(Ordering::Less | Ordering::Equal)),
            Self::Greater => order == Some(Ordering::Greater),
            Self::GreaterOrEqual => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
        })
    }
}

/// Equality in a path: a text never equals a number.
fn is_same(
    heap: &Heap,
    left: &Value,
    right: &Value,
    budget: &mut Budget,
) -> Result<bool, RenderError> {
    let is_text = |value: &Value| matches!(value, Value::Text(_));
    Ok(is_text(left) == is_text(right) && heap.are_equal(left, right, budget)?)
}
