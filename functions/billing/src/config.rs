//! What the function is told by its environment.

use std::path::PathBuf;

use tollgate::http::{VariableError, Variables, process_variable, variable};
use tollgate::key::Pepper;

/// Where files go: `s3://BUCKET/PREFIX`, or the path of a folder.
pub const EXPORT_TO: &str = "TOLLGATE_EXPORT_TO";
/// Where S3 is, as the AWS SDKs read it: `https://s3.us-east-1.amazonaws.com`.
pub const S3_ENDPOINT: &str = "AWS_ENDPOINT_URL_S3";

/// The settings of the function.
#[derive(Clone, Debug)]
pub struct Config {
    /// `TOLLGATE_TABLE`: the name of Tollgate's table.
    pub table: String,
    /// `TOLLGATE_PEPPER`: the secret under which the values of keys are hashed. It is not used here; a store has one.
    pub pepper: Pepper,
    /// `TOLLGATE_EXPORT_TO`: where files go.
    pub place: Place,
}

/// Where files go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Objects of a bucket.
    S3 {
        /// The URL of S3.
        endpoint: String,
        /// The bucket.
        bucket: String,
        /// What the names of objects begin with: empty, or with a slash at its end.
        prefix: String,
    },
    /// Files of a folder.
    Folder(PathBuf),
}

/// A variable that is missing or cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A variable is missing, or has a value that it cannot have.
    #[error(transparent)]
    Variable(#[from] VariableError),
    /// The place is none.
    #[error(
        "the environment variable {EXPORT_TO} has to be a folder, or s3://BUCKET/PREFIX with letters, digits and the characters - _ . /"
    )]
    Place,
}

impl Config {
    /// Reads the settings from the environment of this process.
    ///
    /// # Errors
    ///
    /// When a required variable is missing, or one cannot be used.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_variables(process_variable)
    }

    /// Takes the settings from `read`, which answers the value of a variable by its name. An empty value counts as none.
    ///
    /// # Errors
    ///
    /// When a required variable is missing, or one cannot be used.
    pub fn from_variables(read: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let variables = Variables::new(read);
        let place = variables.required(EXPORT_TO)?;
        let place = match place.strip_prefix("s3://") {
            None => Place::Folder(place.into()),
            Some(rest) => {
                let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
                if bucket.is_empty() || !is_plain(bucket) || !is_plain(prefix) {
                    return Err(ConfigError::Place);
                }
                let mut prefix = prefix.trim_matches('/').to_owned();
                if !prefix.is_empty() {
                    prefix.push('/');
                }
                Place::S3 {
                    endpoint: variables.required(S3_ENDPOINT)?,
                    bucket: bucket.to_owned(),
                    prefix,
                }
            }
        };
        Ok(Self {
            table: variables.required(variable::TABLE)?,
            pepper: variables.pepper()?,
            place,
        })
    }
}

/// Whether a text stands in a path as it is, however it is signed.
fn is_plain(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte);
    text.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(place: &str, endpoint: &str) -> Result<Config, ConfigError> {
        let variables = [
            (variable::TABLE, "tollgate"),
            (variable::PEPPER, "0123456789abcdef"),
            (EXPORT_TO, place),
            (S3_ENDPOINT, endpoint),
        ];
        Config::from_variables(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn a_place_is_a_bucket_with_or_without_a_prefix_or_a_folder() {
        let of = |place| config(place, "https://s3.example.com").unwrap().place;
        let s3 = |prefix: &str| Place::S3 {
            endpoint: "https://s3.example.com".to_owned(),
            bucket: "bills".to_owned(),
            prefix: prefix.to_owned(),
        };
        assert_eq!(of("s3://bills"), s3(""));
        assert_eq!(of("s3://bills/"), s3(""));
        assert_eq!(of("s3://bills/tollgate/prod/"), s3("tollgate/prod/"));
        assert_eq!(of("/mnt/bills"), Place::Folder("/mnt/bills".into()));
    }

    #[test]
    fn a_variable_that_cannot_be_used_is_named() {
        for (place, endpoint, named) in [
            ("", "", EXPORT_TO),
            ("s3://", "https://s3.example.com", EXPORT_TO),
            ("s3://bills/date=today", "https://s3.example.com", EXPORT_TO),
            ("s3://bills", "", S3_ENDPOINT),
        ] {
            let error = config(place, endpoint).unwrap_err().to_string();
            assert!(error.contains(named), "{error}");
        }
    }
}
