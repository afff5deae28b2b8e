//! The text of a path to its selectors.

use std::str::FromStr;

use regex_lite::RegexBuilder;

use super::{
    JsonPath, ParseJsonPathError, Selector,
    filter::{Comparison, Filter, Operand},
};

/// The longest path, in bytes.
const BYTES_MAX: usize = 4_096;
/// How deep filters may be nested.
const NESTING_MAX: usize = 16;
/// The largest compiled pattern of a filter, in bytes.
const PATTERN_BYTES_MAX: usize = 64 * 1024;

const COMPARISONS: [(&str, Comparison); 6] = [
    ("==", Comparison::Equal),
    ("!=", Comparison::NotEqual),
    ("<=", Comparison::LessOrEqual),
    (">=", Comparison::GreaterOrEqual),
    ("<", Comparison::Less),
    (">", Comparison::Greater),
];

impl FromStr for JsonPath {
    type Err = ParseJsonPathError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = |message: String| ParseJsonPathError {
            path: text.chars().take(200).collect(),
            message,
        };
        if text.len() > BYTES_MAX {
            return Err(error(format!("it is longer than {BYTES_MAX} bytes")));
        }
        let mut parser = Parser {
            rest: text.trim(),
            depth: 0,
        };
        let path = parser.path().map_err(error)?;
        if !parser.rest.is_empty() {
            return Err(error(format!(
                "`{}` cannot stand here; write `.name`, `['name']` or `[0]`",
                parser.rest
            )));
        }
        Ok(Self {
            source: text.into(),
            ..path
        })
    }
}

struct Parser<'a> {
    rest: &'a str,
    depth: usize,
}

type Result<T, E = String> = std::result::Result<T, E>;

impl<'a> Parser<'a> {
    fn take(&mut self, token: &str) -> bool {
        let after = self.rest.strip_prefix(token);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    fn expect(&mut self, token: &str) -> Result<()> {
        self.blanks();
        if self.take(token) {
            return Ok(());
        }
        let found = self.rest.chars().next();
        Err(match found {
            Some(next) => format!("write `{token}` before `{next}`"),
            None => format!("write `{token}` at its end"),
        })
    }

    fn take_while(&mut self, fits: impl Fn(char) -> bool) -> &'a str {
        let after = self.rest.trim_start_matches(fits);
        let length = self.rest.len() - after.len();
        let (taken, after) = self.rest.split_at_checked(length).unwrap_or_default();
        self.rest = after;
        taken
    }

    fn blanks(&mut self) {
        self.take_while(char::is_whitespace);
    }

    /// A whole path. Without a dollar sign, it begins with a name.
    fn path(&mut self) -> Result<JsonPath> {
        let mut selectors = Vec::new();
        if !self.take("$") && !self.rest.starts_with(['.', '[']) {
            selectors.push(self.name()?);
        }
        self.selectors(selectors)
    }

    fn selectors(&mut self, mut selectors: Vec<Selector>) -> Result<JsonPath> {
        loop {
            if self.take("..") {
                selectors.push(Selector::Descendants);
                if !self.rest.starts_with('[') {
                    selectors.push(self.name()?);
                }
            } else if self.take(".") {
                if !self.rest.starts_with('[') {
                    selectors.push(self.name()?);
                }
            } else if self.take("[") {
                selectors.push(self.bracket()?);
            } else {
                return Ok(JsonPath {
                    source: Box::default(),
                    selectors,
                });
            }
        }
    }

    fn name(&mut self) -> Result<Selector> {
        if self.take("*") {
            return Ok(Selector::Wildcard);
        }
        let name = self.take_while(|c| {
            !c.is_whitespace()
                && !matches!(
                    c,
                    '.' | '['
                        | ']'
                        | '('
                        | ')'
                        | '='
                        | '!'
                        | '<'
                        | '>'
                        | '&'
                        | '|'
                        | ','
                        | '\''
                        | '"'
                )
        });
        if name.is_empty() {
            return Err("a name is missing; write `$.name`".to_owned());
        }
        if !self.take("()") {
            return Ok(Selector::Name(name.into()));
        }
        match name {
            "length" | "size" => Ok(Selector::Length),
            _ => Err(format!(
                "the function `{name}()` is not supported; only `length()` is"
            )),
        }
    }

    fn bracket(&mut self) -> Result<Selector> {
        self.blanks();
        let selector = if self.take("*") {
            Selector::Wildcard
        } else if self.take("?") {
            self.expect("(")?;
            let filter = self.any()?;
            self.expect(")")?;
            Selector::Filter(filter)
        } else if self.rest.starts_with(['\'', '"']) {
            Selector::Name(self.quoted()?.into())
        } else {
            self.indexes()?
        };
        self.expect("]")?;
        Ok(selector)
    }

    fn indexes(&mut self) -> Result<Selector> {
        let first = self.integer()?;
        self.blanks();
        if self.take(":") {
            self.blanks();
            return Ok(Selector::Slice {
                start: first,
                end: self.integer()?,
            });
        }
        let missing =
            || "write a number, a name in quotes, `*` or `?(...)` in the brackets".to_owned();
        let mut indexes = vec![first.ok_or_else(missing)?];
        while self.take(",") {
            self.blanks();
            indexes.push(self.integer()?.ok_or_else(missing)?);
            self.blanks();
        }
        Ok(Selector::Indexes(indexes))
    }

    fn integer(&mut self) -> Result<Option<i64>> {
        let text = self.take_while(|c| c.is_ascii_digit() || c == '-');
        if text.is_empty() {
            return Ok(None);
        }
        text.parse()
            .map(Some)
            .map_err(|error| format!("`{text}` is no index: {error}"))
    }

    /// A text in quotes; a backslash takes the next character as it is.
    fn quoted(&mut self) -> Result<String> {
        let mut characters = self.rest.chars();
        let quote = characters.next();
        let mut text = String::new();
        while let Some(next) = characters.next() {
            if Some(next) == quote {
                self.rest = characters.as_str();
                return Ok(text);
            }
            if next == '\\' {
                text.extend(characters.next());
            } else {
                text.push(next);
            }
        }
        Err("a text in quotes has no end".to_owned())
    }

    fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth >= NESTING_MAX {
            return Err(format!(
                "its filters are nested more than {NESTING_MAX} deep"
            ));
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    fn any(&mut self) -> Result<Filter> {
        self.nested(|parser| {
            let mut filters = vec![parser.all()?];
            while parser.take("||") {
                filters.push(parser.all()?);
            }
            Ok(Filter::Any(filters))
        })
    }

    fn all(&mut self) -> Result<Filter> {
        let mut filters = vec![self.condition()?];
        self.blanks();
        while self.take("&&") {
            filters.push(self.condition()?);
            self.blanks();
        }
        Ok(Filter::All(filters))
    }

    fn condition(&mut self) -> Result<Filter> {
        self.blanks();
        if self.take("!") {
            return Ok(Filter::Not(Box::new(self.nested(Self::condition)?)));
        }
        if self.take("(") {
            let filter = self.any()?;
            self.expect(")")?;
            return Ok(filter);
        }
        let left = self.operand()?;
        self.blanks();
        if self.take("=~") {
            return self.pattern(left);
        }
        for (token, comparison) in COMPARISONS {
            if self.take(token) {
                let right = self.operand()?;
                return Ok(Filter::Compare {
                    left,
                    comparison,
                    right,
                });
            }
        }
        Ok(Filter::Exists(left))
    }

    fn operand(&mut self) -> Result<Operand> {
        self.blanks();
        if self.take("@") {
            return Ok(Operand::Current(
                self.nested(|parser| parser.selectors(Vec::new()))?,
            ));
        }
        if self.take("$") {
            return Ok(Operand::Root(
                self.nested(|parser| parser.selectors(Vec::new()))?,
            ));
        }
        if self.rest.starts_with(['\'', '"']) {
            return Ok(Operand::Text(self.quoted()?.into()));
        }
        let word = self.take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+'));
        Ok(match word {
            "true" => Operand::Boolean(true),
            "false" => Operand::Boolean(false),
            "null" => Operand::Null,
            _ => match (word.parse(), word.parse::<f64>()) {
                (Ok(number), _) => Operand::Integer(number),
                (Err(_), Ok(number)) if number.is_finite() => Operand::Decimal(number),
                (Err(_), _) => {
                    return Err(format!(
                        "`{word}` is no value; write `@.name`, `'text'`, a number, `true`, `false` or `null`"
                    ));
                }
            },
        })
    }

    /// `/pattern/`, with an `i` after it where case does not matter.
    fn pattern(&mut self, left: Operand) -> Result<Filter> {
        self.expect("/")?;
        let (pattern, after) = self
            .rest
            .split_once('/')
            .ok_or_else(|| "write `/` after the pattern".to_owned())?;
        self.rest = after;
        let pattern = RegexBuilder::new(&format!(r"\A(?:{pattern})\z"))
            .case_insensitive(self.take("i"))
            .size_limit(PATTERN_BYTES_MAX)
            .build()
            .map_err(|error| format!("`/{pattern}/` is no regular expression: {error}"))?;
        Ok(Filter::Matches { left, pattern })
    }
}
