//! PDF files through the reader. A library's stumbling over a broken file is caught by the reader and is no finding here;
//! a panic in the reader itself is, and so is anything beyond the limits.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onboarding_fuzz::documents;

fuzz_target!(|bytes: &[u8]| {
    documents::spare_libraries();
    // The header is given, so that the fuzzer need not keep it.
    let whole;
    let bytes = if bytes.starts_with(b"%PDF-") {
        bytes
    } else {
        whole = [b"%PDF-1.7\n", bytes].concat();
        &whole
    };
    documents::check(bytes);
});
