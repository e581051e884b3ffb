//! Reference host for the `ecms:onboarding` component.
//!
//! An ERP vendor embeds this library: load the component once ([`plugin::Plugin`]), describe a tenant
//! ([`tenant::Tenant`]: where its customers, documents and journal are, which AvaTax company it is, what it may
//! reach), and call `analyze`, `sync` or `onboard_certificates`. Every call runs in a fresh store of its own.
//!
//! The modules follow the concerns of a host:
//!
//! | concern | module |
//! |---|---|
//! | the contract, as Rust types | [`model`] |
//! | compiling and running the component | [`engine`], [`plugin`], [`store`] |
//! | what a call may use up | [`limits`] |
//! | what a call may reach, and as whom | [`policy`], [`http`], [`secrets`] |
//! | what a tenant brings | [`tenant`], [`erp`], [`documents`], [`ocr`], [`journal`], [`progress`] |
//! | a tenant from a file | [`config`] |
//! | what has been done, for people and machines | [`report`] |
//! | what a person corrects on a certificate | [`corrections`] |

mod bindings;
pub mod config;
pub mod corrections;
pub mod documents;
pub mod engine;
pub mod erp;
pub mod error;
pub mod http;
pub mod journal;
pub mod limits;
pub mod model;
pub mod ocr;
pub mod plugin;
pub mod policy;
pub mod progress;
pub mod report;
pub mod secrets;
pub mod store;
pub mod tenant;

#[cfg(feature = "cli")]
pub mod cli;
