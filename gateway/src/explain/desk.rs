//! Where a running gateway answers questions: `POST /explain` on its admin port.

use std::fmt;
use std::sync::Arc;

use tollgate::store::StoreError;
use tollgate::store::dynamodb::DynamoStore;
use tollgate::time::Clock;

use super::{DeclaredStage, ExplanationDocument, Question, answer};

/// Where it is on the admin port.
pub const PATH: &str = "/explain";

/// Answers questions about one store and what a template declares beside it.
#[derive(Clone)]
pub struct Desk {
    /// The table.
    pub store: DynamoStore,
    /// The stages that stand in no store.
    pub declared: Arc<[DeclaredStage]>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub enum Unanswered {
    /// The body is none.
    // What serde says of a body may repeat a part of it, and the key is one.
    #[error(
        "The body is no question: {{\"method\": …, \"path\": …}}, with api, stage, key or keyId, and headers where they are needed."
    )]
    NoQuestion,
    /// What is wrong with the question, in a sentence.
    #[error("{0}")]
    Mistake(String),
    /// The store does not answer.
    #[error("The store does not answer.")]
    Store(#[source] StoreError),
}

impl Desk {
    /// Answers a question, which is a [`Question`] as JSON.
    ///
    /// # Errors
    ///
    /// When the body is no question, or one without an answer, and when the store does not answer.
    pub async fn answer(&self, body: &[u8]) -> Result<ExplanationDocument, Unanswered> {
        let question: Question =
            serde_json::from_slice(body).map_err(|_secret| Unanswered::NoQuestion)?;
        let now = self.clock.now();
        Box::pin(answer(&self.store, &self.declared, &question, now))
            .await
            .map_err(Unanswered::Store)?
            .map_err(Unanswered::Mistake)
    }
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk")
            .field("declared", &self.declared)
            .finish_non_exhaustive()
    }
}
