//! A stand-in for the part of AvaTax that keeps customers and exemption certificates.
//!
//! It speaks real HTTP with the paths, bodies, limits, error envelope and codes of the API at version 26.6.0, keeps its
//! state in memory (and in a file if asked), and can be told to misbehave in repeatable ways. It is meant to be harder
//! than the real thing: what AvaTax leaves open is a switch in [`SimConfig`], and texts of refusals are our own, so a
//! client has to go by codes. It is no tax engine and has no real protection; it listens on the loopback address.
//!
//! ```no_run
//! # async fn example() -> Result<(), avatax_sim::SimError> {
//! let simulator = avatax_sim::start(avatax_sim::SimConfig::default()).await?;
//! println!("{}", simulator.base_url());
//! simulator.stop().await
//! # }
//! ```

mod answer;
mod batch;
mod call;
mod certificates;
mod config;
mod control;
mod customers;
mod definitions;
mod documents;
mod engine;
mod error;
mod fault;
mod fields;
mod filter;
mod geo;
mod invitations;
mod links;
mod list;
mod misbehave;
mod observer;
mod random;
mod routes;
mod server;
mod shared;
mod strangers;
mod view;
mod world;

pub use config::{
    BatchMode, CompanySeed, DuplicateAnswer, LinkTwice, Provisioning, Role, SimArgs, SimConfig,
};
pub use error::SimError;
pub use fault::{Fault, FaultKind, FaultParseError};
pub use observer::{Moment, Next, Observer, Stage};
pub use server::{Simulator, start};
pub use shared::{FaultCounts, Summary};
