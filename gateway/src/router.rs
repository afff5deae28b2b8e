//! Which API and stage, or which function URL, a request is for.
//!
//! A request names its target by host or by path:
//!
//! | request | target |
//! |---|---|
//! | `http://{api-id}.execute-api.localhost:3000/{stage}/{path}` | that API |
//! | `http://127.0.0.1:3000/_aws/execute-api/{api-id}/{stage}/{path}` | that API |
//! | `http://127.0.0.1:3000/restapis/{api-id}/{stage}/_user_request_/{path}` | that API |
//! | `http://127.0.0.1:3000/{stage}/{path}` | the one API with that stage |
//! | `http://{url-id}.lambda-url.localhost:3000/{path}` | that function URL |
//! | `http://127.0.0.1:3000/_aws/lambda-url/{function-name}/{path}` | that function's URL |
//!
//! HTTP APIs are known here, each with its stages. The stage segment is chosen as on AWS: a segment that names a stage is that
//! stage's; otherwise the stage `$default`, where an API has one, takes the whole path. Every other id of an API is taken for that of a
//! REST API, whose stages come and go in the store: its first segment is the stage. The REST APIs of a template are known here as
//! well, for requests that name no API. Paths keep their escapes and their slashes.

mod index;

use std::borrow::Cow;

use thiserror::Error;

use index::{Index, Owner, Place, small};

/// The stage of an HTTP API that needs no segment in the path.
pub const DEFAULT_STAGE: &str = "$default";

/// An HTTP API that requests can be routed to.
#[derive(Clone, Debug)]
pub struct ApiAddress<A> {
    /// The API's id.
    pub api_id: String,
    /// Its stages, [`DEFAULT_STAGE`] among them where it has that.
    pub stages: Vec<String>,
    /// What [`Router::route`] returns.
    pub target: A,
}

/// A REST API that requests reach by one of its stages alone.
#[derive(Clone, Debug)]
pub struct RestApiAddress {
    /// The API's id.
    pub api_id: String,
    /// Its stages.
    pub stages: Vec<String>,
}

/// A function URL that requests can be routed to.
#[derive(Clone, Debug)]
pub struct FunctionUrlAddress<A> {
    /// The first label of its host.
    pub url_id: String,
    /// The function's name.
    pub function_name: String,
    /// What [`Router::route`] returns.
    pub target: A,
}

/// All APIs and function URLs of a gateway. A look-up costs the same however many there are.
#[derive(Clone, Debug)]
pub struct Router<A> {
    apis: Vec<ApiAddress<A>>,
    rest_apis: Vec<RestApiAddress>,
    function_urls: Vec<FunctionUrlAddress<A>>,
    index: Index,
}

/// Two targets have one address.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RouterError {
    /// Two APIs have the same id, letter case aside.
    #[error("two APIs have the id `{api_id}`")]
    DuplicateApi {
        /// The id.
        api_id: String,
    },
    /// Two function URLs have the same id, letter case aside.
    #[error("two function URLs have the id `{url_id}`")]
    DuplicateFunctionUrl {
        /// The id.
        url_id: String,
    },
    /// Two function URLs belong to functions of one name.
    #[error("two function URLs belong to the function `{function_name}`")]
    DuplicateFunction {
        /// The name.
        function_name: String,
    },
}

/// Where a request goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination<'r, A> {
    /// A stage of a REST API, if there is one of that name.
    RestApi {
        /// The API's id.
        api_id: Cow<'r, str>,
        /// The stage.
        stage: &'r str,
        /// The path after the stage. It begins with one slash.
        path: &'r str,
        /// The path with the stage, as a client of AWS sends it.
        request_path: Cow<'r, str>,
    },
    /// A stage of an HTTP API.
    Stage {
        /// The API.
        target: &'r A,
        /// The stage.
        stage: &'r str,
        /// The path after the stage. It begins with one slash: AWS does away with slashes doubled there, and only there.
        path: &'r str,
        /// The path as sent, with the stage where it was sent, without the prefix `/_aws/…`.
        request_path: &'r str,
    },
    /// A function URL.
    FunctionUrl {
        /// The function URL.
        target: &'r A,
        /// The path as sent, without the prefix `/_aws/…`.
        path: &'r str,
    },
    /// The API is known and has neither the stage that the path begins with nor a `$default` stage.
    UnknownStage {
        /// The API.
        target: &'r A,
    },
    /// Several APIs have the stage: the request must name one by host or by `/_aws/execute-api/{api-id}`.
    AmbiguousStage {
        /// The stage.
        stage: &'r str,
    },
    /// No API fits.
    UnknownApi,
    /// No function URL has this id or function name.
    UnknownFunctionUrl,
}

/// The API with an id, or the id in small letters.
enum Found<'r, A> {
    Http(&'r ApiAddress<A>),
    Rest(&'r RestApiAddress),
    Neither(Cow<'r, str>),
}

impl<A> Router<A> {
    /// A router over these targets.
    ///
    /// # Errors
    ///
    /// A [`RouterError`] when two of them have the same address.
    pub fn new(
        apis: Vec<ApiAddress<A>>,
        rest_apis: Vec<RestApiAddress>,
        function_urls: Vec<FunctionUrlAddress<A>>,
    ) -> Result<Self, RouterError> {
        let index = Index::new(&apis, &rest_apis, &function_urls)?;
        Ok(Self {
            apis,
            rest_apis,
            function_urls,
            index,
        })
    }

    /// Finds the target of a request.
    ///
    /// `host` is the header `Host`, with or without a port; `path` is the path as sent, without the query.
    pub fn route<'r>(&'r self, host: Option<&'r str>, path: &'r str) -> Destination<'r, A> {
        let mut labels = host.unwrap_or_default().split([':', '.']);
        if let (Some(id), Some(service)) = (labels.next(), labels.next()) {
            if service.eq_ignore_ascii_case("execute-api") {
                return self.to_api(id, path);
            }
            if service.eq_ignore_ascii_case("lambda-url") {
                return self.to_function_url(self.index.url_ids.get(&*small(id)), path);
            }
        }
        if let Some(rest) = path.strip_prefix("/_aws/execute-api/") {
            let (id, rest) = split_segment(rest);
            return self.to_api(id, rest);
        }
        if let Some(rest) = path.strip_prefix("/_aws/lambda-url/") {
            let (name, rest) = split_segment(rest);
            return self.to_function_url(self.index.functions.get(name), rest);
        }
        if let Some(destination) = path
            .strip_prefix("/restapis/")
            .and_then(|rest| self.to_user_request(rest))
        {
            return destination;
        }
        self.to_any_api(path)
    }

    fn to_api<'r>(&'r self, id: &'r str, path: &'r str) -> Destination<'r, A> {
        match self.find(id) {
            Found::Http(api) => api.enter(path).unwrap_or(Destination::UnknownStage {
                target: &api.target,
            }),
            Found::Neither(id) if id.is_empty() => Destination::UnknownApi,
            Found::Neither(id) => to_rest_api(id, path),
            Found::Rest(api) => to_rest_api(Cow::Borrowed(&api.api_id), path),
        }
    }

    fn find<'r>(&'r self, id: &'r str) -> Found<'r, A> {
        let id = small(id);
        let found = match self.index.ids.get(&*id) {
            Some(Place::Http(place)) => self.apis.get(*place).map(Found::Http),
            Some(Place::Rest(place)) => self.rest_apis.get(*place).map(Found::Rest),
            None => None,
        };
        found.unwrap_or(Found::Neither(id))
    }

    /// The id as the store has it: hosts know no letter case.
    fn rest_api_id<'r>(&'r self, id: &'r str) -> Cow<'r, str> {
        match self.find(id) {
            Found::Rest(api) => Cow::Borrowed(&api.api_id),
            Found::Http(_) => small(id),
            Found::Neither(id) => id,
        }
    }

    /// `{api-id}/{stage}/_user_request_/{path}`, as some emulators have it.
    fn to_user_request<'r>(&'r self, rest: &'r str) -> Option<Destination<'r, A>> {
        let (id, rest) = split_segment(rest);
        let (stage, rest) = first_segment(rest);
        let path = rest.strip_prefix("/_user_request_")?;
        if id.is_empty() || stage.is_empty() || !(path.is_empty() || path.starts_with('/')) {
            return None;
        }
        Some(Destination::RestApi {
            api_id: self.rest_api_id(id),
            stage,
            path: with_one_slash(path),
            request_path: Cow::Owned(format!("/{stage}{path}")),
        })
    }

    fn to_function_url<'r>(&'r self, place: Option<&usize>, path: &'r str) -> Destination<'r, A> {
        match place.and_then(|place| self.function_urls.get(*place)) {
            Some(url) => Destination::FunctionUrl {
                target: &url.target,
                path: or_root(path),
            },
            None => Destination::UnknownFunctionUrl,
        }
    }

    /// A request that names no API: by its stage, else by the only `$default` stage.
    fn to_any_api<'r>(&'r self, path: &'r str) -> Destination<'r, A> {
        let (segment, _) = first_segment(path);
        for name in [segment, DEFAULT_STAGE] {
            let Some((stage, owner)) = self.index.owners.get_key_value(name) else {
                continue;
            };
            match owner {
                Owner::Several => return Destination::AmbiguousStage { stage },
                Owner::One(Place::Http(place)) => {
                    if let Some(api) = self.apis.get(*place) {
                        return api.enter(path).unwrap_or(Destination::UnknownStage {
                            target: &api.target,
                        });
                    }
                }
                Owner::One(Place::Rest(place)) => {
                    if let Some(api) = self.rest_apis.get(*place) {
                        return to_rest_api(Cow::Borrowed(&api.api_id), path);
                    }
                }
            }
        }
        match (self.apis.as_slice(), self.rest_apis.as_slice()) {
            ([only], []) => Destination::UnknownStage {
                target: &only.target,
            },
            ([], [only]) => to_rest_api(Cow::Borrowed(&only.api_id), path),
            _ => Destination::UnknownApi,
        }
    }
}

/// The stage of a REST API that the path begins with, whether there is one or not.
fn to_rest_api<'r, A>(api_id: Cow<'r, str>, path: &'r str) -> Destination<'r, A> {
    let (stage, path_after) = first_segment(path);
    Destination::RestApi {
        api_id,
        stage,
        path: with_one_slash(path_after),
        request_path: Cow::Borrowed(or_root(path)),
    }
}

impl<A> ApiAddress<A> {
    fn stage(&self, name: &str) -> Option<&str> {
        self.stages
            .iter()
            .map(String::as_str)
            .find(|stage| *stage == name)
    }

    fn enter<'r>(&'r self, path: &'r str) -> Option<Destination<'r, A>> {
        let (segment, rest) = first_segment(path);
        // `/$default/users` is no way to name that stage on AWS: it has no segment.
        let named = self.stage(segment).filter(|stage| *stage != DEFAULT_STAGE);
        let (stage, path_after) = match named {
            Some(stage) => (stage, rest),
            None => (self.stage(DEFAULT_STAGE)?, path),
        };
        Some(Destination::Stage {
            target: &self.target,
            stage,
            path: with_one_slash(path_after),
            request_path: or_root(path),
        })
    }
}

/// The segment before the first slash, and the rest from that slash on.
fn split_segment(text: &str) -> (&str, &str) {
    text.split_at(text.find('/').unwrap_or(text.len()))
}

/// The first segment of a path, empty when it begins with two slashes, and the rest from the next slash on.
fn first_segment(path: &str) -> (&str, &str) {
    split_segment(path.strip_prefix('/').unwrap_or_default())
}

fn or_root(path: &str) -> &str {
    if path.is_empty() { "/" } else { path }
}

/// The path with all but the last of its leading slashes taken off.
fn with_one_slash(path: &str) -> &str {
    let slashes = path
        .len()
        .saturating_sub(path.trim_start_matches('/').len());
    or_root(path.get(slashes.saturating_sub(1)..).unwrap_or(path))
}

#[cfg(test)]
mod tests;
