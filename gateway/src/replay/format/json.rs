//! JSON objects: API Gateway's access logs, whose members an operator has named, and the lines that Tollgate logs of decisions.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{LogLine, Names, Request, THROTTLED_STATUS, Unreadable, named};
use crate::replay::instant::Instant;

/// What tells callers apart, the best first. The first line that has one of them chooses for the whole log.
const CALLERS: [&str; 7] = [
    "apiKeyId",
    "keyId",
    "key.id",
    "apiKey",
    "principalId",
    "ip",
    "sourceIp",
];

const TIMES: [&str; 6] = [
    "requestTimeEpoch",
    "requestTime",
    "timestamp",
    "@timestamp",
    "time",
    "request_time",
];

const STATUSES: [&str; 2] = ["status", "statusCode"];

/// The best first: what only one log has in mind comes last.
const RESOURCES: [&str; 5] = ["resourcePath", "resource", "path", "routeKey", "route"];

const VERBS: [&str; 2] = ["httpMethod", "method"];

/// The decisions of which a plan was asked. Others were refused before that.
const METERED: [&str; 4] = [
    "admitted",
    "admitted_uncharged",
    "would_throttle",
    "would_exceed_quota",
];
const REFUSED: [&str; 2] = ["throttled", "quota_exceeded"];

/// The object that a line is, or has behind the time that `CloudWatch` puts before it in an export.
pub(super) fn object_of(line: &str) -> Option<&str> {
    if line.starts_with('{') {
        return Some(line);
    }
    let (time, object) = line.split_once(' ')?;
    let is_exported = object.starts_with('{') && Instant::of_rfc3339(time).is_some();
    is_exported.then_some(object)
}

/// Which members are read.
#[derive(Debug)]
pub(super) struct Members {
    callers: Vec<Cow<'static, str>>,
    times: Vec<Cow<'static, str>>,
    statuses: Vec<Cow<'static, str>>,
    /// Which of `callers` the log has.
    caller: Option<usize>,
}

impl Members {
    pub(super) fn new(names: &Names) -> Self {
        let chosen = |name: &Option<String>, usual: &[&'static str]| match name {
            Some(name) => vec![Cow::Owned(name.clone())],
            None => usual.iter().copied().map(Cow::Borrowed).collect(),
        };
        Self {
            callers: chosen(&names.caller, &CALLERS),
            times: chosen(&names.time, &TIMES),
            statuses: chosen(&names.status, &STATUSES),
            caller: names.caller.as_ref().map(|_chosen| 0),
        }
    }

    pub(super) fn caller_name(&self) -> Option<&str> {
        self.callers.get(self.caller?).map(AsRef::as_ref)
    }

    pub(super) fn read<'a>(&mut self, line: &'a str) -> Result<LogLine<'a>, Unreadable> {
        let object = object_of(line).ok_or(Unreadable(Cow::Borrowed("is no JSON object")))?;
        let mut found = Found::default();
        let mut input = serde_json::Deserializer::from_str(object);
        let seed = Collect {
            members: self,
            found: &mut found,
        };
        seed.deserialize(&mut input)
            .and_then(|()| input.end())
            .map_err(|error| Unreadable(format!("is no JSON object: {error}").into()))?;
        self.request(found)
    }

    fn request<'a>(&mut self, found: Found<'a>) -> Result<LogLine<'a>, Unreadable> {
        let decision = found.decision.as_deref();
        let is_of_program = found.is_of_program && decision.is_none();
        let is_unasked = decision
            .is_some_and(|decision| !METERED.contains(&decision) && !REFUSED.contains(&decision));
        if is_of_program || is_unasked {
            return Ok(LogLine::Other);
        }
        if self.caller.is_none() {
            self.caller = found.caller.as_ref().map(|(rank, _)| *rank);
        }
        let caller = found.caller.filter(|(rank, _)| Some(*rank) == self.caller);
        let Some((_, time)) = found.time else {
            let names = self.times.join(", ");
            return Err(Unreadable(
                format!("has no member for the time: {names}").into(),
            ));
        };
        // What stands there is not repeated: another member may have been meant.
        let instant = Instant::parse(&time)
            .ok_or(Unreadable(Cow::Borrowed("has a time that cannot be read")))?;
        let (verb, resource) = match (
            found.verb,
            found.resource.map(|(_, text)| text).unwrap_or_default(),
        ) {
            (Some(verb), resource) => (verb, resource),
            (None, route) => of_route(route),
        };
        let was_refused = match decision {
            Some(decision) => REFUSED.contains(&decision),
            None => found.status.as_deref() == Some(THROTTLED_STATUS),
        };
        Ok(LogLine::Request(Request {
            instant,
            caller: caller.and_then(|(_, caller)| named(caller)),
            resource,
            verb,
            was_refused,
        }))
    }
}

/// The verb and the path of `GET /users`, as HTTP APIs name their routes.
fn of_route(route: Cow<'_, str>) -> (Cow<'_, str>, Cow<'_, str>) {
    match route.split_once(' ') {
        Some((verb, path)) => (Cow::Owned(verb.to_owned()), Cow::Owned(path.to_owned())),
        None => (Cow::Borrowed(""), route),
    }
}

/// What a line says.
#[derive(Default)]
struct Found<'a> {
    /// With its place in the list of names, the best of those that are there.
    caller: Option<(usize, Cow<'a, str>)>,
    time: Option<(usize, Cow<'a, str>)>,
    status: Option<Cow<'a, str>>,
    resource: Option<(usize, Cow<'a, str>)>,
    verb: Option<Cow<'a, str>>,
    decision: Option<Cow<'a, str>>,
    /// The line is of a program's log, and tells of a request only when it has a decision.
    is_of_program: bool,
}

/// Where the value of a member goes.
enum Place {
    Caller(usize),
    Time(usize),
    Status,
    Resource(usize),
    Verb,
    Decision,
    /// Members that Lambda's runtimes nest.
    Nested,
    OfProgram,
    Nowhere,
}

impl Members {
    fn place(&self, name: &str) -> Place {
        let rank = |names: &[Cow<'static, str>]| names.iter().position(|known| known == name);
        if let Some(rank) = rank(&self.callers) {
            // Once it is known which of them the log has, the others need not be kept.
            return match self.caller {
                Some(chosen) if chosen != rank => Place::Nowhere,
                Some(_) | None => Place::Caller(rank),
            };
        }
        if let Some(rank) = rank(&self.times) {
            return Place::Time(rank);
        }
        if let Some(rank) = RESOURCES.iter().position(|known| *known == name) {
            return Place::Resource(rank);
        }
        match name {
            _ if rank(&self.statuses).is_some() => Place::Status,
            _ if VERBS.contains(&name) => Place::Verb,
            "decision" => Place::Decision,
            "fields" => Place::Nested,
            "target" | "level" | "record" | "_aws" => Place::OfProgram,
            _ => Place::Nowhere,
        }
    }
}

/// The values that are no texts and no numbers.
macro_rules! pass_over {
    ($value:expr) => {
        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
            Ok($value)
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok($value)
        }

        fn visit_seq<S: SeqAccess<'a>>(self, mut seq: S) -> Result<Self::Value, S::Error> {
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            Ok($value)
        }
    };
}

/// Reads an object, and keeps what is asked for. A member that is no object is passed over; a line always is one.
struct Collect<'f, 'a> {
    members: &'f Members,
    found: &'f mut Found<'a>,
}

impl<'a> DeserializeSeed<'a> for Collect<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Collect<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'a>>(self, mut map: M) -> Result<(), M::Error> {
        while let Some(Name(name)) = map.next_key()? {
            let place = self.members.place(&name);
            match place {
                Place::Nowhere => {
                    map.next_value::<IgnoredAny>()?;
                }
                Place::OfProgram => {
                    map.next_value::<IgnoredAny>()?;
                    self.found.is_of_program = true;
                }
                Place::Nested => {
                    map.next_value_seed(Collect {
                        members: self.members,
                        found: &mut *self.found,
                    })?;
                }
                Place::Caller(_)
                | Place::Time(_)
                | Place::Status
                | Place::Resource(_)
                | Place::Verb
                | Place::Decision => {
                    if let Scalar(Some(text)) = map.next_value()? {
                        self.found.keep(&place, text);
                    }
                }
            }
        }
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    pass_over!(());
}

impl<'a> Found<'a> {
    fn keep(&mut self, place: &Place, text: Cow<'a, str>) {
        let better = |known: &Option<(usize, Cow<'a, str>)>, rank: usize| {
            known.as_ref().is_none_or(|(known, _)| rank < *known)
        };
        match *place {
            Place::Caller(rank) if better(&self.caller, rank) => self.caller = Some((rank, text)),
            Place::Time(rank) if better(&self.time, rank) => self.time = Some((rank, text)),
            Place::Status => self.status = Some(text),
            Place::Resource(rank) if better(&self.resource, rank) => {
                self.resource = Some((rank, text));
            }
            Place::Verb => self.verb = Some(text),
            Place::Decision => self.decision = Some(text),
            Place::Caller(_)
            | Place::Time(_)
            | Place::Resource(_)
            | Place::Nested
            | Place::OfProgram
            | Place::Nowhere => {}
        }
    }
}

/// The name of a member, without a copy where it has no escapes.
#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// A text, or a number as a text. `None`: something else.
struct Scalar<'a>(Option<Cow<'a, str>>);

impl<'a> serde::Deserialize<'a> for Scalar<'a> {
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl<'a> Visitor<'a> for ScalarVisitor {
    type Value = Scalar<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_borrowed_str<E>(self, text: &'a str) -> Result<Scalar<'a>, E> {
        Ok(Scalar(Some(Cow::Borrowed(text))))
    }

    fn visit_str<E>(self, text: &str) -> Result<Scalar<'a>, E> {
        Ok(Scalar(Some(Cow::Owned(text.to_owned()))))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Scalar<'a>, E> {
        Ok(Scalar(Some(Cow::Owned(number.to_string()))))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Scalar<'a>, E> {
        Ok(Scalar(Some(Cow::Owned(number.to_string()))))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Scalar<'a>, E> {
        Ok(Scalar(Some(Cow::Owned(number.to_string()))))
    }

    fn visit_map<M: MapAccess<'a>>(self, mut map: M) -> Result<Scalar<'a>, M::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar(None))
    }

    pass_over!(Scalar(None));
}

#[cfg(test)]
mod tests;
