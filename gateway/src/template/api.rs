//! APIs and the routes that functions' events add to them.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    rc::Rc,
};

mod auth;
mod route;

use tollgate::api::{RouteConflict, Routes};

use super::{
    NotSimulated, authorizer,
    error::TemplateError,
    field::Field,
    resolver::Resolver,
    resource::{IMPLICIT_HTTP_API, IMPLICIT_REST_API, Resource, ResourceKind},
};

use auth::ApiAuth;
pub(super) use auth::not_simulated as not_simulated_authorizers;
pub use auth::{LambdaAuthorizerSpec, RouteAuthorization};

/// The verbs that a method may have, as API Gateway spells them.
pub(super) const VERBS: [&str; 8] = [
    "ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT",
];
/// Where an API's OpenAPI definition may stand.
pub(super) const DEFINITIONS: [&str; 2] = ["DefinitionBody", "DefinitionUri"];
/// The path of an HTTP API's route for everything that no other route takes.
pub const DEFAULT_ROUTE: &str = "$default";

/// An API and its one stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiSpec {
    /// The logical id.
    pub logical_id: String,
    /// The API's id in URLs: `Name` where it fits `^[a-z0-9-]{1,40}$`, else the logical id in lower case. Unique.
    pub id: String,
    /// `Name`, else the logical id.
    pub name: String,
    /// REST or HTTP.
    pub kind: ApiKind,
    /// The stage's name.
    pub stage: String,
    /// The stage's variables.
    pub stage_variables: BTreeMap<String, String>,
    /// The media types whose bodies are passed as base64. REST APIs only.
    pub binary_media_types: Vec<String>,
    /// The Lambda authorizers of an HTTP API.
    pub authorizers: Vec<LambdaAuthorizerSpec>,
    /// The methods or routes, in the order of the template.
    pub methods: Vec<MethodSpec>,
}

/// The two kinds of API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApiKind {
    /// `AWS::Serverless::Api`: the API itself can require API keys.
    Rest,
    /// `AWS::Serverless::HttpApi`.
    Http,
}

/// A method of a REST API, or a route of an HTTP API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MethodSpec {
    /// An HTTP verb in upper case, or `ANY`.
    pub verb: String,
    /// The path with its parameters, for example `/users/{id}`, or [`DEFAULT_ROUTE`].
    pub path: String,
    /// The function that answers.
    pub function_logical_id: String,
    /// Whether API Gateway itself requires an API key. Always false for an HTTP API.
    pub api_key_required: bool,
    /// What a route of an HTTP API asks of its callers. Always open for a REST API.
    pub authorization: RouteAuthorization,
    /// The format of the event.
    pub payload_version: PayloadVersion,
    /// `TimeoutInMillis`, where the event sets one.
    pub timeout_ms: Option<u64>,
    /// The line of the event, from 1.
    pub line: usize,
}

impl MethodSpec {
    /// Adds the route of an HTTP API to others, with a value of its own.
    ///
    /// # Errors
    /// What is wrong with it, or which other route it conflicts with, as a sentence.
    pub fn insert_into<T>(&self, routes: &mut Routes<T>, value: T) -> Result<(), String> {
        let conflict = |conflict: RouteConflict| conflict.to_string();
        if self.path == DEFAULT_ROUTE {
            return routes.insert_default(value).map_err(conflict);
        }
        let verb = self.verb.parse().map_err(|error| format!("{error}"))?;
        let template = self.path.parse().map_err(|error| format!("{error}"))?;
        routes.insert(verb, template, value).map_err(conflict)
    }
}

/// The format of the event that the function receives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PayloadVersion {
    /// `1.0`, the only one of REST APIs.
    V1,
    /// `2.0`, the default of HTTP APIs.
    V2,
}

/// What has been read of an API beside its routes.
#[derive(Debug)]
struct Known {
    /// Its position in the list.
    position: usize,
    /// Whether methods of a REST API require an API key unless they say otherwise.
    key_required: bool,
    /// Who may call the routes of an HTTP API.
    auth: Option<ApiAuth>,
}

/// The APIs while routes are being added.
#[derive(Debug, Default)]
pub(super) struct Apis {
    specs: Vec<ApiSpec>,
    by_id: BTreeMap<Rc<str>, Known>,
    /// The first line of every route: position of the API, verb and path.
    routes: BTreeMap<(usize, String, String), usize>,
}

impl Apis {
    /// Adds an API.
    ///
    /// # Errors
    /// A property of the wrong shape, and an id that another API has.
    pub(super) fn add(
        &mut self,
        resolver: &Resolver<'_>,
        resource: &Resource,
    ) -> Result<(), TemplateError> {
        let properties = Field::properties(resolver, resource);
        let id = resolver.physical_id(resource)?;
        if let Some(other) = self
            .by_id
            .get(&id)
            .and_then(|known| self.specs.get(known.position))
        {
            let message = format!(
                "has the id `{id}`, which the API {} has too",
                other.logical_id
            );
            return Err(properties.error(message, "give the two APIs different names"));
        }
        let (kind, variables) = match resource.kind {
            ResourceKind::HttpApi => (ApiKind::Http, "StageVariables"),
            ResourceKind::RestApi
            | ResourceKind::Function
            | ResourceKind::SimpleTable
            | ResourceKind::Table
            | ResourceKind::UsagePlan
            | ResourceKind::ApiKey
            | ResourceKind::UsagePlanKey
            | ResourceKind::ApiStage
            | ResourceKind::Layer
            | ResourceKind::NotSimulated => (ApiKind::Rest, "Variables"),
        };
        let key_required = match (kind, properties.get("Auth")?) {
            (ApiKind::Rest, Some(auth)) => auth.flag_of("ApiKeyRequired")?.unwrap_or(false),
            (ApiKind::Rest, None) | (ApiKind::Http, _) => false,
        };
        let mut binary_media_types = Vec::new();
        for media_type in properties.items_of("BinaryMediaTypes")? {
            binary_media_types.push(media_type.text()?.replace("~1", "/"));
        }
        let has_definition = DEFINITIONS
            .iter()
            .any(|name| resource.properties.get(name).is_some());
        let auth = match kind {
            ApiKind::Http => Some(ApiAuth::read(&properties, has_definition)?),
            ApiKind::Rest => None,
        };
        let authorizers = auth.as_ref().map(|auth| auth.authorizers.clone());
        let known = Known {
            position: self.specs.len(),
            key_required,
            auth,
        };
        self.by_id.insert(Rc::clone(&id), known);
        self.specs.push(ApiSpec {
            logical_id: resource.logical_id.to_string(),
            id: id.to_string(),
            name: properties
                .text_of("Name")?
                .unwrap_or_else(|| resource.logical_id.to_string()),
            kind,
            stage: resolver.stage_name(resource)?.to_string(),
            stage_variables: properties.texts_of(variables)?,
            binary_media_types,
            authorizers: authorizers.unwrap_or_default(),
            methods: Vec::new(),
        });
        Ok(())
    }

    /// Adds the routes of a function's events. Events of other types are listed as not simulated.
    ///
    /// # Errors
    /// An event of the wrong shape, one that names no API of its type, and a route that stands twice.
    pub(super) fn add_events(
        &mut self,
        resolver: &Resolver<'_>,
        function: &Resource,
        not_simulated: &mut Vec<NotSimulated>,
    ) -> Result<(), TemplateError> {
        let Some(events) = Field::properties(resolver, function).get("Events")? else {
            return Ok(());
        };
        for (name, event) in events.entries()? {
            let event_type = event.required("Type")?;
            match event_type.text()? {
                "Api" => self.add_event(resolver, function, &event, ApiKind::Rest)?,
                "HttpApi" => self.add_event(resolver, function, &event, ApiKind::Http)?,
                other => not_simulated.push(NotSimulated {
                    logical_id: format!("{}.{name}", function.logical_id),
                    resource_type: format!("event {other}"),
                    line: event.line(),
                }),
            }
            if event_type.text()? == "Api"
                && let Some(properties) = event.get("Properties")?
            {
                let event_name = format!("{}.{name}", function.logical_id);
                authorizer::leave_out_of_event(&properties, &event_name, not_simulated)?;
            }
        }
        Ok(())
    }

    fn add_event(
        &mut self,
        resolver: &Resolver<'_>,
        function: &Resource,
        event: &Field<'_>,
        kind: ApiKind,
    ) -> Result<(), TemplateError> {
        let properties = event.get("Properties")?;
        let (verb, path) = route::of_event(event, properties.as_ref(), kind)?;
        let api = self.api_of(resolver, properties.as_ref(), kind)?;
        let (position, key_required) = (api.position, api.key_required);
        let authorization = match &api.auth {
            Some(auth) => auth.of_event(properties.as_ref())?,
            None => RouteAuthorization::Open,
        };
        let mut method = MethodSpec {
            verb,
            path,
            function_logical_id: function.logical_id.to_string(),
            api_key_required: key_required,
            authorization,
            payload_version: match kind {
                ApiKind::Rest => PayloadVersion::V1,
                ApiKind::Http => PayloadVersion::V2,
            },
            timeout_ms: None,
            line: event.line(),
        };
        if let Some(properties) = &properties {
            if let (ApiKind::Rest, Some(auth)) = (kind, properties.get("Auth")?) {
                method.api_key_required = auth.flag_of("ApiKeyRequired")?.unwrap_or(key_required);
            }
            if let (ApiKind::Http, Some(version)) = (kind, properties.get("PayloadFormatVersion")?)
            {
                method.payload_version =
                    version.choice(&[("1.0", PayloadVersion::V1), ("2.0", PayloadVersion::V2)])?;
            }
            method.timeout_ms = properties
                .get("TimeoutInMillis")?
                .map(|timeout| timeout.whole_number())
                .transpose()?;
        }
        let Some(api) = self.specs.get_mut(position) else {
            return Ok(());
        };
        match self
            .routes
            .entry((position, method.verb.clone(), method.path.clone()))
        {
            Entry::Occupied(first) => {
                let message = format!(
                    "adds the route {} {} to {}, which line {} has added already",
                    method.verb,
                    method.path,
                    api.logical_id,
                    first.get()
                );
                return Err(event.error(
                    message,
                    "remove one of the two events, or change its path or method",
                ));
            }
            Entry::Vacant(place) => {
                place.insert(method.line);
            }
        }
        api.methods.push(method);
        Ok(())
    }

    /// The API that an event names, or the implicit one.
    fn api_of(
        &mut self,
        resolver: &Resolver<'_>,
        properties: Option<&Field<'_>>,
        kind: ApiKind,
    ) -> Result<&Known, TemplateError> {
        let (member, implicit, wanted) = match kind {
            ApiKind::Rest => ("RestApiId", IMPLICIT_REST_API, "an AWS::Serverless::Api"),
            ApiKind::Http => ("ApiId", IMPLICIT_HTTP_API, "an AWS::Serverless::HttpApi"),
        };
        let named = match properties {
            Some(properties) => properties.get(member)?,
            None => None,
        };
        let implicit = resolver.resources.by_id.get(implicit);
        let id = match (&named, implicit) {
            (Some(field), _) => Rc::from(field.text()?),
            (None, Some(resource)) => resolver.physical_id(resource)?,
            (None, None) => Rc::from(""),
        };
        if let (Some(resource), false) = (implicit, self.by_id.contains_key(&id))
            && resolver.physical_id(resource)? == id
        {
            self.add(resolver, resource)?;
        }
        let found = self.by_id.get(&id);
        match (
            found.filter(|known| {
                self.specs
                    .get(known.position)
                    .is_some_and(|api| api.kind == kind)
            }),
            named,
        ) {
            (Some(found), _) => Ok(found),
            (None, Some(field)) => {
                let message = format!(
                    "refers to {}, which is not {wanted} of this template",
                    field.shown()
                );
                Err(field.error(
                    message,
                    format!("name {wanted}, or leave {member} out for the implicit API"),
                ))
            }
            (None, None) => {
                let message = format!("there is no implicit API for an event without {member}");
                Err(super::error::Place::default().error(
                    1,
                    message,
                    format!("add {member} to the event"),
                ))
            }
        }
    }

    /// The finished APIs.
    pub(super) fn into_specs(self) -> Vec<ApiSpec> {
        self.specs
    }

    pub(super) fn specs(&self) -> &[ApiSpec] {
        &self.specs
    }
}
