//! Bindings of the world `document-reader`, generated from `wit-reader/`.

wasmtime::component::bindgen!({
    path: "../wit-reader",
    world: "ecms:document-reader/document-reader",
});
