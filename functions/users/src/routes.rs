//! The routes of the API, as a tower service.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::sync::Arc;

use http::header::{CONTENT_TYPE, HeaderValue, LOCATION};
use http::{Method, Response, StatusCode};
use lambda_http::{Body, Request, RequestExt as _};
use serde::Serialize;
use tollgate::time::Clock;
use tower::Service;

use crate::errors::RequestError;
use crate::resource::{Resource, authorized_key_id, public_path};
use crate::store::UserStore;
use crate::user::{User, UserId, rfc3339};
use crate::validation::{page_limit, page_start, page_token, user_fields};

/// What the routes work with.
pub struct App {
    store: UserStore,
    clock: Box<dyn Clock>,
}

impl App {
    /// The API over the users in `store`, with the dates of `clock`.
    pub fn new(store: UserStore, clock: impl Clock) -> Self {
        Self {
            store,
            clock: Box::new(clock),
        }
    }
}

impl fmt::Debug for App {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("App")
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}

/// The users API as a service that answers every request, for `lambda_http::run` and for layers around it.
pub fn service(
    app: Arc<App>,
) -> impl Service<
    Request,
    Response = Response<Body>,
    Error = Infallible,
    Future = impl Future<Output = Result<Response<Body>, Infallible>> + Send + 'static,
> + Clone
+ Send
+ Sync
+ 'static {
    tower::service_fn(move |request: Request| {
        let app = Arc::clone(&app);
        async move {
            let answer = app.answer(&request).await;
            Ok(answer.unwrap_or_else(RequestError::into_response))
        }
    })
}

/// The body of a list.
#[derive(Serialize)]
struct UserList {
    users: Vec<User>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// The body of a report.
#[derive(Serialize)]
struct UserReport {
    users: u64,
}

/// That the function runs. It says nothing of its table: whoever may not see users may ask.
#[derive(Serialize)]
struct Health {
    status: &'static str,
}

impl App {
    async fn answer(&self, request: &Request) -> Result<Response<Body>, RequestError> {
        match Resource::of(request).ok_or(RequestError::UnknownPath)? {
            Resource::Users => match *request.method() {
                Method::POST => self.create(request).await,
                Method::GET => self.list(request).await,
                _ => Err(RequestError::MethodNotAllowed { allow: "GET, POST" }),
            },
            Resource::User(id) => match *request.method() {
                Method::GET => self.get(&known_form(&id)?).await,
                Method::PUT => self.replace(&known_form(&id)?, request).await,
                Method::DELETE => self.delete(&known_form(&id)?).await,
                _ => Err(RequestError::MethodNotAllowed {
                    allow: "DELETE, GET, PUT",
                }),
            },
            Resource::UserReport => match *request.method() {
                Method::GET => self.report(request).await,
                _ => Err(RequestError::MethodNotAllowed { allow: "GET" }),
            },
            Resource::Health => match *request.method() {
                Method::GET => json_response(StatusCode::OK, &Health { status: "ok" }),
                _ => Err(RequestError::MethodNotAllowed { allow: "GET" }),
            },
        }
    }

    async fn create(&self, request: &Request) -> Result<Response<Body>, RequestError> {
        let fields = user_fields(request.body())?;
        let now = rfc3339(self.clock.now());
        let user = User {
            id: UserId::random()?,
            name: fields.name,
            email: fields.email,
            created_at: now.clone(),
            updated_at: now,
        };
        self.store.put(&user).await?;
        let mut response = json_response(StatusCode::CREATED, &user)?;
        let location = format!("{}/{}", public_path(request).trim_end_matches('/'), user.id);
        if let Ok(location) = HeaderValue::try_from(location) {
            response.headers_mut().insert(LOCATION, location);
        }
        Ok(response)
    }

    async fn list(&self, request: &Request) -> Result<Response<Body>, RequestError> {
        let parameters = request.query_string_parameters_ref();
        let parameter = |name| parameters.and_then(|parameters| parameters.first(name));
        let limit = page_limit(parameter("limit"))?;
        let after = page_start(parameter("next"))?;
        let page = self.store.list(limit, after.as_ref()).await?;
        json_response(
            StatusCode::OK,
            &UserList {
                next: page.next.as_ref().map(page_token),
                users: page.users,
            },
        )
    }

    async fn report(&self, request: &Request) -> Result<Response<Body>, RequestError> {
        if authorized_key_id(request).is_none() {
            return Err(RequestError::NotAuthorized);
        }
        let users = self.store.count().await?;
        json_response(StatusCode::OK, &UserReport { users })
    }

    async fn get(&self, id: &UserId) -> Result<Response<Body>, RequestError> {
        let user = self.store.get(id).await?;
        json_response(StatusCode::OK, &user.ok_or(RequestError::UnknownUser)?)
    }

    async fn replace(
        &self,
        id: &UserId,
        request: &Request,
    ) -> Result<Response<Body>, RequestError> {
        let fields = user_fields(request.body())?;
        let now = rfc3339(self.clock.now());
        let user = self.store.replace(id, fields, now).await?;
        json_response(StatusCode::OK, &user.ok_or(RequestError::UnknownUser)?)
    }

    async fn delete(&self, id: &UserId) -> Result<Response<Body>, RequestError> {
        if !self.store.delete(id).await? {
            return Err(RequestError::UnknownUser);
        }
        let mut response = Response::new(Body::Empty);
        *response.status_mut() = StatusCode::NO_CONTENT;
        Ok(response)
    }
}

/// An id of another form than those that this API gives is unknown, and the table need not be asked.
fn known_form(id: &str) -> Result<UserId, RequestError> {
    UserId::parse(id).ok_or(RequestError::UnknownUser)
}

fn json_response(
    status: StatusCode,
    content: &impl Serialize,
) -> Result<Response<Body>, RequestError> {
    let body = serde_json::to_string(content)?;
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}
