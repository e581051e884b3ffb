//! One rule of the egress policy, and how paths are compared with it.
//!
//! A rule is a line: `GET,POST https://rest.avatax.com:443/api/v2/companies/{company}/customers`. Its path is a list of
//! segments. Fixed segments have to be there byte for byte, so no percent-encoding of them ever matches. Placeholders
//! take exactly one segment each: `{company}` and `{id}` a decimal number, `{word}` letters and digits, `{code}` a
//! customer code in percent-encoding.

use std::{fmt, net::Ipv6Addr, str::FromStr};

use http::{Method, Uri};
use percent_encoding::percent_decode_str;

/// Longest customer code in a path, percent-encoding included: 50 characters of four bytes each.
const MAX_CODE: usize = 50 * 4 * 3;
/// Longest other placeholder.
const MAX_WORD: usize = 64;

/// Scheme of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Unencrypted; for loopback only.
    Http,
    /// Encrypted.
    Https,
}

impl Scheme {
    fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

/// Where a request goes: scheme, host in lower case, port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Scheme.
    pub scheme: Scheme,
    /// Host name or address, in lower case, IPv6 in brackets.
    pub host: String,
    /// Port.
    pub port: u16,
}

impl Origin {
    /// The origin of an absolute URI without user information, or what is wrong with it.
    pub(super) fn of(uri: &Uri) -> Result<Self, &'static str> {
        let (scheme, default_port) = match uri.scheme_str() {
            Some("http") => (Scheme::Http, 80),
            Some("https") => (Scheme::Https, 443),
            _ => return Err("the scheme is neither http nor https"),
        };
        let authority = uri.authority().ok_or("it names no host")?;
        if authority.as_str().contains('@') {
            return Err("it holds user information");
        }
        let host = authority.host().to_ascii_lowercase();
        if host.is_empty() {
            return Err("it names no host");
        }
        let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let usable = match bare {
            Some(address) => address.parse::<Ipv6Addr>().is_ok(),
            None => {
                host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
            }
        };
        if !usable {
            return Err("its host is neither a plain name nor an address; wildcards are not allowed");
        }
        // What follows the host has to be a port and nothing else: "host:" and "host:port" with letters are refused.
        let port = match authority.as_str().get(host.len()..) {
            Some("") => default_port,
            Some(_) => authority.port_u16().ok_or("its port is not a number")?,
            None => return Err("its host cannot be read"),
        };
        Ok(Self { scheme, host, port })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}:{}", self.scheme.name(), self.host, self.port)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Fixed(String),
    Company,
    Id,
    Word,
    Code,
}

/// What a path that fits a rule says about the company.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Match {
    /// The path names no company.
    Plain,
    /// The path is below this company.
    Company(u64),
}

/// One allowed kind of request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    methods: Vec<Method>,
    origin: Origin,
    path: Vec<Segment>,
}

/// Why a line is not a rule.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "`{line}` is not an egress rule: {reason}. A rule looks like `GET,POST https://host:443/path/{{code}}`."
)]
pub struct RuleError {
    line: String,
    reason: &'static str,
}

impl Rule {
    pub(super) fn at(origin: &Origin, methods: &[Method], path: &str) -> Self {
        Self { methods: methods.to_vec(), origin: origin.clone(), path: segments(path) }
    }

    /// Where this rule leads.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Whether this is the rule for that path, written with placeholders.
    pub(super) fn is_for(&self, path: &str) -> bool {
        self.path == segments(path)
    }

    pub(super) fn matches(&self, method: &Method, origin: &Origin, path: &str) -> Option<Match> {
        if !self.methods.contains(method) || self.origin != *origin {
            return None;
        }
        let mut given = path.strip_prefix('/')?.split('/');
        let mut found = Match::Plain;
        for segment in &self.path {
            let text = given.next()?;
            let fits = match segment {
                Segment::Fixed(fixed) => text == fixed,
                Segment::Company => {
                    found = Match::Company(number(text)?);
                    true
                }
                Segment::Id => number(text).is_some(),
                Segment::Word => is_word(text),
                Segment::Code => is_code(text),
            };
            if !fits {
                return None;
            }
        }
        given.next().is_none().then_some(found)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, method) in self.methods.iter().enumerate() {
            write!(f, "{}{method}", if index == 0 { "" } else { "," })?;
        }
        write!(f, " {}", self.origin)?;
        self.path.iter().try_for_each(|segment| write!(f, "/{segment}"))
    }
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fixed(text) => text,
            Self::Company => "{company}",
            Self::Id => "{id}",
            Self::Word => "{word}",
            Self::Code => "{code}",
        })
    }
}

impl FromStr for Rule {
    type Err = RuleError;

    fn from_str(line: &str) -> Result<Self, Self::Err> {
        let wrong = |reason| RuleError { line: crate::error::plain(line, 200), reason };
        let (methods, target) =
            line.trim().split_once(' ').ok_or_else(|| wrong("it needs methods and an address"))?;
        let methods = methods
            .split(',')
            .map(|name| match Method::from_bytes(name.as_bytes()) {
                Ok(method) if name.bytes().all(|byte| byte.is_ascii_uppercase()) => Ok(method),
                _ => Err(wrong("a method is written in capital letters")),
            })
            .collect::<Result<Vec<_>, _>>()?;
        let target = target.trim();
        let after_scheme =
            target.find("://").ok_or_else(|| wrong("the address starts with https:// or http://"))? + 3;
        let slash = target.get(after_scheme..).and_then(|rest| rest.find('/'));
        let (base, path) = match slash {
            Some(slash) => target.split_at(after_scheme + slash),
            None => return Err(wrong("it needs a path")),
        };
        let uri: Uri = base.parse().map_err(|_| wrong("the address cannot be read"))?;
        let origin = Origin::of(&uri).map_err(wrong)?;
        let path = segments(path);
        let odd = |text: &str| {
            text.is_empty() || is_dots(text) || text.contains(['{', '}', '%', '\\', '?', '#', '*', '"'])
        };
        if path.iter().any(|segment| matches!(segment, Segment::Fixed(text) if odd(text))) {
            return Err(wrong("a part of its path is empty, encoded or an unknown placeholder"));
        }
        Ok(Self { methods, origin, path })
    }
}

fn segments(path: &str) -> Vec<Segment> {
    let segment = |text: &str| match text {
        "{company}" => Segment::Company,
        "{id}" => Segment::Id,
        "{word}" => Segment::Word,
        "{code}" => Segment::Code,
        fixed => Segment::Fixed(fixed.to_owned()),
    };
    path.strip_prefix('/').unwrap_or(path).split('/').map(segment).collect()
}

fn number(text: &str) -> Option<u64> {
    let decimal = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    // "007" would be a second way to write 7, which a server may or may not accept.
    if decimal && (text == "0" || !text.starts_with('0')) { text.parse().ok() } else { None }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_WORD && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Whether a segment is a customer code that stays one segment whatever a gateway on the way makes of it.
fn is_code(text: &str) -> bool {
    if text.is_empty() || text.len() > MAX_CODE || text.contains('\\') {
        return false;
    }
    let mut current = text.to_owned();
    // Some gateways decode twice. Each reading has to be harmless: no control characters and no part that climbs.
    for _ in 0..3 {
        let Ok(decoded) = percent_decode_str(&current).decode_utf8().map(|decoded| decoded.into_owned())
        else {
            return false;
        };
        let climbs = decoded.split(['/', '\\']).any(|part| is_dots(part.split(';').next().unwrap_or(part)));
        if climbs || decoded.chars().any(char::is_control) {
            return false;
        }
        if decoded == current {
            break;
        }
        current = decoded;
    }
    true
}

fn is_dots(part: &str) -> bool {
    part == "." || part == ".."
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(rule: &str, method: Method, target: &str) -> Option<Match> {
        let uri: Uri = target.parse().unwrap();
        rule.parse::<Rule>().unwrap().matches(&method, &Origin::of(&uri).unwrap(), uri.path())
    }

    const CUSTOMER: &str = "GET,PUT https://rest.avatax.com:443/api/v2/companies/{company}/customers/{code}";

    fn customer(code: &str) -> bool {
        let target = format!("https://rest.avatax.com/api/v2/companies/7/customers/{code}");
        matches(CUSTOMER, Method::GET, &target) == Some(Match::Company(7))
    }

    #[test]
    fn a_rule_is_written_as_it_is_read() {
        assert_eq!(CUSTOMER.parse::<Rule>().unwrap().to_string(), CUSTOMER);
        let without_port = CUSTOMER.replace(":443", "");
        assert_eq!(without_port.parse::<Rule>().unwrap().to_string(), CUSTOMER);
    }

    #[test]
    fn method_scheme_host_and_port_all_have_to_fit() {
        let path = "/api/v2/companies/7/customers/C1";
        for (method, base) in [
            (Method::DELETE, "https://rest.avatax.com"),
            (Method::GET, "http://rest.avatax.com:443"),
            (Method::GET, "https://rest.avatax.com:8443"),
            (Method::GET, "https://rest.avatax.com.example.com"),
            (Method::GET, "https://evil-rest.avatax.com"),
            (Method::GET, "https://rest.avatax.com."),
        ] {
            assert_eq!(matches(CUSTOMER, method, &format!("{base}{path}")), None, "{base}");
        }
        assert_eq!(
            matches(CUSTOMER, Method::GET, &format!("https://REST.AvaTax.com{path}")),
            Some(Match::Company(7))
        );
    }

    #[test]
    fn customer_codes_may_hold_encoded_slashes_percents_and_letters_of_any_script() {
        for code in ["C1", "123%2Fabc", "50%25", "M%C3%BCller", "a.b", "...", "a%20b"] {
            assert!(customer(code), "{code}");
        }
    }

    #[test]
    fn customer_codes_cannot_climb_out_of_their_segment() {
        for code in [
            ".",
            "..",
            "%2e",
            "%2E%2e",
            ".%2e",
            "a%2F..%2Fb",
            "..%5Cb",
            "%252e%252e",
            "%25252e%25252e",
            "..;x",
            "a/../b",
            "",
            "%00",
            "a%0d%0ab",
            "%ff",
            "a\\b",
        ] {
            let uri = format!("https://rest.avatax.com/api/v2/companies/7/customers/{code}");
            if uri.parse::<Uri>().is_ok() {
                assert!(!customer(code), "{code}");
            }
        }
        assert!(!is_code("a\\..\\b"));
    }

    #[test]
    fn fixed_segments_match_only_byte_for_byte() {
        for path in [
            "/api/v2/companies/7/customers%2FC1",
            "/api/v2/companies/7/%63ustomers/C1",
            "/api/v2/companies/7//customers/C1",
            "/API/v2/companies/7/customers/C1",
            "/api/v2/companies/7/customers/C1/",
            "/api/v2/companies/7/customers",
            "/api/v2/companies/7/../7/customers/C1",
        ] {
            assert_eq!(
                matches(CUSTOMER, Method::GET, &format!("https://rest.avatax.com{path}")),
                None,
                "{path}"
            );
        }
    }

    #[test]
    fn company_numbers_are_plain_decimal() {
        for company in ["07", "+7", "7%20", "0x7", "-7", "99999999999999999999999"] {
            let target = format!("https://rest.avatax.com/api/v2/companies/{company}/customers/C1");
            assert_eq!(matches(CUSTOMER, Method::GET, &target), None, "{company}");
        }
    }

    #[test]
    fn lines_that_are_no_rules_are_refused_with_the_reason() {
        for line in [
            "",
            "GET",
            "get https://h/a",
            "GET ftp://h/a",
            "GET https://h",
            "GET https://*.h/a",
            "GET https://h[:8443/a",
            "GET https://[::1/a",
            "GET https://u@h/a",
            "GET https://h/{what}",
            "GET https://h/a/../b",
            "GET https://h:x/a",
            "GET https://h//a",
        ] {
            assert!(line.parse::<Rule>().is_err(), "{line}");
        }
    }
}
