//! What stages are compiled with, and requests are answered with.

use std::sync::Arc;

use tollgate::time::{Clock, Timestamp};

use crate::authorize::Authorizers;
use crate::http_client::HttpClient;
use crate::lambda::Lambdas;
use crate::shared_throttle::SharedThrottles;

/// What all stages share.
pub(super) struct Services {
    pub(super) lambdas: Lambdas,
    pub(super) client: HttpClient,
    pub(super) authorizers: Authorizers,
    pub(super) throttles: SharedThrottles,
    pub(super) clock: Arc<dyn Clock>,
}

impl Services {
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

impl std::fmt::Debug for Services {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Services").finish_non_exhaustive()
    }
}
