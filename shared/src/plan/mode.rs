//! Whether a plan's limits refuse requests, or only tell which they would refuse.

use std::collections::BTreeSet;
use std::str::FromStr;

use super::Plan;
use crate::id::ApiStage;

/// The tag with which a plan says what becomes of requests beyond its limits: `enforce` or `shadow`.
pub const MODE: &str = "tollgate:mode";

/// The tag with which a plan says in which of its stages it is in shadow mode, such as `users:dev orders:beta`.
pub const SHADOW_STAGES: &str = "tollgate:shadow-stages";

/// What becomes of requests beyond a plan's limits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// They are refused.
    #[default]
    Enforce,
    /// They pass, and are counted and logged.
    Shadow,
}

/// A text that is neither `enforce` nor `shadow`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be enforce or shadow")]
pub struct InvalidMode;

impl FromStr for Mode {
    type Err = InvalidMode;

    /// Reads `enforce` or `shadow`.
    fn from_str(text: &str) -> Result<Self, InvalidMode> {
        match text {
            "enforce" => Ok(Self::Enforce),
            "shadow" => Ok(Self::Shadow),
            _ => Err(InvalidMode),
        }
    }
}

/// Some stages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShadowStages(BTreeSet<ApiStage>);

/// A text that names no stages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be stages with spaces between them, such as users:dev orders:beta")]
pub struct InvalidShadowStages;

impl FromStr for ShadowStages {
    type Err = InvalidShadowStages;

    /// Reads stages with spaces or commas between them.
    fn from_str(text: &str) -> Result<Self, InvalidShadowStages> {
        let texts = text
            .split([' ', ','])
            .filter(|api_stage| !api_stage.is_empty());
        let stages: Option<BTreeSet<_>> = texts.map(ApiStage::parse).collect();
        match stages {
            Some(stages) if !stages.is_empty() => Ok(Self(stages)),
            Some(_) | None => Err(InvalidShadowStages),
        }
    }
}

impl ShadowStages {
    /// Whether `api_stage` is among them.
    pub fn contains(&self, api_stage: &ApiStage) -> bool {
        self.0.contains(api_stage)
    }
}

impl Plan {
    /// What the plan's tags [`MODE`] and [`SHADOW_STAGES`] say of a stage. Without them, and where they cannot be read, limits are
    /// enforced.
    pub fn mode_in(&self, api_stage: &ApiStage) -> Mode {
        let mode = self.tags.get(MODE).and_then(|text| text.parse().ok());
        let stages = self.tags.get(SHADOW_STAGES);
        let stages: Option<ShadowStages> = stages.and_then(|text| text.parse().ok());
        match (mode.unwrap_or_default(), stages) {
            (Mode::Enforce, Some(stages)) if stages.contains(api_stage) => Mode::Shadow,
            (mode, _) => mode,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::time::Timestamp;

    fn mode(tags: &[(&str, &str)], stage: &str) -> Mode {
        let tags = tags
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
        let plan = Plan {
            id: "p".into(),
            name: "Bronze".to_owned(),
            description: None,
            product_code: None,
            throttle: None,
            quota: None,
            stages: Vec::new(),
            tags: tags.collect::<BTreeMap<_, _>>(),
            created_at: Timestamp::EPOCH,
        };
        plan.mode_in(&ApiStage::new("users", stage))
    }

    #[test]
    fn a_plan_is_in_shadow_mode_as_a_whole_or_in_some_stages() {
        assert_eq!(mode(&[], "dev"), Mode::Enforce);
        assert_eq!(mode(&[(MODE, "shadow")], "dev"), Mode::Shadow);
        assert_eq!(mode(&[(MODE, "enforce")], "dev"), Mode::Enforce);
        for text in ["users:dev", "orders:dev users:dev", "orders:dev, users:dev"] {
            assert_eq!(mode(&[(SHADOW_STAGES, text)], "dev"), Mode::Shadow);
            assert_eq!(mode(&[(SHADOW_STAGES, text)], "prod"), Mode::Enforce);
        }
        let both = [(MODE, "shadow"), (SHADOW_STAGES, "users:dev")];
        assert_eq!(mode(&both, "prod"), Mode::Shadow);
    }

    #[test]
    fn what_cannot_be_read_is_enforced() {
        for text in ["", "Shadow", "on", "shadow "] {
            assert_eq!(mode(&[(MODE, text)], "dev"), Mode::Enforce, "{text}");
            assert!(text.parse::<Mode>().is_err());
        }
        for text in ["", " ", "users", "users:dev users"] {
            assert_eq!(mode(&[(SHADOW_STAGES, text)], "dev"), Mode::Enforce);
            assert!(text.parse::<ShadowStages>().is_err(), "{text}");
        }
    }
}
