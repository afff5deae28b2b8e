//! Targets by their addresses.

use std::borrow::Cow;
use std::collections::HashMap;

use super::{ApiAddress, FunctionUrlAddress, RestApiAddress, RouterError};

/// Where targets stand in their lists, by their addresses.
#[derive(Clone, Debug)]
pub(super) struct Index {
    /// APIs by their ids in small letters.
    pub(super) by_id: HashMap<Box<str>, Place>,
    /// APIs by their stages.
    pub(super) by_stage: HashMap<Box<str>, Owner>,
    /// Function URLs by their ids in small letters.
    pub(super) by_url_id: HashMap<Box<str>, usize>,
    /// Function URLs by their functions' names.
    pub(super) by_function: HashMap<Box<str>, usize>,
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
        let mut by_id = HashMap::new();
        let mut by_stage = HashMap::new();
        for (place, api_id, stages) in http_places.chain(rest_places) {
            let api_id = api_id.to_ascii_lowercase();
            if by_id.insert(api_id.as_str().into(), place).is_some() {
                return Err(RouterError::DuplicateApi { api_id });
            }
            for stage in stages {
                by_stage
                    .entry(stage.as_str().into())
                    .and_modify(|owner| {
                        if *owner != Owner::One(place) {
                            *owner = Owner::Several;
                        }
                    })
                    .or_insert(Owner::One(place));
            }
        }
        let mut by_url_id = HashMap::new();
        let mut by_function = HashMap::new();
        for (place, url) in function_urls.iter().enumerate() {
            let url_id = url.url_id.to_ascii_lowercase();
            if by_url_id.insert(url_id.as_str().into(), place).is_some() {
                return Err(RouterError::DuplicateFunctionUrl { url_id });
            }
        }
        for (place, url) in function_urls.iter().enumerate() {
            let function_name = url.function_name.clone();
            let name = function_name.as_str().into();
            if by_function.insert(name, place).is_some() {
                return Err(RouterError::DuplicateFunction { function_name });
            }
        }
        Ok(Self {
            by_id,
            by_stage,
            by_url_id,
            by_function,
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
