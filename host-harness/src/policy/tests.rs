//! What is allowed, what is denied, and what a denial says.

use super::*;

fn policy() -> EgressPolicy {
    EgressPolicy::avatax("https://rest.avatax.com", false).unwrap()
}

fn check(policy: &EgressPolicy, pin: &CompanyPin, method: Method, target: &str) -> Result<Allowed, String> {
    policy.check(&method, &target.parse().unwrap(), pin).map_err(|denied| denied.to_string())
}

const OWN_COMPANY: &str = "https://rest.avatax.com/api/v2/companies?$filter=companyCode%20eq%20%27DEFAULT%27";

fn learnt() -> CompanyPin {
    let pin = CompanyPin::new("DEFAULT");
    pin.learn(br#"{"value":[{"id":9,"companyCode":"OTHER"},{"id":7,"companyCode":"Default","name":"x"}]}"#);
    pin
}

#[test]
fn an_empty_policy_denies_everything() {
    let denied = check(
        &EgressPolicy::deny_all(),
        &learnt(),
        Method::GET,
        "https://rest.avatax.com/api/v2/utilities/ping",
    );
    assert!(denied.unwrap_err().contains("no egress rule"));
}

#[test]
fn the_calls_of_onboarding_are_allowed() {
    let (policy, pin) = (policy(), learnt());
    for (method, path) in [
        (Method::GET, "utilities/ping"),
        (Method::GET, "definitions/certificateexposurezones?$top=1000"),
        (Method::GET, "companies/7/certificates/setup"),
        (Method::POST, "companies/7/certificates/setup"),
        (Method::GET, "companies/7/customers?$filter=customerCode%20eq%20'C1'"),
        (Method::POST, "companies/7/customers"),
        (Method::PUT, "companies/7/customers/123%2Fabc"),
        (Method::GET, "companies/7/customers/C1/certificates"),
        (Method::GET, "companies/7/customers/C1/certificates/US/WA"),
        (Method::POST, "companies/7/customers/C1/certificates/link"),
        (Method::POST, "companies/7/customers/C1/certexpressinvites"),
        (Method::GET, "companies/7/customers/C1/certexpressinvites/3"),
        (Method::GET, "companies/7/certexpressinvites"),
        (Method::POST, "companies/7/certificates?$preValidatedExemptionReason=true"),
        (Method::GET, "companies/7/certificates/12"),
        (Method::POST, "companies/7/certificates/12/attachment"),
    ] {
        let target = format!("https://rest.avatax.com/api/v2/{path}");
        assert_eq!(check(&policy, &pin, method, &target), Ok(Allowed::Plain), "{path}");
    }
}

#[test]
fn deleting_and_everything_outside_onboarding_is_denied() {
    let (policy, pin) = (policy(), learnt());
    for (method, path) in [
        (Method::DELETE, "companies/7/customers/C1"),
        (Method::DELETE, "companies/7/certificates/12"),
        (Method::PUT, "companies/7/certificates/12"),
        (Method::POST, "companies"),
        (Method::GET, "companies/7"),
        (Method::GET, "accounts/1/licensekeys"),
        (Method::POST, "transactions/create"),
        (Method::POST, "companies/7/customers/C1/certificates/unlink"),
    ] {
        let target = format!("https://rest.avatax.com/api/v2/{path}");
        assert!(check(&policy, &pin, method, &target).is_err(), "{path}");
    }
}

#[test]
fn a_denial_shows_the_rule_that_would_allow_it_and_that_rule_does() {
    let target = "https://rest.avatax.com/api/v2/nexus?$top=5";
    let text = check(&policy(), &learnt(), Method::GET, target).unwrap_err();
    let (_, line) = text.split_once("configuration of the tenant: ").unwrap();
    assert_eq!(line, r#"allow = ["GET https://rest.avatax.com:443/api/v2/nexus"]"#);
    let rule = line.split('"').nth(1).unwrap().parse().unwrap();
    let wider = policy().allow(rule);
    assert_eq!(check(&wider, &learnt(), Method::GET, target), Ok(Allowed::Plain));
}

#[test]
fn a_denial_shows_neither_query_nor_user_information() {
    let text =
        check(&policy(), &learnt(), Method::GET, "https://me:secret@rest.avatax.com/api/v2/nexus?name=Doe");
    let text = text.unwrap_err();
    assert!(text.contains("user information"), "{text}");
    assert!(!text.contains("secret") && !text.contains("Doe"), "{text}");
}

#[test]
fn a_denial_names_the_port_that_was_asked_for() {
    let text = check(&policy(), &learnt(), Method::GET, "https://rest.avatax.com:8443/api/v2/utilities/ping");
    let text = text.unwrap_err();
    assert!(
        text.starts_with("GET https://rest.avatax.com:8443/api/v2/utilities/ping was not sent"),
        "{text}"
    );
}

#[test]
fn no_company_is_open_before_avatax_named_it() {
    let pin = CompanyPin::new("DEFAULT");
    let target = "https://rest.avatax.com/api/v2/companies/7/customers";
    let text = check(&policy(), &pin, Method::GET, target).unwrap_err();
    assert!(text.contains("company-id = 7"), "{text}");
    assert_eq!(check(&policy(), &pin, Method::GET, OWN_COMPANY), Ok(Allowed::CompanyQuery));
    for nosy in ["", "?$filter=companyCode%20ne%20%27DEFAULT%27", "?$include=Contacts"] {
        let target = format!("https://rest.avatax.com/api/v2/companies{nosy}");
        assert!(check(&policy(), &pin, Method::GET, &target).is_err(), "{target}");
    }
}

#[test]
fn a_call_reaches_only_as_far_as_what_it_was_asked_to_do() {
    let at = |path: &str| format!("https://rest.avatax.com/api/v2/companies/7/{path}");
    let pin = learnt();
    let may =
        |reach, method: Method, path: &str| check(&policy().narrowed(reach), &pin, method, &at(path)).is_ok();
    for reach in [Reach::Reading, Reach::Checking, Reach::SettingUp, Reach::Writing] {
        assert!(may(reach, Method::GET, "customers"), "{reach:?}");
        assert_eq!(may(reach, Method::POST, "customers"), reach == Reach::Writing, "{reach:?}");
        assert_eq!(may(reach, Method::POST, "certificates/setup"), reach == Reach::SettingUp, "{reach:?}");
    }
    let beyond = policy().narrowed(Reach::Reading);
    let text = check(&beyond, &pin, Method::POST, &at("customers")).unwrap_err();
    assert!(text.ends_with("the call was not asked to do that."), "{text}");
    assert!(may(Reach::Checking, Method::POST, "certificates"));
    assert!(!may(Reach::Nowhere, Method::GET, "customers"));
}

#[test]
fn other_places_that_a_host_allows_get_no_credentials() {
    let wider = policy().allow("GET https://docs.example.com:443/api/v2/companies".parse().unwrap());
    let found = check(&wider, &learnt(), Method::GET, "https://docs.example.com/api/v2/companies");
    assert_eq!(found, Ok(Allowed::Elsewhere));
}

#[test]
fn a_rule_that_names_a_company_does_not_open_it() {
    for companies in ["companies", "Companies", "COMPANIES"] {
        let place = format!("api/v2/{companies}/8/nexus");
        let wider = policy().allow(format!("GET https://rest.avatax.com:443/{place}").parse().unwrap());
        let target = format!("https://rest.avatax.com/{place}");
        assert!(check(&wider, &learnt(), Method::GET, &target).is_err(), "{companies}");
    }
}

#[test]
fn only_the_company_with_the_code_of_the_tenant_is_open() {
    let target = |id: u64| format!("https://rest.avatax.com/api/v2/companies/{id}/customers");
    assert_eq!(check(&policy(), &learnt(), Method::GET, &target(7)), Ok(Allowed::Plain));
    assert!(
        check(&policy(), &learnt(), Method::GET, &target(9))
            .unwrap_err()
            .contains("not the company of this tenant")
    );
}

#[test]
fn a_code_written_alike_wins_over_one_in_other_case() {
    let pin = CompanyPin::new("DEFAULT");
    pin.learn(br#"{"value":[{"id":8,"companyCode":"default"},{"id":7,"companyCode":"DEFAULT"}]}"#);
    assert_eq!(pin.get(), Some(7));
}

#[test]
fn what_was_learnt_first_stays() {
    let pin = learnt();
    pin.learn(br#"{"value":[{"id":9,"companyCode":"DEFAULT"}]}"#);
    assert_eq!(pin.get(), Some(7));
}

#[test]
fn a_body_that_is_no_company_list_teaches_nothing() {
    let pin = CompanyPin::new("DEFAULT");
    for body in [&b"<html>"[..], b"", b"{}", b"[]", br#"{"value":[{"id":"7","companyCode":"DEFAULT"}]}"#] {
        pin.learn(body);
    }
    assert_eq!(pin.get(), None);
}

#[test]
fn a_configured_company_id_needs_no_answer_and_yields_to_none() {
    let policy = policy().with_company_id(Some(9));
    let target = |id: u64| format!("https://rest.avatax.com/api/v2/companies/{id}/customers");
    assert_eq!(check(&policy, &learnt(), Method::GET, &target(9)), Ok(Allowed::Plain));
    assert!(check(&policy, &learnt(), Method::GET, &target(7)).is_err());
}

#[test]
fn paths_that_climb_are_denied_without_a_rule_to_paste() {
    for path in [
        "/api/v2/utilities/../accounts",
        "/api/v2/utilities/%2e%2e/ping",
        "/api/v2/utilities%2Fping",
        "//ping",
    ] {
        let text =
            check(&policy(), &learnt(), Method::GET, &format!("https://rest.avatax.com{path}")).unwrap_err();
        assert!(text.contains("no rule can allow"), "{text}");
    }
}

#[test]
fn addresses_written_as_host_are_judged_too() {
    let policy = policy().allow("GET http://169.254.169.254:80/latest".parse().unwrap());
    let text = check(&policy, &learnt(), Method::GET, "http://169.254.169.254/latest").unwrap_err();
    assert!(text.contains("not a public one"), "{text}");
}

#[test]
fn base_urls_that_would_leak_or_mislead_are_refused() {
    for url in [
        "http://rest.avatax.com",
        "https://rest.avatax.com/api",
        "rest.avatax.com",
        "https://u:p@rest.avatax.com",
        "ftp://rest.avatax.com",
        "",
        "http://127.0.0.1:8080",
        "https://localhost",
    ] {
        assert!(EgressPolicy::avatax(url, false).is_err(), "{url}");
    }
    assert!(EgressPolicy::avatax("http://rest.avatax.com", true).is_err());
}

#[test]
fn a_stand_in_on_this_machine_is_reached_when_allowed() {
    for base in ["http://127.0.0.1:8080", "http://[::1]:8080", "http://localhost:8080"] {
        let policy = EgressPolicy::avatax(base, true).unwrap();
        assert_eq!(
            check(&policy, &learnt(), Method::GET, &format!("{base}/api/v2/utilities/ping")),
            Ok(Allowed::Plain)
        );
    }
}
