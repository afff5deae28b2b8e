//! Whether a key may be used, and switching that.

use maud::{Markup, html};
use tollgate::store::ApiKey;
use tollgate::time::Timestamp;

use super::super::answer::Answer;
use super::super::call::Patches;
use super::super::problem::Problem;
use super::super::visit::Visit;
use super::{api_path, changed, page_path, title};

/// Whether a key may be used, as far as the key itself says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyState {
    Enabled,
    Disabled,
    Expired,
}

impl KeyState {
    pub(super) const ALL: [Self; 3] = [Self::Enabled, Self::Disabled, Self::Expired];

    pub(super) fn of(is_enabled: bool, expires_at: Option<Timestamp>, now: Timestamp) -> Self {
        match (is_enabled, expires_at) {
            (false, _) => Self::Disabled,
            (true, Some(instant)) if instant <= now => Self::Expired,
            (true, Some(_) | None) => Self::Enabled,
        }
    }

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
            Self::Expired => "expired",
        }
    }

    pub(super) fn badge(self) -> Markup {
        let class = match self {
            Self::Enabled => "badge done",
            Self::Disabled => "badge failed",
            Self::Expired => "badge warning",
        };
        html! { span class=(class) { (self.as_str()) } }
    }
}

/// The button that switches a key off or on.
pub(super) fn button(visit: &Visit<'_>, key: &ApiKey) -> Markup {
    let (below, text) = if key.enabled {
        ("disable", "Disable")
    } else {
        ("enable", "Enable")
    };
    let content = html! { button type="submit" { (text) } };
    visit.form_to(&page_path(key, below), &content)
}

pub(super) async fn switch(
    visit: &Visit<'_>,
    key: &ApiKey,
    is_enabled: bool,
) -> Result<Answer, Problem> {
    let mut patches = Patches::default();
    patches.replace("/enabled", is_enabled.to_string());
    visit.patch(&api_path(&key.id), patches).await?;
    let name = title(key);
    let said = if is_enabled {
        format!("{name} is enabled. Functions that are running know it within 30 seconds.")
    } else {
        format!(
            "{name} is disabled: it stops at its next request, or within a second. It keeps its plans and its usage."
        )
    };
    Ok(changed(visit, key, said).await)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disabled_key_is_disabled_and_another_expires_at_its_instant() {
        let at = Timestamp::from_secs;
        let state = |is_enabled, expires_at| KeyState::of(is_enabled, expires_at, at(100));
        assert_eq!(state(true, None), KeyState::Enabled);
        assert_eq!(state(true, Some(at(101))), KeyState::Enabled);
        assert_eq!(state(true, Some(at(100))), KeyState::Expired);
        assert_eq!(state(false, Some(at(100))), KeyState::Disabled);
    }
}
