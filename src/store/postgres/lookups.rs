//! Looking credentials up: every request and every socket asks for one, and after a deploy all sockets do at once. What
//! waits is asked for by one statement, so a storm costs statements, not connections, and who comes alone waits for nobody.

use super::connections::Connections;
use super::people::{self, FoundCredential};
use crate::store::{Credential, User};
use anyhow::{Context, anyhow};
use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use time::OffsetDateTime;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::timeout;

/// How many statements may be under way: the other connections are left to what else there is.
const AT_ONCE: usize = 4;
/// How long a statement counts as one of them. One that takes longer holds nobody else up, as its connection may be broken
/// and others not; how many there are then is bounded by the connections.
const PATIENCE: Duration = Duration::from_millis(250);
/// How many credentials a statement asks for at most.
const MOST_ASKED: usize = 512;

type Found = anyhow::Result<Option<(Credential, User)>>;
type Wanted = ([u8; 32], oneshot::Sender<Found>);

/// The way to look up; the work ends with it.
pub(super) struct Lookups {
    inbox: mpsc::Sender<Wanted>,
}

impl Lookups {
    pub(super) fn new(connections: Arc<Connections>) -> Self {
        let (inbox, wanted) = mpsc::channel(MOST_ASKED);
        tokio::spawn(run(connections, wanted));
        Self { inbox }
    }

    /// The credential with a hash and whose it is, unless it has ended by `now`.
    pub(super) async fn find(&self, hash: [u8; 32], now: OffsetDateTime) -> Found {
        let (reply, answer) = oneshot::channel();
        self.inbox.send((hash, reply)).await.ok().context("nobody looks credentials up any more")?;
        let found = answer.await.context("a look-up of credentials broke off")??;
        Ok(found.filter(|(credential, _)| credential.expires_at.is_none_or(|end| end > now)))
    }
}

async fn run(connections: Arc<Connections>, mut inbox: mpsc::Receiver<Wanted>) {
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    // The turn first: what comes while all are taken gathers.
    while let Ok(turn) = Arc::clone(&turns).acquire_owned().await {
        let mut wanted = Vec::new();
        if inbox.recv_many(&mut wanted, MOST_ASKED).await == 0 {
            return;
        }
        // Who gave up waiting needs no answer.
        wanted.retain(|(_, reply)| !reply.is_closed());
        if wanted.is_empty() {
            continue;
        }
        let connections = Arc::clone(&connections);
        tokio::spawn(async move {
            let mut answering = pin!(answer(&connections, wanted));
            if timeout(PATIENCE, &mut answering).await.is_err() {
                drop(turn);
                answering.await;
            }
        });
    }
}

async fn answer(connections: &Connections, wanted: Vec<Wanted>) {
    let hashes: Vec<&[u8]> = wanted.iter().map(|(hash, _)| &hash[..]).collect();
    let found = people::find_credentials(connections, &hashes).await.context("look up credentials");
    let found = found.map(|found| found.into_iter().collect::<HashMap<_, _>>());
    for (hash, reply) in wanted {
        let _ = reply.send(match &found {
            // What can't be read of one credential is no matter of the others'.
            Ok(found) => found.get(&hash[..]).map(copy).transpose(),
            Err(error) => Err(anyhow!("{error:#}")),
        });
    }
}

/// Several may ask for one credential.
fn copy(found: &FoundCredential) -> anyhow::Result<(Credential, User)> {
    match found {
        Ok(found) => Ok(found.clone()),
        Err(error) => Err(anyhow!("{error:#}")),
    }
}
