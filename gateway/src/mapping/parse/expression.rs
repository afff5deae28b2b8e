//! References and expressions.

use super::{
    super::{
        error::Position,
        syntax::{Expression, Operator, Reference, Step},
    },
    Cursor, Parser, Result, is_name_start,
};

/// Binary operators, those that bind least first.
const LEVELS: [&[(&str, Operator)]; 6] = [
    &[("||", Operator::Or), ("or", Operator::Or)],
    &[("&&", Operator::And), ("and", Operator::And)],
    &[
        ("==", Operator::Equal),
        ("!=", Operator::NotEqual),
        ("eq", Operator::Equal),
        ("ne", Operator::NotEqual),
    ],
    &[
        ("<=", Operator::LessOrEqual),
        (">=", Operator::GreaterOrEqual),
        ("<", Operator::Less),
        (">", Operator::Greater),
        ("lt", Operator::Less),
        ("le", Operator::LessOrEqual),
        ("gt", Operator::Greater),
        ("ge", Operator::GreaterOrEqual),
    ],
    &[("+", Operator::Add), ("-", Operator::Subtract)],
    &[
        ("*", Operator::Multiply),
        ("/", Operator::Divide),
        ("%", Operator::Remainder),
    ],
];

impl Parser<'_> {
    /// A reference, from its dollar sign on.
    pub(super) fn reference(&mut self) -> Result<Reference> {
        let position = self.cursor.position();
        let start = self.cursor.offset();
        self.cursor.take("$");
        let is_quiet = self.cursor.take("!");
        let has_brace = self.cursor.take("{");
        let variable = self.cursor.take_name(true).unwrap_or_default().into();
        let steps = self.nested(Self::steps)?;
        if has_brace && !self.cursor.take("}") {
            return Err(Self::error(
                position,
                format!("`{}` has no `}}`", self.cursor.since(start)),
                "write `${name}`, or `$name` without braces",
            ));
        }
        Ok(Reference {
            source: self.cursor.since(start).into(),
            is_quiet,
            variable,
            steps,
            position,
        })
    }

    fn steps(&mut self) -> Result<Vec<Step>> {
        let mut steps = Vec::new();
        loop {
            let position = self.cursor.position();
            let is_member = self
                .cursor
                .rest()
                .strip_prefix('.')
                .is_some_and(|rest| rest.starts_with(is_name_start));
            if is_member {
                self.cursor.take(".");
                let name = self.cursor.take_name(true).unwrap_or_default().into();
                if self.cursor.take("(") {
                    let arguments = self.items(")", "$value.method(first, second)")?;
                    steps.push(Step::Method {
                        name,
                        arguments,
                        position,
                    });
                } else {
                    steps.push(Step::Property(name));
                }
            } else if self.cursor.take("[") {
                self.cursor.skip_whitespace();
                let index = self.expression()?;
                self.expect("]", "$list[0]")?;
                steps.push(Step::Index(index));
            } else {
                return Ok(steps);
            }
        }
    }

    /// Expressions with commas between them, up to a mark, which is taken.
    fn items(&mut self, mark: &str, form: &str) -> Result<Vec<Expression>> {
        let mut items = Vec::new();
        self.cursor.skip_whitespace();
        if self.cursor.take(mark) {
            return Ok(items);
        }
        loop {
            items.push(self.expression()?);
            self.cursor.skip_whitespace();
            if self.cursor.take(mark) {
                return Ok(items);
            }
            self.comma(mark, form)?;
        }
    }

    fn comma(&mut self, mark: &str, form: &str) -> Result<()> {
        if self.cursor.take(",") {
            self.cursor.skip_whitespace();
            return Ok(());
        }
        Err(Self::error(
            self.cursor.position(),
            format!("`,` or `{mark}` is missing before {}", self.shown()),
            &format!("write `{form}`"),
        ))
    }

    /// An expression; blanks before it are skipped, those after it are not.
    pub(super) fn expression(&mut self) -> Result<Expression> {
        self.nested(|parser| parser.chain(&LEVELS))
    }

    fn chain(&mut self, levels: &[&[(&str, Operator)]]) -> Result<Expression> {
        let Some((level, above)) = levels.split_first() else {
            return self.operand();
        };
        let first = self.chain(above)?;
        let mut rest = Vec::new();
        while let Some(operator) = self.operator(level) {
            rest.push((operator, self.chain(above)?));
        }
        if rest.is_empty() {
            return Ok(first);
        }
        Ok(Expression::Chain {
            first: Box::new(first),
            rest,
        })
    }

    fn operator(&mut self, level: &[(&str, Operator)]) -> Option<Operator> {
        let mut ahead = self.cursor.clone();
        ahead.skip_whitespace();
        for (token, operator) in level {
            let mut after = ahead.clone();
            let is_word = token.starts_with(char::is_alphabetic);
            let is_next = if is_word {
                after.take_name(true) == Some(token)
            } else {
                after.take(token)
            };
            if is_next {
                self.cursor = after;
                return Some(*operator);
            }
        }
        None
    }

    fn operand(&mut self) -> Result<Expression> {
        self.cursor.skip_whitespace();
        let position = self.cursor.position();
        if self.at_reference() {
            return Ok(Expression::Reference(self.reference()?));
        }
        match self.cursor.peek() {
            Some('(') => {
                self.cursor.bump();
                let inner = self.expression()?;
                self.expect(")", "($a + $b)")?;
                Ok(inner)
            }
            Some('!') => {
                self.cursor.bump();
                Ok(Expression::Not(Box::new(self.nested(Self::operand)?)))
            }
            Some('-') => {
                self.cursor.bump();
                Ok(Expression::Negative(Box::new(self.nested(Self::operand)?)))
            }
            Some('[') => {
                self.cursor.bump();
                self.list()
            }
            Some('{') => {
                self.cursor.bump();
                self.map()
            }
            Some('\'') => Ok(Expression::Plain(self.quoted('\'', position)?.into())),
            Some('"') => self.interpolated(position),
            Some(next) if next.is_ascii_digit() => self.number(position),
            Some(next) if is_name_start(next) => self.word(position),
            Some(_) | None => Err(Self::error(
                position,
                format!("a value is missing before {}", self.shown()),
                "write a variable (`$name`), a string, a number, `true`, `false`, a list (`[1, 2]`) or a map (`{\"key\": 1}`)",
            )),
        }
    }

    fn word(&mut self, position: Position) -> Result<Expression> {
        let word = self.cursor.take_name(false).unwrap_or_default().to_owned();
        match word.as_str() {
            "true" => Ok(Expression::Boolean(true)),
            "false" => Ok(Expression::Boolean(false)),
            "not" => Ok(Expression::Not(Box::new(self.nested(Self::operand)?))),
            "null" => Err(Self::error(
                position,
                "`null` is no value in this version of Velocity",
                "test with `#if($name)`, or compare with `\"\"`",
            )),
            _ => Err(Self::error(
                position,
                format!("`{word}` is no value"),
                &format!("write `${word}` for the variable, or `\"{word}\"` for the text"),
            )),
        }
    }

    fn number(&mut self, position: Position) -> Result<Expression> {
        let start = self.cursor.offset();
        let is_digit = |c: char| c.is_ascii_digit();
        self.cursor.take_while(is_digit);
        // In `[1..3]` the dots are the range's.
        let fraction = self.cursor.rest().strip_prefix('.');
        let is_decimal = fraction.is_some_and(|rest| rest.starts_with(is_digit));
        if is_decimal {
            self.cursor.bump();
            self.cursor.take_while(is_digit);
        }
        let text = self.cursor.since(start);
        let parsed = if is_decimal {
            text.parse().ok().map(Expression::Decimal)
        } else {
            text.parse::<i64>()
                .ok()
                .map(|number| Expression::Integer(number.into()))
        };
        parsed.ok_or_else(|| {
            Self::error(
                position,
                format!("`{text}` is too large for a number"),
                &format!("write `\"{text}\"` if it is text"),
            )
        })
    }

    fn list(&mut self) -> Result<Expression> {
        self.cursor.skip_whitespace();
        if self.cursor.take("]") {
            return Ok(Expression::List(Vec::new()));
        }
        let first = self.expression()?;
        self.cursor.skip_whitespace();
        if self.cursor.take("..") {
            let last = self.expression()?;
            self.expect("]", "[1..3]")?;
            return Ok(Expression::Range(Box::new(first), Box::new(last)));
        }
        let mut items = vec![first];
        if !self.cursor.take("]") {
            self.comma("]", "[1, 2]")?;
            items.extend(self.items("]", "[1, 2]")?);
        }
        Ok(Expression::List(items))
    }

    fn map(&mut self) -> Result<Expression> {
        let form = "{\"key\": \"value\"}";
        let mut entries = Vec::new();
        self.cursor.skip_whitespace();
        if self.cursor.take("}") {
            return Ok(Expression::Map(entries));
        }
        loop {
            let key = self.expression()?;
            self.expect(":", form)?;
            entries.push((key, self.expression()?));
            self.cursor.skip_whitespace();
            if self.cursor.take("}") {
                return Ok(Expression::Map(entries));
            }
            self.comma("}", form)?;
        }
    }

    /// A string without its quotes; a doubled quote stands for one.
    fn quoted(&mut self, quote: char, position: Position) -> Result<String> {
        self.cursor.bump();
        let mut text = String::new();
        loop {
            let Some(next) = self.cursor.bump() else {
                return Err(Self::error(
                    position,
                    "a string has no end",
                    &format!("write `{quote}` where it ends"),
                ));
            };
            if next == quote && self.cursor.peek() != Some(quote) {
                return Ok(text);
            }
            if next == quote {
                self.cursor.bump();
            }
            text.push(next);
        }
    }

    /// A string in double quotes is a template of its own.
    fn interpolated(&mut self, position: Position) -> Result<Expression> {
        let text = self.quoted('"', position)?;
        if !text.contains(['$', '#']) {
            return Ok(Expression::Plain(text.into()));
        }
        let inside = Position {
            column: position.column + 1,
            ..position
        };
        let mut inner = Parser {
            cursor: Cursor::new(&text, inside),
            depth: self.depth,
            blocks: std::mem::take(&mut self.blocks),
        };
        let nodes = inner.whole();
        self.blocks = inner.blocks;
        Ok(Expression::Interpolated(nodes?))
    }
}
