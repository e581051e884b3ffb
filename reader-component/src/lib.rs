//! The reader of documents as a component: the crate `document-reader` behind `wit-reader/reader.wit`.
//!
//! Nothing is decided here. Bytes go to the reader, what it found is put into the shapes of the contract, and a page
//! that has to be recognised is handed to the host through the one import there is. The host makes a fresh instance for
//! every document, so nothing is kept between calls. Compiled for anything but WebAssembly the crate is empty, because
//! a native host calls the reader itself.

#[cfg(target_arch = "wasm32")]
mod bindings;
#[cfg(target_arch = "wasm32")]
mod component;
#[cfg(target_arch = "wasm32")]
mod convert;
