//! `export`: keys and plans for others to read, and the way back to API Gateway.

use std::path::PathBuf;

use clap::{ArgGroup, ValueEnum};
use serde_json::Value;
use tollgate::id::ApiStage;

use super::Surroundings;
use super::api_gateway::{self, ApiGatewayOptions, KeepValues, Reporter};
use super::connection::{ConnectionOptions, PepperUse};
use super::failure::Failure;
use super::file;
use super::import::CarryOptions;
use super::output::Printer;
use crate::migration::export::cloudformation::MAX_RESOURCES;
use crate::migration::export::{Values, cloudformation, csv, json};
use crate::migration::{ApiGateway, Holdings, Wanted};

const EXAMPLES: &str = "\
Examples:
  tollgate export --format cloudformation --output plans.json
  tollgate export --format csv --values --output keys.csv
  tollgate export --format openapi --api a1b2c3d4e5:prod
  tollgate export --to-api-gateway --api-gateway-region eu-west-1 --dry-run";

/// Writes keys and plans for others to read, or brings them to API Gateway
///
/// To API Gateway go plans, keys with their values where they are kept, associations, and what is left of this period's quotas. What is there
/// already is changed where it differs, and nothing is taken away. When it is interrupted, the same command goes on.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES, group(ArgGroup::new("where").required(true).args(["format", "to_api_gateway"])))]
pub(super) struct Export {
    /// What to write
    #[arg(long, value_enum, value_name = "FORMAT")]
    format: Option<Format>,
    /// Where to write it, readable by you alone; standard output when it is not given
    #[arg(long, value_name = "FILE", conflicts_with = "to_api_gateway")]
    output: Option<PathBuf>,
    /// Writes the values of keys too, where they are kept. They are secrets
    #[arg(long, conflicts_with = "to_api_gateway")]
    values: bool,
    /// The stage of a REST API whose definition to write, for openapi
    #[arg(long, value_name = "API:STAGE", value_parser = api_stage, conflicts_with = "to_api_gateway")]
    api: Option<ApiStage>,
    /// Brings keys and plans to API Gateway
    #[arg(long)]
    to_api_gateway: bool,
    #[command(flatten)]
    options: CarryOptions,
    #[command(flatten)]
    api_gateway: ApiGatewayOptions,
}

/// A form of export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A template for CloudFormation, with the resources of API Gateway
    Cloudformation,
    /// The definition of a stage of an API that Tollgate manages, as API Gateway exports it
    Openapi,
    /// The list of keys that `aws apigateway import-api-keys` takes
    Csv,
    /// All that is known
    Json,
}

fn api_stage(text: &str) -> Result<ApiStage, String> {
    ApiStage::parse(text).ok_or_else(|| "write it like a1b2c3d4e5:prod".to_owned())
}

impl Export {
    pub(super) async fn run(
        &self,
        connection: &ConnectionOptions,
        printer: &Printer,
        surroundings: &Surroundings,
    ) -> Result<(), Failure> {
        let side =
            api_gateway::tollgate(connection, surroundings, PepperUse::None, KeepValues::Yes)
                .await?;
        let Some(format) = self.format else {
            let target = self
                .api_gateway
                .connect(connection, &surroundings.environment)
                .await?;
            return self
                .options
                .carry(&side, &target, printer, surroundings)
                .await;
        };
        if self.options.is_given() {
            return Err(Failure::failed(
                "--dry-run, --map-stage and --no-tags are for --to-api-gateway",
            )
            .hint("leave them out"));
        }
        let bytes = self.document(format, &side, printer, surroundings).await?;
        match &self.output {
            Some(path) => {
                file::write(path, &bytes, file::PRIVATE).map_err(|error| {
                    Failure::failed(format!("{} cannot be written", path.display()))
                        .caused_by(&error)
                })?;
                printer.note(&format!("wrote {}", path.display()));
            }
            None => printer.line(String::from_utf8_lossy(&bytes).trim_end()),
        }
        Ok(())
    }

    async fn document(
        &self,
        format: Format,
        side: &ApiGateway,
        printer: &Printer,
        surroundings: &Surroundings,
    ) -> Result<Vec<u8>, Failure> {
        match (format, &self.api) {
            (Format::Openapi, Some(api)) => {
                let (api_id, stage) = (api.api_id.as_str(), api.stage.as_str());
                return Ok(side.open_api(api_id, stage).await?);
            }
            (Format::Openapi, None) => {
                return Err(Failure::failed("no API is named")
                    .hint("name a REST API and its stage with --api, such as a1b2c3d4e5:prod. Those of templates and HTTP APIs have their definitions elsewhere"));
            }
            (Format::Cloudformation | Format::Csv | Format::Json, Some(_)) => {
                return Err(Failure::failed("--api is for openapi").hint("leave it out"));
            }
            (Format::Csv, None) if !self.values => {
                return Err(Failure::failed(
                    "a list of keys to import has their values, which are secrets",
                )
                .hint("give --values"));
            }
            (Format::Cloudformation | Format::Csv | Format::Json, None) => {}
        }
        let values = if self.values {
            Values::Shown
        } else {
            Values::LeftOut
        };
        let wanted = Wanted {
            values: self.values,
            tags: true,
            usage_on: None,
        };
        let progress = Reporter::new(printer, &surroundings.clock);
        let holdings = side.read(wanted, &progress).await?;
        if self.values {
            warn_of_hidden(&holdings, printer);
        }
        match format {
            Format::Cloudformation => {
                let resources = cloudformation::resources(&holdings);
                if resources > MAX_RESOURCES {
                    printer.warning(&format!(
                        "the template has {resources} resources, and a stack may have {MAX_RESOURCES}: `tollgate export --to-api-gateway` has no such bound"
                    ));
                }
                pretty(&cloudformation::template(&holdings, values))
            }
            Format::Json | Format::Openapi => pretty(&json::document(&holdings, values)),
            Format::Csv => csv::list(&holdings)
                .map(|list| list.bytes)
                .map_err(|error| Failure::failed("the list cannot be written").caused_by(&error)),
        }
    }
}

fn warn_of_hidden(holdings: &Holdings, printer: &Printer) {
    let keys = holdings.keys.values();
    let hidden = keys.filter(|key| key.value.known().is_none()).count();
    if hidden > 0 {
        printer.warning(&format!(
            "the values of {hidden} of {} keys are not kept, and are not in it",
            holdings.keys.len()
        ));
    }
}

fn pretty(document: &Value) -> Result<Vec<u8>, Failure> {
    let mut bytes = serde_json::to_vec_pretty(document)
        .map_err(|error| Failure::failed("the document cannot be written").caused_by(&error))?;
    bytes.push(b'\n');
    Ok(bytes)
}
