//! `keys scan`: values of keys in files, and whether they open something.

use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;
use tollgate::key::KeyValue;
use tollgate::store::ApiKey;

use super::super::confirm::confirm;
use super::super::failure::Failure;
use super::super::output::{Printer, printable, style};
use super::super::session::{Session, named_key};
use crate::leaks::{self, Choice, Finding, Findings};
use crate::management::{KeyEdit, Management};

const EXAMPLES: &str = "\
Examples:
  tollgate keys scan .
  git log -p | tollgate keys scan -
  tollgate keys scan . --known --table tollgate-prod --region eu-west-1
  tollgate keys scan build/ --no-ignore --disable

Exit codes: 0 nothing found, 1 values of keys found, 2 wrong usage or something could not be read.";

/// The path that stands for standard input.
const STDIN: &str = "-";

/// Finds the values of keys in files, by their form and their checksum, and does not repeat them
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of the command"
)]
pub(crate) struct Arguments {
    /// Files and folders; `-` is standard input. Of folders, what `.gitignore` and `.ignore` do not name; hidden and binary files too
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    /// Reads what `.gitignore` and `.ignore` name as well
    #[arg(long)]
    no_ignore: bool,
    /// Says which keys the values belong to. A management API knows only keys whose values are kept
    #[arg(long)]
    known: bool,
    /// Disables these keys; on a terminal, it asks first
    #[arg(long)]
    disable: bool,
    /// Does not ask
    #[arg(long, requires = "disable")]
    yes: bool,
}

impl Arguments {
    /// Whether it asks a table or a management API.
    pub(in crate::cli) const fn asks(&self) -> bool {
        self.known || self.disable
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    findings: Vec<FindingDocument>,
    files: u64,
    bytes: u64,
    unread: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FindingDocument {
    file: String,
    line: u64,
    column: u64,
    /// Redacted.
    value: String,
    /// Where it was asked for, and there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<OwnerDocument>,
}

#[derive(Clone, Serialize)]
struct OwnerDocument {
    id: String,
    name: String,
    enabled: bool,
}

/// Scans, and asks nobody.
pub(in crate::cli) async fn run_alone(
    arguments: &Arguments,
    printer: &Printer,
) -> Result<(), Failure> {
    let findings = scan(arguments, printer).await?;
    report(&findings, None, printer)
}

pub(super) async fn run<R: Management>(
    session: &Session<'_, R>,
    arguments: &Arguments,
) -> Result<(), Failure> {
    let findings = scan(arguments, session.printer).await?;
    let mut owners = Owners::find(session, &findings.found).await?;
    if arguments.disable {
        owners.disable(session, arguments.yes).await?;
    }
    report(&findings, Some(&owners), session.printer)
}

async fn scan(arguments: &Arguments, printer: &Printer) -> Result<Findings, Failure> {
    let arguments = arguments.clone();
    let scanning = tokio::task::spawn_blocking(move || {
        let choice = if arguments.no_ignore {
            Choice::All
        } else {
            Choice::NotIgnored
        };
        let is_stdin = |path: &PathBuf| path.as_os_str() == STDIN;
        let (streams, paths): (Vec<_>, Vec<_>) = arguments.paths.into_iter().partition(is_stdin);
        let mut findings = leaks::scan(&paths, choice);
        if !streams.is_empty() {
            findings.add_stream(Path::new(STDIN), io::stdin().lock());
            findings.sort();
        }
        findings
    });
    let findings = scanning
        .await
        .map_err(|error| Failure::failed("the scan broke off").caused_by(&error))?;
    for unread in &findings.unread {
        printer.warning(&format!("not read: {}", printable(unread)));
    }
    Ok(findings)
}

/// Whose the values are, each value once.
struct Owners(Vec<(KeyValue, Option<ApiKey>)>);

impl Owners {
    async fn find<R: Management>(
        session: &Session<'_, R>,
        found: &[Finding],
    ) -> Result<Self, Failure> {
        let mut values: Vec<KeyValue> = found.iter().map(|finding| finding.value.clone()).collect();
        values.sort_by(|one, other| one.expose().cmp(other.expose()));
        values.dedup();
        let ids = session.registry.owners(&values).await?;
        let mut owners = Vec::with_capacity(values.len());
        for (value, id) in values.into_iter().zip(ids) {
            let key = match id {
                Some(id) => session.registry.key(&id).await?,
                None => None,
            };
            owners.push((value, key));
        }
        Ok(Self(owners))
    }

    fn of(&self, value: &KeyValue) -> Option<&ApiKey> {
        let mut owners = self.0.iter();
        let (_, key) = owners.find(|(known, _)| known == value)?;
        key.as_ref()
    }

    /// Disables the keys that are enabled, after asking.
    async fn disable<R: Management>(
        &mut self,
        session: &Session<'_, R>,
        is_sure: bool,
    ) -> Result<(), Failure> {
        let live = self.0.iter_mut().filter_map(|(_, key)| key.as_mut());
        let live: Vec<&mut ApiKey> = live.filter(|key| key.enabled).collect();
        if live.is_empty() {
            session
                .printer
                .note("no key to disable: none of the values is live");
            return Ok(());
        }
        if !is_sure {
            let named: Vec<String> = live.iter().map(|key| named_key(key)).collect();
            let question = format!("Disable {}?", named.join(", "));
            confirm(session.operator, session.printer, &question)?;
        }
        for key in live {
            let edit = KeyEdit {
                enabled: Some(false),
                ..KeyEdit::default()
            };
            *key = session.registry.update_key(&key.id, &edit).await?;
            session.note_about("disabled", key);
        }
        Ok(())
    }
}

/// Prints what was found. A value that was found is a refusal: scripts go by the exit code.
fn report(findings: &Findings, owners: Option<&Owners>, printer: &Printer) -> Result<(), Failure> {
    let owner = |finding: &Finding| owners.and_then(|owners| owners.of(&finding.value));
    if printer.is_json() {
        let found = findings.found.iter().map(|finding| FindingDocument {
            file: finding.file.display().to_string(),
            line: finding.place.line,
            column: finding.place.column,
            value: finding.value.redacted(),
            key: owner(finding).map(|key| OwnerDocument {
                id: key.id.to_string(),
                name: key.name.clone(),
                enabled: key.enabled,
            }),
        });
        printer.json(&Document {
            findings: found.collect(),
            files: findings.files,
            bytes: findings.bytes,
            unread: findings.unread.clone(),
        });
    } else {
        for finding in &findings.found {
            let place = format!(
                "{}:{}:{}",
                printable(&finding.file.display().to_string()),
                finding.place.line,
                finding.place.column
            );
            let whose = match (owners, owner(finding)) {
                (None, _) => String::new(),
                (Some(_), None) => "  no key is known by it".to_owned(),
                (Some(_), Some(key)) => {
                    let state = if key.enabled { "live" } else { "disabled" };
                    format!("  {}, {state}", named_key(key))
                }
            };
            let value = style::bold(&finding.value.redacted());
            printer.line(&format!("{place}  {value}{whose}"));
        }
    }
    match (findings.found.len(), findings.unread.is_empty()) {
        (0, true) => {
            let (files, bytes) = (findings.files, findings.bytes);
            let files = match files {
                1 => "1 file".to_owned(),
                several => format!("{several} files"),
            };
            printer.note(&format!("no keys in {files}, {bytes} bytes"));
            Ok(())
        }
        (0, false) => Err(Failure::failed(
            "no keys were found, and not everything could be read",
        )),
        (1, _) => Err(Failure::refused("the value of a key was found")),
        (count, _) => Err(Failure::refused(format!(
            "values of keys were found at {count} places"
        ))),
    }
    .map_err(|failure| match owners {
        None if !findings.found.is_empty() => {
            failure.hint("--known says which of them are live, and --disable disables those")
        }
        None | Some(_) => failure,
    })
}
