//! Egress rules, requests against them, and the company that AvaTax's answer names: what is let through goes to this
//! tenant's AvaTax and company, however it is written.
#![no_main]

use host_harness::policy::{EgressPolicy, Rule, company_in_answer};
use http::{Method, Uri};
use libfuzzer_sys::fuzz_target;
use onboarding_fuzz::{check_sentence, parts, text};

fuzz_target!(|bytes: &[u8]| {
    let mut parts = parts(bytes);
    let mut next = || parts.next().unwrap_or_default();
    let (rule, method, target, answer) = (next(), next(), next(), next());
    if let Some(line) = text(rule) {
        match line.parse::<Rule>() {
            Ok(rule) => {
                let printed = rule.to_string();
                assert_eq!(printed.parse::<Rule>().as_ref(), Ok(&rule), "{printed}");
            }
            Err(error) => check_sentence(&error.to_string(), 1000),
        }
    }
    learn(answer);
    let (Ok(method), Ok(uri)) = (Method::from_bytes(method), Uri::try_from(target)) else {
        return;
    };
    let policy =
        EgressPolicy::avatax("https://avatax.example.com", false).expect("a policy").with_company_id(Some(7));
    match policy.permits(&method, &uri) {
        Err(denied) => check_sentence(&denied.to_string(), 2000),
        Ok(()) => {
            assert!([Method::GET, Method::POST, Method::PUT].contains(&method));
            assert_eq!((uri.scheme_str(), uri.port_u16().unwrap_or(443)), (Some("https"), 443));
            assert!(uri.host().is_some_and(|host| host.eq_ignore_ascii_case("avatax.example.com")));
            let path = uri.path();
            assert!(path.starts_with("/api/v2/"));
            let company = path.strip_prefix("/api/v2/companies/").and_then(|rest| rest.split('/').next());
            assert!(company.is_none_or(|company| company == "7"), "{path}");
            // Neither now nor decoded once or twice does it lead out of its folder.
            let mut read = path.to_owned();
            for _ in 0..3 {
                assert!(!read.split(['/', '\\']).any(|part| part == ".." || part == "."), "{read}");
                read = percent_decoded(&read);
            }
            // Narrower settings allow less: no company, no path below one.
            let none = policy.clone().with_company_id(None);
            assert!(company.is_none() || none.permits(&method, &uri).is_err());
            assert!(EgressPolicy::deny_all().permits(&method, &uri).is_err());
        }
    }
});

fn learn(answer: &[u8]) {
    let Some(id) = company_in_answer("DEFAULT", answer) else { return };
    // Halves of characters in fields that nobody reads are no JSON to this parser.
    let Ok(answer) = serde_json::from_slice::<serde_json::Value>(answer) else { return };
    let companies = answer["value"].as_array().expect("a list");
    assert!(companies.iter().any(|company| {
        company["id"].as_u64() == Some(id)
            && company["companyCode"].as_str().is_some_and(|code| code.eq_ignore_ascii_case("DEFAULT"))
    }));
}

fn percent_decoded(text: &str) -> String {
    let digit = |at: usize| text.as_bytes().get(at).and_then(|byte| char::from(*byte).to_digit(16));
    let (mut decoded, mut at) = (Vec::new(), 0);
    while let Some(byte) = text.as_bytes().get(at) {
        match (byte, digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                decoded.push((high * 16 + low) as u8);
                at += 3;
            }
            _ => {
                decoded.push(*byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}
