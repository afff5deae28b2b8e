//! What a template is made of.

use super::error::Position;

/// A piece of a template.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    Text(Box<str>),
    Reference {
        reference: Reference,
        /// How many backslashes stand before it.
        backslashes: usize,
    },
    Set {
        target: Reference,
        value: Expression,
    },
    If {
        branches: Vec<Branch>,
        otherwise: Vec<Self>,
    },
    Foreach {
        variable: Box<str>,
        items: Expression,
        body: Vec<Self>,
    },
    /// The body is in the template's table of blocks.
    Define {
        variable: Box<str>,
        block: usize,
    },
    Break,
    Stop,
}

/// One `#if` or `#elseif`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Branch {
    pub(super) condition: Expression,
    pub(super) body: Vec<Node>,
}

/// `$name`, and what follows it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Reference {
    /// As written, for printing when the variable is not defined.
    pub(super) source: Box<str>,
    pub(super) is_quiet: bool,
    pub(super) variable: Box<str>,
    pub(super) steps: Vec<Step>,
    pub(super) position: Position,
}

/// One step from a value to the next.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    Property(Box<str>),
    Method {
        name: Box<str>,
        arguments: Vec<Expression>,
        position: Position,
    },
    Index(Expression),
}

/// What has a value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expression {
    Boolean(bool),
    Integer(i128),
    Decimal(f64),
    Plain(Box<str>),
    Interpolated(Vec<Node>),
    List(Vec<Self>),
    Range(Box<Self>, Box<Self>),
    Map(Vec<(Self, Self)>),
    Reference(Reference),
    Not(Box<Self>),
    Negative(Box<Self>),
    /// Operators of one precedence, from left to right. Flat, so that a long sum is not a deep tree.
    Chain {
        first: Box<Self>,
        rest: Vec<(Operator, Self)>,
    },
}

/// A binary operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}
