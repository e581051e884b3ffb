//! AvaTax's API as this component uses it.
//!
//! | part | module |
//! |---|---|
//! | sending, waiting when AvaTax says slow down, repeating what may be repeated | [`client`] |
//! | what an answer means | [`answer`] |
//! | the calls, typed | [`calls`] |
//!
//! There is no account in here: the host adds credentials to requests after its policy has allowed them.

pub mod answer;
pub mod calls;
pub mod client;

pub use answer::Failure;
pub use client::AvaTax;
