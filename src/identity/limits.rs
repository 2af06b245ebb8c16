//! How many mails somebody can cause. Whoever is over a limit hears nothing of it: what a limit would tell may be
//! somebody else's doing. A node counts for itself.

use crate::id::{UserId, WorkspaceId};
use governor::{DefaultKeyedRateLimiter, Quota};
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::time::Duration;

/// Links to sign in that are mailed to an account within an hour.
pub const SIGN_INS: u32 = 5;
/// Links to sign in that a client can ask for within an hour.
const SIGN_INS_OF_CLIENT: u32 = 60;
/// Mails to one address by which one person can invite it to one workspace within an hour.
pub const INVITATIONS: u32 = 5;
/// Invitations of one person that are mailed within an hour.
const INVITATIONS_OF_PERSON: u32 = 2_000;
/// Clients that are counted. Beyond, who is new is not: a limit that strangers fill up is none.
const MOST_CLIENTS: usize = 100_000;

/// The counts of a node.
pub struct Limits {
    sign_ins: DefaultKeyedRateLimiter<UserId>,
    clients: DefaultKeyedRateLimiter<IpAddr>,
    invitations: DefaultKeyedRateLimiter<(UserId, WorkspaceId, String)>,
    inviters: DefaultKeyedRateLimiter<UserId>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            sign_ins: an_hour(SIGN_INS),
            clients: an_hour(SIGN_INS_OF_CLIENT),
            invitations: an_hour(INVITATIONS),
            inviters: an_hour(INVITATIONS_OF_PERSON),
        }
    }
}

/// So many at once, and again as many within each hour.
fn an_hour<K: std::hash::Hash + Eq + Clone>(most: u32) -> DefaultKeyedRateLimiter<K> {
    DefaultKeyedRateLimiter::keyed(Quota::per_hour(NonZeroU32::new(most).unwrap_or(NonZeroU32::MIN)))
}

impl Limits {
    /// Counts a link to sign in: whether it may be mailed.
    #[must_use]
    pub fn sign_in(&self, user: UserId) -> bool {
        self.sign_ins.check_key(&user).is_ok()
    }

    /// Counts a request for a link: whether its client may have one mailed.
    #[must_use]
    pub fn client(&self, peer: IpAddr) -> bool {
        let Some(client) = client(peer) else { return true };
        if self.clients.len() >= MOST_CLIENTS {
            self.clients.retain_recent();
        }
        self.clients.len() >= MOST_CLIENTS || self.clients.check_key(&client).is_ok()
    }

    /// Counts an invitation: whether it may be mailed. Each inviter counts alone, so that none hears of another.
    #[must_use]
    pub fn invitation(&self, by: UserId, workspace: WorkspaceId, email: &str) -> bool {
        self.invitations.check_key(&(by, workspace, email.to_owned())).is_ok() && self.inviters.check_key(&by).is_ok()
    }

    /// Forgets counts that limit nobody any more. Waits for nothing; in an hour it is worth while again.
    pub fn tidy(&self) {
        self.sign_ins.retain_recent();
        self.clients.retain_recent();
        self.invitations.retain_recent();
        self.inviters.retain_recent();
    }
}

/// How often `tidy` is worth while.
pub const TIDY_EVERY: Duration = Duration::from_secs(3_600);

/// What a client is counted by: its address, of an IPv6 one the network. None for private addresses: there stands a
/// balancer, and behind it everyone.
fn client(peer: IpAddr) -> Option<IpAddr> {
    match peer.to_canonical() {
        IpAddr::V4(ip) => (!ip.is_loopback() && !ip.is_private() && !ip.is_link_local()).then_some(ip.into()),
        IpAddr::V6(ip) => {
            let own = ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local();
            (!own).then(|| Ipv6Addr::from_bits(ip.to_bits() & !u128::from(u64::MAX)).into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_counted_alone() {
        let limits = Limits::default();
        let (ada, bo, here, there) = (UserId::new(), UserId::new(), WorkspaceId::new(), WorkspaceId::new());
        for turn in 0..=SIGN_INS {
            assert_eq!(limits.sign_in(ada), turn < SIGN_INS);
        }
        assert!(limits.sign_in(bo));
        for turn in 0..=INVITATIONS {
            assert_eq!(limits.invitation(ada, here, "cy@cyan.dev"), turn < INVITATIONS);
        }
        assert!(limits.invitation(bo, here, "cy@cyan.dev"));
        assert!(limits.invitation(ada, there, "cy@cyan.dev"));
        assert!(limits.invitation(ada, here, "di@cyan.dev"));
    }

    #[test]
    fn a_client_is_a_public_address_or_a_network_of_them() {
        let limits = Limits::default();
        for (peer, same, other) in [
            ("192.0.2.1", "::ffff:192.0.2.1", "192.0.2.2"),
            ("2001:db8:1:2::1", "2001:db8:1:2:ffff::7", "2001:db8:1:3::1"),
        ] {
            let [peer, same, other]: [IpAddr; 3] = [peer, same, other].map(|ip| ip.parse().expect("an address"));
            for _ in 0..SIGN_INS_OF_CLIENT {
                assert!(limits.client(peer));
            }
            assert!(!limits.client(same) && limits.client(other));
        }
        for balancer in ["127.0.0.1", "10.1.2.3", "192.168.1.1", "::1", "fd00::1", "fe80::1"] {
            let balancer = balancer.parse().expect("an address");
            assert!((0..1_000).all(|_| limits.client(balancer)), "{balancer}");
        }
    }

    #[test]
    fn what_is_counted_still_is_kept() {
        let limits = Limits::default();
        let ada = UserId::new();
        assert!((0..SIGN_INS).all(|_| limits.sign_in(ada)));
        limits.tidy();
        assert!(!limits.sign_in(ada));
    }
}
