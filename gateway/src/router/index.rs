//! Targets by their addresses.

use std::borrow::Cow;
use std::collections::HashMap;

use super::{ApiAddress, FunctionUrlAddress, RestApiAddress, RouterError};

/// Where targets stand in their lists, by their addresses.
#[derive(Clone, Debug)]
pub(super) struct Index {
    /// APIs by their ids in small letters.
    pub(super) ids: HashMap<Box<str>, Place>,
    /// APIs by their stages.
    pub(super) owners: HashMap<Box<str>, Owner>,
    /// Function URLs by their ids in small letters.
    pub(super) url_ids: HashMap<Box<str>, usize>,
    /// Function URLs by their functions' names.
    pub(super) functions: HashMap<Box<str>, usize>,
}

/// The place of an API in its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Http(usize),
    Rest(usize),
}

/// Who has a stage of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    One(Place),
    Several,
}

impl Index {
    /// An index of these lists.
    ///
    /// # Errors
    ///
    /// When two targets have the same address.
    pub(super) fn new<A>(
        apis: &[ApiAddress<A>],
        rest_apis: &[RestApiAddress],
        function_urls: &[FunctionUrlAddress<A>],
    ) -> Result<Self, RouterError> {
        let http_places = apis.iter().enumerate();
        let http_places =
            http_places.map(|(place, api)| (Place::Http(place), &api.api_id, &api.stages));
        let rest_places = rest_apis.iter().enumerate();
        let rest_places =
            rest_places.map(|(place, api)| (Place::Rest(place), &api.api_id, &api.stages));
        let mut ids = HashMap::new();
        let mut owners = HashMap::new();
        for (place, api_id, stages) in http_places.chain(rest_places) {
            let api_id = api_id.to_ascii_lowercase();
            if ids.insert(api_id.as_str().into(), place).is_some() {
                return Err(RouterError::DuplicateApi { api_id });
            }
            for stage in stages {
                owners
                    .entry(stage.as_str().into())
                    .and_modify(|owner| {
                        if *owner != Owner::One(place) {
                            *owner = Owner::Several;
                        }
                    })
                    .or_insert(Owner::One(place));
            }
        }
        let mut url_ids = HashMap::new();
        let mut functions = HashMap::new();
        for (place, url) in function_urls.iter().enumerate() {
            let url_id = url.url_id.to_ascii_lowercase();
            if url_ids.insert(url_id.as_str().into(), place).is_some() {
                return Err(RouterError::DuplicateFunctionUrl { url_id });
            }
        }
        for (place, url) in function_urls.iter().enumerate() {
            let function_name = url.function_name.clone();
            let name = function_name.as_str().into();
            if functions.insert(name, place).is_some() {
                return Err(RouterError::DuplicateFunction { function_name });
            }
        }
        Ok(Self {
            ids,
            owners,
            url_ids,
            functions,
        })
    }
}

/// The text in small letters, copied where it is not so already.
pub(super) fn small(text: &str) -> Cow<'_, str> {
    if text.contains(|c: char| c.is_ascii_uppercase()) {
        Cow::Owned(text.to_ascii_lowercase())
    } else {
        Cow::Borrowed(text)
    }
}
