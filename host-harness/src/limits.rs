//! What one call may use up.
//!
//! There is one table of numbers, [`Limits`], and one rule: a host sets a ceiling, a tenant may ask for less, and
//! [`Limits::effective`] takes the smaller of the two field by field. Nothing can widen a ceiling. [`LIMITS`] is the same
//! table for those who go through it: the configuration, where `[limits]` is the ceiling and `[tenants.NAME.limits]`
//! narrows it, and the README, which a test holds equal to it.
//!
//! Every default is chosen for the largest run that is meant to work, 1,000,000 customers and a few thousand
//! certificates, with room to spare, and not for what the machine could give. What is no tenant's business, such as how
//! many rows a page of the ERP may have, is a constant where it is used.

use std::time::Duration;

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// One limit, by the name that a configuration gives it.
#[derive(Debug, Clone, Copy)]
pub struct Limit {
    /// Key in the configuration; its unit stands at its end, unless things are counted.
    pub key: &'static str,
    get: fn(&Limits) -> u64,
    set: fn(&mut Limits, u64),
}

impl Limit {
    /// What it is in `limits`, in its unit; durations in whole seconds.
    #[must_use]
    pub fn of(&self, limits: &Limits) -> u64 {
        (self.get)(limits)
    }

    /// Sets it in `limits`.
    pub fn put(&self, limits: &mut Limits, amount: u64) {
        (self.set)(limits, amount);
    }
}

/// What limits are made of.
trait Amount: Copy {
    fn amount(self) -> u64;
    fn from_amount(amount: u64) -> Self;
}

impl Amount for u64 {
    fn amount(self) -> u64 {
        self
    }

    fn from_amount(amount: u64) -> Self {
        amount
    }
}

impl Amount for usize {
    fn amount(self) -> u64 {
        self as u64
    }

    fn from_amount(amount: u64) -> Self {
        // More than the machine can address is as good as all of it.
        Self::try_from(amount).unwrap_or(Self::MAX)
    }
}

impl Amount for Duration {
    fn amount(self) -> u64 {
        self.as_secs()
    }

    fn from_amount(amount: u64) -> Self {
        Self::from_secs(amount)
    }
}

/// Makes the struct, its defaults, the narrowing and the table from one list, so that none can lack a field.
macro_rules! limits {
    ($($(#[doc = $meaning:literal])+ $field:ident $key:literal: $kind:ty = $default:expr;)+) => {
        /// Caps on everything a call can consume or hand back.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct Limits {
            $($(#[doc = $meaning])+ pub $field: $kind,)+
        }

        impl Default for Limits {
            fn default() -> Self {
                Self { $($field: $default,)+ }
            }
        }

        impl Limits {
            /// The smaller of what is asked for and what `ceiling` allows, field by field.
            #[must_use]
            pub fn effective(&self, ceiling: &Self) -> Self {
                Self { $($field: self.$field.min(ceiling.$field),)+ }
            }
        }

        /// Every limit, in the order of [`Limits`].
        pub const LIMITS: &[Limit] = &[$(Limit {
            key: $key,
            get: |limits| Amount::amount(limits.$field),
            set: |limits, amount| limits.$field = Amount::from_amount(amount),
        },)+];
    };
}

limits! {
    /// Linear memory of all the component's memories together. 64 MiB: pages stream through, so the largest thing held
    /// is one certificate as a file, as base64 and inside a request body.
    memory_bytes "memory-bytes": usize = 64 * MIB;
    /// Elements of each table. 20,000: function tables of a Rust component have a few hundred.
    table_elements "table-elements": usize = 20_000;
    /// Core instances inside the component. 20: a component of ours has its module and a few adapters.
    instances "instances": usize = 20;
    /// Live handles and host resources. 2,000: 64 requests in flight need about eleven each.
    handles "handles": usize = 2_000;
    /// Bytes the host takes over from the component in one import call. 16 MiB: the largest is an append of 1,000
    /// journal entries, which the component is expected to keep well below that.
    hostcall_fuel "hostcall-bytes": usize = 16 * MIB;
    /// Bytes of all journal entries that one call may append, 200 for each entry beside its texts. 2 GiB: a plan of
    /// 1,000,000 customers takes about half.
    journal_bytes "journal-bytes": u64 = 2 << 30;
    /// Wall clock of a whole call. 4 hours: creating 100,000 customers in batches of 50 is 2,000 requests that AvaTax
    /// may slow down, and waiting for set-up or invitations is part of a call. Hosts that only analyse set minutes.
    deadline "deadline-seconds": Duration = Duration::from_secs(4 * 60 * 60);
    /// Body of one request. 16 MiB: a 12 MiB PDF written as base64.
    request_body_bytes "request-body-bytes": u64 = 16 << 20;
    /// Body of one response. 16 MiB: a page of 1,000 certificates is a few MiB.
    response_body_bytes "response-body-bytes": u64 = 16 << 20;
    /// Header fields of one request or response, together. 32 KiB: AvaTax sends about 2.
    header_bytes "header-bytes": usize = 32 * KIB;
    /// Path and query of a request. 8 KiB: what common gateways take, and a filter over 100 customer codes fits.
    url_bytes "url-bytes": usize = 8 * KIB;
    /// Requests in flight in one call. 64: the largest window that the contract allows.
    in_flight "requests-in-flight": usize = 64;
    /// Getting a connection, name look-up and TLS included. 10 seconds: beyond that the network is down.
    connect_timeout "connect-seconds": Duration = Duration::from_secs(10);
    /// From the connection to the response head, sending the body included. 120 seconds: a batch of creations is slow,
    /// and giving up on a write early leaves its outcome unknown.
    first_byte_timeout "first-byte-seconds": Duration = Duration::from_secs(120);
    /// Silence inside a response body. 30 seconds: AvaTax streams an answer without pauses.
    between_bytes_timeout "between-bytes-seconds": Duration = Duration::from_secs(30);
    /// Size of the component file. 16 MiB: ours has a few hundred KiB, and compiling is the one step that the sandbox
    /// does not bound.
    component_bytes "component-bytes": u64 = 16 << 20;
    /// Items of all lists in a returned report together. 10,000: the longest is the table of states.
    returned_items "returned-items": usize = 10_000;
    /// Each text in a returned report. 4 KiB: texts are sentences and names.
    returned_text_bytes "returned-text-bytes": usize = 4 * KIB;
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// Every limit at `amount`.
    fn all(amount: u64) -> Limits {
        let mut limits = Limits::default();
        for limit in LIMITS {
            limit.put(&mut limits, amount);
        }
        limits
    }

    #[test]
    fn a_tenant_narrows_every_limit() {
        assert_eq!(all(1).effective(&all(2)), all(1));
    }

    #[test]
    fn a_tenant_never_widens_a_limit() {
        assert_eq!(all(3).effective(&all(2)), all(2));
    }

    #[test]
    fn limits_are_compared_one_by_one() {
        for limit in LIMITS {
            let mut asked = all(1);
            limit.put(&mut asked, 9);
            let found = asked.effective(&all(2));
            for other in LIMITS {
                assert_eq!(other.of(&found), if other.key == limit.key { 2 } else { 1 }, "{}", other.key);
            }
        }
    }

    /// The rows of the table in the README: key and default.
    fn readme() -> BTreeMap<String, u64> {
        let text = include_str!("../../README.md");
        let (_, table) = text.split_once("| limit | default | what it bounds |\n|---|---|---|\n").unwrap();
        let rows = table.lines().take_while(|line| line.starts_with('|'));
        let row = |line: &str| {
            let mut cells = line.split('|').map(str::trim).skip(1);
            let key = cells.next().unwrap().trim_matches('`').to_owned();
            let default = cells.next().unwrap().replace(',', "").parse().unwrap();
            assert!(cells.next().unwrap().len() > 10, "{key} has no meaning");
            (key, default)
        };
        rows.map(row).collect()
    }

    #[test]
    fn the_readme_has_every_limit_with_its_default_and_no_other() {
        let usual = Limits::default();
        let known: BTreeMap<_, _> =
            LIMITS.iter().map(|limit| (limit.key.to_owned(), limit.of(&usual))).collect();
        assert_eq!(readme(), known);
    }
}
