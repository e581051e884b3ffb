//! What a person says of a certificate's fields: the host checks it, the component believes it. Whatever the first lets
//! through the second has to be able to use.
#![no_main]

use ecms_onboarding::certificates::{
    review::{Word, accept},
    understand::record::Certificate,
};
use host_harness::corrections;
use jiff::civil::date;
use libfuzzer_sys::fuzz_target;
use onboarding_fuzz::{check_day, check_sentence, text};

fuzz_target!(|bytes: &[u8]| {
    let Some(text) = text(bytes) else { return };
    let pairs: Vec<String> = text.split('\n').take(20).map(str::to_owned).collect();
    let set = match corrections::read(&pairs, date(2026, 11, 22)) {
        Ok(set) => set,
        Err(sentence) => return check_sentence(&sentence, 1000),
    };
    let mut word = Word { accepted: true, by: "Ann Example".into(), ..Word::default() };
    for (field, value) in &set {
        assert!(!value.is_empty() && value.chars().count() <= corrections::VALUE);
        assert!(!value.chars().any(char::is_control));
        word.set.push((field.clone(), value.clone()));
    }
    // Said again as it was recorded, it is the same.
    let again: Vec<String> = set.iter().map(|(field, value)| format!("{field}={value}")).collect();
    assert_eq!(corrections::read(&again, date(2026, 11, 22)).as_ref(), Ok(&set));
    let mut certificate = Certificate::default();
    if let Err(sentence) = accept(&mut certificate, &word) {
        assert!(sentence.ends_with("is missing."), "the host took it: {sentence}");
    } else {
        check_day(certificate.signed_on());
    }
    for covered in &certificate.coverage {
        assert!(covered.region.len() == 2 && covered.number.chars().count() <= corrections::VALUE);
    }
});
