//! The stages that a plan can cover, as far as they are known: those of REST APIs in the store, and those that a template declares.

mod declared;
mod read;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use tollgate::id::ApiStage;
use tollgate::store::StoreError;
use tollgate::store::dynamodb::DynamoStore;
use tollgate::time::{Clock, Timestamp};

use super::loads::{Freshness, Loads};
use super::surroundings::KeyRule;
use crate::explain::DeclaredStage;
use crate::template::DEFAULT_ROUTE;

const FRESHNESS: Freshness = Freshness {
    fresh: Duration::from_secs(2),
    patience: Duration::from_millis(250),
};

/// The stages, and how to read them again.
pub(super) struct Stages(Arc<Inner>);

struct Inner {
    store: DynamoStore,
    clock: Arc<dyn Clock>,
    declared: Vec<KnownStage>,
    current: ArcSwapOption<StageBook>,
    loads: Loads,
}

/// All known stages: those of REST APIs first, each kind in the order of names.
#[derive(Debug)]
pub(super) struct StageBook {
    stages: Vec<KnownStage>,
    indices: HashMap<ApiStage, usize>,
    read_at: Timestamp,
}

/// A stage, and what it serves now.
#[derive(Clone, Debug)]
pub(super) struct KnownStage {
    pub(super) api_stage: ApiStage,
    /// The API's name, or that of the function.
    pub(super) api_name: String,
    pub(super) kind: StageKind,
    /// `None` when what the stage serves could not be read.
    pub(super) methods: Option<Arc<[KnownMethod]>>,
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
    /// As a usage plan names the method: `/users/{id}/GET`.
    pub(super) fn plan_name(&self) -> String {
        format!("{}/{}", self.path, self.verb)
    }

    /// Whether a throttle of this name has requests to limit: not where no key is asked for, nor where plans are asked with the path of each
    /// request, because the route is for all of them.
    pub(super) fn can_be_throttled(&self, kind: StageKind) -> bool {
        let has_own_name = match kind {
            StageKind::RestApi => true,
            StageKind::HttpApi => self.path != DEFAULT_ROUTE,
            StageKind::FunctionUrl => false,
        };
        has_own_name && !self.is_open()
    }

    /// Whether anybody may call it, so that no plan limits it.
    pub(super) fn is_open(&self) -> bool {
        self.key == KeyRule::NotRequired
    }
}

impl KnownStage {
    /// The methods that require no key, and have no authorizer either.
    pub(super) fn open_methods(&self) -> impl Iterator<Item = &KnownMethod> {
        self.methods().filter(|method| method.is_open())
    }

    /// What it serves, as far as that is known.
    pub(super) fn methods(&self) -> impl Iterator<Item = &KnownMethod> {
        self.methods.iter().flat_map(|methods| methods.iter())
    }
}

impl StageBook {
    fn new(mut stages: Vec<KnownStage>, read_at: Timestamp) -> Self {
        stages.sort_by(|one, other| one.order().cmp(&other.order()));
        let indices = stages.iter().enumerate();
        let indices = indices.map(|(index, known)| (known.api_stage.clone(), index));
        Self {
            indices: indices.collect(),
            stages,
            read_at,
        }
    }

    pub(super) fn all(&self) -> &[KnownStage] {
        &self.stages
    }

    pub(super) fn get(&self, api_stage: &ApiStage) -> Option<&KnownStage> {
        self.stages.get(*self.indices.get(api_stage)?)
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
        Self(Arc::new(Inner {
            store,
            loads: Loads::new(Arc::clone(&clock)),
            clock,
            declared: declared.iter().map(KnownStage::declared).collect(),
            current: ArcSwapOption::empty(),
        }))
    }

    /// The stages as they are, or were a moment ago.
    ///
    /// # Errors
    ///
    /// When none were read yet, and the store does not answer.
    pub(super) async fn book(&self) -> Result<Arc<StageBook>, StoreError> {
        let inner = &self.0;
        let loading = Arc::clone(inner);
        inner
            .loads
            .kept(
                || inner.current.load_full(),
                |book: &StageBook| Some(book.read_at),
                FRESHNESS,
                async move { loading.load().await },
            )
            .await
    }
}

impl Inner {
    async fn load(&self) -> Result<Arc<StageBook>, StoreError> {
        let began_at = self.clock.now();
        // Boxed: calls of the store are large, and each page would carry them.
        let known = self.current.load_full();
        let reading = Box::pin(read::rest_stages(&self.store, known.as_deref()));
        let mut stages = reading.await?;
        stages.extend(self.declared.iter().cloned());
        let book = Arc::new(StageBook::new(stages, began_at));
        self.current.store(Some(Arc::clone(&book)));
        Ok(book)
    }
}

impl KnownStage {
    fn order(&self) -> (StageKind, &str, &ApiStage) {
        (self.kind, &self.api_name, &self.api_stage)
    }
}
