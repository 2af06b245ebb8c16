//! What runs on a server of the test's own, and so upon either store: one program, for linking the server takes its time.
//! What measures, or loads the machine, is a program of its own.
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub, reason = "tests")]

#[path = "../common/mod.rs"]
mod common;

mod activity;
mod app;
mod archive;
mod bad_input;
mod churn;
mod comments;
mod description;
mod edits;
mod engagement;
mod forks;
mod kill;
mod live;
mod newman;
mod own;
mod presence;
mod secrets;
mod send;
mod sign_in;
