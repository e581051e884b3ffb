//! Bindings of the world `document-reader`, generated from `wit-reader/`.
#![expect(missing_docs, reason = "generated; the documentation stands in wit-reader/reader.wit")]

wasmtime::component::bindgen!({
    path: "../wit-reader",
    world: "ecms:document-reader/document-reader",
});
