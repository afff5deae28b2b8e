//! Usage plans.

use std::collections::BTreeMap;

use super::{
    api::{ApiKind, ApiSpec},
    error::TemplateError,
    field::Field,
    key::{KeySpec, PlanKeySpec},
    resolver::{Resolver, resource_id},
    resource::Resource,
};

mod api_stage;
mod method_throttles;

pub(super) use api_stage::attach as attach_stage;

/// A usage plan.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanSpec {
    /// The logical id, in the template or as SAM would generate it.
    pub logical_id: String,
    /// 10 lower-case letters and digits, from the logical id.
    pub id: String,
    /// `UsagePlanName`, else the logical id.
    pub name: String,
    /// `Description`.
    pub description: Option<String>,
    /// The API stages that the plan covers.
    pub api_stages: Vec<ApiStageSpec>,
    /// The rate and burst of each key.
    pub throttle: Option<Throttle>,
    /// The quota of each key.
    pub quota: Option<Quota>,
    /// `Tags`.
    pub tags: BTreeMap<String, String>,
    /// A hash of the resolved properties, 64 hexadecimal digits: equal as long as the template says the same about this plan.
    pub digest: String,
    /// The line of the resource, from 1.
    pub line: usize,
}

/// An API stage of a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiStageSpec {
    /// The API's id.
    pub api_id: String,
    /// The stage's name.
    pub stage: String,
    /// Limits of single methods, by `/users/{id}/GET`; `*/*` is every method.
    pub method_throttles: BTreeMap<String, Throttle>,
}

/// A token bucket's limits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Throttle {
    /// Requests a second, from 0. Finite.
    pub rate_limit: f64,
    /// Requests at once, from 0.
    pub burst_limit: u64,
}

/// A number of requests in a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Requests in one period, from 0.
    pub limit: u64,
    /// The period.
    pub period: Period,
    /// Days from the period's usual start: 0 for a day, 0 to 6 for a week, 0 to 27 for a month.
    pub offset: u32,
}

/// `Period` of a quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// `DAY`.
    Day,
    /// `WEEK`.
    Week,
    /// `MONTH`.
    Month,
}

/// Reads a usage plan resource. The throttles of single methods must name methods of `apis`, where these have the API.
pub(super) fn read(
    resolver: &Resolver<'_>,
    resource: &Resource,
    apis: &[ApiSpec],
) -> Result<PlanSpec, TemplateError> {
    let properties = Field::properties(resolver, resource);
    let mut api_stages = Vec::new();
    for api_stage in properties.items_of("ApiStages")? {
        api_stages.push(api_stage::read(resolver, &api_stage, apis)?);
    }
    let plan = from_properties(&properties, &resource.logical_id, resource.line, api_stages)?;
    must_have_throttle(&plan, &properties)?;
    Ok(plan)
}

/// The same rule and the same refusal as in API Gateway's `CreateUsagePlan`.
fn must_have_throttle(plan: &PlanSpec, properties: &Field<'_>) -> Result<(), TemplateError> {
    if plan.throttle.is_none()
        && plan
            .api_stages
            .iter()
            .any(|stage| !stage.method_throttles.is_empty())
    {
        return Err(properties.error(
            "limits single methods without a Throttle of the plan",
            "add `Throttle` to the plan",
        ));
    }
    Ok(())
}

fn from_properties(
    properties: &Field<'_>,
    logical_id: &str,
    line: usize,
    api_stages: Vec<ApiStageSpec>,
) -> Result<PlanSpec, TemplateError> {
    Ok(PlanSpec {
        logical_id: logical_id.to_owned(),
        id: resource_id(logical_id).to_string(),
        name: properties
            .text_of("UsagePlanName")?
            .unwrap_or_else(|| logical_id.to_owned()),
        description: properties.text_of("Description")?,
        api_stages,
        throttle: properties
            .get("Throttle")?
            .map(|limits| throttle(&limits))
            .transpose()?,
        quota: properties
            .get("Quota")?
            .map(|limits| quota(&limits))
            .transpose()?,
        tags: properties.tags()?,
        digest: properties.digest()?,
        line,
    })
}

fn throttle(limits: &Field<'_>) -> Result<Throttle, TemplateError> {
    Ok(Throttle {
        rate_limit: limits.required("RateLimit")?.number()?,
        burst_limit: limits.required("BurstLimit")?.whole_number()?,
    })
}

fn quota(limits: &Field<'_>) -> Result<Quota, TemplateError> {
    let periods = [
        ("DAY", Period::Day),
        ("WEEK", Period::Week),
        ("MONTH", Period::Month),
    ];
    let period = limits.required("Period")?.choice(&periods)?;
    let offset_max = match period {
        Period::Day => 0,
        Period::Week => 6,
        Period::Month => 27,
    };
    Ok(Quota {
        limit: limits.required("Limit")?.whole_number()?,
        period,
        offset: limits.whole_number_of("Offset", 0, (0, offset_max))?,
    })
}

/// What `Auth.UsagePlan.CreateUsagePlan` of a SAM API asks for.
#[derive(Debug, Clone, Copy)]
enum Generate {
    PerApi,
    Shared,
    Nothing,
}

/// The plans, keys and associations that SAM generates from `Auth.UsagePlan` of its REST APIs: for `PER_API` one of each by API, for
/// `SHARED` one of each for all. As in SAM, the last API's settings hold for a shared plan.
#[derive(Debug, Default)]
pub(super) struct Generated {
    pub(super) plans: Vec<PlanSpec>,
    pub(super) keys: Vec<KeySpec>,
    pub(super) plan_keys: Vec<PlanKeySpec>,
}

impl Generated {
    pub(super) fn read(resolver: &Resolver<'_>, apis: &[ApiSpec]) -> Result<Self, TemplateError> {
        let mut generated = Self::default();
        let mut shared: Option<PlanSpec> = None;
        for api in apis.iter().filter(|api| api.kind == ApiKind::Rest) {
            let Some(resource) = resolver.resources.by_id.get(api.logical_id.as_str()) else {
                continue;
            };
            let Some(auth) = Field::properties(resolver, resource).get("Auth")? else {
                continue;
            };
            let Some(properties) = auth.get("UsagePlan")? else {
                continue;
            };
            let choices = [
                ("PER_API", Generate::PerApi),
                ("SHARED", Generate::Shared),
                ("NONE", Generate::Nothing),
            ];
            let stage = ApiStageSpec {
                api_id: api.id.clone(),
                stage: api.stage.clone(),
                method_throttles: BTreeMap::new(),
            };
            match properties.required("CreateUsagePlan")?.choice(&choices)? {
                Generate::PerApi => {
                    let logical_id = format!("{}UsagePlan", api.logical_id);
                    let plan =
                        from_properties(&properties, &logical_id, resource.line, vec![stage])?;
                    generated.add(&api.logical_id, plan);
                }
                Generate::Shared => {
                    let mut stages = shared
                        .take()
                        .map(|plan| plan.api_stages)
                        .unwrap_or_default();
                    stages.push(stage);
                    shared = Some(from_properties(
                        &properties,
                        "ServerlessUsagePlan",
                        resource.line,
                        stages,
                    )?);
                }
                Generate::Nothing => {}
            }
        }
        if let Some(plan) = shared {
            generated.add("Serverless", plan);
        }
        Ok(generated)
    }

    fn add(&mut self, prefix: &str, plan: PlanSpec) {
        let key = KeySpec::generated(format!("{prefix}ApiKey"), plan.line);
        self.plan_keys.push(PlanKeySpec {
            logical_id: format!("{prefix}UsagePlanKey"),
            plan_id: plan.id.clone(),
            key_id: key.id.clone(),
            line: plan.line,
        });
        self.keys.push(key);
        self.plans.push(plan);
    }
}
