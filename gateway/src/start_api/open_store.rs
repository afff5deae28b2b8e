//! The store that functions and commands share, filled with what the template declares.

use tollgate::key::{EnvironmentLetter, Pepper};
use tollgate::store::dynamodb::{DynamoStore, Patience};
use tollgate::time::{Clock, SystemClock};

use super::{LOOPBACK, StartApi, StartError, bind, local_port, stage_name};
use crate::deploy::{self, Deployed};
use crate::embedded::Embedded;
use crate::local;
use crate::template::Template;

/// The store, and how to reach it.
pub(super) struct OpenStore {
    pub(super) embedded: Option<Embedded>,
    pub(super) endpoint_url: String,
    pub(super) pepper: Pepper,
    pub(super) store: DynamoStore,
    client: aws_sdk_dynamodb::Client,
}

impl OpenStore {
    pub(super) async fn open(arguments: &StartApi) -> Result<Self, StartError> {
        let (embedded, endpoint_url) = start_store(arguments).await?;
        let pepper = Pepper::new(arguments.pepper.as_bytes())?;
        let sdk_config = local::sdk_config(&endpoint_url, local::REGION);
        let store = DynamoStore::new(
            &sdk_config,
            Patience::OPERATOR,
            arguments.table.clone(),
            pepper.clone(),
        );
        Ok(Self {
            embedded,
            endpoint_url,
            pepper,
            store,
            client: aws_sdk_dynamodb::Client::new(&sdk_config),
        })
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

/// The embedded store unless another is named, and the endpoint of whichever it is.
async fn start_store(arguments: &StartApi) -> Result<(Option<Embedded>, String), StartError> {
    if let Some(endpoint_url) = &arguments.endpoint_url {
        return Ok((None, endpoint_url.clone()));
    }
    let listener = bind(LOOPBACK, arguments.dynamodb_port, "--dynamodb-port").await?;
    let endpoint_url = format!("http://127.0.0.1:{}", local_port(&listener)?);
    let embedded = Embedded::start(listener, arguments.data.as_deref())?;
    Ok((Some(embedded), endpoint_url))
}
