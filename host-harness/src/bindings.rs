//! Bindings of the world `onboarding-core`, generated from `wit/`. The public face of these types is [`crate::model`].
#![expect(missing_docs, reason = "generated; the documentation stands in wit/onboarding.wit")]

wasmtime::component::bindgen!({
    path: "../wit",
    world: "ecms:onboarding/onboarding-core",
    imports: { default: async },
    exports: { default: async },
    additional_derives: [PartialEq, serde::Serialize, serde::Deserialize],
});
