//! Guests that misuse HTTP, and servers that answer wrongly. Each request ends with a typed error in a bounded time, and
//! the next one works.

use crate::{
    server::{OK, answering},
    world::{guest, words},
};

#[tokio::test]
pub(super) async fn never_reads_an_answer() {
    let server = answering(OK);
    let call = guest("never_reads_an_answer").at(&server.base()).preview().await;
    assert_eq!(words(&call), "Ok(200)");
}
