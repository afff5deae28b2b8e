//! The users API: an example of a Lambda function that sells usage plans.
//!
//! Users are kept in one DynamoDB table with the partition key `id`. The same binary answers behind an HTTP API, a REST API and a
//! function URL: [`service`] is a tower service over `lambda_http` requests, so that a layer can be put around it.
//!
//! | request | answer |
//! |---|---|
//! | `POST /users` | 201 and the user, or 400 |
//! | `GET /users?limit=&next=` | 200 and a page of users, or 400 |
//! | `GET /users/{id}` | 200 and the user, or 404 |
//! | `PUT /users/{id}` | 200 and the user, or 400, 404 |
//! | `DELETE /users/{id}` | 204, or 404 |
//! | `GET /reports/users` | 200 and how many users there are, or 403 for a request that did not come through an authorizer |
//! | `GET /health` | 200 |
//!
//! A path that is not in the table is answered with 404, another method with 405 and `Allow`, and a failure of the table with 503 and
//! `Retry-After`. Every answer but the 204 is JSON; those from 400 upwards are `{"message": "..."}`.

mod errors;
mod resource;
mod routes;
mod store;
mod user;
mod validation;

pub mod config;

#[cfg(test)]
mod test_app;
#[cfg(test)]
mod tests;

pub use crate::routes::{App, service};
pub use crate::store::{StoreError, UserPage, UserStore};
pub use crate::user::{User, UserFields, UserId};
