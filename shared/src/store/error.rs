//! What can go wrong in a store.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use crate::id::{ApiStage, KeyId, PlanId};

/// The store could not answer. The cause is for the log; callers see only whether trying again may help. Clones share the cause.
#[derive(Clone, Debug)]
pub struct StoreError {
    kind: StoreErrorKind,
    message: String,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

/// Whether trying again may help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreErrorKind {
    /// The store asked to be called less often.
    Throttled,
    /// No answer in time, no connection, or a fault of the store. A write may have been applied.
    Unavailable,
    /// The store refused the call, or an item is not what it should be. Trying again does not help.
    Broken,
    /// A list was asked to go on where none of its pages ended. The mistake is the caller's.
    InvalidPosition,
}

impl StoreError {
    /// An error with a cause.
    pub fn new(
        kind: StoreErrorKind,
        message: impl Into<String>,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self {
            kind,
            message: message.into(),
            source: Some(Arc::from(source.into())),
        }
    }

    /// An error which says everything itself.
    pub fn broken(message: impl Into<String>) -> Self {
        Self {
            kind: StoreErrorKind::Broken,
            message: message.into(),
            source: None,
        }
    }

    /// For a request that is not sent, because the store does not answer.
    pub(crate) const fn left_alone(message: String) -> Self {
        Self {
            kind: StoreErrorKind::Unavailable,
            message,
            source: None,
        }
    }

    /// For a request that waited for a charge which nobody makes any more.
    pub(crate) fn forsaken(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(
            StoreErrorKind::Unavailable,
            "the charge that this request waited for was given up",
            source,
        )
    }

    /// For a page that is to start where no page ended.
    pub fn invalid_position() -> Self {
        Self {
            kind: StoreErrorKind::InvalidPosition,
            message: "the position is not one that a page of this list ended with".to_owned(),
            source: None,
        }
    }

    /// Whether trying again may help.
    pub const fn kind(&self) -> StoreErrorKind {
        self.kind
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source
            .as_deref()
            .map(|source| source as &(dyn Error + 'static))
    }
}

/// Why a change to keys or plans was not made. Where API Gateway's text is known, it is API Gateway's.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// No key has this id.
    #[error("Invalid API Key identifier specified")]
    NoSuchKey(KeyId),
    /// No plan has this id.
    #[error("Invalid Usage Plan ID specified")]
    NoSuchPlan(PlanId),
    /// The key is not in the plan.
    #[error("API Key {key_id} is not in usage plan {plan_id}")]
    NotInPlan {
        /// The key.
        key_id: KeyId,
        /// The plan.
        plan_id: PlanId,
    },
    /// The plan has no quota of which something could remain.
    #[error("Usage Plan {0} has no quota")]
    NoQuota(PlanId),
    /// The API has no such stage. Only of APIs that Tollgate manages are the stages known.
    #[error("API Stage not found: {0}")]
    NoSuchStage(ApiStage),
    /// Another key has this value.
    #[error("API Key already exists")]
    ValueTaken,
    /// A key or a plan with this id exists.
    #[error("the id {0} is taken")]
    IdTaken(String),
    /// The key is in another plan that covers the same stage.
    #[error(
        "API Key {key_id} is already in usage plan {plan_id}, which covers the stage {api_stage} too; a key may be in one plan for each stage"
    )]
    StageTaken {
        /// The key.
        key_id: KeyId,
        /// The other plan.
        plan_id: PlanId,
        /// The stage that both cover.
        api_stage: ApiStage,
    },
    /// The plan still covers stages.
    #[error(
        "Cannot delete Usage Plan {plan_id} because there are API Stages associated with it, including {api_stage}"
    )]
    HasStages {
        /// The plan.
        plan_id: PlanId,
        /// One of its stages.
        api_stage: ApiStage,
    },
    /// Others changed the same key or plan at the same time, again and again.
    #[error("other changes to the same key or plan came in between; try again")]
    Contended,
    /// A key of the change has too many plans, or a plan too many neighbours, for one transaction.
    #[error("{0}")]
    TooLarge(String),
    /// The store could not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}
