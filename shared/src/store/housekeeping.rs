//! What the daily housekeeping needs of a store.

use std::future::Future;

use super::{RegistryError, StoreError};
use crate::id::KeyId;
use crate::meter::MeterId;
use crate::time::Timestamp;

/// Into how many parts a store is cut to look for orphans. Each can be looked through alone.
pub const SCAN_PARTS: u32 = 16;

/// A meter whose key or plan no longer exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Orphan {
    /// The meter.
    pub meter: MeterId,
    /// What does not exist.
    pub lacks: Lack,
    /// From when on the store may forget it. `None`: nobody has marked it yet.
    pub forgotten_at: Option<Timestamp>,
}

/// What an orphan has not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lack {
    /// Its key was deleted.
    Key,
    /// Its plan was deleted.
    Plan,
}

/// Where a part of the store has been looked through to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanPosition {
    pub(super) pk: String,
    pub(super) sk: String,
}

/// What was found in a piece of a part.
#[derive(Clone, Debug)]
pub struct Orphans {
    /// The orphans.
    pub orphans: Vec<Orphan>,
    /// How many meters were looked at, orphans or not.
    pub examined: u64,
    /// Where to go on. `None`: the part ends here.
    pub next: Option<ScanPosition>,
}

/// The rights of the daily housekeeping. Every change is made only if it is still right at that instant, so that several may keep house at
/// once, and operators may go on working.
///
/// # Errors
///
/// Each call fails with [`RegistryError::Store`] when the store does not answer, and with [`RegistryError::Contended`] when others
/// change the same items again and again.
pub trait Housekeeping: Send + Sync + 'static {
    /// Disables a key that has expired, and stops its meters. `false` when it is disabled already, or has not expired, or is gone.
    fn disable_expired(
        &self,
        id: &KeyId,
        now: Timestamp,
    ) -> impl Future<Output = Result<bool, RegistryError>> + Send;

    /// Looks for orphans in a piece of the part `part`, 0 to [`SCAN_PARTS`] - 1, that begins after `after`.
    fn orphans(
        &self,
        part: u32,
        after: Option<&ScanPosition>,
    ) -> impl Future<Output = Result<Orphans, StoreError>> + Send;

    /// Stops an orphan's charges, and lets the store forget it from `forgotten_at` on. `false` when somebody has done so before, or it is
    /// no orphan any more.
    fn mark_orphan(
        &self,
        orphan: &Orphan,
        forgotten_at: Timestamp,
    ) -> impl Future<Output = Result<bool, RegistryError>> + Send;

    /// Removes an orphan that may be forgotten by now. `false` when it may not, or is gone, or is no orphan any more.
    fn remove_orphan(
        &self,
        orphan: &Orphan,
        now: Timestamp,
    ) -> impl Future<Output = Result<bool, RegistryError>> + Send;
}
