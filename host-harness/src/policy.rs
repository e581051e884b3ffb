//! What a call may reach.
//!
//! [`EgressPolicy`] is a list of rules, each methods × scheme × host × port × path; what no rule allows is denied, and
//! an empty list denies everything. It is asked three times for a request: the rule list and the form of the request
//! here, before anything is sent; the company in the path, here too, against the one company of the tenant; and every
//! address the name resolves to, in the connector of [`crate::http`].
//!
//! An account may hold many companies, and the credentials open all of them. So paths below `companies/{id}` are open
//! only for the tenant's own: the id from the configuration, or else the id that AvaTax itself gave for the tenant's
//! company code. The host reads it from the answers to `GET companies` as they pass (`CompanyPin`); until then no
//! such path is open, and afterwards no other one.

mod address;
mod rule;

use std::{
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

use http::{Method, Uri};
use percent_encoding::percent_decode_str;

use self::rule::Match;
pub use self::{
    address::AddressPolicy,
    rule::{Origin, Rule, RuleError, Scheme},
};
use crate::error::plain;

/// Methods and paths of the calls that onboarding makes, below the base URL.
const AVATAX: [(&[Method], &str); 16] = [
    (&[Method::GET], "/api/v2/utilities/ping"),
    (&[Method::GET], COMPANIES),
    (&[Method::GET], "/api/v2/definitions/{word}"),
    (&[Method::GET, Method::POST], "/api/v2/companies/{company}/certificates/setup"),
    (&[Method::GET, Method::POST], "/api/v2/companies/{company}/customers"),
    (&[Method::PUT], "/api/v2/companies/{company}/customers/{code}"),
    (&[Method::GET], "/api/v2/companies/{company}/customers/{code}/certificates"),
    (&[Method::GET], "/api/v2/companies/{company}/customers/{code}/certificates/{word}/{word}"),
    (&[Method::POST], "/api/v2/companies/{company}/customers/{code}/certificates/link"),
    (&[Method::POST], "/api/v2/companies/{company}/customers/{code}/certexpressinvites"),
    (&[Method::GET], "/api/v2/companies/{company}/customers/{code}/certexpressinvites/{id}"),
    (&[Method::GET], "/api/v2/companies/{company}/certexpressinvites"),
    (&[Method::GET, Method::POST], "/api/v2/companies/{company}/certificates"),
    (&[Method::GET], "/api/v2/companies/{company}/certificates/{id}"),
    (&[Method::POST], "/api/v2/companies/{company}/certificates/{id}/attachment"),
    (&[Method::GET], "/api/v2/companies/{company}/certificates/{id}/customers"),
];

/// The call that asks with an empty list whether certificates may be created.
const CERTIFICATES: &str = "/api/v2/companies/{company}/certificates";
/// The call that asks for certificate management.
const SETUP: &str = "/api/v2/companies/{company}/certificates/setup";
/// The call whose answer tells the company id.
const COMPANIES: &str = "/api/v2/companies";

/// What a call may reach. Cheap enough to clone for each call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EgressPolicy {
    /// Where the tenant's credentials belong, and nowhere else.
    home: Option<Origin>,
    rules: Vec<Rule>,
    /// Rules that the call at hand was not given; kept to say so.
    withheld: Vec<Rule>,
    company: Option<u64>,
    addresses: AddressPolicy,
}

/// How far a call may go, by what it was asked to do. A component that was asked for a preview cannot write, whatever it
/// tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// `analyze`: not to the network at all.
    Nowhere,
    /// `preview`: reads.
    Reading,
    /// `check`: reads, and the question whether certificates may be created.
    Checking,
    /// `request-setup`: reads, and that request.
    SettingUp,
    /// `apply`: everything but the request for set-up.
    Writing,
}

impl Reach {
    fn permits(self, method: &Method, path: &str) -> bool {
        let reads = *method == Method::GET;
        match self {
            Self::Nowhere => false,
            Self::Reading => reads,
            Self::Checking => reads || path == CERTIFICATES,
            Self::SettingUp => reads || path == SETUP,
            Self::Writing => reads || path != SETUP,
        }
    }
}

/// Why there is no policy for a base URL.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("The AvaTax base URL `{url}` cannot be used: {reason}. It looks like `https://rest.avatax.com`.")]
pub struct PolicyError {
    url: String,
    reason: &'static str,
}

/// A request that the policy did not allow.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[error("{method} {target} was not sent: {reason}.{hint}")]
pub struct Denied {
    method: String,
    target: String,
    reason: String,
    hint: String,
}

/// What the policy says about a request it allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Allowed {
    /// An ordinary call of the tenant's AvaTax.
    Plain,
    /// The company query, whose answer may set the [`CompanyPin`].
    CompanyQuery,
    /// A call of some other place that the host allows. It gets no credentials.
    Elsewhere,
}

impl EgressPolicy {
    /// Reaches nothing.
    #[must_use]
    pub const fn deny_all() -> Self {
        Self {
            home: None,
            rules: Vec::new(),
            withheld: Vec::new(),
            company: None,
            addresses: AddressPolicy::Public,
        }
    }

    /// Reaches the onboarding calls of the AvaTax service at `base_url`. With `allow_loopback` the service may be on
    /// this machine, and only there without encryption.
    ///
    /// # Errors
    /// When the URL is not an origin, or would send credentials unencrypted over a network.
    pub fn avatax(base_url: &str, allow_loopback: bool) -> Result<Self, PolicyError> {
        let wrong = |reason| PolicyError { url: plain(base_url, 200), reason };
        let uri: Uri = base_url.trim().parse().map_err(|_| wrong("it cannot be read"))?;
        let origin = Origin::of(&uri).map_err(wrong)?;
        if uri.path() != "/" || uri.query().is_some() {
            return Err(wrong("it has a path"));
        }
        let addresses = if allow_loopback { AddressPolicy::PublicAndLoopback } else { AddressPolicy::Public };
        let is_this_machine =
            origin.host == "localhost" || literal(&origin.host).is_some_and(|ip| ip.is_loopback());
        if is_this_machine && !allow_loopback {
            return Err(wrong("it is on this machine, which has to be allowed expressly"));
        }
        if origin.scheme == Scheme::Http && !is_this_machine {
            return Err(wrong("without https the credentials would travel readable"));
        }
        let rules = AVATAX.iter().map(|(methods, path)| Rule::at(&origin, methods, path)).collect();
        Ok(Self { home: Some(origin), rules, withheld: Vec::new(), company: None, addresses })
    }

    /// The same policy with a company id that is known beforehand.
    #[must_use]
    pub fn with_company_id(self, company: Option<u64>) -> Self {
        Self { company, ..self }
    }

    /// The same policy with one more rule.
    #[must_use]
    pub fn allow(mut self, rule: Rule) -> Self {
        self.rules.push(rule);
        self
    }

    /// The same policy for a call that may go only so far.
    pub(crate) fn narrowed(&self, reach: Reach) -> Self {
        let those = |kept: bool| {
            let rule = |rule: &Rule| rule.keeping(|method, path| reach.permits(method, path) == kept);
            self.rules.iter().filter_map(rule).collect()
        };
        Self { rules: those(true), withheld: those(false), ..self.clone() }
    }

    /// What is allowed, for showing.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Which addresses may be connected to.
    #[must_use]
    pub const fn addresses(&self) -> AddressPolicy {
        self.addresses
    }

    /// Whether a request would be allowed, for asking about rules without sending anything. Of companies, only that of
    /// [`Self::with_company_id`] is open.
    ///
    /// # Errors
    /// Says why not, and which rule would allow it.
    pub fn permits(&self, method: &Method, uri: &Uri) -> Result<(), Denied> {
        self.check(method, uri, &CompanyPin::default()).map(drop)
    }

    /// Decides about a request by its method and absolute URI.
    pub(crate) fn check(&self, method: &Method, uri: &Uri, pin: &CompanyPin) -> Result<Allowed, Denied> {
        let path = uri.path();
        let denied = |reason: String, hint: String| Denied {
            method: plain(method.as_str(), 20),
            // The query is left out: it holds customer data and is not part of any rule.
            target: plain(&without_query(uri), 500),
            reason,
            hint,
        };
        let malformed = |what: &str| denied(what.to_owned(), String::new());
        let origin = Origin::of(uri).map_err(malformed)?;
        if literal(&origin.host).is_some_and(|address| !self.addresses.permits(address)) {
            return Err(denied(format!("the address {} is not a public one", origin.host), String::new()));
        }
        let matched = self.rules.iter().find_map(|rule| rule.matches(method, &origin, path));
        // A rule may name a company by its number; that opens no other company than the tenant's own.
        match matched.map(|found| company_in(path).map_or(found, Match::Company)) {
            Some(_) if self.home.as_ref() != Some(&origin) => Ok(Allowed::Elsewhere),
            Some(Match::Plain) if path == COMPANIES && pin.is_asked_by(uri.query().unwrap_or_default()) => {
                Ok(Allowed::CompanyQuery)
            }
            Some(Match::Plain) if path == COMPANIES => {
                Err(malformed("it asks for other companies than that of this tenant"))
            }
            Some(Match::Plain) => Ok(Allowed::Plain),
            Some(Match::Company(asked)) => match self.company.or_else(|| pin.get()) {
                Some(own) if own == asked => Ok(Allowed::Plain),
                Some(own) => Err(denied(
                    format!("company {asked} is not the company of this tenant, which is {own}"),
                    String::new(),
                )),
                None => Err(denied(
                    format!(
                        "AvaTax has not yet named company {asked} as the one with the company code of this tenant"
                    ),
                    format!(
                        " If it is, put this line into the configuration of the tenant: company-id = {asked}"
                    ),
                )),
            },
            None if self.withheld.iter().any(|rule| rule.matches(method, &origin, path).is_some()) => {
                Err(malformed("the call was not asked to do that"))
            }
            None => {
                let rule = format!("{method} {origin}{path}");
                let hint = match rule.parse::<Rule>() {
                    Ok(rule) => format!(
                        " To allow it, put this line into the configuration of the tenant: allow = [\"{}\"]",
                        plain(&rule.to_string(), 500)
                    ),
                    // A path that cannot be written as a rule has encoded or climbing parts and is never let through.
                    Err(_) => " Its path holds encoded, empty or climbing parts, which no rule can allow."
                        .to_owned(),
                };
                Err(denied("no egress rule allows it".to_owned(), hint))
            }
        }
    }
}

/// The id of the tenant's own company, learnt from AvaTax during one call.
#[derive(Debug, Default)]
pub(crate) struct CompanyPin {
    code: String,
    id: Mutex<Option<u64>>,
}

impl CompanyPin {
    /// Nothing learnt yet about the company with this code.
    pub(crate) fn new(company_code: &str) -> Self {
        Self { code: company_code.to_owned(), id: Mutex::new(None) }
    }

    /// Whether a query asks for the company with this code and nothing else.
    fn is_asked_by(&self, query: &str) -> bool {
        let own = format!("$filter=companyCode eq '{}'", self.code.replace('\'', "''"));
        percent_decode_str(query).decode_utf8().is_ok_and(|query| query == own)
    }

    fn get(&self) -> Option<u64> {
        *self.id.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Learns from the body of an answer to the company query. What is learnt first stays.
    pub(crate) fn learn(&self, body: &[u8]) {
        #[derive(serde::Deserialize)]
        struct Companies {
            value: Vec<Company>,
        }
        #[derive(serde::Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Company {
            id: u64,
            company_code: Option<String>,
        }
        let Ok(companies) = serde_json::from_slice::<Companies>(body) else { return };
        let has = |same: fn(&str, &str) -> bool| {
            let code = |company: &&Company| {
                company.company_code.as_deref().is_some_and(|code| same(code, &self.code))
            };
            companies.value.iter().find(code)
        };
        // AvaTax does not tell codes apart by case; should it ever give two, the one written alike is meant.
        if let Some(company) = has(|a, b| a == b).or_else(|| has(str::eq_ignore_ascii_case)) {
            self.id.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(company.id);
        }
    }
}

/// The id of the company with this code, as an answer to the company query tells it.
#[must_use]
pub fn company_in_answer(company_code: &str, body: &[u8]) -> Option<u64> {
    let pin = CompanyPin::new(company_code);
    pin.learn(body);
    pin.get()
}

/// The company a path is below, wherever the path says so.
fn company_in(path: &str) -> Option<u64> {
    // A server may not tell capitals apart.
    let mut segments =
        path.split('/').skip_while(|segment| !segment.eq_ignore_ascii_case("companies")).skip(1);
    segments.next()?.parse().ok()
}

/// The address a host is written as, if it is one.
fn literal(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

fn without_query(uri: &Uri) -> String {
    // Only host and port are shown of the authority, because the rest may be somebody's password.
    let port = uri.port_u16().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{}{port}{}", uri.scheme_str().unwrap_or("?"), uri.host().unwrap_or("?"), uri.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> EgressPolicy {
        EgressPolicy::avatax("https://rest.avatax.com", false).unwrap()
    }

    fn check(
        policy: &EgressPolicy,
        pin: &CompanyPin,
        method: Method,
        target: &str,
    ) -> Result<Allowed, String> {
        policy.check(&method, &target.parse().unwrap(), pin).map_err(|denied| denied.to_string())
    }

    const OWN_COMPANY: &str =
        "https://rest.avatax.com/api/v2/companies?$filter=companyCode%20eq%20%27DEFAULT%27";

    fn learnt() -> CompanyPin {
        let pin = CompanyPin::new("DEFAULT");
        pin.learn(
            br#"{"value":[{"id":9,"companyCode":"OTHER"},{"id":7,"companyCode":"Default","name":"x"}]}"#,
        );
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
        let text = check(
            &policy(),
            &learnt(),
            Method::GET,
            "https://me:secret@rest.avatax.com/api/v2/nexus?name=Doe",
        );
        let text = text.unwrap_err();
        assert!(text.contains("user information"), "{text}");
        assert!(!text.contains("secret") && !text.contains("Doe"), "{text}");
    }

    #[test]
    fn a_denial_names_the_port_that_was_asked_for() {
        let text =
            check(&policy(), &learnt(), Method::GET, "https://rest.avatax.com:8443/api/v2/utilities/ping");
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
        let may = |reach, method: Method, path: &str| {
            check(&policy().narrowed(reach), &pin, method, &at(path)).is_ok()
        };
        for reach in [Reach::Reading, Reach::Checking, Reach::SettingUp, Reach::Writing] {
            assert!(may(reach, Method::GET, "customers"), "{reach:?}");
            assert_eq!(may(reach, Method::POST, "customers"), reach == Reach::Writing, "{reach:?}");
            assert_eq!(
                may(reach, Method::POST, "certificates/setup"),
                reach == Reach::SettingUp,
                "{reach:?}"
            );
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
        for body in [&b"<html>"[..], b"", b"{}", b"[]", br#"{"value":[{"id":"7","companyCode":"DEFAULT"}]}"#]
        {
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
            let text = check(&policy(), &learnt(), Method::GET, &format!("https://rest.avatax.com{path}"))
                .unwrap_err();
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
}
