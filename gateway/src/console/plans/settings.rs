//! The settings of a usage plan, as a form has them.

mod limits;
mod rebase;

use maud::{Markup, html};
use serde_json::{Map, Value, json};
use tollgate::bucket::{Rate, Throttle};
use tollgate::control::{MAX_DESCRIPTION_LEN, MAX_NAME_LEN};
use tollgate::id::ApiStage;
use tollgate::plan::{CoveredStage, MODE, Plan};
use tollgate::quota::{Period, Quota};
use tollgate::time::Timestamp;

use super::super::answer::Answer;
use super::super::call::Patches;
use super::super::forms::{Choice, Fields, Input, InputKind, Mistakes, checkbox, select};
use super::super::visit::Visit;
use super::super::words;
use super::shadow;

use limits::{PERIODS, period, window};
pub(super) use limits::{rate, whole_number};

/// What stands in the fields, right or wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Entered {
    name: String,
    description: String,
    has_throttle: bool,
    rate: String,
    burst: String,
    has_quota: bool,
    limit: String,
    period: String,
    offset: String,
    is_shadow: bool,
}

/// Settings that can be saved.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Settings {
    pub(super) name: String,
    description: String,
    throttle: Option<(Rate, u64)>,
    quota: Option<Quota>,
    pub(super) is_shadow: bool,
}

impl Entered {
    /// What a new plan may start from.
    pub(super) fn of_new_plan() -> Self {
        Self {
            has_throttle: true,
            period: Period::Day.as_str().to_owned(),
            offset: "0".to_owned(),
            ..Self::default()
        }
    }

    pub(super) fn of_plan(plan: &Plan) -> Self {
        let throttle = plan.throttle;
        let quota = plan.quota;
        Self {
            name: plan.name.clone(),
            description: plan.description.clone().unwrap_or_default(),
            has_throttle: throttle.is_some(),
            rate: throttle.map_or_else(String::new, |it| it.rate.as_per_second().to_string()),
            burst: throttle.map_or_else(String::new, |it| it.burst.to_string()),
            has_quota: quota.is_some(),
            limit: quota.map_or_else(String::new, |it| it.limit().to_string()),
            period: quota.map_or(Period::Day, Quota::period).as_str().to_owned(),
            offset: quota.map_or(0, Quota::offset).to_string(),
            is_shadow: shadow::is_on(plan),
        }
    }

    pub(super) fn of_form(form: &Fields) -> Self {
        Self::with_prefix(form, "")
    }

    fn with_prefix(form: &Fields, prefix: &str) -> Self {
        let text = |name: &str| lines(form.get(&format!("{prefix}{name}")));
        let is_ticked = |name: &str| !text(name).is_empty();
        Self {
            name: text("name"),
            description: text("description"),
            has_throttle: is_ticked("throttle"),
            rate: text("rate"),
            burst: text("burst"),
            has_quota: is_ticked("quota"),
            limit: text("limit"),
            period: text("period"),
            offset: text("offset"),
            is_shadow: is_ticked("shadow"),
        }
    }

    /// The settings, or notes of all that is wrong. What a plan has already is not wrong, although clients of the management API could not
    /// set it.
    pub(super) fn read(&self, plan: Option<&Plan>, mistakes: &mut Mistakes) -> Option<Settings> {
        let name = mistakes.take("name", required(&self.name));
        let description = mistakes.take("description", bounded(&self.description));
        let throttle = self.read_throttle(plan.and_then(|plan| plan.throttle), mistakes);
        let quota = self.read_quota(plan.and_then(|plan| plan.quota), mistakes);
        let settings = Settings {
            name: name?,
            description: description?,
            throttle,
            quota,
            is_shadow: self.is_shadow,
        };
        mistakes.is_empty().then_some(settings)
    }

    fn read_throttle(
        &self,
        known: Option<Throttle>,
        mistakes: &mut Mistakes,
    ) -> Option<(Rate, u64)> {
        if !self.has_throttle {
            if known.is_none() && !(self.rate.is_empty() && self.burst.is_empty()) {
                let text = "Tick the box of the throttle for this limit, or empty the field.";
                let field = if self.rate.is_empty() {
                    "burst"
                } else {
                    "rate"
                };
                mistakes.note(field, text);
            }
            return None;
        }
        let rate = mistakes.take("rate", rate(&self.rate));
        let known = known.map(|throttle| throttle.burst);
        let burst = whole_number("The burst", &self.burst, known);
        rate.zip(mistakes.take("burst", burst))
    }

    fn read_quota(&self, known: Option<Quota>, mistakes: &mut Mistakes) -> Option<Quota> {
        if !self.has_quota {
            if known.is_none() && !self.limit.is_empty() {
                let text = "Tick the box of the quota for this limit, or empty the field.";
                mistakes.note("limit", text);
            }
            return None;
        }
        let limit = whole_number("The quota", &self.limit, known.map(Quota::limit));
        let limit = mistakes.take("limit", limit);
        let period = mistakes.take("period", period(&self.period))?;
        let offset = mistakes.take("offset", window(period, &self.offset));
        Quota::new(limit?, period, offset?).ok()
    }

    /// The inputs.
    pub(super) fn inputs(&self, mistakes: &Mistakes, now: Timestamp) -> Markup {
        let text = |name, label, value, kind, is_required, hint| {
            let input = Input {
                name,
                label,
                value,
                hint,
                kind,
                is_required,
            };
            input.render(mistakes)
        };
        let whole = InputKind::Number { step: "1" };
        let any = InputKind::Number { step: "any" };
        html! {
            (text("name", "Name", &self.name, InputKind::Text, true, ""))
            (text("description", "Description", &self.description, InputKind::Lines, false, ""))
            fieldset {
                legend { "Throttle" }
                (checkbox("throttle", "Limit how fast each key may go", self.has_throttle))
                div.grid {
                    (text("rate", "Rate, requests a second", &self.rate, any, false, "How fast the bucket of a key is filled again. 0.5 is one request every two seconds."))
                    (text("burst", "Burst, requests", &self.burst, whole, false, "How many requests a key may send at once when it has sent none for a while: the size of its bucket."))
                }
            }
            fieldset {
                legend { "Quota" }
                (checkbox("quota", "Limit how many requests each key has in a period", self.has_quota))
                div.grid {
                    (text("limit", "Requests", &self.limit, whole, false, ""))
                    (select("period", "Period", &self.period, &PERIODS.map(|period| Choice { value: period.as_str(), text: period_text(period) }), "", mistakes))
                    (text("offset", "Offset, days", &self.offset, whole, false, "How many days after the first day of the period the quota starts again: 0 to 6 for a week, which begins on Sunday; 0 to 27 for a month; 0 for a day."))
                }
                div id="quota-words" role="status" hx-get="/console/plans/quota-words" hx-include="#field-period, #field-offset"
                    hx-trigger="change from:#field-period, input from:#field-offset delay:200ms" {
                    (self.quota_words(now))
                }
            }
            fieldset {
                legend { "Shadow mode" }
                (checkbox("shadow", "Refuse nothing: requests beyond the limits pass, and are counted and logged", self.is_shadow))
            }
        }
    }

    /// What period and offset mean, as far as they have been entered.
    fn quota_words(&self, now: Timestamp) -> Markup {
        let read =
            period(&self.period).and_then(|period| Ok((period, window(period, &self.offset)?)));
        html! {
            @match read {
                Err(text) => p.hint { (text) },
                Ok((period, offset)) => {
                    p.hint {
                        "With this offset a quota starts again " (words::reset_rule(period, offset)) "."
                        @if let Ok(quota) = Quota::new(0, period, offset) {
                            " The next reset is on " (words::next_reset(quota, now)) "."
                        }
                    }
                }
            }
        }
    }
}

/// The words for what stands in the form, for a script.
pub(super) fn quota_words(visit: &Visit<'_>) -> Answer {
    Answer::fragment(Entered::of_form(visit.query()).quota_words(visit.now()))
}

impl Settings {
    /// The body of `CreateUsagePlan`.
    pub(super) fn body(&self, stages: &[ApiStage]) -> Value {
        let mut members = Map::new();
        members.insert("name".to_owned(), json!(self.name));
        members.insert("description".to_owned(), json!(self.description));
        if let Some((rate, burst)) = self.throttle {
            let throttle = json!({"rateLimit": rate.as_per_second(), "burstLimit": burst});
            members.insert("throttle".to_owned(), throttle);
        }
        if let Some(quota) = self.quota {
            let quota = json!({
                "limit": quota.limit(),
                "offset": quota.offset(),
                "period": quota.period().as_str(),
            });
            members.insert("quota".to_owned(), quota);
        }
        let stages: Vec<Value> = stages
            .iter()
            .map(|it| json!({"apiId": it.api_id.as_str(), "stage": it.stage.as_str()}))
            .collect();
        members.insert("apiStages".to_owned(), Value::Array(stages));
        if self.is_shadow {
            members.insert("tags".to_owned(), json!({MODE: shadow::ON}));
        }
        Value::Object(members)
    }

    /// Whether the plan would lose its throttle, and has methods with throttles.
    pub(super) fn takes_throttle_of_methods(&self, plan: &Plan) -> bool {
        let has_others = |covered: &CoveredStage| !covered.method_throttles.is_empty();
        self.throttle.is_none() && plan.stages.iter().any(has_others)
    }

    /// What has to be changed of a plan.
    pub(super) fn patches(&self, plan: &Plan) -> Patches {
        let mut patches = Patches::default();
        if self.name != plan.name {
            patches.replace("/name", self.name.as_str());
        }
        if self.description != plan.description.as_deref().unwrap_or("") {
            patches.replace("/description", self.description.as_str());
        }
        match (self.throttle, plan.throttle) {
            (None, None) => {}
            (None, Some(_)) => patches.remove("/throttle"),
            (Some((rate, burst)), known) => {
                if known.is_none_or(|known| known.rate != rate) {
                    patches.replace("/throttle/rateLimit", rate.as_per_second().to_string());
                }
                if known.is_none_or(|known| known.burst != burst) {
                    patches.replace("/throttle/burstLimit", burst.to_string());
                }
            }
        }
        match (self.quota, plan.quota) {
            (None, None) => {}
            (None, Some(_)) => patches.remove("/quota"),
            (Some(quota), known) => {
                if known.is_none_or(|known| known.limit() != quota.limit()) {
                    patches.replace("/quota/limit", quota.limit().to_string());
                }
                let window = |quota: Quota| (quota.period(), quota.offset());
                if known.is_none_or(|known| window(known) != window(quota)) {
                    patches.replace("/quota/period", quota.period().as_str());
                    patches.replace("/quota/offset", quota.offset().to_string());
                }
            }
        }
        patches
    }
}

const fn period_text(period: Period) -> &'static str {
    match period {
        Period::Day => "a day",
        Period::Week => "a week",
        Period::Month => "a month",
    }
}

/// Browsers send the ends of lines as the network has them.
fn lines(text: &str) -> String {
    text.replace("\r\n", "\n")
}

fn required(text: &str) -> Result<String, String> {
    if text.is_empty() {
        Err("A usage plan needs a name.".to_owned())
    } else if text.chars().count() > MAX_NAME_LEN {
        let max = words::count(MAX_NAME_LEN);
        Err(format!("A name has {max} characters at the most."))
    } else {
        Ok(text.to_owned())
    }
}

fn bounded(text: &str) -> Result<String, String> {
    if text.len() > MAX_DESCRIPTION_LEN {
        let max = words::count(MAX_DESCRIPTION_LEN);
        Err(format!("A description has {max} bytes at the most."))
    } else {
        Ok(text.to_owned())
    }
}

#[cfg(test)]
mod tests;
