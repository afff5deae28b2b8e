//! `import`: keys and plans from API Gateway.

mod report;

use tollgate::quota::Day;

use super::Surroundings;
use super::api_gateway::{self, ApiGatewayOptions, KeepValues, Reporter};
use super::connection::{ConnectionOptions, PepperUse};
use super::failure::Failure;
use super::output::Printer;
use crate::migration::{ApiGateway, Comparison, StageMap, StageMapping, Wanted};

pub(super) use report::{Report, Work};

const EXAMPLES: &str = "\
Examples:
  tollgate import --from-api-gateway --dry-run
  tollgate import --from-api-gateway --api-gateway-region eu-west-1 --map-stage a1b2c3d4e5:prod=users:prod
  tollgate import --from-api-gateway --table tollgate-prod --region eu-west-1
  tollgate import --from-api-gateway --api-gateway-url http://127.0.0.1:3200 --requests-per-second 1000";

/// Brings plans, keys with their values, associations and what is left of this period's quotas from API Gateway
///
/// Keys and plans keep their ids. What is there already is changed where it differs, and nothing is taken away. When it is interrupted, the
/// same command goes on.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Import {
    /// Reads from API Gateway
    #[arg(long, required = true)]
    from_api_gateway: bool,
    #[command(flatten)]
    options: CarryOptions,
    /// Stores only the hashes of values: they can never be shown again
    #[arg(long)]
    no_keep_values: bool,
    #[command(flatten)]
    api_gateway: ApiGatewayOptions,
}

/// What the ways to API Gateway and from it have in common.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct CarryOptions {
    /// Shows what would be made and changed, and does nothing
    #[arg(long)]
    dry_run: bool,
    /// Gives a stage another name, such as a1b2c3d4e5:prod=users:prod; nothing after the equals sign leaves it out of its plans. Can be
    /// given several times
    #[arg(long = "map-stage", value_name = "API:STAGE=API:STAGE")]
    map_stages: Vec<StageMapping>,
    /// Does not read tags, for which API Gateway is asked once for each key
    #[arg(long)]
    no_tags: bool,
}

impl Import {
    pub(super) async fn run(
        &self,
        connection: &ConnectionOptions,
        printer: &Printer,
        surroundings: &Surroundings,
    ) -> Result<(), Failure> {
        let keep_values = if self.no_keep_values {
            KeepValues::No
        } else {
            KeepValues::Yes
        };
        let source = self
            .api_gateway
            .connect(connection, &surroundings.environment)
            .await?;
        let target =
            api_gateway::tollgate(connection, surroundings, PepperUse::Hashes, keep_values).await?;
        self.options
            .carry(&source, &target, printer, surroundings)
            .await
    }
}

impl CarryOptions {
    /// Whether any of them is given.
    pub(super) fn is_given(&self) -> bool {
        self.dry_run || self.no_tags || !self.map_stages.is_empty()
    }

    /// Brings to the target what the source has.
    pub(super) async fn carry(
        &self,
        source: &ApiGateway,
        target: &ApiGateway,
        printer: &Printer,
        surroundings: &Surroundings,
    ) -> Result<(), Failure> {
        let progress = Reporter::new(printer, &surroundings.clock);
        let wanted = Wanted {
            values: true,
            tags: !self.no_tags,
            usage_on: Some(Day::of(surroundings.clock.now())),
        };
        // What is there is read with its tags in any case: they say whether a key is on its way.
        let (from, to) = tokio::try_join!(
            source.read(wanted, &progress),
            target.read(
                Wanted {
                    tags: true,
                    ..wanted
                },
                &progress
            ),
        )?;
        let stages: StageMap = self.map_stages.iter().cloned().collect();
        let comparison = Comparison::new(&from, &to, &stages);
        let work = if self.dry_run {
            Work::Planned
        } else {
            let clock = &*surroundings.clock;
            Work::Done(comparison.carry_out(target, clock, &progress).await?)
        };
        Report::new(&comparison, &from, work).print(printer)
    }
}
