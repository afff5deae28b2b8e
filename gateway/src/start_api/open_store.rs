//! The store that functions and commands share, filled with what the template declares.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tollgate::key::{EnvironmentLetter, Pepper};
use tollgate::random;
use tollgate::store::dynamodb::{DynamoStore, Patience};
use tollgate::time::{Clock, SystemClock};

use super::{LOOPBACK, StartApi, StartError, bind, local_port, stage_name};
use crate::deploy::{self, Deployed};
use crate::embedded::Embedded;
use crate::local;
use crate::server::{self, StorePort};
use crate::template::Template;

/// The store, and how to reach it.
pub(super) struct OpenStore {
    pub(super) own: Option<OwnStore>,
    /// Where clients on this machine reach it.
    pub(super) endpoint_url: String,
    pub(super) pepper: Pepper,
    pub(super) store: DynamoStore,
    client: aws_sdk_dynamodb::Client,
}

impl OpenStore {
    pub(super) async fn open(arguments: &StartApi) -> Result<Self, StartError> {
        let (own, endpoint_url) = if let Some(endpoint_url) = &arguments.endpoint_url {
            (None, endpoint_url.clone())
        } else {
            let (own, endpoint_url) = OwnStore::start(arguments).await?;
            (Some(own), endpoint_url)
        };
        let pepper = Pepper::new(arguments.pepper.as_bytes())?;
        let sdk_config = local::sdk_config(inner_url(own.as_ref(), &endpoint_url), local::REGION);
        let store = DynamoStore::new(
            &sdk_config,
            Patience::OPERATOR,
            arguments.table.clone(),
            pepper.clone(),
        );
        Ok(Self {
            own,
            endpoint_url,
            pepper,
            store,
            client: aws_sdk_dynamodb::Client::new(&sdk_config),
        })
    }

    /// Where functions reach it.
    pub(super) fn inner_url(&self) -> &str {
        inner_url(self.own.as_ref(), &self.endpoint_url)
    }

    /// Makes what the template declares true in the store.
    pub(super) async fn deploy(
        &self,
        template: &Template,
        arguments: &StartApi,
    ) -> Result<Deployed, StartError> {
        deploy::create_tables(&self.client, template, &arguments.table).await?;
        let environment = EnvironmentLetter::of(stage_name(template));
        let now = SystemClock.now();
        Ok(deploy::deploy(&self.store, template, environment, now).await?)
    }
}

fn inner_url<'a>(own: Option<&'a OwnStore>, endpoint_url: &'a str) -> &'a str {
    own.map_or(endpoint_url, |own| &own.inner_url)
}

/// The embedded store, and its port.
pub(super) struct OwnStore {
    embedded: Embedded,
    inner_url: String,
    port: JoinHandle<()>,
    stopping: watch::Sender<bool>,
}

impl OwnStore {
    /// Starts it, and says where clients reach it.
    async fn start(arguments: &StartApi) -> Result<(Self, String), StartError> {
        let listener = bind(LOOPBACK, arguments.dynamodb_port, "--dynamodb-port").await?;
        let endpoint_url = format!("http://127.0.0.1:{}", local_port(&listener)?);
        let inner_listener = inner_listener().await?;
        let inner = inner_listener.local_addr().map_err(StartError::Listener)?;
        let store_port =
            StorePort::new(inner).map_err(|error| StartError::Listener(io::Error::other(error)))?;
        let embedded = Embedded::start(inner_listener, arguments.data.as_deref())?;
        let (stopping, stopped) = watch::channel(false);
        let own = Self {
            embedded,
            inner_url: format!("http://{inner}"),
            port: tokio::spawn(server::serve(listener, store_port, stopped)),
            stopping,
        };
        Ok((own, endpoint_url))
    }

    /// Lets running requests end, and closes the files.
    pub(super) async fn stop(self) {
        self.stopping.send_replace(true);
        if let Err(error) = self.port.await {
            tracing::warn!(%error, "the port of the store has failed");
        }
        self.embedded.stop().await;
    }
}

/// Listens for the store where no web page would look: at one of the many addresses of the loopback network, where the system has
/// them.
async fn inner_listener() -> Result<TcpListener, StartError> {
    let lot = random::number()?.to_be_bytes();
    let [first, second, third, ..] = lot;
    let hidden = SocketAddr::from((Ipv4Addr::new(127, first, second, third.clamp(1, 254)), 0));
    if let Ok(listener) = TcpListener::bind(hidden).await {
        return Ok(listener);
    }
    bind(LOOPBACK, 0, "--dynamodb-port").await
}
