//! Answers that may be used again.

use std::fmt;
use std::sync::Arc;

use quick_cache::sync::Cache;
use sha2::{Digest, Sha256};
use tollgate::id::ApiStage;
use tollgate::time::Timestamp;

use super::answer::AuthorizerAnswer;
use super::identity::Identity;
use crate::event::ProxyRequest;

/// How many answers are remembered. The ones that were used least make room.
const CAPACITY: usize = 10_000;

/// What an answer was given for. The identity, a secret, is in it as part of a hash.
///
/// The deployment is part of it: after a deployment, the answers of the authorizer as it was before count for nothing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct CacheKey {
    api_stage: ApiStage,
    digest: [u8; 32],
}

impl CacheKey {
    pub(super) fn new(
        request: &ProxyRequest<'_>,
        authorizer_id: &str,
        identity: &Identity,
    ) -> Self {
        let mut hasher = Sha256::new();
        let values = identity.values().iter().map(String::as_str);
        for part in [request.deployment_id, authorizer_id]
            .into_iter()
            .chain(values)
        {
            // With its length before it, no part can run into the next.
            hasher.update(part.len().to_be_bytes());
            hasher.update(part);
        }
        Self {
            api_stage: ApiStage::new(request.api_id, request.stage),
            digest: hasher.finalize().into(),
        }
    }
}

#[derive(Clone)]
struct Remembered {
    answer: Arc<AuthorizerAnswer>,
    expires_at: Timestamp,
}

/// Answers by what they were given for: bounded, and locked in parts.
pub(super) struct AnswerCache(Cache<CacheKey, Remembered>);

impl Default for AnswerCache {
    fn default() -> Self {
        Self(Cache::new(CAPACITY))
    }
}

impl AnswerCache {
    pub(super) fn get(&self, key: &CacheKey, now: Timestamp) -> Option<Arc<AuthorizerAnswer>> {
        let remembered = self.0.get(key)?;
        if remembered.expires_at <= now {
            self.0.remove_if(key, |found| found.expires_at <= now);
            return None;
        }
        Some(remembered.answer)
    }

    pub(super) fn insert(
        &self,
        key: CacheKey,
        answer: Arc<AuthorizerAnswer>,
        expires_at: Timestamp,
    ) {
        self.0.insert(key, Remembered { answer, expires_at });
    }

    /// Forgets what was given for one stage.
    pub(super) fn flush(&self, api_id: &str, stage: &str) {
        let flushed = ApiStage::new(api_id, stage);
        self.0.retain(|key, _| key.api_stage != flushed);
    }
}

impl fmt::Debug for AnswerCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AnswerCache({} answers)", self.0.len())
    }
}
