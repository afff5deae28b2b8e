//! The settings of a usage plan, as a form has them.

use maud::{Markup, html};
use serde_json::{Map, Value, json};
use tollgate::bucket::Rate;
use tollgate::id::ApiStage;
use tollgate::plan::Plan;
use tollgate::quota::{Period, Quota};
use tollgate::time::Timestamp;

use super::super::answer::Answer;
use super::super::call::Patches;
use super::super::forms::{Choice, Fields, Input, InputKind, Mistakes, checkbox, select};
use super::super::visit::Visit;
use super::super::words;

/// The largest whole number that clients of the management API can read.
const MAX_INTEGER: u64 = 2_147_483_647;

const PERIODS: [Period; 3] = [Period::Day, Period::Week, Period::Month];

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
}

/// Settings that can be saved.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Settings {
    pub(super) name: String,
    description: String,
    throttle: Option<(Rate, u64)>,
    quota: Option<Quota>,
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
        }
    }

    pub(super) fn of_form(form: &Fields) -> Self {
        let text = |name| form.get(name).to_owned();
        Self {
            name: text("name"),
            description: text("description"),
            has_throttle: form.is_ticked("throttle"),
            rate: text("rate"),
            burst: text("burst"),
            has_quota: form.is_ticked("quota"),
            limit: text("limit"),
            period: text("period"),
            offset: text("offset"),
        }
    }

    /// The settings, or notes of all that is wrong.
    pub(super) fn read(&self, mistakes: &mut Mistakes) -> Option<Settings> {
        let name = mistakes.take("name", required(&self.name));
        let throttle = if self.has_throttle {
            let rate = mistakes.take("rate", rate(&self.rate));
            let burst = mistakes.take("burst", whole_number("The burst", &self.burst));
            rate.zip(burst)
        } else {
            None
        };
        let quota = if self.has_quota {
            let limit = mistakes.take("limit", whole_number("The quota", &self.limit));
            let window = mistakes.take("offset", window(&self.period, &self.offset));
            let quota = limit.zip(window);
            quota.and_then(|(limit, (period, offset))| Quota::new(limit, period, offset).ok())
        } else {
            None
        };
        let settings = Settings {
            name: name?,
            description: self.description.clone(),
            throttle,
            quota,
        };
        mistakes.is_empty().then_some(settings)
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
            (text("description", "Description", &self.description, InputKind::Text, false, ""))
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
        }
    }

    /// What period and offset mean, as far as they have been entered.
    fn quota_words(&self, now: Timestamp) -> Markup {
        let read = window(&self.period, &self.offset);
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
        Value::Object(members)
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
        let throttle = plan.throttle.map(|it| (it.rate, it.burst));
        match self.throttle {
            same if same == throttle => {}
            None => patches.remove("/throttle"),
            Some((rate, burst)) => {
                patches.replace("/throttle/rateLimit", rate.as_per_second().to_string());
                patches.replace("/throttle/burstLimit", burst.to_string());
            }
        }
        match self.quota {
            same if same == plan.quota => {}
            None => patches.remove("/quota"),
            Some(quota) => {
                patches.replace("/quota/limit", quota.limit().to_string());
                patches.replace("/quota/period", quota.period().as_str());
                patches.replace("/quota/offset", quota.offset().to_string());
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

fn required(text: &str) -> Result<String, String> {
    if text.is_empty() {
        Err("A usage plan needs a name.".to_owned())
    } else {
        Ok(text.to_owned())
    }
}

/// Reads a rate. Separators of thousands are let pass.
pub(super) fn rate(text: &str) -> Result<Rate, String> {
    let wrong = || "The rate is a number of requests a second, 0 or more.".to_owned();
    let number: f64 = text
        .replace(',', "")
        .parse()
        .map_err(|_no_number| wrong())?;
    Rate::per_second(number).map_err(|_negative| wrong())
}

/// Reads a whole number that clients of the management API can read, too.
pub(super) fn whole_number(what: &str, text: &str) -> Result<u64, String> {
    text.replace(',', "")
        .parse()
        .ok()
        .filter(|number| *number <= MAX_INTEGER)
        .ok_or_else(|| {
            let max = words::number(MAX_INTEGER);
            format!("{what} is a whole number of requests, from 0 to {max}.")
        })
}

/// Reads a period and its offset. An empty offset is none.
fn window(period: &str, offset: &str) -> Result<(Period, u32), String> {
    let period = Period::parse(period)
        .ok_or_else(|| "A quota is for a day, a week or a month.".to_owned())?;
    let max = period.max_offset();
    let offset = if offset.is_empty() { "0" } else { offset };
    match offset.parse() {
        Ok(offset) if offset <= max => Ok((period, offset)),
        Ok(_) | Err(_) => Err(match period {
            Period::Day => "A quota for a day has no offset: enter 0.".to_owned(),
            Period::Week | Period::Month => {
                let noun = words::period_noun(period);
                format!("The offset in a {noun} is a whole number of days, from 0 to {max}.")
            }
        }),
    }
}

#[cfg(test)]
mod tests;
