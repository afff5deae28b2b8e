//! Stages that have another name on the other side.

use std::collections::BTreeMap;
use std::str::FromStr;

use tollgate::id::ApiStage;
use tollgate::plan::CoveredStage;

/// What becomes of one stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageMapping {
    from: ApiStage,
    to: Option<ApiStage>,
}

/// A text that names no two stages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write it like a1b2c3d4e5:prod=users:prod, or a1b2c3d4e5:prod= to leave the stage out")]
pub struct InvalidMapping;

impl FromStr for StageMapping {
    type Err = InvalidMapping;

    /// Reads `API:STAGE=API:STAGE`. Nothing after the equals sign leaves the stage out.
    fn from_str(text: &str) -> Result<Self, InvalidMapping> {
        let (from, to) = text.split_once('=').ok_or(InvalidMapping)?;
        let to = match to {
            "" => None,
            to => Some(ApiStage::parse(to).ok_or(InvalidMapping)?),
        };
        let from = ApiStage::parse(from).ok_or(InvalidMapping)?;
        Ok(Self { from, to })
    }
}

/// What becomes of stages. Those that are not in it keep their names.
#[derive(Clone, Debug, Default)]
pub struct StageMap(BTreeMap<ApiStage, Option<ApiStage>>);

impl FromIterator<StageMapping> for StageMap {
    fn from_iter<I: IntoIterator<Item = StageMapping>>(mappings: I) -> Self {
        let entries = mappings
            .into_iter()
            .map(|mapping| (mapping.from, mapping.to));
        Self(entries.collect())
    }
}

impl StageMap {
    /// The stages under their names on the other side. Of two that become one, the method throttles of the first win.
    pub(super) fn apply(&self, stages: &[CoveredStage]) -> Vec<CoveredStage> {
        let mut mapped: Vec<CoveredStage> = Vec::new();
        for covered in stages {
            let to = match self.0.get(&covered.api_stage) {
                None => &covered.api_stage,
                Some(Some(to)) => to,
                Some(None) => continue,
            };
            let place = mapped.iter().position(|known| known.api_stage == *to);
            let mut stage = match place {
                Some(place) => mapped.remove(place),
                None => CoveredStage::new(to.clone()),
            };
            for (method, throttle) in &covered.method_throttles {
                if !stage.method_throttles.contains_key(method) {
                    stage.set_method_throttle(method, throttle.throttle);
                }
            }
            mapped.push(stage);
        }
        mapped
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tollgate::bucket::{Rate, Throttle};

    fn stage(text: &str, burst: u64) -> CoveredStage {
        let mut stage = CoveredStage::new(ApiStage::parse(text).unwrap());
        let rate = Rate::per_second(1.0).unwrap();
        stage.set_method_throttle("/users/GET", Throttle { rate, burst });
        stage
    }

    #[test]
    fn stages_keep_their_names_get_others_or_are_left_out() {
        let map: StageMap = ["a:prod=users:prod", "b:prod=", "c:prod=users:prod"]
            .into_iter()
            .map(|text| text.parse::<StageMapping>().unwrap())
            .collect();
        let stages = [
            stage("a:prod", 1),
            stage("b:prod", 2),
            stage("c:prod", 3),
            stage("d:dev", 4),
        ];
        assert_eq!(
            map.apply(&stages),
            [stage("users:prod", 1), stage("d:dev", 4)]
        );
    }

    #[test]
    fn a_mapping_names_two_stages_or_one() {
        for text in ["", "a:b", "a=b", "a:b=c", "=a:b"] {
            assert!(text.parse::<StageMapping>().is_err(), "{text}");
        }
    }
}
