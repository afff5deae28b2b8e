//! Methods that count for several requests.

use std::num::NonZeroU64;
use std::str::FromStr;

use super::MethodName;

/// The tag with which a plan says how many requests a method counts for, such as `POST /reports=5, GET /search=2`.
pub const COSTS: &str = "tollgate:costs";

/// The most that one request counts for.
pub const MAX_COST: u64 = 1_000_000;

/// How many requests the methods of a plan count for; those that are not named count for one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Costs {
    rules: Box<[Cost]>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Cost {
    verb: Box<str>,
    resource: Box<str>,
    requests: NonZeroU64,
}

impl Costs {
    /// How many requests one for `method` counts for: its own number, its resource's `ANY`, that of `* *`, or 1.
    pub fn of(&self, method: MethodName<'_>) -> NonZeroU64 {
        if self.rules.is_empty() {
            return NonZeroU64::MIN;
        }
        let MethodName { resource, verb } = method;
        [(verb, resource), ("ANY", resource), ("*", "*")]
            .into_iter()
            .find_map(|(verb, resource)| {
                let mut rules = self.rules.iter();
                let rule = rules.find(|rule| *rule.verb == *verb && *rule.resource == *resource);
                rule.map(|rule| rule.requests)
            })
            .unwrap_or(NonZeroU64::MIN)
    }

    /// Refuses every request that has a burst or a quota to fit: what cannot be read must not cost too little.
    pub(super) fn prohibitive() -> Self {
        let all = Cost {
            verb: "*".into(),
            resource: "*".into(),
            requests: NonZeroU64::MAX,
        };
        Self {
            rules: Box::new([all]),
        }
    }
}

/// Why a text says no costs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCosts {
    /// A part that says none.
    #[error(
        "`{0}` is no cost: write a verb or ANY, a space, the resource's path, `=`, and a number from 1 to {MAX_COST}, such as \
         POST /reports=5; `* *=2` is for all methods that are not named"
    )]
    Part(String),
    /// Two costs of one method.
    #[error("there are two costs of `{0}`")]
    Twice(String),
    /// No cost at all.
    #[error("there is no cost in it: write one such as POST /reports=5")]
    Empty,
}

impl FromStr for Costs {
    type Err = InvalidCosts;

    /// Reads costs such as `POST /reports=5, GET /search=2`. A comma or a space stands between two of them.
    fn from_str(text: &str) -> Result<Self, InvalidCosts> {
        let mut rules: Vec<Cost> = Vec::new();
        let mut words = text.split([',', ' ']).filter(|word| !word.is_empty());
        while let Some(verb) = words.next() {
            let rest = words.next().unwrap_or_default();
            let invalid = || InvalidCosts::Part(format!("{verb} {rest}").trim_end().to_owned());
            let (resource, requests) = rest.rsplit_once('=').ok_or_else(invalid)?;
            let is_digits = requests.bytes().all(|byte| byte.is_ascii_digit());
            let requests: NonZeroU64 = requests.parse().map_err(|_no_number| invalid())?;
            let is_verb = verb.bytes().all(|byte| byte.is_ascii_uppercase());
            let is_named = is_verb && resource.starts_with('/');
            if !is_digits
                || requests.get() > MAX_COST
                || !(is_named || (verb, resource) == ("*", "*"))
            {
                return Err(invalid());
            }
            let is_known = |rule: &Cost| *rule.verb == *verb && *rule.resource == *resource;
            if rules.iter().any(is_known) {
                return Err(InvalidCosts::Twice(format!("{verb} {resource}")));
            }
            rules.push(Cost {
                verb: verb.into(),
                resource: resource.into(),
                requests,
            });
        }
        if rules.is_empty() {
            return Err(InvalidCosts::Empty);
        }
        Ok(Self {
            rules: rules.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_specific_cost_counts() {
        let costs: Costs = "POST /reports=5, ANY /reports=3 GET /users/{id}=2 * *=7"
            .parse()
            .unwrap();
        for (verb, resource, requests) in [
            ("POST", "/reports", 5),
            ("GET", "/reports", 3),
            ("GET", "/users/{id}", 2),
            ("PUT", "/users/{id}", 7),
        ] {
            let method = MethodName { resource, verb };
            assert_eq!(costs.of(method).get(), requests, "{verb} {resource}");
        }
        let method = MethodName {
            resource: "/",
            verb: "GET",
        };
        assert_eq!(Costs::default().of(method).get(), 1);
    }

    #[test]
    fn what_says_no_cost_is_named() {
        for text in [
            "",
            "POST",
            "POST /x",
            "POST /x=",
            "POST /x=0",
            "POST /x=1000001",
            "post /x=1",
            "POST x=1",
            "/x=1",
            "* /x=1",
            "POST *=1",
            "POST /x=+1",
            "POST /x=1 POST /x=2",
        ] {
            assert!(text.parse::<Costs>().is_err(), "{text}");
        }
    }
}
