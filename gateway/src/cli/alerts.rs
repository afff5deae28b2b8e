//! `alerts`: the alerts of the last time.

use serde::Serialize;
use serde_json::Value;
use tollgate::alert::{Message, Occasion};
use tollgate::store::{AlertOutbox as _, AlertState, KeptAlert};

use super::connection::{ConnectionOptions, PepperUse};
use super::environment::Environment;
use super::failure::Failure;
use super::output::Printer;

const EXAMPLES: &str = "\
Examples:
  tollgate plans create Bronze --quota 1000/DAY --stage users:dev --alerts 80,100,throttled
  tollgate alerts
  tollgate alerts --json | jq '.[] | select(.state == \"owed\")'";

/// Shows the last alerts, the newest first: keys that have used so much of their quotas, or were throttled
///
/// Plans ask for them with the tag `tollgate:alerts`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// How many alerts in each state to show at the most
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,
}

#[derive(Serialize)]
struct AlertDocument {
    state: &'static str,
    told: Vec<&'static str>,
    #[serde(flatten)]
    message: Value,
}

impl Arguments {
    pub(super) async fn run(
        &self,
        connection: &ConnectionOptions,
        environment: &Environment,
        printer: &Printer,
    ) -> Result<(), Failure> {
        if connection.named_url(environment)?.is_some() {
            return Err(Failure::failed("the management API has no list of alerts")
                .hint("name the DynamoDB of the gateway with --endpoint-url, or a table in AWS with --table"));
        }
        let (store, place) = connection.open(environment, PepperUse::None).await?;
        let mut alerts = Vec::new();
        for state in AlertState::ALL {
            let kept = store.alerts(state, self.limit).await;
            alerts.extend(kept.map_err(|error| place.tell(&error))?);
        }
        alerts.sort_by_key(|kept| std::cmp::Reverse(kept.alert.raised_at));
        print(printer, &alerts)
    }
}

fn print(printer: &Printer, alerts: &[KeptAlert]) -> Result<(), Failure> {
    let messages = alerts.iter().map(|kept| {
        let message = serde_json::to_value(Message::new(&kept.alert, None, None));
        message.map(|message| AlertDocument {
            state: match kept.state {
                // Nobody was to be told.
                AlertState::Told if kept.told.is_empty() => "kept",
                state @ (AlertState::Told | AlertState::Owed | AlertState::GivenUp) => {
                    state.as_str()
                }
            },
            told: kept.told.iter().map(|channel| channel.as_str()).collect(),
            message,
        })
    });
    let documents = messages
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| Failure::failed(error.to_string()))?;
    if printer.is_json() {
        printer.json(&documents);
        return Ok(());
    }
    let text = |document: &AlertDocument, name: &str| {
        let member = document.message.get(name).and_then(Value::as_str);
        member.unwrap_or_default().to_owned()
    };
    let rows: Vec<Vec<String>> = alerts
        .iter()
        .zip(&documents)
        .map(|(kept, document)| {
            let about = match &kept.alert.occasion {
                Occasion::Quota(quota) => format!(
                    "{} % of {} a {} from {}",
                    quota.percent, quota.limit, quota.period, quota.first
                ),
                Occasion::Throttled { hour } => format!("throttled in the hour {hour}"),
            };
            vec![
                text(document, "raisedAt"),
                text(document, "keyId"),
                text(document, "planId"),
                about,
                document.state.to_owned(),
                document.told.join(", "),
            ]
        })
        .collect();
    printer.table(&["RAISED", "KEY", "PLAN", "ABOUT", "STATE", "TOLD"], &rows);
    Ok(())
}
