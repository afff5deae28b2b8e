//! `--rate`, `--burst` and `--quota`: limits of one key.

use std::collections::BTreeMap;

use tollgate::control::check_tags;
use tollgate::id::PlanId;
use tollgate::overrides::{BURST, QUOTA, RATE};

use super::super::failure::Failure;

/// Limits of the key's own.
#[derive(Debug, Default, clap::Args)]
pub(super) struct LimitOptions {
    /// Requests a second that this key may make in the long run, in place of its plans' rate
    #[arg(
        long,
        group = "changes",
        value_name = "R",
        allow_negative_numbers = true
    )]
    rate: Option<String>,
    /// Requests that this key may make at once, in place of its plans' burst
    #[arg(
        long,
        group = "changes",
        value_name = "B",
        allow_negative_numbers = true
    )]
    burst: Option<String>,
    /// Requests that this key may make in a period, in place of its plans' quota, such as 5000/DAY; a number alone keeps a plan's period
    #[arg(long, group = "changes", value_name = "N", allow_hyphen_values = true)]
    quota: Option<String>,
    /// The plan, by id or name, in which --rate, --burst and --quota hold; all plans of the key when it is not given
    #[arg(long, value_name = "PLAN")]
    pub(super) in_plan: Option<String>,
}

impl LimitOptions {
    /// The tags to set, in one plan or all, and with an empty text those to take away.
    pub(super) fn tags(
        &self,
        plan_id: Option<&PlanId>,
    ) -> Result<BTreeMap<String, Option<String>>, Failure> {
        if self.in_plan.is_some() && self.is_empty() {
            return Err(Failure::failed(
                "--in-plan says where --rate, --burst and --quota hold, and none of them is given",
            ));
        }
        let given = [
            ("--rate", RATE, &self.rate),
            ("--burst", BURST, &self.burst),
            ("--quota", QUOTA, &self.quota),
        ];
        let mut changes = BTreeMap::new();
        for (option, tag, text) in given {
            let Some(text) = text else { continue };
            let name = match plan_id {
                Some(plan_id) => format!("{tag}:{plan_id}"),
                None => tag.to_owned(),
            };
            if text.is_empty() {
                changes.insert(name, None);
                continue;
            }
            let tag = BTreeMap::from([(name, text.clone())]);
            check_tags(&tag).map_err(|error| {
                Failure::failed(format!("{option} {text} cannot be used")).caused_by(&error)
            })?;
            changes.extend(tag.into_iter().map(|(name, text)| (name, Some(text))));
        }
        Ok(changes)
    }

    fn is_empty(&self) -> bool {
        self.rate.is_none() && self.burst.is_none() && self.quota.is_none()
    }
}
