//! OFBiz's entity XML: customers within the contract, or an error that names a line.
#![no_main]

use std::path::Path;

use host_harness::erp::{ErpOpenError, ofbiz};
use jiff::civil::date;
use libfuzzer_sys::fuzz_target;
use onboarding_fuzz::{check_sentence, customers};

fuzz_target!(|bytes: &[u8]| {
    match ofbiz::parse(bytes, Path::new("a.xml"), date(2026, 11, 22)) {
        // Each customer takes an element of its own, and the shortest is longer than this.
        Ok(erp) => assert!(customers::check_memory(&erp) <= bytes.len() / 10),
        Err(error) => {
            check_sentence(&error.to_string(), 2000);
            let lines = bytes.iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
            assert!(!matches!(error, ErpOpenError::Broken { line, .. } if !(1..=lines).contains(&line)));
        }
    }
});
