//! What the stream of the table tells: which meters were charged, and which alerts were kept.

use serde_json::Value;

use super::charge::{USED, WINDOW};
use crate::meter::{MeterId, WindowUse};
use crate::quota::Day;
use crate::store::item::{ALERT_PK_PREFIX, METER_PK_PREFIX, METER_SK, name};

/// A change of the table that matters to alerts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A meter was charged, and so much of its quota was used then.
    Charged {
        /// The meter.
        meter: MeterId,
        /// What was used.
        used: WindowUse,
    },
    /// An alert was kept.
    Alert {
        /// The meter that it is about.
        meter: MeterId,
        /// Its name.
        name: String,
    },
}

impl Change {
    /// Reads a record of the stream, as Lambda passes it on, with the image of the item after the change. `None` for every other change, and
    /// for a record that cannot be read.
    pub fn read(record: &Value) -> Option<Self> {
        let change = record.get("dynamodb")?;
        let keys = change.get("Keys")?;
        let (pk, sk) = (text(keys, name::PK)?, text(keys, name::SK)?);
        if let Some(id) = pk.strip_prefix(ALERT_PK_PREFIX) {
            // What changes later is that somebody was told.
            let is_new = record.get("eventName")?.as_str()? == "INSERT";
            return is_new.then_some(Self::Alert {
                meter: MeterId::read(id)?,
                name: sk.to_owned(),
            });
        }
        let id = pk.strip_prefix(METER_PK_PREFIX)?;
        if sk != METER_SK {
            return None;
        }
        let image = change.get("NewImage")?;
        let number = |attribute| image.get(attribute)?.get("N")?.as_str();
        Some(Self::Charged {
            meter: MeterId::read(id)?,
            used: WindowUse {
                window: Day::from_number(number(WINDOW)?.parse().ok()?),
                used: number(USED)?.parse().ok()?,
            },
        })
    }
}

fn text<'a>(attributes: &'a Value, attribute: &str) -> Option<&'a str> {
    attributes.get(attribute)?.get("S")?.as_str()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn record(event: &str, pk: &str, sk: &str, image: &Value) -> Value {
        json!({
            "eventName": event,
            "dynamodb": {
                "Keys": { "pk": { "S": pk }, "sk": { "S": sk } },
                "NewImage": image,
            },
        })
    }

    fn meter() -> MeterId {
        MeterId {
            key_id: "client".into(),
            plan_id: "bronze".into(),
        }
    }

    #[test]
    fn a_charge_tells_what_is_used() {
        let image = json!({ "win": { "N": "20780" }, "used": { "N": "-3" }, "tat": { "N": "1" } });
        let used = WindowUse {
            window: Day::from_number(20_780),
            used: -3,
        };
        let meter = meter();
        let expected = Some(Change::Charged { meter, used });
        let charged = record("MODIFY", "M#client#bronze", "METER", &image);
        assert_eq!(Change::read(&charged), expected);
        for (pk, sk) in [
            ("M#client#bronze#001", "SHARD"),
            ("D#client#bronze", "2026-11-23"),
            ("P#bronze", "PLAN"),
        ] {
            assert_eq!(Change::read(&record("MODIFY", pk, sk, &image)), None);
        }
        let without_quota = record("INSERT", "M#client#bronze", "METER", &json!({}));
        assert_eq!(Change::read(&without_quota), None);
        assert_eq!(Change::read(&json!({})), None);
    }

    #[test]
    fn an_alert_is_told_of_when_it_is_new() {
        let name = "2026-11-23#DAY#080";
        let alert = |event| record(event, "AL#client#bronze", name, &json!({}));
        let expected = Change::Alert {
            meter: meter(),
            name: name.to_owned(),
        };
        assert_eq!(Change::read(&alert("INSERT")), Some(expected));
        assert_eq!(Change::read(&alert("MODIFY")), None);
        assert_eq!(Change::read(&alert("REMOVE")), None);
    }
}
