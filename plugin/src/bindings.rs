//! Bindings of the world `onboarding-core`, generated from `wit/`. The rest of the crate sees them as [`crate::model`].
#![allow(
    clippy::all,
    clippy::pedantic,
    clippy::str_to_string,
    clippy::allow_attributes,
    reason = "generated"
)]
#![allow(unreachable_pub, missing_debug_implementations, rust_2018_idioms, reason = "generated")]

wit_bindgen::generate!({
    path: "../wit",
    world: "ecms:onboarding/onboarding-core",
    additional_derives: [PartialEq],
    pub_export_macro: true,
    default_bindings_module: "crate::bindings",
});
