//! Ids and positions, as types that can't be mixed up.
//!
//! Ids are UUIDv7, but for session ids, which are random: a session id must not tell when somebody came. No id tells how
//! many others there are: what follows the time is random, where `Uuid::now_v7` counts for the whole process. Ids of what
//! is made at one stroke and seen by the same people follow each other (`ItemId::in_a_row`).

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

/// The time to the nanosecond, so that what one hand makes one after the other sorts so (RFC 9562, section 6.2, method 3):
/// 48 bits of milliseconds, then the 20 of nanoseconds within, about the version and the variant; 54 random bits.
fn sorted_by_time() -> Uuid {
    // Before 1970 and after 10889 nothing sorts.
    let now = OffsetDateTime::now_utc().unix_timestamp_nanos() as u128;
    let (milliseconds, nanoseconds) = ((now / 1_000_000) as u64, (now % 1_000_000) as u64);
    let high = milliseconds << 16 | 7 << 12 | nanoseconds >> 8;
    let low = 0b10 << 62 | (nanoseconds & 0xff) << 54 | rand::random::<u64>() >> 10;
    Uuid::from_u64_pair(high, low)
}

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
    WorkspaceId = sorted_by_time();
    /// A host organisation.
    TeamId = sorted_by_time();
    /// A person, on either side.
    UserId = sorted_by_time();
    /// An item of a workspace's tree.
    ItemId = sorted_by_time();
    /// An environment of a workspace.
    EnvironmentId = sorted_by_time();
    /// A comment on an item.
    CommentId = sorted_by_time();
    /// An invitation.
    InvitationId = sorted_by_time();
    /// A credential: a browser's sign-in, or a personal access token.
    CredentialId = sorted_by_time();
    /// A client's name for one edit; it makes a retry safe.
    OpId = sorted_by_time();
    /// An entry of a person's history.
    EntryId = sorted_by_time();
    /// A run of a collection.
    RunId = sorted_by_time();
    /// An open WebSocket.
    SessionId = Uuid::new_v4();
    /// A node of a cluster, from one start of the server to its end.
    NodeId = sorted_by_time();
    /// A run of positions that can be resumed; a workspace gets a new one when its mode is switched.
    Epoch = sorted_by_time();
}

impl ItemId {
    /// Ids for what one command makes, an import say: the first is new, and each next one is greater by one. Whoever sees
    /// them sees all of them, so there is nothing they could tell; and a snapshot of 2,000 items shrinks to less than half
    /// when it is compressed, since it is the random bits that don't.
    ///
    /// All that are taken must be used: gaps would count what isn't shown.
    pub fn in_a_row() -> impl FnMut() -> Self {
        // The highest of the random bits is given up, so that no row ever reaches those of the time.
        let mut next = sorted_by_time().as_u128() & !(1 << 53);
        move || {
            let id = Self(Uuid::from_u128(next));
            next += 1;
            id
        }
    }
}

/// A place in one stream of one epoch: dense, the first event has 1, and 0 is before all.
pub type Position = u64;

/// A place in a workspace's whole log, both streams and all epochs: dense. Never sent to anybody.
pub type Sequence = u64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_time_and_do_not_count() {
        let before = OffsetDateTime::now_utc().unix_timestamp_nanos() as u128 / 1_000_000;
        let ids: Vec<Uuid> = (0..1_000).map(|_| sorted_by_time()).collect();
        assert!(ids.is_sorted());
        assert!(ids.iter().all(|id| id.get_version_num() == 7 && id.get_variant() == uuid::Variant::RFC4122));
        assert!((before..before + 60_000).contains(&(ids[0].as_u128() >> 80)));
        // Behind the time, where a counter would grow.
        let rest: Vec<u64> = ids.iter().map(|id| id.as_u64_pair().1 & ((1 << 54) - 1)).collect();
        let grows = rest.windows(2).filter(|two| two[0] < two[1]).count();
        assert!((250..750).contains(&grows), "{grows} of 999");
    }

    #[test]
    fn ids_in_a_row_follow_each_other_from_anywhere() {
        let (mut one, mut other) = (ItemId::in_a_row(), ItemId::in_a_row());
        let ids: Vec<ItemId> = (0..1_000).map(|_| one()).collect();
        assert!(ids.windows(2).all(|two| two[0].0.as_u128() + 1 == two[1].0.as_u128()));
        assert!(ids.iter().all(|id| id.0.get_version_num() == 7 && id.0.get_variant() == uuid::Variant::RFC4122));
        assert!(ids[0] < other());
        let starts: std::collections::BTreeSet<u64> =
            (0..1_000).map(|_| ItemId::in_a_row()().0.as_u64_pair().1 & ((1 << 53) - 1)).collect();
        assert_eq!(starts.len(), 1_000, "where they begin tells nothing");
    }
}
