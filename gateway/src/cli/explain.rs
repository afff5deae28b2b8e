//! `explain`: what would become of a request, and why.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use http::Method;
use tollgate::time::Clock;

use super::connection::{ConnectionOptions, PepperUse};
use super::environment::Environment;
use super::failure::Failure;
use super::keys::GivenValue;
use super::output::{Printer, printable, style};
use crate::explain::{self, ExplanationDocument, Question};
use crate::local;
use crate::remote::CallErrorKind;

const EXAMPLES: &str = "\
Examples:
  tollgate explain GET /users --key-id ivk2lvq0ud
  pass show customers/joe | tollgate explain GET /users --key -
  tollgate explain POST /users --api users --stage dev --key-id ivk2lvq0ud --json | jq -r .summary
  tollgate explain GET /users --key-id ivk2lvq0ud --table tollgate-prod --region eu-west-1 --api a1b2c3 --stage prod

Without --url, --table and --endpoint-url, it asks the gateway on this machine. A table knows the methods of REST APIs; those of HTTP APIs
and function URLs are known to the gateway that serves them.";

/// Explains what would become of a request, step by step and in the words of API Gateway's execution log. Nothing is sent or charged
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Explain {
    /// The method, such as GET
    method: String,
    /// The path after the stage, with a query if there is one
    path: String,
    #[arg(
        long,
        help = "The value of the key. `-` reads it from standard input, so that it stands in no shell's history and in no list of processes [env: TOLLGATE_KEY]",
        value_name = "VALUE",
        conflicts_with = "key_id"
    )]
    key: Option<GivenValue>,
    /// The id of the key, in place of its value
    #[arg(long, value_name = "ID")]
    key_id: Option<String>,
    /// The API, by id or name; it may be left out where only one stage fits
    #[arg(long, value_name = "API")]
    api: Option<String>,
    /// The stage; it may be left out where only one fits
    #[arg(long, value_name = "NAME")]
    stage: Option<String>,
    /// A header field of the request, such as `accept: text/plain`; can be given several times
    #[arg(long = "header", short = 'H', value_name = "FIELD", value_parser = header)]
    headers: Vec<(String, String)>,
}

impl Explain {
    /// Asks whoever knows, and prints what that says.
    pub(super) async fn run(
        &self,
        connection: &ConnectionOptions,
        environment: &Environment,
        clock: &Arc<dyn Clock>,
        printer: &Printer,
    ) -> Result<(), Failure> {
        let question = self.question(environment)?;
        let url = connection.named_url(environment)?;
        let document = match url {
            Some(url) => ask(connection, url, &question, clock).await?,
            None if connection.names_table(environment) => {
                look_up(connection, environment, &question, clock).await?
            }
            None => ask(connection, local::ADMIN_URL, &question, clock).await?,
        };
        if printer.is_json() {
            printer.json(&document);
        } else {
            print(&document, printer);
        }
        Ok(())
    }

    fn question(&self, environment: &Environment) -> Result<Question, Failure> {
        let key = match (&self.key, &self.key_id) {
            (Some(given), _) => Some(given.text(io::stdin().lock())?),
            (None, Some(_)) => None,
            (None, None) => environment.key.clone(),
        };
        Ok(Question {
            api: self.api.clone(),
            stage: self.stage.clone(),
            method: self.method.clone(),
            path: self.path.clone(),
            headers: self.headers.iter().cloned().collect::<BTreeMap<_, _>>(),
            key,
            key_id: self.key_id.clone(),
        })
    }
}

/// Asks a gateway.
async fn ask(
    connection: &ConnectionOptions,
    url: &str,
    question: &Question,
    clock: &Arc<dyn Clock>,
) -> Result<ExplanationDocument, Failure> {
    let client = connection.connect(url, clock).await?;
    let body = serde_json::to_value(question)
        .map_err(|error| Failure::failed("the question cannot be written").caused_by(&error))?;
    let answer = client
        .change(Method::POST, explain::PATH, Some(&body))
        .await
        .map_err(|error| {
            let is_other = matches!(error.kind, CallErrorKind::NotManagement(_));
            let failure = Failure::from(error);
            if is_other {
                failure.hint(
                    "the management API of a stack does not explain: name its table with --table",
                )
            } else {
                failure
            }
        })?;
    let body = answer.map_err(|refusal| Failure::refused(refusal.message))?;
    serde_json::from_slice(&body).map_err(|error| {
        let error = CallErrorKind::NotManagement(format!("the answer cannot be read: {error}"));
        Failure::from(client.error(error))
    })
}

/// Reads the table.
async fn look_up(
    connection: &ConnectionOptions,
    environment: &Environment,
    question: &Question,
    clock: &Arc<dyn Clock>,
) -> Result<ExplanationDocument, Failure> {
    let pepper_use = if question.key.is_some() {
        PepperUse::Hashes
    } else {
        PepperUse::None
    };
    let (store, place) = connection.open(environment, pepper_use).await?;
    explain::answer(&store, &[], question, clock.now())
        .await
        .map_err(|error| place.tell(&error))?
        .map_err(Failure::refused)
}

fn print(document: &ExplanationDocument, printer: &Printer) {
    let request = format!(
        "{} {} on {}, stage {}",
        document.method, document.path, document.api_id, document.stage
    );
    printer.line(&style::bold(&printable(&request)));
    let rows: Vec<Vec<String>> = document
        .steps
        .iter()
        .map(|step| {
            let finding = match step.finding.as_str() {
                "notAsked" => "not asked",
                finding => finding,
            };
            vec![step.subject.clone(), finding.to_owned(), step.words.clone()]
        })
        .collect();
    printer.table(&["STEP", "FINDING", "WHY"], &rows);
    printer.line(&printable(&document.summary));
    for line in &document.execution_log {
        let label = style::dim("execution log:");
        printer.line(&format!("{label} {}", printable(line)));
    }
}

fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text
        .split_once(':')
        .ok_or_else(|| "write it like accept: text/plain".to_owned())?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}
