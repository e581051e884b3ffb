//! Somebody who watches requests come and go, and may make one of them vanish.
//!
//! A test that ends its client at an exact point of a conversation has to know when that point has come: a request has
//! arrived and nothing was done yet, or its effect is stored and nobody was told. At both moments the [`Observer`] is
//! called, and the request waits until it returns. What it answers decides whether the request goes on: a client that
//! was killed may leave a request behind that was still carried out, or one that never was.

use std::sync::Arc;

/// How far a request got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It is here, body and all, and nothing has been done about it.
    Arrived,
    /// What it asked for is stored, and the answer has not left.
    CarriedOut,
}

/// One moment in the life of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Running number of the request since the start or the last reset, from 1.
    pub number: u64,
    /// Official name of the operation.
    pub operation: &'static str,
    /// How far it got.
    pub stage: Stage,
}

/// What becomes of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// It takes its course.
    GoOn,
    /// It ends here: what was not done stays undone, and the connection is closed without an answer.
    Vanish,
}

/// Is called at every [`Moment`], on a thread of the server: it may block for a little while.
pub type Observer = Arc<dyn Fn(Moment) -> Next + Send + Sync>;
