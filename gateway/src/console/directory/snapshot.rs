//! What is in the directory at one time.

use std::collections::HashMap;
use std::sync::Arc;

use tollgate::id::{KeyId, PlanId};
use tollgate::overrides::Overrides;
use tollgate::plan::Plan;
use tollgate::store::ApiKey;
use tollgate::time::Timestamp;

use super::rereads::Entry;

/// A key in a list. Its value is not in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::console) struct ListedKey {
    pub(in crate::console) id: KeyId,
    pub(in crate::console) name: String,
    pub(in crate::console) customer_id: Option<String>,
    pub(in crate::console) is_enabled: bool,
    pub(in crate::console) expires_at: Option<Timestamp>,
    pub(in crate::console) plan_ids: Vec<PlanId>,
    pub(in crate::console) created_at: Timestamp,
    /// Limits of its own.
    pub(in crate::console) overrides: Overrides,
    /// What searches look at, in small letters.
    search_text: String,
}

impl ListedKey {
    pub(super) fn new(key: ApiKey) -> Self {
        let customer = key.customer_id.as_deref().unwrap_or("");
        let search_text = format!("{}\n{}\n{customer}", key.name, key.id).to_lowercase();
        Self {
            id: key.id,
            name: key.name,
            customer_id: key.customer_id,
            is_enabled: key.enabled,
            expires_at: key.expires_at,
            plan_ids: key.plan_ids,
            created_at: key.created_at,
            overrides: Overrides::of_tags(&key.tags),
            search_text,
        }
    }

    /// Whether name, id or customer has this text in it; small and capital letters are the same. An empty text is in all.
    pub(in crate::console) fn matches(&self, lower_case: &str) -> bool {
        self.search_text.contains(lower_case)
    }

    /// Whether the key can be used at `now`, as far as the key itself says.
    pub(in crate::console) fn is_usable(&self, now: Timestamp) -> bool {
        self.is_enabled && self.expires_at.is_none_or(|instant| instant > now)
    }
}

/// All keys and plans, newest first.
#[derive(Clone, Debug)]
pub(in crate::console) struct Snapshot {
    pub(in crate::console) keys: Vec<Arc<ListedKey>>,
    pub(in crate::console) plans: Vec<Arc<Plan>>,
    pub(super) read_at: Timestamp,
    keys_by_plan: HashMap<PlanId, usize>,
    plan_indices: HashMap<PlanId, usize>,
}

impl Snapshot {
    pub(super) fn new(
        keys: Vec<Arc<ListedKey>>,
        plans: Vec<Arc<Plan>>,
        read_at: Timestamp,
    ) -> Self {
        let mut keys_by_plan: HashMap<PlanId, usize> = HashMap::new();
        for id in keys.iter().flat_map(|key| &key.plan_ids) {
            let count = keys_by_plan.entry(id.clone()).or_default();
            *count = count.saturating_add(1);
        }
        let plan_indices = plans
            .iter()
            .enumerate()
            .map(|(index, plan)| (plan.id.clone(), index))
            .collect();
        Self {
            keys,
            plans,
            read_at,
            keys_by_plan,
            plan_indices,
        }
    }

    /// How many keys are in a plan.
    pub(in crate::console) fn key_count(&self, plan: &PlanId) -> usize {
        self.keys_by_plan.get(plan).copied().unwrap_or(0)
    }

    /// The plan with this id.
    pub(in crate::console) fn plan(&self, id: &PlanId) -> Option<&Arc<Plan>> {
        self.plans.get(*self.plan_indices.get(id)?)
    }

    /// The key with this id.
    pub(in crate::console) fn key(&self, id: &KeyId) -> Option<&Arc<ListedKey>> {
        self.keys.iter().find(|key| key.id == *id)
    }

    /// The keys in which a text occurs; all of them for an empty one.
    pub(in crate::console) fn search_keys(
        &self,
        text: &str,
    ) -> impl Iterator<Item = &Arc<ListedKey>> {
        let lower_case = text.trim().to_lowercase();
        self.keys.iter().filter(move |key| key.matches(&lower_case))
    }

    /// What is there when these entries are as they are, or are gone. No key is in a plan that is gone.
    pub(super) fn with<'a>(&self, entries: impl IntoIterator<Item = &'a Entry>) -> Self {
        let mut keys = self.keys.clone();
        let mut plans = self.plans.clone();
        for entry in entries {
            match entry {
                Entry::Key(id, key) => put(&mut keys, key.as_ref(), |known| known.id == *id),
                Entry::Plan(id, plan) => {
                    put(&mut plans, plan.as_ref(), |known| known.id == *id);
                    if plan.is_none() {
                        leave(&mut keys, id);
                    }
                }
            }
        }
        Self::new(keys, plans, self.read_at)
    }
}

/// Takes all keys out of a plan.
fn leave(keys: &mut [Arc<ListedKey>], plan_id: &PlanId) {
    for key in keys {
        if key.plan_ids.contains(plan_id) {
            Arc::make_mut(key).plan_ids.retain(|known| known != plan_id);
        }
    }
}

/// Puts an entry in its place, a new one before all others, or takes it out.
fn put<T: Clone>(entries: &mut Vec<T>, entry: Option<&T>, is_it: impl Fn(&T) -> bool) {
    let Some(entry) = entry else {
        entries.retain(|known| !is_it(known));
        return;
    };
    match entries.iter_mut().find(|known| is_it(known)) {
        Some(known) => known.clone_from(entry),
        None => entries.insert(0, entry.clone()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn key(id: &str, name: &str, plan_ids: &[&str]) -> Arc<ListedKey> {
        Arc::new(ListedKey::new(ApiKey {
            id: id.into(),
            name: name.to_owned(),
            description: None,
            customer_id: Some(format!("Customer-{id}")),
            stage_keys: Vec::new(),
            enabled: true,
            expires_at: Some(Timestamp::from_secs(100)),
            plan_ids: plan_ids.iter().map(|id| PlanId::from(*id)).collect(),
            value_number: 1,
            former_values: Vec::new(),
            tags: BTreeMap::new(),
            created_at: Timestamp::EPOCH,
            updated_at: Timestamp::EPOCH,
        }))
    }

    fn plan(id: &str, name: &str) -> Arc<Plan> {
        Arc::new(Plan {
            id: id.into(),
            name: name.to_owned(),
            description: None,
            product_code: None,
            throttle: None,
            quota: None,
            stages: Vec::new(),
            tags: BTreeMap::new(),
            created_at: Timestamp::EPOCH,
        })
    }

    fn snapshot() -> Snapshot {
        let keys = vec![
            key("k1", "Joe Black", &["b"]),
            key("k2", "Jane Roe", &["b", "g"]),
        ];
        Snapshot::new(
            keys,
            vec![plan("b", "Bronze"), plan("g", "Gold")],
            Timestamp::EPOCH,
        )
    }

    fn names(snapshot: &Snapshot, text: &str) -> Vec<String> {
        snapshot
            .search_keys(text)
            .map(|key| key.name.clone())
            .collect()
    }

    #[test]
    fn keys_are_found_by_any_part_of_name_id_and_customer() {
        let snapshot = snapshot();
        assert_eq!(names(&snapshot, "BLACK"), ["Joe Black"]);
        assert_eq!(names(&snapshot, " k2 "), ["Jane Roe"]);
        assert_eq!(names(&snapshot, "customer-k1"), ["Joe Black"]);
        assert_eq!(names(&snapshot, "").len(), 2);
        assert_eq!(names(&snapshot, "nobody"), [""; 0]);
    }

    #[test]
    fn a_change_shows_in_its_place_and_in_the_counts() {
        let snapshot = snapshot();
        assert_eq!(snapshot.key_count(&"b".into()), 2);
        let changed = snapshot.with([&Entry::Key(
            "k2".into(),
            Some(key("k2", "Jane Doe", &["g"])),
        )]);
        assert_eq!(names(&changed, ""), ["Joe Black", "Jane Doe"]);
        assert_eq!(changed.key_count(&"b".into()), 1);
        let added = changed.with([&Entry::Key("k3".into(), Some(key("k3", "New", &[])))]);
        assert_eq!(names(&added, ""), ["New", "Joe Black", "Jane Doe"]);
        let deleted = added.with([&Entry::Key("k1".into(), None)]);
        assert_eq!(names(&deleted, ""), ["New", "Jane Doe"]);
        assert_eq!(deleted.key_count(&"b".into()), 0);
    }

    #[test]
    fn a_plan_that_is_gone_has_no_keys() {
        let snapshot = snapshot().with([&Entry::Plan("g".into(), None)]);
        assert!(snapshot.plan(&"g".into()).is_none());
        let jane = snapshot.key(&"k2".into()).unwrap();
        assert_eq!(jane.plan_ids, ["b".into()]);
        let renamed = snapshot.with([&Entry::Plan("b".into(), Some(plan("b", "Tin")))]);
        assert_eq!(renamed.plan(&"b".into()).unwrap().name, "Tin");
        assert_eq!(renamed.plans.len(), 1);
    }

    #[test]
    fn a_key_can_be_used_until_it_expires() {
        let key = key("k1", "Joe", &[]);
        assert!(key.is_usable(Timestamp::from_secs(99)));
        assert!(!key.is_usable(Timestamp::from_secs(100)));
    }
}
