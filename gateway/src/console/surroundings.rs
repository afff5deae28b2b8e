//! What the console is given by whoever starts it.

use std::fmt;
use std::sync::Arc;

use tollgate::control::Control;
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
    pub declared: Vec<DeclaredStage>,
    /// The URL at which the APIs of a running gateway answer, such as `http://127.0.0.1:3000`.
    pub data_plane_url: Option<String>,
    /// What the running gateway counts.
    pub tally: Option<Tally>,
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
