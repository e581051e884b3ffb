//! Onboarding of customers and exemption certificates to AvaTax, as one WebAssembly component.
//!
//! The crate has two faces. Compiled for `wasm32` it is the component: the `component` module implements the exports of
//! `wit/onboarding.wit` on top of its imports. Compiled natively it is a library of plain functions over the traits in
//! [`ports`], so that every rule can be tested without a sandbox.
//!
//! | step | module |
//! |---|---|
//! | what the ERP holds, and what stands in the way | [`analyze`], [`customer`], [`exemption`], [`geography`] |
//! | whether AvaTax can be used | [`preflight`] |
//! | creating customers | [`sync`] |
//! | certificates and invitations | [`certificates`] |
//! | the plan, its digest, and what became of it | [`plan`], [`ledger`] |
//! | writes of which nobody knows whether they were done | [`recovery`] |
//! | talking to AvaTax | [`avatax`], [`http`] |
//!
//! Two rules hold everywhere. Nothing is written to AvaTax that a confirmed plan does not contain, and every write is
//! preceded by a journal entry that says so and followed by one that says what became of it.

pub mod analyze;
pub mod avatax;
mod bindings;
pub mod certificates;
pub mod customer;
pub mod exemption;
pub mod geography;
pub mod http;
pub mod json;
pub mod ledger;
pub mod marks;
pub mod model;
pub mod order;
pub mod plan;
pub mod ports;
pub mod preflight;
pub mod recovery;
pub mod sync;
pub mod tally;
pub mod text;

#[cfg(target_arch = "wasm32")]
mod component;
#[cfg(target_arch = "wasm32")]
mod wasi_http;
