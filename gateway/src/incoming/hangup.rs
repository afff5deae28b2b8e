//! Giving up a connection from within: for clients that do not take what is sent to them.

use std::sync::Arc;

use tokio::sync::Notify;

/// Ends the connection that a request came by, whatever is still to be sent. It is found among the request's extensions.
#[derive(Clone, Debug, Default)]
pub struct Hangup(Arc<Notify>);

impl Hangup {
    /// Ends the connection.
    pub fn hang_up(&self) {
        self.0.notify_one();
    }

    /// Comes back when the connection is to end.
    pub async fn wanted(&self) {
        self.0.notified().await;
    }
}
