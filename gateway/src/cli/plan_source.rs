//! The plans that a command looks at: of a template, of a table or a management API, or given with options.

use std::path::PathBuf;

use tollgate::bucket::{Rate, Throttle};
use tollgate::plan::Plan;
use tollgate::quota::{Period, Quota};
use tollgate::store::NewPlan;
use tollgate::time::Timestamp;

use super::Surroundings;
use super::connection::{ConnectionOptions, PepperUse};
use super::failure::Failure;
use super::plans::create::{QuotaText, period, quota, quota_of, rate, whole_number};
use super::reference;
use crate::deploy;
use crate::local;
use crate::management::{ManagedPlan, Management, Remote, Table};
use crate::start_api;
use crate::template::Template;

/// Which plans to look at. They are not changed.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Plans")]
pub(super) struct PlanOptions {
    /// A plan, by id or name, of the gateway, the table or the template; can be given several times
    #[arg(long = "plan", value_name = "PLAN")]
    plans: Vec<String>,
    #[command(flatten)]
    template: TemplateSource,
    /// A plan that need not exist: requests a second in the long run
    #[arg(long, value_name = "R", requires = "burst", allow_negative_numbers = true, value_parser = rate)]
    rate: Option<Rate>,
    /// And requests at once
    #[arg(long, value_name = "B", requires = "rate", allow_negative_numbers = true, value_parser = whole_number::<u64>)]
    burst: Option<u64>,
    /// And requests in a period, such as 1000/DAY; or a number, with --period
    #[arg(long, value_name = "N", allow_hyphen_values = true, value_parser = quota)]
    quota: Option<QuotaText>,
    /// When the quota starts again: DAY, WEEK (on Sunday) or MONTH (on the first), at 00:00 UTC
    #[arg(long, value_name = "PERIOD", requires = "quota", value_parser = period)]
    period: Option<Period>,
    /// Days after the period's first day: 0 to 6 for a WEEK, 0 to 27 for a MONTH
    #[arg(long, value_name = "D", requires = "quota", default_value_t = 0, allow_negative_numbers = true, value_parser = whole_number::<u32>)]
    offset: u32,
}

/// The template to read.
#[derive(Debug, clap::Args)]
pub(super) struct TemplateSource {
    /// The SAM template whose plans to take, instead of a gateway's or a table's; all of them when no --plan is given
    #[arg(long, value_name = "FILE")]
    template: Option<PathBuf>,
    /// The environment of samconfig.toml to take the template's parameters from
    #[arg(long, value_name = "ENV", requires = "template")]
    config_env: Option<String>,
    /// A parameter of the template; can be given several times
    #[arg(long, value_name = "KEY=VALUE", requires = "template", num_args = 1)]
    parameter_overrides: Vec<String>,
}

impl TemplateSource {
    /// The template, when one is named.
    pub(super) fn read(&self) -> Result<Option<Template>, Failure> {
        let Some(path) = &self.template else {
            return Ok(None);
        };
        let template = start_api::read_template(
            path,
            self.config_env.as_deref(),
            &self.parameter_overrides,
            local::TABLE,
        )?;
        Ok(Some(template))
    }
}

impl PlanOptions {
    /// Reads the plans: at least one.
    pub(super) async fn read(
        &self,
        connection: &ConnectionOptions,
        surroundings: &Surroundings,
    ) -> Result<Vec<Plan>, Failure> {
        let mut plans = match self.template.read()? {
            Some(template) => self.of_template(&template)?,
            None if self.plans.is_empty() => Vec::new(),
            None => self.of_registry(connection, surroundings).await?,
        };
        plans.extend(self.given()?);
        if plans.is_empty() {
            return Err(Failure::failed("no plan is named").hint(
                "name one with --plan, give a template with --template, or give limits with --rate, --burst and --quota",
            ));
        }
        Ok(plans)
    }

    /// The plan that the options alone describe.
    fn given(&self) -> Result<Option<Plan>, Failure> {
        let throttle = self
            .rate
            .zip(self.burst)
            .map(|(rate, burst)| Throttle { rate, burst });
        let quota = quota_of(self.quota, self.period, self.offset)?;
        if throttle.is_none() && quota.is_none() {
            return Ok(None);
        }
        Ok(Some(plan_of(NewPlan {
            id: None,
            name: in_words(throttle, quota),
            description: None,
            product_code: None,
            throttle,
            quota,
            stages: Vec::new(),
            tags: std::collections::BTreeMap::new(),
        })))
    }

    fn of_template(&self, template: &Template) -> Result<Vec<Plan>, Failure> {
        let mut plans = Vec::new();
        for name in &self.plans {
            let is_named = |spec: &&crate::template::PlanSpec| {
                [&spec.logical_id, &spec.id, &spec.name].contains(&name)
            };
            let Some(spec) = template.plans.iter().find(is_named) else {
                let names: Vec<&str> = template.plans.iter().map(|plan| &*plan.name).collect();
                return Err(Failure::refused(format!(
                    "the template has no plan with the id or the name `{name}`"
                ))
                .hint(format!("its plans: {}", names.join(", "))));
            };
            plans.push(declared(spec)?);
        }
        if self.plans.is_empty() {
            return template.plans.iter().map(declared).collect();
        }
        Ok(plans)
    }

    async fn of_registry(
        &self,
        connection: &ConnectionOptions,
        surroundings: &Surroundings,
    ) -> Result<Vec<Plan>, Failure> {
        let environment = &surroundings.environment;
        if let Some(url) = connection.named_url(environment)? {
            let client = connection.connect(url, &surroundings.clock).await?;
            return self.named(&Remote::new(client)).await;
        }
        let (store, place) = connection.open(environment, PepperUse::None).await?;
        let now = surroundings.clock.now();
        self.named(&Table::new(store, now))
            .await
            .map_err(|failure| failure.told_by(|error| place.tell(error)))
    }

    async fn named<R: Management>(&self, registry: &R) -> Result<Vec<Plan>, Failure> {
        let mut plans = Vec::new();
        for name in &self.plans {
            plans.push(managed(reference::plan(registry, name).await?));
        }
        Ok(plans)
    }
}

/// The plan that a template declares.
pub(super) fn declared(spec: &crate::template::PlanSpec) -> Result<Plan, Failure> {
    deploy::new_plan(spec)
        .map(plan_of)
        .map_err(|error| Failure::failed(error.to_string()))
}

/// A plan of a table or a management API.
pub(super) fn managed(plan: ManagedPlan) -> Plan {
    Plan {
        id: plan.id,
        name: plan.name,
        description: plan.description,
        product_code: None,
        throttle: plan.throttle,
        quota: plan.quota,
        stages: plan.stages,
        tags: plan.tags,
        created_at: plan.created_at.unwrap_or(Timestamp::EPOCH),
    }
}

fn plan_of(new: NewPlan) -> Plan {
    Plan {
        id: new.id.unwrap_or_else(|| new.name.as_str().into()),
        name: new.name,
        description: new.description,
        product_code: new.product_code,
        throttle: new.throttle,
        quota: new.quota,
        stages: new.stages,
        tags: new.tags,
        created_at: Timestamp::EPOCH,
    }
}

/// `5/s, burst 10, 1000/DAY`.
pub(super) fn in_words(throttle: Option<Throttle>, quota: Option<Quota>) -> String {
    let throttle = throttle.map(|throttle| {
        let rate = throttle.rate.as_per_second();
        format!("{rate}/s, burst {}", throttle.burst)
    });
    let quota = quota.map(|quota| format!("{}/{}", quota.limit(), quota.period()));
    let parts: Vec<String> = throttle.into_iter().chain(quota).collect();
    if parts.is_empty() {
        return "no limits".to_owned();
    }
    parts.join(", ")
}
