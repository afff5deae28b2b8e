//! `samconfig.toml`, and overrides of parameters as the command line has them.

use tollgate_gateway::template::samconfig::{OverridesError, parameter_overrides, parse_overrides};

use super::{check, text};
use crate::target::{Memory, Seen, Target};

pub(super) const TARGET: Target = Target {
    name: "samconfig",
    words: &[
        "[default.global.parameters]\n",
        "[default.deploy.parameters]\n",
        "[default.local_start_api.parameters]\n",
        "[[default]]\n",
        "parameter_overrides = ",
        "version = 0.1\n",
        "\"\"\"",
        "'''",
        "\"A=1 B=2\"",
        "[\"A=1\", \"B=2\"]",
        "ParameterKey=",
        ",ParameterValue=",
        "=",
        "\\",
        "\"",
        "'",
        "{ a = 1 }",
        "1979-05-27T07:32:00Z",
        "inf",
        "0x1F",
        ".",
    ],
    fresh: None,
    memory: Memory {
        base_bytes: 1 << 17,
        bytes_per_byte: 512,
    },
    weight: 1,
    check: read,
};

fn read(input: &[u8]) -> Result<Seen, String> {
    let text = text(input);
    let told_of_text = match parse_overrides(&text) {
        Ok(overrides) => {
            for write in [escaped, quoted] {
                let written: Vec<String> = overrides
                    .iter()
                    .map(|(name, value)| write(&pair(name, value)))
                    .collect();
                check(
                    parse_overrides(&written.join(" ")).as_ref() == Ok(&overrides),
                    || "overrides that are written again are others".to_owned(),
                )?;
            }
            "text"
        }
        Err(error) => {
            no_secrets(&error)?;
            ""
        }
    };
    match parameter_overrides(&text, "default") {
        Ok(overrides) => Ok(Seen::taken(&format!(
            "{told_of_text} {}",
            overrides.is_empty()
        ))),
        Err(error) => {
            no_secrets(&error)?;
            if let OverridesError::Syntax { line, .. } = error {
                let lines = text.lines().count().saturating_add(1);
                check((1..=lines).contains(&line), || {
                    format!("the error names the line {line} of {lines}")
                })?;
            }
            Ok(Seen::refused(&format!("{told_of_text} {error}")))
        }
    }
}

/// An override as one word.
fn pair(name: &str, value: &str) -> String {
    if name == "ParameterKey" || name.contains('=') {
        format!("ParameterKey={name},ParameterValue={value}")
    } else {
        format!("{name}={value}")
    }
}

fn escaped(word: &str) -> String {
    word.chars()
        .flat_map(|character| ['\\', character])
        .collect()
}

/// Half of the word stands between marks of one kind, half between those of the other.
fn quoted(word: &str) -> String {
    let middle = word.len() / 2;
    let middle = (middle..=word.len())
        .find(|place| word.is_char_boundary(*place))
        .unwrap_or(0);
    let (first, second) = word.split_at(middle);
    let between = |text: &str, mark: &str| {
        let text = text
            .replace('\\', "\\\\")
            .replace(mark, &format!("\\{mark}"));
        format!("{mark}{text}{mark}")
    };
    between(first, "'") + &between(second, "\"")
}

/// Values may be secrets: what is wrong with an override is told without it.
fn no_secrets(error: &OverridesError) -> Result<(), String> {
    let has_none = match error {
        OverridesError::Malformed { position } => error
            .to_string()
            .starts_with(&format!("parameter override {position} is not")),
        OverridesError::OpenQuote
        | OverridesError::Syntax { .. }
        | OverridesError::UnknownEnvironment { .. }
        | OverridesError::WrongType { .. } => true,
    };
    check(has_none, || "an error shows an override".to_owned())
}
