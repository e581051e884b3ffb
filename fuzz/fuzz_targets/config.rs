//! `onboard.toml`: what is accepted can be used as it is, and what is refused names a line of the file and no secret.
#![no_main]

use std::path::Path;

use host_harness::{
    config::{Config, ConfigError},
    policy::EgressPolicy,
};
use jiff::civil::date;
use libfuzzer_sys::fuzz_target;
use onboarding_fuzz::{check_sentence, text};

/// Stands in the seeds where a secret would.
const SECRET: &str = "kept-secret-4711";

fuzz_target!(|bytes: &[u8]| {
    let Some(text) = text(bytes) else { return };
    match Config::parse(text, Path::new("onboard.toml")) {
        Ok(config) => {
            for name in config.names() {
                let tenant = config.tenant(Some(name)).expect("a name that was given");
                assert!((1..=64).contains(&name.len()) && !name.contains(['/', '.', '\\']));
                let settings = tenant.settings(date(2026, 11, 22));
                assert!((1..=1000).contains(&settings.page_size));
                assert!((1..=100).contains(&settings.batch_size));
                assert!((1..=64).contains(&settings.window));
                assert!((1..=86_400).contains(&settings.patience) && settings.settling <= 600);
                assert!((1..=25).contains(&settings.company_code.chars().count()));
                assert!((1..=200).contains(&settings.cover_letter.chars().count()));
                assert!(settings.seller_names.len() <= 20 && settings.terms.len() <= 200);
                for term in &settings.terms {
                    assert!((1..=600).contains(&term.months));
                    assert!(term.region.is_empty() || term.region.len() == 2);
                }
                assert_ne!(tenant.company_id, Some(0));
                // What the configuration takes for AvaTax, the policy takes too.
                let policy = EgressPolicy::avatax(&tenant.base_url, tenant.allow_loopback);
                let policy = policy.unwrap_or_else(|error| panic!("{}: {error}", tenant.base_url));
                assert!(!policy.rules().is_empty());
            }
            assert!(config.reader.threads.is_none_or(|count| (1..=64).contains(&count)));
            assert!((1..=3600).contains(&config.reader.deadline.as_secs()));
        }
        Err(error) => {
            let sentence = error.to_string();
            check_sentence(&sentence, 2000);
            let (ConfigError::Syntax { line, .. }
            | ConfigError::Invalid { line, .. }
            | ConfigError::Host { line, .. }) = error
            else {
                panic!("{error:?}")
            };
            let lines = text.bytes().filter(|byte| *byte == b'\n').count() + 1;
            assert!((1..=lines).contains(&line), "line {line} of {lines}");
            // In the table `credentials`, whose key may be misspelt but whose values are never repeated.
            let in_credentials = matches!(error, ConfigError::Invalid { .. });
            assert!(
                !in_credentials
                    || text.matches(SECRET).count() != 1
                    || !sentence.contains(SECRET)
                    || !is_value(text)
            );
        }
    }
});

/// Whether the secret stands on the right of an equals sign in the table of credentials.
fn is_value(text: &str) -> bool {
    let before = text.split(SECRET).next().unwrap_or_default();
    let table = before.lines().rev().find(|line| line.starts_with('[')).unwrap_or_default();
    table.trim_end() == "[tenants.main.credentials]" && before.ends_with("= \"")
}
