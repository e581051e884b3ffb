//! The built components as files: valid components, of our worlds, that can name nothing beyond the lists written here,
//! small, and with contracts whose every item is explained.
//!
//! What a component imports is all it can ever reach, so the list is spelled out interface by interface, versions
//! included: a change of it has to be made here by hand, where a reviewer sees it. That a host refuses a component with
//! a longer list is tested beside the host's loader.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a helper that finds something else than it looks for fails the test"
)]

use std::{collections::BTreeSet, fs};

use onboarding_tests::{component_file, reader_file, workspace};
use wasmparser::{Parser, Payload, Validator, WasmFeatures};
use wit_parser::{Docs, PackageId, Resolve, Stability, Type, TypeDef, TypeDefKind, TypeOwner, WorldId};

/// Everything the component may name.
const IMPORTS: [&str; 12] = [
    "ecms:onboarding/documents@0.1.0",
    "ecms:onboarding/erp@0.1.0",
    "ecms:onboarding/journal@0.1.0",
    "ecms:onboarding/ocr@0.1.0",
    "ecms:onboarding/progress@0.1.0",
    "ecms:onboarding/tenant@0.1.0",
    "wasi:clocks/monotonic-clock@0.2.2",
    "wasi:http/outgoing-handler@0.2.2",
    "wasi:http/types@0.2.2",
    "wasi:io/error@0.2.2",
    "wasi:io/poll@0.2.2",
    "wasi:io/streams@0.2.2",
];

/// Everything the reader of documents may name: files from strangers are taken apart where nothing else can be reached.
const READER_IMPORTS: [&str; 1] = ["ecms:document-reader/recognition@0.1.0"];

/// Rules, labels and captions of the forms lie inside it as data. What takes how much stands in `docs/performance.md`.
const MAX_BYTES: usize = 620 * 1024;
/// It draws pages and decodes pictures, built for speed.
const READER_MAX_BYTES: usize = 6 * 1024 * 1024;

fn component() -> Vec<u8> {
    fs::read(component_file()).unwrap()
}

fn contract() -> (Resolve, PackageId) {
    contract_in("wit")
}

fn contract_in(folder: &str) -> (Resolve, PackageId) {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(workspace().join(folder)).unwrap();
    (resolve, package)
}

fn world(resolve: &Resolve, package: PackageId, name: &str) -> WorldId {
    resolve.select_world(&[package], Some(name)).unwrap()
}

/// Names of the outermost component's imports and exports. What parts inside it name among themselves is no reach.
fn outer_names(bytes: &[u8]) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut imports, mut exports, mut depth) = (BTreeSet::new(), BTreeSet::new(), 0);
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.unwrap() {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            Payload::ComponentImportSection(section) if depth == 0 => {
                imports.extend(section.into_iter().map(|import| import.unwrap().name.name.to_owned()));
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                exports.extend(section.into_iter().map(|export| export.unwrap().name.name.to_owned()));
            }
            _ => {}
        }
    }
    (imports, exports)
}

#[test]
fn it_is_a_valid_component() {
    // The features of the sandbox's default, and the component model; not what is still being proposed.
    let features = WasmFeatures::WASM2 | WasmFeatures::COMPONENT_MODEL;
    let bytes = component();
    Validator::new_with_features(features).validate_all(&bytes).unwrap();
    assert!(Parser::is_component(&bytes));
    // The same check refuses it after one byte of its end is gone.
    assert!(Validator::new_with_features(features).validate_all(&bytes[..bytes.len() - 1]).is_err());
}

#[test]
fn it_fits_the_world_of_the_contract_and_no_smaller_one() {
    let (resolve, package) = contract();
    let bytes = component();
    wit_component::targets(&resolve, world(&resolve, package, "onboarding-plugin"), &bytes).unwrap();
    // The world without network and clocks: a component that imports more than a world has does not fit it.
    let smaller = wit_component::targets(&resolve, world(&resolve, package, "onboarding-core"), &bytes);
    let why = format!("{:#}", smaller.unwrap_err());
    assert!(why.contains("wasi:"), "{why}");
}

#[test]
fn it_names_exactly_the_imports_of_the_list_and_exports_one_interface() {
    let (imports, exports) = outer_names(&component());
    assert_eq!(imports.iter().map(String::as_str).collect::<Vec<_>>(), IMPORTS);
    assert_eq!(exports.iter().map(String::as_str).collect::<Vec<_>>(), ["ecms:onboarding/onboarding@0.1.0"]);
}

#[test]
fn it_is_small() {
    let size = component().len();
    println!("the component has {size} bytes");
    assert!(size <= MAX_BYTES, "{size} bytes; the limit is {MAX_BYTES}");
}

#[test]
fn the_reader_is_a_component_of_its_world_that_names_its_recognition_and_nothing_else() {
    let bytes = fs::read(reader_file()).unwrap();
    // WASM2 holds the instructions that work on many pixels at a time.
    let features = WasmFeatures::WASM2 | WasmFeatures::COMPONENT_MODEL;
    Validator::new_with_features(features).validate_all(&bytes).unwrap();
    let (resolve, package) = contract_in("wit-reader");
    wit_component::targets(&resolve, world(&resolve, package, "document-reader"), &bytes).unwrap();
    let (imports, exports) = outer_names(&bytes);
    assert_eq!(imports.iter().map(String::as_str).collect::<Vec<_>>(), READER_IMPORTS);
    assert_eq!(
        exports.iter().map(String::as_str).collect::<Vec<_>>(),
        ["ecms:document-reader/reading@0.1.0"]
    );
    println!("the reader has {} bytes", bytes.len());
    assert!(bytes.len() <= READER_MAX_BYTES, "{} bytes; the limit is {READER_MAX_BYTES}", bytes.len());
}

#[test]
fn every_item_of_the_reader_s_contract_is_explained_and_says_since_when() {
    let (resolve, package) = contract_in("wit-reader");
    let mut inspection = Inspection::default();
    inspection.package(&resolve, package);
    assert_eq!(inspection.missing, [] as [String; 0]);
    assert!(inspection.seen > 50, "{}", inspection.seen);
}

/// Goes through a package and notes what is not explained or not dated.
#[derive(Default)]
struct Inspection {
    seen: usize,
    missing: Vec<String>,
}

impl Inspection {
    fn docs(&mut self, name: &str, docs: &Docs) {
        self.seen += 1;
        if docs.contents.as_deref().is_none_or(|text| text.trim().is_empty()) {
            self.missing.push(format!("{name} has no documentation"));
        }
    }

    fn item(&mut self, name: &str, docs: &Docs, stability: &Stability) {
        self.docs(name, docs);
        if !matches!(stability, Stability::Stable { .. }) {
            self.missing.push(format!("{name} has no @since"));
        }
    }

    /// The parts of a type, which have no `@since` of their own.
    fn parts(&mut self, name: &str, kind: &TypeDefKind) {
        let parts: Vec<(&str, &Docs)> = match kind {
            TypeDefKind::Record(record) => {
                record.fields.iter().map(|it| (it.name.as_str(), &it.docs)).collect()
            }
            TypeDefKind::Variant(variant) => {
                variant.cases.iter().map(|it| (it.name.as_str(), &it.docs)).collect()
            }
            TypeDefKind::Enum(all) => all.cases.iter().map(|it| (it.name.as_str(), &it.docs)).collect(),
            TypeDefKind::Flags(flags) => flags.flags.iter().map(|it| (it.name.as_str(), &it.docs)).collect(),
            other => panic!("{name} is a {}; say here which parts of it are to be explained", other.as_str()),
        };
        for (part, docs) in parts {
            self.docs(&format!("{name}.{part}"), docs);
        }
    }

    fn package(&mut self, resolve: &Resolve, package: PackageId) {
        let package = &resolve.packages[package];
        self.docs(&package.name.to_string(), &package.docs);
        for (name, id) in &package.worlds {
            let world = &resolve.worlds[*id];
            self.item(name, &world.docs, &world.stability);
        }
        for (interface_name, id) in &package.interfaces {
            let interface = &resolve.interfaces[*id];
            self.item(interface_name, &interface.docs, &interface.stability);
            for (name, id) in &interface.types {
                let kind = &resolve.types[*id];
                if !is_borrowed_name(resolve, kind) {
                    let name = format!("{interface_name}.{name}");
                    self.item(&name, &kind.docs, &kind.stability);
                    self.parts(&name, &kind.kind);
                }
            }
            for (name, function) in &interface.functions {
                self.item(&format!("{interface_name}.{name}"), &function.docs, &function.stability);
            }
        }
    }
}

/// Whether a type is only the name of one of another interface, taken over by `use`.
fn is_borrowed_name(resolve: &Resolve, kind: &TypeDef) -> bool {
    match kind.kind {
        TypeDefKind::Type(Type::Id(original)) => {
            matches!(resolve.types[original].owner, TypeOwner::Interface(_))
                && resolve.types[original].owner != kind.owner
        }
        _ => false,
    }
}

#[test]
fn every_item_of_the_contract_is_explained_and_says_since_when() {
    let (resolve, package) = contract();
    let names: Vec<_> = resolve.packages[package].interfaces.keys().map(String::as_str).collect();
    assert_eq!(names, ["erp", "documents", "ocr", "journal", "progress", "tenant", "onboarding"]);
    let mut inspection = Inspection::default();
    inspection.package(&resolve, package);
    assert_eq!(inspection.missing, [] as [String; 0]);
    // The contract has some hundreds of items; an inspection that walked past them would find nothing missing either.
    assert!(inspection.seen > 250, "{}", inspection.seen);
}

#[test]
fn an_item_without_explanation_or_date_is_found() {
    let mut resolve = Resolve::default();
    let text = "package made:up@0.1.0;\n/// Bare inside.\n@since(version = 0.1.0)\ninterface bare {\n\
                enum colour { /// Red.\n red, green }\n@since(version = 0.1.0)\npaint: func();\n}";
    let package = resolve.push_str("made-up.wit", text).unwrap();
    let mut inspection = Inspection::default();
    inspection.package(&resolve, package);
    assert_eq!(
        inspection.missing,
        [
            "made:up@0.1.0 has no documentation",
            "bare.colour has no documentation",
            "bare.colour has no @since",
            "bare.colour.green has no documentation",
            "bare.paint has no documentation",
        ]
    );
}
