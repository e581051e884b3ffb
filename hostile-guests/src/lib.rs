//! Components that misbehave, one behaviour each, to be run in the real sandbox.
//!
//! All behaviours are one component, built once by `cargo xtask guests`. A host picks one by writing its name where the
//! cover letter of a tenant's settings stands; the names under which the company sells are its arguments.
//!
//! [`for_each_behaviour`] is the only list. The component's dispatch is made from it, so that a listed behaviour without
//! code does not compile; whoever runs the guests makes the references to their own functions from the same list.

mod list;

#[cfg(target_arch = "wasm32")]
mod guest;
