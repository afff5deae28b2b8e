//! What the console is given by whoever starts it.

use std::fmt;
use std::sync::Arc;

use tollgate::control::Control;
use tollgate::id::ApiStage;
use tollgate::store::dynamodb::DynamoStore;
use tollgate::time::{Clock, SystemClock};

use crate::explain::DeclaredStage;
use crate::tally::Tally;

/// What the console works on, and what it knows of the place it runs in.
#[derive(Clone)]
pub struct Surroundings {
    /// The management API, which makes every change.
    pub control: Control<DynamoStore, SystemClock>,
    /// The table, which the pages read.
    pub store: DynamoStore,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The table in words, as it stands at the top of each page.
    pub place: String,
    /// The HTTP APIs and function URLs that a template declares. REST APIs are in the store.
    pub declared: Vec<DeclaredApi>,
    /// The same with what a request to each of them goes through, by which requests are explained.
    pub stages: Vec<DeclaredStage>,
    /// The URL at which the APIs of a running gateway answer, such as `http://127.0.0.1:3000`.
    pub data_plane_url: Option<String>,
    /// What the running gateway counts.
    pub tally: Option<Tally>,
}

/// An API that is in a template and not in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredApi {
    /// What a plan covers.
    pub api_stage: ApiStage,
    /// The API's name, or the function's.
    pub name: String,
    /// Which kind of front door it is.
    pub kind: DeclaredKind,
    /// What it answers, in the order of the template.
    pub routes: Vec<DeclaredRoute>,
}

/// The kinds of front doors that are not in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeclaredKind {
    /// An HTTP API.
    HttpApi,
    /// The URL of a function.
    FunctionUrl,
}

impl DeclaredKind {
    /// The kind in words.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HttpApi => "HTTP API",
            Self::FunctionUrl => "function URL",
        }
    }
}

/// A route of a declared API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredRoute {
    /// An HTTP verb, or `ANY`.
    pub verb: String,
    /// The path with its parameters, or `$default`.
    pub path: String,
    /// The function that answers, by its logical id.
    pub integration: String,
    /// Whether it asks for a key.
    pub key: KeyRule,
}

/// What a route asks of its callers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyRule {
    /// A key, which the function's layer checks.
    Required,
    /// Nothing: no plan limits it.
    NotRequired,
    /// What the authorizer of this name asks for.
    Authorizer(String),
}

impl fmt::Debug for Surroundings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Surroundings")
            .field("place", &self.place)
            .field("declared", &self.declared)
            .field("data_plane_url", &self.data_plane_url)
            .finish_non_exhaustive()
    }
}
