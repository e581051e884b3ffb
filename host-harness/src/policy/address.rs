//! Which network addresses a name may resolve to.
//!
//! A rule names a host; who controls that host's name server chooses the address. So every address is judged again
//! when it is about to be connected to, in its plainest form: an IPv4 address wrapped in IPv6 counts as what it wraps.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Which addresses may be connected to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AddressPolicy {
    /// Addresses of the public internet.
    Public,
    /// Those, and this machine itself. For a stand-in or a proxy that runs beside the host.
    PublicAndLoopback,
}

impl AddressPolicy {
    /// Whether `address` may be connected to.
    #[must_use]
    pub fn permits(self, address: IpAddr) -> bool {
        match plainest(address) {
            // Only a plain loopback address is this machine by design; one that is wrapped for translation is a trick.
            plain if plain.is_loopback() => {
                self == Self::PublicAndLoopback && address.to_canonical().is_loopback()
            }
            IpAddr::V4(v4) => is_public_v4(v4),
            IpAddr::V6(v6) => is_public_v6(v6),
        }
    }
}

/// The IPv4 address inside a mapped, compatible or NAT64 address; any other address unchanged.
fn plainest(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else { return address };
    match v6.segments() {
        // ::ffff:a.b.c.d, ::a.b.c.d and 64:ff9b::a.b.c.d; `::` and `::1` are IPv6 addresses of their own.
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => embedded(high, low),
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 || low > 1 => embedded(high, low),
        _ => address,
    }
}

fn embedded(high: u16, low: u16) -> IpAddr {
    IpAddr::V4(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)))
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let special = matches!(
        address.octets(),
        [0 | 10 | 127, ..]                    // this network, private, loopback
            | [100, 64..=127, ..]             // carrier-grade NAT
            | [169, 254, ..]                  // link-local, cloud metadata
            | [172, 16..=31, ..]              // private
            | [192, 0, 0 | 2, _]              // protocol assignments, documentation
            | [192, 88, 99, _]                // 6to4 relays
            | [192, 168, ..]                  // private
            | [198, 18 | 19, ..]              // benchmarks
            | [198, 51, 100, _]               // documentation
            | [203, 0, 113, _]                // documentation
            | [224..=255, ..] // multicast, reserved, broadcast
    );
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let special = matches!(
        address.segments(),
        [0, ..]                               // unspecified, loopback and other low addresses
            | [0x64, 0xff9b, ..]              // local translation
            | [0x100, ..]                     // discard
            | [0x2001, 0..=0x1ff, ..]         // Teredo, ORCHID and other protocol assignments
            | [0x2001, 0xdb8, ..]             // documentation
            | [0x2002, ..]                    // 6to4: would reach any IPv4 address
            | [0x3fff, 0..=0xfff, ..]         // documentation
            | [0x5f00, ..]                    // segment routing
            | [0xfc00..=0xfdff, ..]           // unique local
            | [0xfe80..=0xffff, ..] // link-local, site-local, multicast
    );
    !special
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permits(policy: AddressPolicy, text: &str) -> bool {
        policy.permits(text.parse().unwrap())
    }

    #[test]
    fn public_addresses_are_permitted() {
        for text in
            ["8.8.8.8", "100.63.0.1", "172.32.0.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
        {
            assert!(permits(AddressPolicy::Public, text), "{text}");
        }
    }

    #[test]
    fn special_addresses_are_refused_under_either_policy() {
        let special = [
            "0.0.0.0",
            "10.0.0.1",
            "100.64.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:a00:1::",
            "3fff::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "64:ff9b:1::1",
        ];
        for text in special {
            assert!(!permits(AddressPolicy::Public, text), "{text}");
            assert!(!permits(AddressPolicy::PublicAndLoopback, text), "{text}");
        }
    }

    #[test]
    fn wrapped_private_addresses_are_judged_as_what_they_wrap() {
        for text in
            ["::ffff:10.0.0.1", "::10.0.0.1", "64:ff9b::a00:1", "::ffff:169.254.169.254", "64:ff9b::7f00:1"]
        {
            assert!(!permits(AddressPolicy::Public, text), "{text}");
            assert!(!permits(AddressPolicy::PublicAndLoopback, text), "{text}");
        }
    }

    #[test]
    fn loopback_needs_the_policy_that_says_so() {
        for text in ["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"] {
            assert!(!permits(AddressPolicy::Public, text), "{text}");
            assert!(permits(AddressPolicy::PublicAndLoopback, text), "{text}");
        }
    }
}
