//! AvaTax's lists and records through the component's own calls: whatever a server answers, a call ends after a bounded
//! number of requests and a bounded wait, and says why.
#![no_main]

use ecms_onboarding::{
    avatax::{AvaTax, Failure, retry::WAITING_MAX},
    certificates::catalog::Catalog,
    preflight,
};
use libfuzzer_sys::fuzz_target;
use onboarding_fuzz::{check_sentence, memory::Memory, network::Script, parts};

/// Far above what any of the calls below takes with lists of a few rows.
const REQUESTS: usize = 20_000;

fuzz_target!(|bytes: &[u8]| {
    let Some((call, rest)) = bytes.split_first() else { return };
    let network = Script::new(parts(rest));
    let memory = Memory::default();
    let ports = memory.ports(&network);
    let mut avatax = AvaTax::new(&ports);
    avatax.company_id = 7;
    let codes = ["C1", "C/2 ü", "C'3"];
    let failure =
        match call % 12 {
            0 => avatax.ping().err(),
            1 => {
                let company = avatax.company("DEFAULT");
                if let Ok(Some(company)) = &company {
                    assert!(company.code.eq_ignore_ascii_case("DEFAULT"));
                }
                company.err()
            }
            2 => avatax.setup().err(),
            3 => match avatax.customers(&codes) {
                Ok(found) => {
                    found.values().for_each(|it| drop((it.id(), it.text("name"), it.text("line1"))));
                    assert!(found.iter().all(|(code, it)| {
                        it.0.get("customerCode").is_none_or(|own| own.as_str().is_none_or(|own| own == code))
                    }));
                    None
                }
                Err(failure) => Some(failure),
            },
            4 => avatax.certificates_named(&codes).err(),
            5 => match avatax.invitations(&codes) {
                Ok(found) => found
                    .iter()
                    .find(|it| it.ready() && it.request_link.is_empty() && it.email_status.is_empty())
                    .map(|it| panic!("ready without a link or an e-mail: {it:?}")),
                Err(failure) => Some(failure),
            },
            6 => avatax.certificates_of("C/2 ü").err(),
            7 => match avatax.customers_of(&[1, 2]) {
                Ok(found) => {
                    assert_eq!(found.len(), 2);
                    None
                }
                Err(failure) => Some(failure),
            },
            8 => {
                let found = avatax.coverage([("C1", "US", "WA"), ("C'3", "US", "GA")]);
                assert_eq!(found.len(), 2);
                found.into_iter().find_map(Result::err)
            }
            9 => avatax.have_document(&[1, 2]).err(),
            10 => {
                match Catalog::read(&avatax) {
                    Ok(catalog) => {
                        let found = (catalog.zone("US", "WA"), catalog.reason('g'));
                        assert!(found.0.is_none_or(
                            |zone| zone.code == "WA" || zone.name.eq_ignore_ascii_case("washington")
                        ));
                    }
                    Err(error) => assert!(!format!("{error:?}").is_empty()),
                }
                None
            }
            _ => {
                if let Ok(report) = preflight::check(&ports) {
                    assert_ne!(report.preflight.company_id, 0);
                }
                None
            }
        };
    if let Some(failure) = failure {
        check_sentence(&failure.sentence(), 1000);
        assert!(!matches!(failure, Failure::NotDone(_)) || network.asked() > 0);
    }
    assert!(network.asked() <= REQUESTS, "{} requests", network.asked());
    assert!(network.waited() <= WAITING_MAX);
    let asks_for_role = |url: &String| url.ends_with("/certificates") && call % 12 == 11;
    assert!(network.writes.borrow().iter().all(asks_for_role), "a look has written");
});
