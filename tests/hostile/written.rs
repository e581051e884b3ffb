//! Components written out: each does what a few instructions can do.
//!
//! A core module is made into a component of our world by the same library that packages the real one, so it fits the
//! contract exactly and differs only in what its code does.

use std::sync::LazyLock;

use host_harness::{
    engine::{EngineOptions, HostEngine},
    error::LoadError,
    plugin::Plugin,
};
use onboarding_tests::workspace;
use wasmparser::{Parser, Payload};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// Every export's way to end well: it returns the address 16, where the error `stopped` stands, which is case 10 of the
/// errors behind a 1 for "error".
pub(crate) const STOPS: &str = "i32.const 16";
/// A loop that calls nobody.
pub(crate) const LOOPS: &str = "(loop br 0) unreachable";

/// The parts of a module; what is not said ends well.
pub(crate) struct Written<'a> {
    /// Functions it imports.
    pub(crate) imports: &'a str,
    /// Anything beside the functions below.
    pub(crate) more: &'a str,
    /// Bodies of the exports.
    pub(crate) analyze: &'a str,
    pub(crate) sync: &'a str,
    pub(crate) certificates: &'a str,
    /// What is called when the host has something to hand over.
    pub(crate) realloc: &'a str,
}

impl Default for Written<'_> {
    fn default() -> Self {
        Self {
            imports: "",
            more: "",
            analyze: STOPS,
            sync: STOPS,
            certificates: STOPS,
            realloc: "i32.const 512",
        }
    }
}

impl Written<'_> {
    /// The component.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let Self { imports, more, analyze, sync, certificates, realloc } = self;
        let interface = "ecms:onboarding/onboarding@0.1.0";
        let text = format!(
            r#"(module
                {imports}
                (memory (export "memory") 1)
                (data (i32.const 16) "\01") (data (i32.const 24) "\0a")
                {more}
                (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) {realloc})
                (func (export "{interface}#analyze") (result i32) {analyze})
                (func (export "{interface}#sync") (param i32 i32 i32 i32 i32) (result i32) {sync})
                (func (export "{interface}#onboard-certificates") (param i32 i32 i32 i32 i32 i32) (result i32)
                    {certificates}))"#
        );
        let mut module = wat::parse_str(text).unwrap();
        let mut resolve = Resolve::default();
        let (package, _) = resolve.push_dir(workspace().join("wit")).unwrap();
        let world = resolve.select_world(&[package], Some("onboarding-plugin")).unwrap();
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
        ComponentEncoder::default().module(&module).unwrap().encode().unwrap()
    }

    /// The same, which also starts a second module that many times.
    pub(crate) fn starting(&self, module: &str, times: u8) -> Vec<u8> {
        let (mut component, module) = (self.bytes(), wat::parse_str(module).unwrap());
        let (mut depth, mut modules) = (0, 0);
        for payload in Parser::new(0).parse_all(&component) {
            match payload.unwrap() {
                Payload::ModuleSection { .. } => {
                    modules += u8::from(depth == 0);
                    depth += 1;
                }
                Payload::ComponentSection { .. } => depth += 1,
                Payload::End(_) => depth -= 1,
                _ => {}
            }
        }
        // A section with the module, and one with the instances, which has a byte for the number of them.
        let instances = [0, modules, 0].repeat(times.into());
        component.push(1);
        component.extend(leb(module.len()));
        component.extend(module);
        component.push(2);
        component.extend(leb(instances.len() + 1));
        component.push(times);
        component.extend(instances);
        component
    }
}

/// A size as WebAssembly writes it, seven bits a byte from the lowest on.
pub(crate) fn leb(mut size: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while size >= 0x80 {
        bytes.push((size & 0x7f) as u8 | 0x80);
        size >>= 7;
    }
    bytes.push(size as u8);
    bytes
}

static ENGINE: LazyLock<HostEngine> =
    LazyLock::new(|| HostEngine::with_options(EngineOptions::default()).unwrap());

/// Loads a component as a host does, in the engine that these tests share.
pub(crate) fn load(bytes: &[u8]) -> Result<Plugin, LoadError> {
    load_in(&ENGINE, bytes)
}

/// The same in another engine.
pub(crate) fn load_in(engine: &HostEngine, bytes: &[u8]) -> Result<Plugin, LoadError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("component.wasm");
    std::fs::write(&path, bytes).unwrap();
    Plugin::load(engine, &path)
}
