//! What one call may use up.
//!
//! There is one table of numbers, [`Limits`], and one rule: a host sets a ceiling, a tenant may ask for less, and
//! [`Limits::effective`] takes the smaller of the two field by field. Nothing can widen a ceiling.
//!
//! Every default is chosen for the largest run that is meant to work, 100,000 customers and a few thousand
//! certificates, with room to spare, and not for what the machine could give.

use std::time::Duration;

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// Caps on everything a call can consume or hand back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Linear memory of all the component's memories together. 64 MiB: pages stream through, so the largest thing held
    /// is one certificate as a file, as base64 and inside a request body.
    pub memory_bytes: usize,
    /// Elements of each table. 20,000: function tables of a Rust component have a few hundred.
    pub table_elements: usize,
    /// Core instances inside the component. 20: a component of ours has its module and a few adapters.
    pub instances: usize,
    /// Live handles and host resources. 2,000: 64 requests in flight need about eleven each.
    pub handles: usize,
    /// Bytes the host takes over from the component in one import call. 16 MiB: the largest is an append of 1,000
    /// journal entries, which the component is expected to keep well below that.
    pub hostcall_fuel: usize,
    /// Wall clock of a whole call. 4 hours: creating 100,000 customers in batches of 50 is 2,000 requests that AvaTax
    /// may slow down, and waiting for set-up or invitations is part of a call. Hosts that only analyse set minutes.
    pub deadline: Duration,
    /// Body of one request. 16 MiB: a 12 MiB PDF written as base64.
    pub request_body_bytes: u64,
    /// Body of one response. 16 MiB: a page of 1,000 certificates is a few MiB.
    pub response_body_bytes: u64,
    /// Header fields of one request or response, together. 32 KiB: AvaTax sends about 2.
    pub header_bytes: usize,
    /// Path and query of a request. 8 KiB: what common gateways take, and a filter over 100 customer codes fits.
    pub url_bytes: usize,
    /// Requests in flight in one call. 64: the largest window that the contract allows.
    pub in_flight: usize,
    /// Getting a connection, name look-up and TLS included. 10 seconds: beyond that the network is down.
    pub connect_timeout: Duration,
    /// From the connection to the response head, sending the body included. 120 seconds: a batch of creations is slow,
    /// and giving up on a write early leaves its outcome unknown.
    pub first_byte_timeout: Duration,
    /// Silence inside a response body. 30 seconds: AvaTax streams an answer without pauses.
    pub between_bytes_timeout: Duration,
    /// Size of the component file. 16 MiB: ours has a few hundred KiB, and compiling is the one step that the sandbox
    /// does not bound.
    pub component_bytes: u64,
    /// Items of all lists in a returned report together. 10,000: the longest is the table of states.
    pub returned_items: usize,
    /// Each text in a returned report. 4 KiB: texts are sentences and names.
    pub returned_text_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes: 64 * MIB,
            table_elements: 20_000,
            instances: 20,
            handles: 2_000,
            hostcall_fuel: 16 * MIB,
            deadline: Duration::from_secs(4 * 60 * 60),
            request_body_bytes: 16 << 20,
            response_body_bytes: 16 << 20,
            header_bytes: 32 * KIB,
            url_bytes: 8 * KIB,
            in_flight: 64,
            connect_timeout: Duration::from_secs(10),
            first_byte_timeout: Duration::from_secs(120),
            between_bytes_timeout: Duration::from_secs(30),
            component_bytes: 16 << 20,
            returned_items: 10_000,
            returned_text_bytes: 4 * KIB,
        }
    }
}

impl Limits {
    /// The smaller of what is asked for and what `ceiling` allows, field by field.
    #[must_use]
    pub fn effective(&self, ceiling: &Self) -> Self {
        Self {
            memory_bytes: self.memory_bytes.min(ceiling.memory_bytes),
            table_elements: self.table_elements.min(ceiling.table_elements),
            instances: self.instances.min(ceiling.instances),
            handles: self.handles.min(ceiling.handles),
            hostcall_fuel: self.hostcall_fuel.min(ceiling.hostcall_fuel),
            deadline: self.deadline.min(ceiling.deadline),
            request_body_bytes: self.request_body_bytes.min(ceiling.request_body_bytes),
            response_body_bytes: self.response_body_bytes.min(ceiling.response_body_bytes),
            header_bytes: self.header_bytes.min(ceiling.header_bytes),
            url_bytes: self.url_bytes.min(ceiling.url_bytes),
            in_flight: self.in_flight.min(ceiling.in_flight),
            connect_timeout: self.connect_timeout.min(ceiling.connect_timeout),
            first_byte_timeout: self.first_byte_timeout.min(ceiling.first_byte_timeout),
            between_bytes_timeout: self.between_bytes_timeout.min(ceiling.between_bytes_timeout),
            component_bytes: self.component_bytes.min(ceiling.component_bytes),
            returned_items: self.returned_items.min(ceiling.returned_items),
            returned_text_bytes: self.returned_text_bytes.min(ceiling.returned_text_bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every field at `n`, so that a field forgotten in `effective` shows.
    fn all(n: u32) -> Limits {
        let size = n as usize;
        let time = Duration::from_secs(u64::from(n));
        Limits {
            memory_bytes: size,
            table_elements: size,
            instances: size,
            handles: size,
            hostcall_fuel: size,
            deadline: time,
            request_body_bytes: u64::from(n),
            response_body_bytes: u64::from(n),
            header_bytes: size,
            url_bytes: size,
            in_flight: size,
            connect_timeout: time,
            first_byte_timeout: time,
            between_bytes_timeout: time,
            component_bytes: u64::from(n),
            returned_items: size,
            returned_text_bytes: size,
        }
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
    fn limits_are_compared_field_by_field() {
        let asked = Limits { memory_bytes: 9, ..all(1) };
        assert_eq!(asked.effective(&all(2)), Limits { memory_bytes: 2, ..all(1) });
    }
}
