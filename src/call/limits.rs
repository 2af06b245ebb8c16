//! How much a person may send. Each has a limit of its own, so that nobody's sending tells anything of another's.

use crate::config::{LOOKUPS_OF_A_PERSON, SEND_BURST, SENDS_AT_ONCE, SENDS_PER_MINUTE};
use crate::id::UserId;
use dashmap::DashMap;
use governor::clock::{Clock, DefaultClock};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

/// After so many admissions, who has been idle is forgotten.
const SWEEP: usize = 1_024;

/// How much a person may send.
#[derive(Clone, Copy, Debug)]
pub struct Allowance {
    /// Requests, after the burst.
    pub per_minute: NonZeroU32,
    /// Requests at once after a pause.
    pub burst: NonZeroU32,
    /// Requests on their way.
    pub at_once: usize,
}

impl Default for Allowance {
    fn default() -> Self {
        let some = |number| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
        Self { per_minute: some(SENDS_PER_MINUTE), burst: some(SEND_BURST), at_once: SENDS_AT_ONCE }
    }
}

/// Why a person has to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wait {
    /// Too many in a while.
    #[error("too many requests: the next may be sent in {} s", seconds(*.0))]
    Rate(Duration),
    /// Too many on their way.
    #[error("{0} requests are on their way: another may be sent when one of them has ended")]
    AtOnce(usize),
}

impl Wait {
    /// As clients know it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Rate(_) => "too_many_requests",
            Self::AtOnce(_) => "too_many_at_once",
        }
    }

    /// For `Retry-After`, in whole seconds, at least one.
    #[must_use]
    pub fn retry_after(&self) -> u64 {
        match self {
            Self::Rate(wait) => seconds(*wait),
            Self::AtOnce(_) => 1,
        }
    }
}

fn seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0 || wait.is_zero())
}

type Rates<C> = RateLimiter<UserId, DashMapStateStore<UserId>, C, NoOpMiddleware<<C as Clock>::Instant>>;

/// What a person has on its way.
struct Running {
    requests: usize,
    /// Places for look-ups of names.
    lookups: Arc<Semaphore>,
}

/// Everybody's limits. Cloning shares them.
#[derive(Clone)]
pub struct Limits<C: Clock = DefaultClock> {
    allowance: Allowance,
    clock: C,
    rates: Arc<Rates<C>>,
    running: Arc<DashMap<UserId, Running>>,
    admissions: Arc<AtomicUsize>,
}

impl Default for Limits {
    fn default() -> Self {
        Self::new(Allowance::default(), DefaultClock::default())
    }
}

impl<C: Clock + Clone> Limits<C> {
    /// With a clock.
    #[must_use]
    pub fn new(allowance: Allowance, clock: C) -> Self {
        let quota = Quota::per_minute(allowance.per_minute).allow_burst(allowance.burst);
        Self {
            allowance,
            rates: Arc::new(RateLimiter::new(quota, DashMapStateStore::default(), clock.clone())),
            clock,
            running: Arc::default(),
            admissions: Arc::default(),
        }
    }

    /// Lets one request of a person go; it is on its way until the permit is dropped.
    ///
    /// # Errors
    /// The person has to wait. Nothing is counted then.
    pub fn admit(&self, user: UserId) -> Result<Permit, Wait> {
        // Drops what it took if the rate refuses.
        let permit = {
            let none = || Running { requests: 0, lookups: Arc::new(Semaphore::new(LOOKUPS_OF_A_PERSON)) };
            let mut running = self.running.entry(user).or_insert_with(none);
            if running.requests >= self.allowance.at_once {
                return Err(Wait::AtOnce(running.requests));
            }
            running.requests += 1;
            Permit { user, running: Arc::clone(&self.running), lookups: Arc::clone(&running.lookups) }
        };
        self.rates.check_key(&user).map_err(|until| Wait::Rate(until.wait_time_from(self.clock.now())))?;
        if self.admissions.fetch_add(1, Ordering::Relaxed) % SWEEP == SWEEP - 1 {
            self.rates.retain_recent();
        }
        Ok(permit)
    }

    /// Persons something is kept of: who sends now, and who did lately.
    #[must_use]
    pub fn kept(&self) -> usize {
        self.running.len().max(self.rates.len())
    }
}

/// A request on its way.
#[must_use]
pub struct Permit {
    user: UserId,
    running: Arc<DashMap<UserId, Running>>,
    lookups: Arc<Semaphore>,
}

impl Permit {
    /// A place among the person's look-ups, once there is one.
    pub(super) async fn look_up(&self) -> Result<OwnedSemaphorePermit, AcquireError> {
        Arc::clone(&self.lookups).acquire_owned().await
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.running.remove_if_mut(&self.user, |_, running| {
            running.requests = running.requests.saturating_sub(1);
            running.requests == 0
        });
    }
}
