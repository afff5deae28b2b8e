//! A request to the management API, taken apart.

use bytes::Bytes;
use http::{HeaderMap, Request};

use super::error::ControlError;
use super::members::Members;
use super::patch::{self, Patch};
use crate::store::PageRequest;
use crate::time::Timestamp;

/// How many entries a page has where the client says nothing, and at the most. From the service model.
const DEFAULT_LIMIT: u32 = 25;
const MAX_LIMIT: u32 = 500;

/// A request whose operation is known.
#[derive(Debug)]
pub(super) struct Call<'a> {
    parameters: Vec<(&'a str, String)>,
    query: Vec<(String, String)>,
    headers: &'a HeaderMap,
    body: &'a Bytes,
    now: Timestamp,
}

impl<'a> Call<'a> {
    pub(super) fn new(
        request: &'a Request<Bytes>,
        parameters: Vec<(&'a str, String)>,
        now: Timestamp,
    ) -> Self {
        let query = request.uri().query().unwrap_or_default();
        Self {
            parameters,
            query: form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect(),
            headers: request.headers(),
            body: request.body(),
            now,
        }
    }

    /// The instant at which the request came.
    pub(super) const fn now(&self) -> Timestamp {
        self.now
    }

    /// A variable of the operation's path, decoded.
    pub(super) fn path(&self, name: &str) -> &str {
        self.parameters
            .iter()
            .find(|(known, _)| *known == name)
            .map_or("", |(_, value)| value.as_str())
    }

    /// The same call, as if its path named this API.
    pub(super) fn of_api(&self, id: &str) -> Self {
        Self {
            parameters: vec![("restapi_id", id.to_owned())],
            query: self.query.clone(),
            ..*self
        }
    }

    /// The last value of a query parameter.
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        self.query_all(name).last()
    }

    /// All values of a query parameter.
    pub(super) fn query_all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.query
            .iter()
            .filter(move |(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// Whether a query parameter is `true`.
    pub(super) fn flag(&self, name: &str) -> bool {
        self.query(name)
            .is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    pub(super) const fn headers(&self) -> &HeaderMap {
        self.headers
    }

    pub(super) const fn body(&self) -> &Bytes {
        self.body
    }

    /// The members of the body. `input` is the name of the operation's input, such as `createApiKeyInput`.
    pub(super) fn members(&self, input: &str) -> Result<Members, ControlError> {
        Members::read(self.body, input)
    }

    /// The patch operations of an update.
    pub(super) fn patches(&self, input: &str) -> Result<Vec<Patch>, ControlError> {
        self.patches_and(input, None)
    }

    /// [`Call::patches`], with what else breaks the service model.
    pub(super) fn patches_and(
        &self,
        input: &str,
        violations: impl IntoIterator<Item = String>,
    ) -> Result<Vec<Patch>, ControlError> {
        patch::read(&self.members(input)?, input, violations)
    }

    /// The page that the client asks for; `None` for a limit below 1, which API Gateway answers with an empty page.
    pub(super) fn page(&self) -> Result<Option<PageRequest>, ControlError> {
        let limit = match self.query("limit") {
            None | Some("") => DEFAULT_LIMIT,
            Some(text) => {
                let limit: i64 = text.parse().map_err(|_not_a_number| {
                    ControlError::bad_request(format!("Invalid limit specified: {text}"))
                })?;
                let Ok(limit) = u32::try_from(limit) else {
                    return Ok(None);
                };
                limit.min(MAX_LIMIT)
            }
        };
        Ok((limit > 0).then(|| PageRequest {
            limit,
            after: self
                .query("position")
                .filter(|position| !position.is_empty())
                .map(str::to_owned),
        }))
    }
}
