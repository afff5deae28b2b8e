//! Resources below one another, with their methods.

use std::collections::{BTreeMap, BTreeSet};

use tollgate::rest_api::{self, ApiRecord, Definition, Resource, Snapshot, Stage};

use super::difference::{self, Change, Difference, access_in_words};
use crate::explain::{DeclaredAccess, DeclaredMethod, DeclaredStage, integration_in_words};
use crate::template::DEFAULT_ROUTE;

/// What a stage offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tree {
    /// The resource `/`, or what stands in its place, with all others below it.
    pub(super) root: Branch,
    /// What has been edited beside resources and methods, in sentences.
    pub(super) other_changes: Vec<String>,
}

/// A resource, or a part of the path to one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Branch {
    /// The whole path.
    pub(super) path: String,
    /// The last segment with its slash: `/{id}`.
    pub(super) part: String,
    /// Whether it has been added or removed since.
    pub(super) change: Change,
    /// Its methods.
    pub(super) methods: Vec<Method>,
    /// What is below it, by the next segment.
    pub(super) branches: BTreeMap<String, Self>,
}

/// A method, as it is served; one that is not served yet, as it has been edited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Method {
    /// The verb, or `ANY`.
    pub(super) verb: String,
    /// Whether a key of a usage plan is needed.
    pub(super) is_key_required: bool,
    /// Who may call it apart from that; `None` where everybody may.
    pub(super) access: Option<String>,
    /// What answers.
    pub(super) integration: String,
    /// How it stands to what is deployed.
    pub(super) change: Change,
    /// What was edited.
    pub(super) differences: Vec<Difference>,
}

/// A resource as it is deployed and as it is edited.
type Versions<'a> = (Option<&'a Resource>, Option<&'a Resource>);

/// What is compared.
#[derive(Clone, Copy)]
struct Compared<'a> {
    deployed: &'a Definition,
    edited: &'a Definition,
    variables: &'a BTreeMap<String, String>,
}

impl Tree {
    /// What a stage of a REST API serves beside what has been edited since.
    #[must_use]
    pub(super) fn of_rest_api(stage: &Stage, snapshot: &Snapshot, record: &ApiRecord) -> Self {
        let compared = Compared {
            deployed: &snapshot.definition,
            edited: &record.definition,
            variables: &stage.variables,
        };
        let mut by_path: BTreeMap<&str, Versions<'_>> = BTreeMap::new();
        for resource in compared.deployed.resources.values() {
            by_path.entry(&resource.path).or_default().0 = Some(resource);
        }
        for resource in compared.edited.resources.values() {
            by_path.entry(&resource.path).or_default().1 = Some(resource);
        }
        let mut root = Branch::new("/".to_owned(), "/".to_owned());
        for (path, versions) in by_path {
            let branch = root.below(path);
            branch.change = match versions {
                (Some(_), None) => Change::Removed,
                (None, Some(_)) => Change::Added,
                (Some(_), Some(_)) | (None, None) => Change::None,
            };
            branch.methods = methods(versions, compared);
        }
        Self {
            root,
            other_changes: difference::of_the_rest(snapshot, &record.api, compared.edited),
        }
    }

    /// What an HTTP API or a function URL offers.
    #[must_use]
    pub(super) fn of_declared(stage: &DeclaredStage) -> Self {
        let mut root = Branch::new("/".to_owned(), "/".to_owned());
        for declared in stage.methods() {
            let branch = match &declared.path {
                Some(path) => root.below(path),
                None => root.beside(DEFAULT_ROUTE),
            };
            branch.methods.push(Method::of_declared(&declared));
        }
        Self {
            root,
            other_changes: Vec::new(),
        }
    }

    /// Every method with its path, from the top.
    #[must_use]
    pub(super) fn methods(&self) -> Vec<(&str, &Method)> {
        let mut found = Vec::new();
        let mut waiting = vec![&self.root];
        while let Some(branch) = waiting.pop() {
            let methods = branch.methods.iter();
            found.extend(methods.map(|method| (branch.path.as_str(), method)));
            waiting.extend(branch.branches.values().rev());
        }
        found
    }

    /// The methods that are served and need no key.
    #[must_use]
    pub(super) fn without_key(&self) -> Vec<(&str, &Method)> {
        let mut methods = self.methods();
        methods.retain(|(_, method)| method.change != Change::Added && !method.is_key_required);
        methods
    }

    /// Whether what is served is not what has been edited.
    #[must_use]
    pub(super) fn is_edited(&self) -> bool {
        !self.other_changes.is_empty() || self.root.is_edited()
    }
}

impl Branch {
    fn new(path: String, part: String) -> Self {
        Self {
            path,
            part,
            change: Change::None,
            methods: Vec::new(),
            branches: BTreeMap::new(),
        }
    }

    /// The branch with this path, made if it is not there.
    fn below(&mut self, path: &str) -> &mut Self {
        let mut branch = self;
        let mut end: usize = 0;
        let Some(rest) = path.strip_prefix('/').filter(|rest| !rest.is_empty()) else {
            return branch;
        };
        for segment in rest.split('/') {
            end = end.saturating_add(segment.len()).saturating_add(1);
            let part = format!("/{segment}");
            let whole = path.get(..end).unwrap_or(path);
            branch = branch.child(whole, &part);
        }
        branch
    }

    /// A branch that is no path, such as `$default`.
    fn beside(&mut self, name: &str) -> &mut Self {
        self.child(name, name)
    }

    fn child(&mut self, path: &str, part: &str) -> &mut Self {
        let new = || Self::new(path.to_owned(), part.to_owned());
        self.branches.entry(part.to_owned()).or_insert_with(new)
    }

    fn is_edited(&self) -> bool {
        let is_changed = |method: &Method| method.change != Change::None;
        self.change != Change::None
            || self.methods.iter().any(is_changed)
            || self.branches.values().any(Self::is_edited)
    }
}

fn methods((deployed, edited): Versions<'_>, compared: Compared<'_>) -> Vec<Method> {
    const NONE: &BTreeMap<String, rest_api::Method> = &BTreeMap::new();
    let deployed = deployed.map_or(NONE, |resource| &resource.resource_methods);
    let edited = edited.map_or(NONE, |resource| &resource.resource_methods);
    let verbs: BTreeSet<&String> = deployed.keys().chain(edited.keys()).collect();
    let methods = verbs
        .into_iter()
        .filter_map(|verb| Method::of_rest_api(deployed.get(verb), edited.get(verb), compared));
    methods.collect()
}

impl Method {
    fn of_rest_api(
        deployed: Option<&rest_api::Method>,
        edited: Option<&rest_api::Method>,
        compared: Compared<'_>,
    ) -> Option<Self> {
        let (shown, definition, change) = match (deployed, edited) {
            (Some(deployed), None) => (deployed, compared.deployed, Change::Removed),
            (None, Some(edited)) => (edited, compared.edited, Change::Added),
            (Some(deployed), Some(_)) => (deployed, compared.deployed, Change::None),
            (None, None) => return None,
        };
        let differences = match (deployed, edited) {
            (Some(deployed), Some(edited)) => difference::of_method(
                (deployed, compared.deployed),
                (edited, compared.edited),
                compared.variables,
            ),
            (Some(_) | None, _) => Vec::new(),
        };
        Some(Self {
            verb: shown.http_method.clone(),
            is_key_required: shown.api_key_required,
            access: access_in_words(shown, &definition.authorizers),
            integration: integration_in_words(
                shown.method_integration.as_ref(),
                compared.variables,
            ),
            change: if differences.is_empty() {
                change
            } else {
                Change::Edited
            },
            differences,
        })
    }

    fn of_declared(method: &DeclaredMethod<'_>) -> Self {
        let declared = method.route;
        Self {
            verb: method.verb.as_str().to_owned(),
            is_key_required: method.requires_key(),
            access: match &declared.access {
                DeclaredAccess::Open => None,
                DeclaredAccess::Signed => Some("signed with AWS credentials".to_owned()),
                DeclaredAccess::Authorizer {
                    name,
                    has_plans: true,
                    ..
                } => Some(format!("{name}, by usage plans")),
                DeclaredAccess::Authorizer {
                    name,
                    has_plans: false,
                    ..
                } => Some(name.clone()),
                DeclaredAccess::NotSimulated(name) => Some(format!("{name}, not simulated")),
            },
            integration: format!("the function {}", declared.function),
            change: Change::None,
            differences: Vec::new(),
        }
    }
}
