//! What nodes say to each other, sealed: a message that isn't of a node of the same store is not opened.
//!
//! Events travel as records of the log, and what is a person's own as values, not as ready frames. So each node applies
//! them to its own state and makes its sessions' frames itself, through its own policy: no byte that came over the network
//! reaches a session.

use crate::id::{CredentialId, NodeId, Sequence, SessionId, UserId, WorkspaceId};
use crate::protocol::own::News;
use crate::store::Record;
use crate::visibility::Seat;
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

/// Bytes of records that a message carries at most; more are named and read from the log.
pub const LARGEST_CARRIED: usize = 256 * 1_024;
/// Bytes of a message's seal: half of an HMAC-SHA256, which RFC 2104, section 5, allows.
const SEAL: usize = 16;

/// What a node says about a workspace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Message {
    /// The log has grown, and is durable.
    Grown {
        /// The sequence before the batch.
        after: Sequence,
        /// The sequence of its last record.
        head: Sequence,
        /// Its records; none, if they are too large to be carried.
        records: Vec<Record>,
    },
    /// Sessions of the node have changed.
    Presence {
        /// One more than the node's last.
        number: u64,
        /// How far the log has come there: who may see them stands in it.
        head: Sequence,
        /// Those that came, or look at something else now.
        here: Vec<Seat>,
        /// Those that went.
        left: Vec<SessionId>,
    },
    /// All sessions of the node.
    Whole {
        /// The number of its last message about presence.
        number: u64,
        /// As in `Presence`.
        head: Sequence,
        /// The sessions, in order of coming.
        here: Vec<Seat>,
    },
    /// Asks every node for all its sessions.
    Who,
    /// A sign of life.
    Beat {
        /// How far the log has come there.
        head: Sequence,
        /// The number of its last message about presence.
        presence: u64,
    },
    /// Something of a person's own has changed: for that person's sessions. It is not in the log, and nothing waits for
    /// it.
    Own {
        /// Whose.
        user: UserId,
        /// What.
        news: News,
    },
    /// The node stops: its people will come back on others in a moment.
    Leaving,
    /// A credential has ended: its sessions are to be closed.
    SignedOut(CredentialId),
}

impl Message {
    /// That a batch was written.
    #[must_use]
    pub fn grown(after: Sequence, records: Vec<Record>) -> Self {
        let head = after + records.len() as u64;
        let large = records.iter().map(|record| record.body.len()).sum::<usize>() > LARGEST_CARRIED;
        Self::Grown { after, head, records: if large { Vec::new() } else { records } }
    }
}

/// What is sealed: a message, where it belongs, and whose it is.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct Envelope {
    /// The workspace it is about.
    pub workspace: WorkspaceId,
    /// The node that says it.
    pub node: NodeId,
    /// What it says.
    pub message: Message,
}

/// Seals and opens envelopes with the key that the nodes of a store share.
#[derive(Clone)]
pub struct Sealer {
    mac: Hmac<Sha256>,
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealer")
    }
}

impl Sealer {
    /// A sealer with a store's key.
    #[must_use]
    pub fn new(key: &[u8; 32]) -> Self {
        // HMAC takes keys of any length: this can't fail.
        #[allow(clippy::expect_used, reason = "HMAC takes keys of any length")]
        let mac = Hmac::new_from_slice(key).expect("a key of any length");
        Self { mac }
    }

    /// The bytes to send: the seal, and MessagePack.
    ///
    /// # Errors
    /// When it can't be encoded, which would be a mistake of ours.
    pub fn seal(&self, envelope: &Envelope) -> anyhow::Result<Bytes> {
        let mut bytes = vec![0; SEAL];
        rmp_serde::encode::write(&mut bytes, envelope)?;
        let (seal, body) = bytes.split_at_mut(SEAL);
        seal.copy_from_slice(&self.mac.clone().chain_update(body).finalize().into_bytes()[..SEAL]);
        Ok(bytes.into())
    }

    /// What is in the bytes.
    ///
    /// # Errors
    /// When they were not sealed with this key, are about another workspace, or are nothing this version knows.
    pub fn open(&self, workspace: WorkspaceId, bytes: &[u8]) -> anyhow::Result<Envelope> {
        let (seal, body) = bytes.split_at_checked(SEAL).ok_or_else(|| anyhow::anyhow!("it is too short"))?;
        let sealed = self.mac.clone().chain_update(body).verify_truncated_left(seal);
        sealed.map_err(|_| anyhow::anyhow!("it was not sealed by a node of this store"))?;
        let envelope: Envelope = rmp_serde::from_slice(body)?;
        anyhow::ensure!(envelope.workspace == workspace, "it is about workspace {}", envelope.workspace);
        Ok(envelope)
    }
}
