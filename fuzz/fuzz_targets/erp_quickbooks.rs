//! QuickBooks' query answers: customers within the contract, or an error that names a line.
#![no_main]

use std::path::Path;

use host_harness::erp::{ErpOpenError, quickbooks};
use libfuzzer_sys::fuzz_target;
use onboarding_fuzz::{check_sentence, customers};

fuzz_target!(|bytes: &[u8]| {
    match quickbooks::parse(bytes, Path::new("a.xml")) {
        Ok(erp) => assert!(customers::check_memory(&erp) <= bytes.len() / 10),
        Err(error) => {
            check_sentence(&error.to_string(), 2000);
            let lines = bytes.iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
            assert!(!matches!(error, ErpOpenError::Broken { line, .. } if !(1..=lines).contains(&line)));
        }
    }
});
