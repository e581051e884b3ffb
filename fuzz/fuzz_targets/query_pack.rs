//! Query packs: read whole or refused with the line.
#![no_main]

use host_harness::erp::query_pack::{QueryPack, QueryPackError};
use libfuzzer_sys::fuzz_target;
use onboarding_fuzz::{check_sentence, text};

fuzz_target!(|bytes: &[u8]| {
    let Some(text) = text(bytes) else { return };
    match QueryPack::parse(text, "my.toml") {
        Ok(pack) => {
            let fields = pack.exemption_fields();
            assert!(fields.len() <= 8);
            assert!(text.contains("customers-by-id"), "a statement that has to be there");
        }
        Err(error) => {
            check_sentence(&error.to_string(), 2000);
            let lines = text.bytes().filter(|byte| *byte == b'\n').count() + 1;
            assert!(matches!(error, QueryPackError::Syntax { line, .. } if (1..=lines).contains(&line)));
        }
    }
});
