//! `usage export`: what all keys have used, as files for billing.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;
use tollgate::quota::Day;
use tollgate::time::Clock;
use tollgate::usage_export::{CollectError, ExportFormat, UsageRow, collect};

use super::super::connection::{ConnectionOptions, PepperUse};
use super::super::environment::Environment;
use super::super::failure::Failure;
use super::super::file;
use super::super::output::Printer;
use super::{MAX_DAYS, day};

const EXAMPLES: &str = "\
Examples:
  tollgate usage export --from 2026-11-01 --to 2026-11-30
  tollgate usage export --from 2026-11-29 --format parquet --output bills";

/// Writes what all keys have used into files for billing, one for each day (UTC)
///
/// A row has a day, a key with its customer, and a plan, with the requests that were charged, the quota, and how many requests went beyond it. Days
/// that have not ended are refused: their counts still grow. The same day is written to the same file again.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Export {
    /// The first day
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    from: Day,
    /// The last day; yesterday when it is not given
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    to: Option<Day>,
    /// The form of the files: csv or parquet
    #[arg(long, value_name = "FORMAT", default_value = "csv", value_parser = format)]
    format: ExportFormat,
    /// The folder to write them to
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    output: PathBuf,
}

#[derive(Serialize)]
struct FileDocument {
    date: String,
    file: String,
    rows: usize,
    requests: u64,
}

impl Export {
    pub(in crate::cli) async fn run(
        &self,
        connection: &ConnectionOptions,
        environment: &Environment,
        clock: &Arc<dyn Clock>,
        printer: &Printer,
    ) -> Result<(), Failure> {
        let yesterday = Day::of(clock.now()).minus(1);
        let to = self.to.unwrap_or(yesterday);
        let days = to.number().checked_sub(self.from.number());
        match days {
            None => {
                return Err(Failure::failed(format!(
                    "the range from {} to {to} has no days",
                    self.from
                )));
            }
            Some(days) if days >= MAX_DAYS => {
                return Err(Failure::failed(format!(
                    "the range is longer than {MAX_DAYS} days, for which usage is kept"
                )));
            }
            Some(_) => {}
        }
        let (store, place) = connection.open(environment, PepperUse::None).await?;
        let rows = match collect(&store, clock, self.from, to).await {
            Ok(rows) => rows,
            Err(CollectError::Store(error)) => return Err(place.tell(&error)),
            Err(error @ CollectError::NotOver(_)) => {
                return Err(Failure::failed(error.to_string()).hint(format!(
                    "the last day that has ended is {yesterday}: --to {yesterday}"
                )));
            }
        };
        let mut files = Vec::new();
        for number in self.from.number()..=to.number() {
            files.push(self.write(Day::from_number(number), &rows)?);
        }
        print(printer, &files);
        Ok(())
    }

    fn write(&self, day: Day, rows: &[UsageRow]) -> Result<FileDocument, Failure> {
        let start = rows.partition_point(|row| row.day < day);
        let end = rows.partition_point(|row| row.day <= day);
        let rows = rows.get(start..end).unwrap_or_default();
        let bytes = self.format.render(rows);
        let bytes = bytes.map_err(|error| Failure::failed(error.to_string()))?;
        let path = self.output.join(self.format.file_name(day));
        // Nobody reads half a bill.
        let written =
            fs::create_dir_all(&self.output).and_then(|()| file::write(&path, &bytes, file::USUAL));
        written.map_err(|error| {
            Failure::failed(format!("`{}` cannot be written", path.display())).caused_by(&error)
        })?;
        Ok(FileDocument {
            date: day.to_string(),
            file: path.display().to_string(),
            rows: rows.len(),
            requests: rows
                .iter()
                .fold(0, |sum, row| sum.saturating_add(row.requests)),
        })
    }
}

fn print(printer: &Printer, files: &[FileDocument]) {
    if printer.is_json() {
        printer.json(&files);
        return;
    }
    let rows: Vec<Vec<String>> = files
        .iter()
        .map(|file| {
            vec![
                file.date.clone(),
                file.rows.to_string(),
                file.requests.to_string(),
                file.file.clone(),
            ]
        })
        .collect();
    printer.table(&["DATE", "ROWS", "REQUESTS", "FILE"], &rows);
}

fn format(text: &str) -> Result<ExportFormat, String> {
    text.parse()
        .map_err(|_unknown| "a format is csv or parquet".to_owned())
}
