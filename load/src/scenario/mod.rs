//! The scenarios, a story a file: who comes, what happens, what must hold.

pub(crate) mod burst;
mod churn;
pub(crate) mod edit_rate;
pub(crate) mod join_storm;
pub(crate) mod reconnect_storm;
pub(crate) mod sends;
pub(crate) mod slow_readers;
pub(crate) mod soak;
pub(crate) mod steady;
mod steps;
