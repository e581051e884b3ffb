//! Guests that look for traces of other calls and other tenants.

use crate::world::{guest, words};

#[tokio::test]
pub(super) async fn remembers() {
    let world = guest("remembers");
    for _ in 0..3 {
        assert_eq!(words(&world.analyze().await), "0 calls before, 0 bytes found");
    }
}
