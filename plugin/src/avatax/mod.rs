//! AvaTax's API as this component uses it.
//!
//! | part | module |
//! |---|---|
//! | AvaTax for one company | [`client`] |
//! | sending, several requests in flight | [`sending`] |
//! | what is sent again, after which wait, and when to give up | [`retry`] |
//! | what an answer means | [`answer`] |
//! | the calls, typed | [`calls`] |
//! | lists, page by page | `lists` |
//!
//! There is no account in here: the host adds credentials to requests after its policy has allowed them.

pub mod answer;
pub mod calls;
pub mod client;
mod lists;
pub mod retry;
pub mod sending;

pub use answer::Failure;
pub use client::AvaTax;
