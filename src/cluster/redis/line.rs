//! A connection to Redis of whichever shape: one server, the one that sentinels name, or a cluster.

use ::redis::aio::MultiplexedConnection;
use ::redis::cluster::ClusterClientBuilder;
use ::redis::cluster_async::ClusterConnection;
use ::redis::sentinel::{SentinelClient, SentinelNodeConnectionInfo, SentinelServerType};
use ::redis::{AsyncConnectionConfig, Client, Cmd, ConnectionInfo, IntoConnectionInfo, ProtocolVersion, PushInfo};
use ::redis::{RedisConnectionInfo, RedisResult, Value};
use anyhow::Context;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;

/// How long a connection may take to be made, and each answer on it to come. A server on the same network needs a
/// thousandth of it.
const PATIENCE: Duration = Duration::from_secs(2);

/// Where Redis is, and in which shape.
#[derive(Debug)]
pub(super) enum Target {
    Server(ConnectionInfo),
    Sentinels { addresses: Vec<ConnectionInfo>, service: String, account: RedisConnectionInfo },
    Cluster(Vec<ConnectionInfo>),
}

/// A connection that can say and hear.
#[derive(Clone)]
pub(super) enum Line {
    Server(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Target {
    /// Errors name the part that is wrong, and never the password.
    pub(super) fn parse(url: &str) -> anyhow::Result<Self> {
        const SHAPES: &str = "expected redis://HOST:PORT, rediss://HOST:PORT, redis+cluster://HOST:PORT,HOST:PORT or \
                              redis+sentinel://HOST:PORT,HOST:PORT/SERVICE";
        let (scheme, rest) = url.split_once("://").context(SHAPES)?;
        let one = |text: &str| -> anyhow::Result<ConnectionInfo> {
            let info = text.into_connection_info().map_err(|error| anyhow::anyhow!("{error}"))?;
            let redis = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
            Ok(info.set_redis_settings(redis))
        };
        // The account stands before the first address and is meant for all.
        let (account, hosts) = match rest.rsplit_once('@') {
            Some((account, hosts)) => (format!("{account}@"), hosts),
            None => (String::new(), rest),
        };
        let each = |scheme: &str, hosts: &str| -> anyhow::Result<Vec<ConnectionInfo>> {
            hosts.split(',').map(|host| one(&format!("{scheme}://{account}{host}"))).collect()
        };
        match scheme {
            "redis" | "rediss" => Ok(Self::Server(one(url)?)),
            "redis+cluster" => Ok(Self::Cluster(each("redis", hosts)?)),
            "rediss+cluster" => Ok(Self::Cluster(each("rediss", hosts)?)),
            "redis+sentinel" => {
                let (hosts, service) = hosts.split_once('/').context(SHAPES)?;
                anyhow::ensure!(!service.is_empty(), SHAPES);
                let account = one(&format!("redis://{account}{hosts}"))?.redis_settings().clone();
                let addresses =
                    hosts.split(',').map(|host| one(&format!("redis://{host}"))).collect::<Result<_, _>>()?;
                Ok(Self::Sentinels { addresses, service: service.to_owned(), account })
            }
            _ => anyhow::bail!(SHAPES),
        }
    }

    /// Connects. What is heard goes to `pushes`, its end as well.
    pub(super) async fn connect(&self, pushes: UnboundedSender<PushInfo>) -> anyhow::Result<Line> {
        let connecting = async {
            Ok(match self {
                Self::Server(info) => Line::Server(server(&Client::open(info.clone())?, pushes).await?),
                Self::Sentinels { addresses, service, account } => {
                    let account = SentinelNodeConnectionInfo::default().set_redis_connection_info(account.clone());
                    let kind = SentinelServerType::Master;
                    let mut sentinels = SentinelClient::build(addresses.clone(), service, Some(account), kind)?;
                    Line::Server(server(&sentinels.async_get_client().await?, pushes).await?)
                }
                Self::Cluster(addresses) => {
                    let builder = ClusterClientBuilder::new(addresses.clone())
                        .use_protocol(ProtocolVersion::RESP3)
                        .connection_timeout(PATIENCE)
                        .response_timeout(PATIENCE)
                        // Whether to try again is the link's business, which knows what is worth it.
                        .retries(1)
                        .push_sender(pushes);
                    Line::Cluster(builder.build()?.get_async_connection().await?)
                }
            })
        };
        tokio::time::timeout(PATIENCE * 2, connecting).await.context("no connection in time")?
    }
}

async fn server(client: &Client, pushes: UnboundedSender<PushInfo>) -> RedisResult<MultiplexedConnection> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(PATIENCE))
        .set_response_timeout(Some(PATIENCE))
        .set_push_sender(pushes);
    client.get_multiplexed_async_connection_with_config(&config).await
}

impl Line {
    pub(super) async fn publish(mut self, channel: &str, message: &[u8]) -> RedisResult<()> {
        match &mut self {
            Self::Server(line) => ask(line, ::redis::cmd("PUBLISH").arg(channel).arg(message)).await,
            Self::Cluster(line) => ask(line, ::redis::cmd("SPUBLISH").arg(channel).arg(message)).await,
        }
    }

    pub(super) async fn subscribe(mut self, channel: &str) -> RedisResult<()> {
        match &mut self {
            Self::Server(line) => line.subscribe(channel).await,
            Self::Cluster(line) => line.ssubscribe(channel).await,
        }
    }

    pub(super) async fn unsubscribe(mut self, channel: &str) -> RedisResult<()> {
        match &mut self {
            Self::Server(line) => line.unsubscribe(channel).await,
            Self::Cluster(line) => line.sunsubscribe(channel).await,
        }
    }
}

async fn ask(line: &mut impl ::redis::aio::ConnectionLike, command: &Cmd) -> RedisResult<()> {
    match line.req_packed_command(command).await? {
        Value::ServerError(error) => Err(error.into()),
        _ => Ok(()),
    }
}
