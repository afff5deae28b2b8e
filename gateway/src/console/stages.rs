//! The stages that a plan can cover, as far as they are known: those of REST APIs in the store, and those that a template declares.

mod read;

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use tollgate::api::{MethodPatterns, Route};
use tollgate::id::ApiStage;
use tollgate::store::StoreError;
use tollgate::store::dynamodb::DynamoStore;
use tollgate::time::{Clock, Timestamp};

use super::surroundings::KeyRule;
use crate::explain::{DeclaredAccess, DeclaredKind, DeclaredRoute, DeclaredStage};
use crate::template::DEFAULT_ROUTE;

/// For how long a page may show what the one before it has read.
const FRESH: Duration = Duration::from_secs(2);

/// The stages, and how to read them again.
pub(super) struct Stages {
    store: DynamoStore,
    clock: Arc<dyn Clock>,
    declared: Vec<KnownStage>,
    current: ArcSwapOption<StageBook>,
}

/// All known stages: those of REST APIs first, each kind in the order of names.
#[derive(Debug)]
pub(super) struct StageBook {
    stages: Vec<KnownStage>,
    read_at: Timestamp,
}

/// A stage, and what it serves now.
#[derive(Clone, Debug)]
pub(super) struct KnownStage {
    pub(super) api_stage: ApiStage,
    /// The API's name, or that of the function.
    pub(super) api_name: String,
    pub(super) kind: StageKind,
    pub(super) methods: Arc<[KnownMethod]>,
    /// Which deployment a stage of a REST API serves.
    deployment_id: Option<String>,
}

/// What a stage belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum StageKind {
    RestApi,
    HttpApi,
    FunctionUrl,
}

/// A method, as it is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KnownMethod {
    /// An HTTP verb, or `ANY`.
    pub(super) verb: String,
    pub(super) path: String,
    pub(super) key: KeyRule,
    /// The resource's id, in a REST API.
    pub(super) resource_id: Option<String>,
}

impl StageKind {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::RestApi => "REST API",
            Self::HttpApi => "HTTP API",
            Self::FunctionUrl => "function URL",
        }
    }
}

impl KnownMethod {
    fn declared(verb: &str, path: String, key: KeyRule) -> Self {
        Self {
            verb: verb.to_owned(),
            path,
            key,
            resource_id: None,
        }
    }

    fn of_route(route: &Route<DeclaredRoute>) -> Self {
        let path = route.template().map(ToString::to_string);
        let path = path.unwrap_or_else(|| DEFAULT_ROUTE.to_owned());
        Self::declared(route.verb().as_str(), path, key_rule(route))
    }

    /// A function URL takes every path; what its layer leaves open is named one by one.
    fn of_function_url(route: &Route<DeclaredRoute>) -> Vec<Self> {
        let public = route.value().public.iter();
        let open = public.flat_map(MethodPatterns::as_slice).map(|pattern| {
            let path = pattern.path.to_string();
            Self::declared(pattern.verb.as_str(), path, KeyRule::NotRequired)
        });
        let rest = Self::declared("ANY", "/{proxy+}".to_owned(), key_rule(route));
        open.chain([rest]).collect()
    }

    /// As a usage plan names the method: `/users/{id}/GET`.
    pub(super) fn plan_name(&self) -> String {
        format!("{}/{}", self.path, self.verb)
    }

    /// Whether anybody may call it, so that no plan limits it.
    pub(super) fn is_open(&self) -> bool {
        self.key == KeyRule::NotRequired
    }
}

impl KnownStage {
    /// The methods that require no key, and have no authorizer either.
    pub(super) fn open_methods(&self) -> impl Iterator<Item = &KnownMethod> {
        self.methods.iter().filter(|method| method.is_open())
    }
}

impl StageBook {
    pub(super) fn all(&self) -> &[KnownStage] {
        &self.stages
    }

    pub(super) fn get(&self, api_stage: &ApiStage) -> Option<&KnownStage> {
        self.stages
            .iter()
            .find(|known| known.api_stage == *api_stage)
    }

    /// A stage for people: `users · dev`; its id where no name is known.
    pub(super) fn title(&self, api_stage: &ApiStage) -> String {
        match self.get(api_stage) {
            Some(known) => format!("{} · {}", known.api_name, api_stage.stage),
            None => format!("{} · {}", api_stage.api_id, api_stage.stage),
        }
    }
}

impl Stages {
    pub(super) fn new(
        store: DynamoStore,
        clock: Arc<dyn Clock>,
        declared: &[DeclaredStage],
    ) -> Self {
        Self {
            store,
            clock,
            declared: declared.iter().map(KnownStage::declared).collect(),
            current: ArcSwapOption::empty(),
        }
    }

    /// The stages as they are, or were a moment ago.
    ///
    /// # Errors
    ///
    /// When the store does not answer.
    pub(super) async fn book(&self) -> Result<Arc<StageBook>, StoreError> {
        let now = self.clock.now();
        let known = self.current.load_full();
        if let Some(book) = &known
            && now.abs_diff(book.read_at) < FRESH
        {
            return Ok(Arc::clone(book));
        }
        // Boxed: calls of the store are large, and each page would carry them.
        let reading = Box::pin(read::rest_stages(&self.store, known.as_deref()));
        let mut stages = reading.await?;
        stages.extend(self.declared.iter().cloned());
        stages.sort_by(|one, other| one.order().cmp(&other.order()));
        let book = Arc::new(StageBook {
            stages,
            read_at: now,
        });
        self.current.store(Some(Arc::clone(&book)));
        Ok(book)
    }
}

impl KnownStage {
    fn declared(stage: &DeclaredStage) -> Self {
        let methods = stage.routes.iter().flat_map(|route| match stage.kind {
            DeclaredKind::HttpApi => vec![KnownMethod::of_route(route)],
            DeclaredKind::FunctionUrl { .. } => KnownMethod::of_function_url(route),
        });
        Self {
            api_stage: stage.api_stage.clone(),
            api_name: stage.name.clone(),
            kind: match stage.kind {
                DeclaredKind::HttpApi => StageKind::HttpApi,
                DeclaredKind::FunctionUrl { .. } => StageKind::FunctionUrl,
            },
            methods: methods.collect(),
            deployment_id: None,
        }
    }

    fn order(&self) -> (StageKind, &str, &ApiStage) {
        (self.kind, &self.api_name, &self.api_stage)
    }
}

/// The rule of a route that a template declares: what its function's layer asks for, else its authorizer.
fn key_rule(route: &Route<DeclaredRoute>) -> KeyRule {
    if DeclaredRoute::has_layer_for(route) {
        return KeyRule::Required;
    }
    match &route.value().access {
        DeclaredAccess::Open => KeyRule::NotRequired,
        DeclaredAccess::Signed => KeyRule::Authorizer("AWS_IAM".to_owned()),
        DeclaredAccess::Authorizer { name, .. } | DeclaredAccess::NotSimulated(name) => {
            KeyRule::Authorizer(name.clone())
        }
    }
}
