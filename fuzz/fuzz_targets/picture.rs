//! PNG, JPEG and TIFF files through the reader, and whatever else claims to be a document.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onboarding_fuzz::documents;

fuzz_target!(|bytes: &[u8]| {
    documents::spare_libraries();
    if document_reader::media_type(bytes) != "application/pdf" {
        documents::check(bytes);
    }
});
