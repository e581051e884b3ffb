//! Guests that use up what there is, hand back what nobody asked for, and break down.

use host_harness::error::CallError;

use crate::world::guest;

#[tokio::test]
pub(super) async fn panics() {
    let call = guest("panics").analyze().await;
    assert!(matches!(call.value, Err(CallError::Trap { .. })), "{:?}", call.value);
}
