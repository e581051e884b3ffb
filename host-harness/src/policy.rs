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
mod company;
mod rule;

use std::{net::IpAddr, sync::Arc};

use http::{Method, Uri};

pub(crate) use self::company::CompanyPin;
pub use self::{
    address::AddressPolicy,
    company::company_in_answer,
    rule::{Origin, Rule, RuleError, Scheme},
};
use self::{company::company_in, rule::Match};
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
    rules: Arc<Vec<Rule>>,
    /// How far the call at hand may go with them; none outside a call.
    reach: Option<Reach>,
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
    fn permits(self, method: &Method, rule: &Rule) -> bool {
        let reads = *method == Method::GET;
        match self {
            Self::Nowhere => false,
            Self::Reading => reads,
            Self::Checking => reads || rule.is_for(CERTIFICATES),
            Self::SettingUp => reads || rule.is_for(SETUP),
            Self::Writing => reads || !rule.is_for(SETUP),
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

impl Denied {
    /// A request that the rules allow, to a name that leads where no rule can.
    pub(crate) fn for_its_address(method: &Method, uri: &Uri) -> Self {
        Self {
            method: plain(method.as_str(), 20),
            target: plain(&without_query(uri), 500),
            reason: "its name leads only to addresses that are not public".to_owned(),
            hint: String::new(),
        }
    }

    /// What was asked for: method and address, without the query, which holds customer data.
    #[must_use]
    pub fn request(&self) -> String {
        format!("{} {}", self.method, self.target)
    }
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
    pub fn deny_all() -> Self {
        Self {
            home: None,
            rules: Arc::default(),
            reach: None,
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
        Ok(Self { home: Some(origin), rules: Arc::new(rules), reach: None, company: None, addresses })
    }

    /// The same policy with a company id that is known beforehand.
    #[must_use]
    pub fn with_company_id(self, company: Option<u64>) -> Self {
        Self { company, ..self }
    }

    /// The same policy with one more rule.
    #[must_use]
    pub fn allow(mut self, rule: Rule) -> Self {
        Arc::make_mut(&mut self.rules).push(rule);
        self
    }

    /// The same policy for a call that may go only so far.
    pub(crate) fn narrowed(&self, reach: Reach) -> Self {
        Self { reach: Some(reach), ..self.clone() }
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
        // Of the rules that fit, those that this call was given, or those that it was not.
        let fitting = |given: bool| {
            self.rules.iter().find_map(|rule| {
                let found = rule.matches(method, &origin, path)?;
                let is_given = self.reach.is_none_or(|reach| reach.permits(method, rule));
                (is_given == given).then_some(found)
            })
        };
        // A rule may name a company by its number; that opens no other company than the tenant's own.
        match fitting(true).map(|found| company_in(path).map_or(found, Match::Company)) {
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
            None if fitting(false).is_some() => Err(malformed("the call was not asked to do that")),
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
mod tests;
