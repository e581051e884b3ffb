//! Guests that ask for what is not allowed. No such request leaves the host, whatever it looks like.

use crate::{
    server::{OK, answering},
    world::{guest, outcomes},
};

/// How a guest is told that the policy did not let it.
const DENIED: &str = "failed: ErrorCode::HttpRequestDenied";

#[tokio::test]
pub(super) async fn asks_another_host() {
    let server = answering(OK);
    let call = guest("asks_another_host").at(&server.base()).preview().await;
    assert_eq!(outcomes(&call), ["200, 2 bytes `ok`", DENIED]);
    assert_eq!(call.metrics.denials, 1);
    assert!(call.metrics.denied.concat().contains("other.example.com"), "{:?}", call.metrics.denied);
}
