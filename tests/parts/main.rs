//! What the store of a server makes no difference to: one program, for linking the server takes its time.
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub, reason = "tests")]

#[path = "../common/mod.rs"]
mod common;

mod command_line;
mod deploy;
mod fork_plans;
mod guard;
mod layering;
mod postgres;
mod postman;
mod postman_runtime;
mod proxy;
mod sending;
mod store_contract;
mod toolbox;
