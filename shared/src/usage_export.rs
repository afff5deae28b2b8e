//! What was used, as files for billing: a row for each day, key and plan with requests.
//!
//! A file has one day, and is called after it. The same counts, plans and customers give the same bytes, so a day that is written again
//! replaces itself.

mod collect;
mod csv_file;
mod parquet_file;
mod thrift;

use std::str::FromStr;

use crate::id::{KeyId, PlanId};
use crate::quota::Day;

pub use collect::{CollectError, collect};
pub use csv_file::cell_text;

/// The names of the columns, in their order.
pub const COLUMNS: [&str; 7] = [
    "date",
    "key_id",
    "customer_id",
    "plan_id",
    "requests",
    "quota",
    "overage",
];

/// What a key used of a plan on one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageRow {
    /// The day, in UTC.
    pub day: Day,
    /// The key.
    pub key_id: KeyId,
    /// The operator's own id of the customer. `None`: the key has none, or is gone.
    pub customer_id: Option<String>,
    /// The plan.
    pub plan_id: PlanId,
    /// The requests that were charged on the day.
    pub requests: u64,
    /// The requests that the key has in a period, by its own tags or its plan as they are now. `None`: nothing limits them, or the plan is
    /// gone. What an operator adds for a while is not in it.
    pub quota: Option<u64>,
    /// Those of the day's requests that went beyond the quota of their period.
    pub overage: u64,
}

/// The form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// Text with commas, in UTF-8, with a line of names.
    Csv,
    /// Apache Parquet, not compressed.
    Parquet,
}

impl ExportFormat {
    /// All forms.
    pub const ALL: [Self; 2] = [Self::Csv, Self::Parquet];

    /// The form's name, which is also the end of its files' names.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Parquet => "parquet",
        }
    }

    /// The media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Parquet => "application/vnd.apache.parquet",
        }
    }

    /// The name of the file of one day: `usage-2026-11-29.csv`.
    pub fn file_name(self, day: Day) -> String {
        format!("usage-{day}.{}", self.as_str())
    }

    /// The file with these rows.
    ///
    /// # Errors
    ///
    /// When there is more than the form can number: for Parquet, more than 2 GiB of one column in 100,000 rows.
    pub fn render(self, rows: &[UsageRow]) -> Result<Vec<u8>, RenderError> {
        match self {
            Self::Csv => csv_file::render(rows),
            Self::Parquet => parquet_file::render(rows),
        }
    }
}

impl FromStr for ExportFormat {
    type Err = UnknownFormat;

    /// Reads `csv` or `parquet`.
    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        Self::ALL
            .into_iter()
            .find(|format| format.as_str() == text)
            .ok_or(UnknownFormat)
    }
}

/// A text that names no form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is neither csv nor parquet")]
pub struct UnknownFormat;

/// Why a file could not be written.
#[derive(Debug, thiserror::Error)]
#[error("the file of usage cannot be written: {0}")]
pub struct RenderError(Box<dyn std::error::Error + Send + Sync>);

#[cfg(test)]
mod tests;
