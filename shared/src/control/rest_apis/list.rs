//! Pages of lists that stand whole in an API.

use serde_json::Value;

use crate::control::call::Call;
use crate::control::error::ControlError;
use crate::control::reply::Reply;

/// Answers with the page that the client asks for. `place` is what `position` names; the entries are in its order. `view` shows one.
pub(super) fn page<T: Copy>(
    call: &Call<'_>,
    entries: impl Iterator<Item = T>,
    place: impl Fn(T) -> String,
    view: impl Fn(T) -> Result<Value, ControlError>,
) -> Result<Reply, ControlError> {
    let Some(request) = call.page()? else {
        return Reply::page(&[] as &[Value], None);
    };
    let limit = usize::try_from(request.limit).unwrap_or(usize::MAX);
    let mut rest = entries.skip_while(|entry| {
        request
            .after
            .as_ref()
            .is_some_and(|position| place(*entry) <= *position)
    });
    let mut page = Vec::new();
    let mut last = None;
    for entry in rest.by_ref().take(limit) {
        page.push(view(entry)?);
        last = Some(entry);
    }
    let position = last.filter(|_| rest.next().is_some()).map(place);
    Reply::page(&page, position.as_deref())
}
