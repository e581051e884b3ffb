//! Bindings of the whole world `onboarding-plugin`, generated from `wit/`.
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
    world: "ecms:onboarding/onboarding-plugin",
    generate_all,
    pub_export_macro: true,
    default_bindings_module: "crate::guest::bindings",
});
