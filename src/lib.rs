//! Loggia: a real-time server for partner workspaces. One workspace, many partners, walls between them.
//!
//! The map, in the order of an edit's way (an import points down this list or into its own folder):
//!
//! - [`server`] builds the parts, joins them, stops them; [`demo`] furnishes one to look at.
//! - [`config`] has every setting.
//! - [`http`] answers requests; [`live`] seats sockets and runs them.
//! - [`hub`] has the rooms: a room decides, writes, publishes; sessions read its logs.
//! - [`call`] sends requests for people.
//! - [`identity`] knows people by their secrets.
//! - [`cluster`] tells other nodes; [`store`] keeps everything.
//! - [`visibility`] decides who may see what: the only maker of what leaves.
//! - [`protocol`] is the wire's types.
//! - [`workspace`] is the pure heart: state, commands, events, rules.
//! - [`id`] names things.

pub mod call;
pub mod cluster;
pub mod config;
pub mod demo;
pub mod http;
pub mod hub;
pub mod id;
pub mod identity;
pub mod live;
pub mod protocol;
pub mod server;
pub mod store;
pub mod visibility;
pub mod workspace;
