//! A link to one export, for tools that take an address and can send no header. It is good for a few minutes, for one
//! item, on behalf of one person, and is kept nowhere: the server knows its seal again. Whoever serves it still asks
//! whether that person is a member.

use crate::id::{ItemId, UserId, WorkspaceId};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// How long a link is good for: long enough to paste it, too short to be worth finding in a log.
pub const LIFE: Duration = Duration::minutes(10);

/// Says what is sealed, so that no seal that the same key makes for anything else is one of these.
const PURPOSE: &[u8] = b"loggia export link 1\0";
/// The person and the time, in front of the seal.
const SAID: usize = 16 + 8;

/// Makes a link's token for a person, good until `expires_at` (to the second).
#[must_use]
pub fn seal(
    key: &[u8; 32],
    workspace: WorkspaceId,
    item: ItemId,
    person: UserId,
    expires_at: OffsetDateTime,
) -> String {
    let mut bytes = person.0.as_bytes().to_vec();
    bytes.extend_from_slice(&expires_at.unix_timestamp().to_be_bytes());
    let seal = mac(key, workspace, item, &bytes).finalize().into_bytes();
    bytes.extend_from_slice(&seal);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Whose link to this item the token is; `None` when it is nobody's, another item's, or over.
#[must_use]
pub fn open(key: &[u8; 32], workspace: WorkspaceId, item: ItemId, token: &str, now: OffsetDateTime) -> Option<UserId> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (said, seal) = bytes.split_at_checked(SAID)?;
    mac(key, workspace, item, said).verify_slice(seal).ok()?;
    let (person, until) = said.split_at_checked(16)?;
    let until = i64::from_be_bytes(until.try_into().ok()?);
    let person = UserId(Uuid::from_slice(person).ok()?);
    (now.unix_timestamp() < until).then_some(person)
}

fn mac(key: &[u8; 32], workspace: WorkspaceId, item: ItemId, said: &[u8]) -> Hmac<Sha256> {
    #[allow(clippy::expect_used, reason = "HMAC takes keys of any length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length");
    mac.update(PURPOSE);
    mac.update(workspace.0.as_bytes());
    mac.update(item.0.as_bytes());
    mac.update(said);
    mac
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_good_for_its_item_its_time_and_its_key_alone() {
        let (key, workspace, item, person) = ([7; 32], WorkspaceId::new(), ItemId::new(), UserId::new());
        let now = OffsetDateTime::UNIX_EPOCH + Duration::days(20_000);
        let token = seal(&key, workspace, item, person, now + LIFE);
        let opened = |key, workspace, item, at| open(key, workspace, item, &token, at);
        assert_eq!(opened(&key, workspace, item, now), Some(person));
        assert_eq!(opened(&key, workspace, item, now + LIFE - Duration::seconds(1)), Some(person));
        assert_eq!(opened(&key, workspace, item, now + LIFE), None);
        assert_eq!(opened(&[8; 32], workspace, item, now), None);
        assert_eq!(opened(&key, WorkspaceId::new(), item, now), None);
        assert_eq!(opened(&key, workspace, ItemId::new(), now), None);
        let mut bytes = URL_SAFE_NO_PAD.decode(&token).unwrap();
        for at in 0..bytes.len() {
            bytes[at] ^= 1;
            assert_eq!(open(&key, workspace, item, &URL_SAFE_NO_PAD.encode(&bytes), now), None, "byte {at}");
            bytes[at] ^= 1;
            assert_eq!(open(&key, workspace, item, &URL_SAFE_NO_PAD.encode(&bytes[..at]), now), None, "{at} bytes");
        }
        assert_eq!(open(&key, workspace, item, "no token", now), None);
    }
}
