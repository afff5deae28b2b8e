//! `keys patterns`: how native values look, for scanners of secrets.

use clap::ValueEnum;

use super::super::output::Printer;

/// Prints a pattern file for a scanner of secrets
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  tollgate keys patterns --format gitleaks >.gitleaks.toml\n  tollgate keys patterns --format github"
)]
pub(crate) struct Arguments {
    /// The scanner
    #[arg(long, value_name = "SCANNER")]
    format: Format,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// A configuration of gitleaks
    Gitleaks,
    /// A custom detector of `TruffleHog`
    Trufflehog,
    /// A custom pattern of GitHub's secret scanning, and what its partner programme asks for
    Github,
}

impl Format {
    const fn text(self) -> &'static str {
        match self {
            Self::Gitleaks => include_str!("../../../../shared/secret-patterns/gitleaks.toml"),
            Self::Trufflehog => include_str!("../../../../shared/secret-patterns/trufflehog.yaml"),
            Self::Github => include_str!("../../../../shared/secret-patterns/github.txt"),
        }
    }
}

/// Prints the file, as it is also with `--json`.
pub(in crate::cli) fn run(arguments: &Arguments, printer: &Printer) {
    if printer.is_json() {
        printer.json(arguments.format.text());
    } else {
        printer.line(arguments.format.text().trim_end());
    }
}

#[cfg(test)]
mod tests {
    use regex_lite::Regex;
    use tollgate::key::{EnvironmentLetter, KeyValue};

    use super::*;

    /// The pattern of each file, read as its scanner would.
    fn patterns() -> [(Format, Regex); 3] {
        let gitleaks: toml::Table = toml::from_str(Format::Gitleaks.text()).unwrap();
        let gitleaks = gitleaks["rules"][0]["regex"].as_str().unwrap();
        let trufflehog = Format::Trufflehog.text().lines();
        let mut trufflehog = trufflehog.filter_map(|line| line.trim().strip_prefix("key: '"));
        let trufflehog = trufflehog.next().unwrap().trim_end_matches('\'');
        let of_github = |name: &str| {
            let mut lines = Format::Github.text().lines();
            lines
                .find_map(|line| line.strip_prefix(name))
                .unwrap()
                .trim()
                .to_owned()
        };
        let github = format!(
            "(?:{})({})(?:{})",
            of_github("Before secret:"),
            of_github("Secret format:"),
            of_github("After secret:")
        );
        [
            (Format::Gitleaks, gitleaks.to_owned()),
            (Format::Trufflehog, trufflehog.to_owned()),
            (Format::Github, github),
        ]
        .map(|(format, pattern)| (format, Regex::new(&pattern).unwrap()))
    }

    #[test]
    fn each_pattern_finds_made_keys_and_nothing_else() {
        for (format, pattern) in patterns() {
            let secret = |text: &str| {
                let found = pattern.captures(text)?;
                Some(found.get(1).unwrap().as_str().to_owned())
            };
            for environment in ["dev", "prod", "$default"] {
                let value = KeyValue::generate(EnvironmentLetter::of(environment)).unwrap();
                let value = value.expose();
                for text in [
                    value.to_owned(),
                    format!("API_KEY={value}\n"),
                    format!("{{\"key\":\"{value}\"}}"),
                    format!("export KEY_{value}"),
                ] {
                    assert_eq!(secret(&text).as_deref(), Some(value), "{format:?}: {text}");
                }
                let cut = &value[..value.len() - 1];
                for text in [
                    cut.to_owned(),
                    format!("{value}x"),
                    format!("x{value}"),
                    value.to_uppercase(),
                    value.replacen("tg_", "tg-", 1),
                    format!("{cut}-"),
                ] {
                    assert_eq!(secret(&text), None, "{format:?}: {text}");
                }
            }
        }
    }
}
