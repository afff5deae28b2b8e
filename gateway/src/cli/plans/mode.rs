//! `--shadow`, `--shadow-stage`: whether a plan refuses what exceeds its limits.

use std::collections::BTreeMap;

use tollgate::id::ApiStage;
use tollgate::plan::{MODE, SHADOW_STAGES};

/// Where limits only tell what they would refuse.
#[derive(Debug, clap::Args)]
pub(super) struct ShadowOptions {
    /// Shadow mode: requests beyond the limits pass, and are counted and logged
    #[arg(long, group = "changes")]
    shadow: bool,
    /// A stage in which the plan is in shadow mode; can be given several times
    #[arg(long = "shadow-stage", group = "changes", value_name = "API:STAGE", value_parser = super::stages::api_stage)]
    shadow_stages: Vec<ApiStage>,
}

impl ShadowOptions {
    /// The tags that say so.
    pub(super) fn tags(&self) -> BTreeMap<String, String> {
        let mut tags = BTreeMap::new();
        if self.shadow {
            tags.insert(MODE.to_owned(), "shadow".to_owned());
        }
        if !self.shadow_stages.is_empty() {
            let stages: Vec<String> = self.shadow_stages.iter().map(ApiStage::to_string).collect();
            tags.insert(SHADOW_STAGES.to_owned(), stages.join(" "));
        }
        tags
    }
}
