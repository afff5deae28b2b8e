//! Parameter overrides, from `samconfig.toml` and from the command line.

use std::collections::BTreeMap;

use thiserror::Error;

/// Why overrides cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OverridesError {
    /// The file is not TOML.
    #[error(
        "samconfig.toml:{line}: the text is not TOML: {message}\nhint: check quotes and brackets near this line"
    )]
    Syntax {
        /// The line, from 1.
        line: usize,
        /// What the parser says.
        message: String,
    },
    /// The file has no such environment.
    #[error("samconfig.toml has no environment `{name}`\nhint: it has {}", if known.is_empty() { "none".to_owned() } else { known.join(", ") })]
    UnknownEnvironment {
        /// The environment that was asked for.
        name: String,
        /// The environments that the file has.
        known: Vec<String>,
    },
    /// `parameter_overrides` is neither a text nor a list of texts.
    #[error(
        "[{table}] parameter_overrides must be a text or a list of texts\nhint: write `parameter_overrides = \"Name=value\"`"
    )]
    WrongType {
        /// The table that holds it.
        table: String,
    },
    /// An override has no `=`, or no name before it. `position` counts from 1; the text is not shown, it may be a secret.
    #[error(
        "parameter override {position} is not of the form Name=value\nhint: write `Name=value` or `ParameterKey=Name,ParameterValue=value`"
    )]
    Malformed {
        /// Which of the overrides, from 1.
        position: usize,
    },
    /// A quotation mark is not closed.
    #[error(
        "a quotation mark in the parameter overrides is not closed\nhint: close it, or escape it with a backslash"
    )]
    OpenQuote,
}

/// The overrides of one environment of a `samconfig.toml`: those of `global`, then of `deploy`, then of `local_start_api`. For a
/// parameter that several of them name, the last wins.
///
/// # Errors
/// Text that is not TOML, an unknown environment, and overrides of the wrong type or form.
pub fn parameter_overrides(
    samconfig_text: &str,
    config_env: &str,
) -> Result<BTreeMap<String, String>, OverridesError> {
    let root: toml::Table = toml::from_str(samconfig_text).map_err(|error| {
        let before = error
            .span()
            .and_then(|span| samconfig_text.get(..span.start))
            .unwrap_or("");
        OverridesError::Syntax {
            line: before.matches('\n').count().saturating_add(1),
            message: error.message().to_owned(),
        }
    })?;
    let Some(environment) = root.get(config_env).and_then(toml::Value::as_table) else {
        let known = root
            .iter()
            .filter(|(_, value)| value.is_table())
            .map(|(name, _)| name.clone())
            .collect();
        return Err(OverridesError::UnknownEnvironment {
            name: config_env.to_owned(),
            known,
        });
    };
    let mut overrides = BTreeMap::new();
    for command in ["global", "deploy", "local_start_api"] {
        let parameters = environment
            .get(command)
            .and_then(|command| command.get("parameters"));
        let Some(value) = parameters.and_then(|parameters| parameters.get("parameter_overrides"))
        else {
            continue;
        };
        let wrong_type = || OverridesError::WrongType {
            table: format!("{config_env}.{command}.parameters"),
        };
        match value {
            toml::Value::String(text) => overrides.append(&mut parse_overrides(text)?),
            toml::Value::Array(items) => {
                let items: Vec<&str> = items
                    .iter()
                    .map(|item| item.as_str().ok_or_else(wrong_type))
                    .collect::<Result<_, _>>()?;
                for (index, item) in items.into_iter().enumerate() {
                    let (name, value) = pair(item, index.saturating_add(1))?;
                    overrides.insert(name, unquoted(&value).to_owned());
                }
            }
            toml::Value::Integer(_)
            | toml::Value::Float(_)
            | toml::Value::Boolean(_)
            | toml::Value::Datetime(_)
            | toml::Value::Table(_) => return Err(wrong_type()),
        }
    }
    Ok(overrides)
}

/// The command line's form: `StageName=dev Other="two words"`, or `ParameterKey=StageName,ParameterValue=dev`, separated by spaces. A
/// backslash escapes the next character. The last value of a name wins.
///
/// # Errors
/// An override without a name or `=`, and an open quotation mark.
pub fn parse_overrides(text: &str) -> Result<BTreeMap<String, String>, OverridesError> {
    let words = words(text)?;
    words
        .iter()
        .enumerate()
        .map(|(index, word)| pair(word, index.saturating_add(1)))
        .collect()
}

/// Splits at spaces that are not quoted, and takes the quotation marks away.
fn words(text: &str) -> Result<Vec<String>, OverridesError> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match (character, quote) {
            ('\\', _) => word
                .get_or_insert_default()
                .push(characters.next().unwrap_or('\\')),
            (mark, Some(open)) if mark == open => quote = None,
            ('"' | '\'', None) => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (space, None) if space.is_whitespace() => words.extend(word.take()),
            (other, _) => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    if quote.is_some() {
        Err(OverridesError::OpenQuote)
    } else {
        Ok(words)
    }
}

fn pair(word: &str, position: usize) -> Result<(String, String), OverridesError> {
    let long_form = word
        .strip_prefix("ParameterKey=")
        .and_then(|rest| rest.split_once(",ParameterValue="));
    match long_form.or_else(|| word.split_once('=')) {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        Some(_) | None => Err(OverridesError::Malformed { position }),
    }
}

/// A list item needs no quotation marks, but SAM's own files often have them.
fn unquoted(value: &str) -> &str {
    value
        .strip_prefix('"')
        .and_then(|value| value.strip_suffix('"'))
        .unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn reads_both_forms_of_the_command_line_and_quotes() {
        let expected = map(&[
            ("A", "1"),
            ("B", "x y"),
            ("C", "d=e"),
            ("D", "say \"hi\""),
            ("E", ""),
        ]);
        assert_eq!(
            parse_overrides(r#"A=1 B="x y" ParameterKey=C,ParameterValue=d=e  D=say\ \"hi\" E="#),
            Ok(expected)
        );
        assert_eq!(parse_overrides("A=1 A=2"), Ok(map(&[("A", "2")])));
        assert_eq!(parse_overrides("  "), Ok(BTreeMap::new()));
    }

    #[test]
    fn refuses_overrides_without_a_name_and_open_quotes() {
        assert_eq!(
            parse_overrides("A=1 secret"),
            Err(OverridesError::Malformed { position: 2 })
        );
        assert_eq!(
            parse_overrides("=1"),
            Err(OverridesError::Malformed { position: 1 })
        );
        assert_eq!(parse_overrides("A=\"x"), Err(OverridesError::OpenQuote));
    }

    #[test]
    fn the_more_specific_command_of_an_environment_wins() {
        let text = r#"
            version = 0.1
            [default.global.parameters]
            parameter_overrides = ["Stage=global", "Kept=\"a b\""]
            [default.deploy.parameters]
            parameter_overrides = "Stage=deploy Other=1"
            [default.local_start_api.parameters]
            parameter_overrides = "Stage=local"
            [test.deploy.parameters]
            stack_name = "x"
        "#;
        let expected = map(&[("Stage", "local"), ("Kept", "a b"), ("Other", "1")]);
        assert_eq!(parameter_overrides(text, "default"), Ok(expected));
        assert_eq!(parameter_overrides(text, "test"), Ok(BTreeMap::new()));
        let error = parameter_overrides(text, "prod").unwrap_err();
        assert_eq!(
            error.to_string(),
            "samconfig.toml has no environment `prod`\nhint: it has default, test"
        );
    }

    #[test]
    fn names_the_line_of_a_syntax_error_and_the_table_of_a_wrong_type() {
        assert!(matches!(
            parameter_overrides("a = 1\nb = [", "a"),
            Err(OverridesError::Syntax { line: 2, .. })
        ));
        let error = parameter_overrides("[dev.deploy.parameters]\nparameter_overrides = 1", "dev")
            .unwrap_err();
        assert_eq!(
            error,
            OverridesError::WrongType {
                table: "dev.deploy.parameters".to_owned()
            }
        );
    }
}
