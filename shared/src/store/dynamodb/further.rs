//! Further quotas in a charge's expression, and in a meter's item.

use aws_sdk_dynamodb::types::AttributeValue;

use super::Attributes;
use super::charge::{Expression, as_number};
use crate::meter::{FurtherClause, FurtherForm, FurtherUse, Windows};
use crate::quota::{Every, Minute};
use crate::store::StoreError;

/// What the counter of a quota is called, in the item and in expressions.
struct Counter {
    window: &'static str,
    used: &'static str,
    /// Placeholders of the two.
    names: [&'static str; 2],
    /// Placeholders of the stretch, the most that may be used before, and what is added.
    values: [&'static str; 3],
}

/// Short names: each charge sends them, and an item has up to four of them. They must not change: items have them.
const fn counter(every: Every) -> &'static Counter {
    match every {
        Every::Minute => &Counter {
            window: "w.min",
            used: "u.min",
            names: ["#w_min", "#u_min"],
            values: [":w_min", ":m_min", ":c_min"],
        },
        Every::Hour => &Counter {
            window: "w.hour",
            used: "u.hour",
            names: ["#w_hour", "#u_hour"],
            values: [":w_hour", ":m_hour", ":c_hour"],
        },
        Every::Day => &Counter {
            window: "w.day",
            used: "u.day",
            names: ["#w_day", "#u_day"],
            values: [":w_day", ":m_day", ":c_day"],
        },
        Every::Week => &Counter {
            window: "w.week",
            used: "u.week",
            names: ["#w_week", "#u_week"],
            values: [":w_week", ":m_week", ":c_week"],
        },
        Every::Month => &Counter {
            window: "w.month",
            used: "u.month",
            names: ["#w_month", "#u_month"],
            values: [":w_month", ":m_month", ":c_month"],
        },
    }
}

impl Expression {
    /// The clause of one quota in a charge of `cost`.
    pub(super) fn further(&mut self, clause: &FurtherClause, cost: u64) {
        let counter = counter(clause.every);
        let [window, used] = counter.names;
        let [named, most, counted] = counter.values;
        self.name(window, counter.window);
        self.name(used, counter.used);
        self.value(named, clause.window().number());
        self.signed(counted, clause.counted(cost));
        match clause.form {
            FurtherForm::Same { most: limit, .. } => {
                let is_same = format!("{window} = {named}");
                let fits = match limit {
                    Some(limit) => {
                        self.signed(most, limit);
                        format!("{is_same} AND {used} <= {most}")
                    }
                    None => is_same,
                };
                if clause.given_back > 0 {
                    // Nothing can go back to what is not there.
                    self.require(&fits);
                } else {
                    self.require(&format!("(attribute_not_exists({window}) OR ({fits}))"));
                }
                self.value(":unused", 0_u64);
                self.set(&format!(
                    "{window} = {named}, {used} = if_not_exists({used}, :unused) + {counted}"
                ));
            }
            FurtherForm::New { .. } => {
                self.require(&format!("{window} < {named}"));
                self.set(&format!("{window} = {named}, {used} = {counted}"));
            }
        }
    }

    /// What is given back by a write that takes nothing: `:requests` of each quota.
    pub(super) fn further_refund(&mut self, windows: &Windows) {
        for (every, minute) in windows.iter() {
            let counter = counter(every);
            let [window, used] = counter.names;
            let [named, ..] = counter.values;
            self.name(window, counter.window);
            self.name(used, counter.used);
            self.value(named, minute.number());
            self.require(&format!("{window} = {named}"));
            self.set(&format!("{used} = {used} + :requests"));
        }
    }
}

/// What an item says of further quotas.
///
/// # Errors
///
/// When an attribute is not the number that it should be.
pub(super) fn further(attributes: &Attributes) -> Result<Vec<FurtherUse>, StoreError> {
    let mut further = Vec::new();
    for every in Every::ALL {
        let counter = counter(every);
        let Some(value) = attributes.get(counter.window) else {
            continue;
        };
        let used = attributes.get(counter.used);
        further.push(FurtherUse {
            every,
            window: Minute::from_number(as_number(counter.window, value)?),
            used: used.map_or(Ok(0), |used: &AttributeValue| as_number(counter.used, used))?,
        });
    }
    Ok(further)
}
