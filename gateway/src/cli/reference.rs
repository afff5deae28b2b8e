//! Keys and plans as operators name them: by id, or by name.

use std::collections::BTreeMap;

use tollgate::id::PlanId;
use tollgate::key::KeyValue;
use tollgate::store::ApiKey;

use super::failure::Failure;
use crate::management::{ListedKey, ManagedPlan, Management, ManagementError, all_keys, all_plans};

/// How many names an error lists.
const NAMES_SHOWN: usize = 10;

/// What an operator named.
enum Found<T> {
    One(T),
    /// No id and no name; these names exist.
    Nothing(Vec<String>),
    /// A name that several have: their ids.
    Several(Vec<String>),
    /// The id of one and the name of others.
    IdAndName {
        /// The name of the one with this id.
        name: String,
        /// The ids of those with this name.
        ids: Vec<String>,
    },
}

/// The key with this id, or else the one with this name. What is one key's id and another's name is refused.
pub(super) async fn key<R: Management>(registry: &R, reference: &str) -> Result<ApiKey, Failure> {
    if reference.starts_with("tg_") && KeyValue::parse(reference).is_ok() {
        return Err(Failure::failed("this is the value of a key, not its name")
            .hint("a key is named by its id or its name; `tollgate keys list` shows both"));
    }
    let found = find_key(registry, reference).await?;
    let listed = found.or_failure("key", reference)?;
    let whole = registry.complete(vec![listed]).await?.pop();
    // Another operator has deleted it since it was listed.
    whole.ok_or_else(|| no_such("key", reference))
}

/// The plan with this id, or else the one with this name. What is one plan's id and another's name is refused.
pub(super) async fn plan<R: Management>(
    registry: &R,
    reference: &str,
) -> Result<ManagedPlan, Failure> {
    let found = find_plan(registry, reference).await?;
    whole_plan(registry, found, reference).await
}

/// The ids of the plans with this name.
pub(super) async fn plans_named<R: Management>(
    registry: &R,
    name: &str,
) -> Result<Vec<PlanId>, ManagementError> {
    let plans = all_plans(registry).await?.into_iter();
    let named = plans.filter(|plan| plan.name == name);
    Ok(named.map(|plan| plan.id).collect())
}

/// The one plan that was found, with its tags: a management API's list of plans leaves them out.
async fn whole_plan<R: Management>(
    registry: &R,
    found: Found<ManagedPlan>,
    reference: &str,
) -> Result<ManagedPlan, Failure> {
    let listed = found.or_failure("plan", reference)?;
    if listed.id.as_str() == reference {
        return Ok(listed);
    }
    let whole = registry.plan(&listed.id).await?;
    // Another operator has deleted it since it was listed.
    whole.ok_or_else(|| no_such("plan", reference))
}

/// A plan and a key, in this order. When they are the wrong way round, the error says so.
pub(super) async fn plan_and_key<R: Management>(
    registry: &R,
    plan_reference: &str,
    key_reference: &str,
) -> Result<(ManagedPlan, ApiKey), Failure> {
    match find_plan(registry, plan_reference).await? {
        found @ (Found::One(_) | Found::Several(_) | Found::IdAndName { .. }) => {
            let plan = whole_plan(registry, found, plan_reference).await?;
            Ok((plan, key(registry, key_reference).await?))
        }
        nothing @ Found::Nothing(_) => {
            let first_is_key = find_key(registry, plan_reference).await?.exists();
            if first_is_key && find_plan(registry, key_reference).await?.exists() {
                return Err(Failure::failed(format!(
                    "the arguments are swapped: `{plan_reference}` is a key and `{key_reference}` is a plan"
                ))
                .hint(format!(
                    "the plan comes first: {key_reference} {plan_reference}"
                )));
            }
            let plan = nothing.or_failure("plan", plan_reference)?;
            Ok((plan, key(registry, key_reference).await?))
        }
    }
}

async fn find_key<R: Management>(
    registry: &R,
    reference: &str,
) -> Result<Found<ListedKey>, ManagementError> {
    let with_id = registry.key(&reference.into()).await?;
    let with_id = with_id.map(|key| {
        let listed = ListedKey {
            id: key.id.clone(),
            name: key.name.clone(),
            whole: Some(key),
        };
        (listed.name.clone(), listed)
    });
    let keys = all_keys(registry).await?.into_iter();
    let entries = keys.map(|key| (key.id.to_string(), key.name.clone(), key));
    Ok(choose(reference, with_id, entries.collect()))
}

async fn find_plan<R: Management>(
    registry: &R,
    reference: &str,
) -> Result<Found<ManagedPlan>, ManagementError> {
    let with_id = registry.plan(&reference.into()).await?;
    let with_id = with_id.map(|plan| (plan.name.clone(), plan));
    let plans = all_plans(registry).await?.into_iter();
    let entries = plans.map(|plan| (plan.id.to_string(), plan.name.clone(), plan));
    Ok(choose(reference, with_id, entries.collect()))
}

/// Chooses the entry with this id, given with its name, unless others have the text as their name; else an entry by name.
fn choose<T>(
    reference: &str,
    with_id: Option<(String, T)>,
    entries: Vec<(String, String, T)>,
) -> Found<T> {
    let Some((name, entry)) = with_id else {
        return by_name(reference, entries);
    };
    let ids: Vec<String> = entries
        .into_iter()
        .filter(|(id, entry_name, _)| entry_name == reference && id != reference)
        .map(|(id, ..)| id)
        .collect();
    if ids.is_empty() {
        Found::One(entry)
    } else {
        Found::IdAndName { name, ids }
    }
}

/// Chooses among entries with an id and a name.
fn by_name<T>(name: &str, entries: Vec<(String, String, T)>) -> Found<T> {
    let mut names = Vec::new();
    let mut found = Vec::new();
    for (id, entry_name, entry) in entries {
        if entry_name == name {
            found.push((id, entry));
        } else {
            names.push(entry_name);
        }
    }
    let ids = || found.iter().map(|(id, _)| id.clone()).collect();
    if found.len() > 1 {
        return Found::Several(ids());
    }
    match found.pop() {
        Some((_, entry)) => Found::One(entry),
        None => Found::Nothing(names),
    }
}

impl<T> Found<T> {
    const fn exists(&self) -> bool {
        match self {
            Self::One(_) | Self::Several(_) | Self::IdAndName { .. } => true,
            Self::Nothing(_) => false,
        }
    }

    fn or_failure(self, kind: &str, reference: &str) -> Result<T, Failure> {
        match self {
            Self::One(entry) => Ok(entry),
            Self::Several(ids) => Err(Failure::refused(format!(
                "{} {kind}s are called `{reference}`",
                ids.len()
            ))
            .hint(format!("give one of the ids: {}", ids.join(", ")))),
            Self::IdAndName { name, ids } => Err(Failure::refused(format!(
                "`{reference}` is ambiguous: it is the id of one {kind} and the name of another"
            ))
            .hint(format!(
                "write `{name}` for the one with this id, and its own id for the other: {}",
                ids.join(", ")
            ))),
            Self::Nothing(names) => {
                Err(no_such(kind, reference).hint(names_hint(kind, reference, names)))
            }
        }
    }
}

fn no_such(kind: &str, reference: &str) -> Failure {
    Failure::refused(format!("no {kind} has the id or the name `{reference}`"))
}

/// The names that are close to what was typed, or else the first of all names.
fn names_hint(kind: &str, reference: &str, mut names: Vec<String>) -> String {
    names.sort();
    names.dedup();
    if names.is_empty() {
        return format!("there are no {kind}s yet: `tollgate {kind}s create NAME` makes one");
    }
    let close: Vec<&String> = names
        .iter()
        .filter(|name| is_close(reference, name))
        .take(NAMES_SHOWN)
        .collect();
    if close.is_empty() {
        let more = names.len().saturating_sub(NAMES_SHOWN);
        let listed: Vec<String> = names.into_iter().take(NAMES_SHOWN).collect();
        let rest = match more {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        return format!("there are: {}{rest}", listed.join(", "));
    }
    let close: Vec<&str> = close.into_iter().map(String::as_str).collect();
    format!("close to it: {}", close.join(", "))
}

/// Whether one may have meant `name` and typed `typed`: one contains the other, or few letters differ.
fn is_close(typed: &str, name: &str) -> bool {
    let (typed, name) = (typed.to_lowercase(), name.to_lowercase());
    if typed.is_empty() || name.is_empty() {
        return false;
    }
    let length = typed.chars().count().max(name.chars().count());
    name.contains(&typed)
        || typed.contains(&name)
        || edit_distance(&typed, &name) <= length.div_ceil(4)
}

/// Levenshtein's distance: how many letters to insert, delete or replace.
fn edit_distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (typed, letter) in one.chars().enumerate() {
        let mut diagonal = typed;
        let mut left = typed.saturating_add(1);
        let mut next = vec![left];
        for (above, other_letter) in row.iter().skip(1).zip(other.chars()) {
            let replaced = diagonal.saturating_add(usize::from(letter != other_letter));
            left = replaced.min(left.min(*above).saturating_add(1));
            diagonal = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

/// The names of plans, each read once.
#[derive(Debug, Default)]
pub(super) struct PlanNames(BTreeMap<PlanId, String>);

impl PlanNames {
    /// The plan's name; its id when the plan is gone.
    pub(super) async fn name<R: Management>(
        &mut self,
        registry: &R,
        id: &PlanId,
    ) -> Result<String, ManagementError> {
        if let Some(name) = self.0.get(id) {
            return Ok(name.clone());
        }
        let plan = registry.plan(id).await?;
        let name = plan.map_or_else(|| id.to_string(), |plan| plan.name);
        self.0.insert(id.clone(), name.clone());
        Ok(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_the_letters_that_differ() {
        assert_eq!(edit_distance("", ""), 0);
        assert_eq!(edit_distance("bronze", ""), 6);
        assert_eq!(edit_distance("", "gold"), 4);
        assert_eq!(edit_distance("bronce", "bronze"), 1);
        assert_eq!(edit_distance("kitten", "sitting"), 3);
    }

    #[test]
    fn suggests_names_that_are_close() {
        let names = || vec!["Gold".to_owned(), "Silver".to_owned(), "Bronze".to_owned()];
        assert_eq!(names_hint("plan", "bronce", names()), "close to it: Bronze");
        assert_eq!(
            names_hint("plan", "platinum", names()),
            "there are: Bronze, Gold, Silver"
        );
    }

    #[test]
    fn lists_ten_names_at_the_most() {
        let names = (0..12).map(|number| format!("customer-{number:02}"));
        let hint = names_hint("key", "xyz", names.collect());
        assert!(hint.ends_with("customer-09 and 2 more"), "{hint}");
    }
}
