//! Ids and positions, as types that can't be mixed up.
//!
//! Ids are UUIDv7, but for session ids, which are random: a session id must not tell when somebody came.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use utoipa::ToSchema;
use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta] $name:ident = $make:expr;)*) => {$(
        #[$doc]
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new id, unlike any other.
            #[must_use]
            #[allow(clippy::new_without_default, reason = "two calls never give the same value")]
            pub fn new() -> Self {
                Self($make)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )*};
}

id! {
    /// A workspace.
    WorkspaceId = Uuid::now_v7();
    /// A host organisation.
    TeamId = Uuid::now_v7();
    /// A person, on either side.
    UserId = Uuid::now_v7();
    /// An item of a workspace's tree.
    ItemId = Uuid::now_v7();
    /// An environment of a workspace.
    EnvironmentId = Uuid::now_v7();
    /// A comment on an item.
    CommentId = Uuid::now_v7();
    /// An invitation.
    InvitationId = Uuid::now_v7();
    /// A credential: a browser's sign-in, or a personal access token.
    CredentialId = Uuid::now_v7();
    /// A client's name for one edit; it makes a retry safe.
    OpId = Uuid::now_v7();
    /// An entry of a person's history.
    EntryId = Uuid::now_v7();
    /// A run of a collection.
    RunId = Uuid::now_v7();
    /// An open WebSocket.
    SessionId = Uuid::new_v4();
    /// A node of a cluster, from one start of the server to its end.
    NodeId = Uuid::now_v7();
    /// A run of positions that can be resumed; a workspace gets a new one when its mode is switched.
    Epoch = Uuid::now_v7();
}

/// A place in one stream of one epoch: dense, the first event has 1, and 0 is before all.
pub type Position = u64;

/// A place in a workspace's whole log, both streams and all epochs: dense. Never sent to anybody.
pub type Sequence = u64;
