//! Bindings of the world `document-reader`, generated from `wit-reader/`.
#![allow(
    clippy::all,
    clippy::pedantic,
    clippy::str_to_string,
    clippy::allow_attributes,
    reason = "generated"
)]
#![allow(
    unreachable_pub,
    missing_debug_implementations,
    missing_docs,
    rust_2018_idioms,
    reason = "generated"
)]

wit_bindgen::generate!({
    path: "../wit-reader",
    world: "ecms:document-reader/document-reader",
    pub_export_macro: true,
    default_bindings_module: "crate::bindings",
});
