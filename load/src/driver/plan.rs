//! What a driver is told and what it answers: a line of JSON each.

use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use uuid::Uuid;

/// The first line: what this driver is for.
#[derive(Serialize, Deserialize)]
pub(crate) struct Plan {
    /// The server.
    pub(crate) address: SocketAddr,
    /// Sessions that only receive.
    pub(crate) watchers: usize,
    /// Sessions that publish.
    pub(crate) publishers: usize,
    /// What to speak.
    pub(crate) server: Server,
}

/// What a server speaks.
#[derive(Serialize, Deserialize)]
pub(crate) enum Server {
    /// Of the floor: what is published.
    Floor {
        /// The message.
        payload: String,
    },
    /// A workspace of Loggia.
    Loggia(Workspace),
    /// Somebody else's server.
    Peer {
        /// What it speaks.
        protocol: Protocol,
        /// What is published.
        payload: String,
    },
}

/// A workspace and who takes part.
#[derive(Serialize, Deserialize)]
pub(crate) struct Workspace {
    /// Its id.
    pub(crate) id: String,
    /// Its epoch.
    pub(crate) epoch: String,
    /// How far the stream for everyone has come.
    pub(crate) shared: u64,
    /// How far the team's has.
    pub(crate) team: Option<u64>,
    /// The number of the run, for the partners' marks.
    pub(crate) run: u32,
    /// A team member's token: the editors'.
    pub(crate) editor: String,
    /// Requests to edit.
    pub(crate) items: Vec<Uuid>,
    /// Who the watchers are, in turn; empty: team members.
    pub(crate) partners: Vec<Partner>,
}

/// A partner.
#[derive(Serialize, Deserialize)]
pub(crate) struct Partner {
    /// Its number in the run.
    pub(crate) number: u32,
    /// Its domain's number in the run.
    pub(crate) domain: u32,
    /// Its account.
    pub(crate) user: Uuid,
    /// Its token.
    pub(crate) token: String,
}

/// What a peer speaks over its WebSockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
#[value(rename_all = "lowercase")]
pub(crate) enum Protocol {
    /// Messages as they are, to `/sub`, from `/pub`.
    Plain,
    /// MQTT 3.1.1.
    Mqtt,
    /// NATS.
    Nats,
    /// Socket.IO 4.
    SocketIo,
}

/// What to do next.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) enum Command {
    /// Open those who only receive, until there are so many.
    OpenWatchers(usize),
    /// Open those who publish.
    OpenPublishers,
    /// Have one large message published.
    Prime,
    /// Publish so many at once, wait until everyone has them, and again.
    Publish {
        /// At once.
        messages: u64,
        /// How often.
        times: u64,
    },
    /// Read until nothing comes for a moment.
    Settle,
}

/// What became of it.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Reply {
    /// Why it couldn't be done: what was lost, doubled, leaked.
    pub(crate) failure: Option<String>,
    /// Deliveries so far, all sessions together.
    pub(crate) deliveries: u64,
    /// Messages of another kind so far: presence, acks.
    pub(crate) others: u64,
    /// A message as the server delivered it.
    pub(crate) sample: Option<String>,
    /// How often the driver has looked for something to read.
    pub(crate) looks: u64,
    /// How often there was nothing.
    pub(crate) idle_looks: u64,
}
