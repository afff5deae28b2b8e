//! Alerts that are kept until everybody has been told.
//!
//! An alert is written before it is sent: a process that ends in between owes it still, and another one sends it, with the same id.

use std::future::Future;

use super::StoreError;
use crate::alert::{Alert, Channel};
use crate::meter::{MeterId, WindowUse};

/// How far an alert has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlertState {
    /// Not everybody has been told.
    Owed,
    /// Everybody has.
    Told,
    /// It was tried for so long that it is not tried any more.
    GivenUp,
}

impl AlertState {
    /// All states.
    pub const ALL: [Self; 3] = [Self::Owed, Self::Told, Self::GivenUp];

    /// The state's short name: `owed`, `told` or `given-up`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owed => "owed",
            Self::Told => "told",
            Self::GivenUp => "given-up",
        }
    }
}

/// An alert as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAlert {
    /// The alert.
    pub alert: Alert,
    /// How far it has got.
    pub state: AlertState,
    /// Who has been told.
    pub told: Vec<Channel>,
}

/// What those need who tell of alerts.
///
/// # Errors
///
/// Each call fails when the store does not answer.
pub trait AlertOutbox: Send + Sync + 'static {
    /// The alert of this name about a meter.
    fn alert(
        &self,
        meter: &MeterId,
        name: &str,
    ) -> impl Future<Output = Result<Option<KeptAlert>, StoreError>> + Send;

    /// `limit` alerts in one state at the most: those that are owed from the oldest on, others from the newest on. The list may lag behind
    /// by a moment.
    fn alerts(
        &self,
        state: AlertState,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<KeptAlert>, StoreError>> + Send;

    /// Keeps who has been told of an alert that is owed. Nothing changes when it is not owed any more.
    fn settle_alert(&self, kept: &KeptAlert)
    -> impl Future<Output = Result<(), StoreError>> + Send;

    /// What was used of the quota by each of these meters, in its meter's place; `None` where nothing was. It reads 100 meters at once.
    fn uses(
        &self,
        meters: &[MeterId],
    ) -> impl Future<Output = Result<Vec<Option<WindowUse>>, StoreError>> + Send;
}
