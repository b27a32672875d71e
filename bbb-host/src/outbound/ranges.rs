//! Which addresses are everybody's: those that a host of a tenant's may have.
//!
//! Whoever names a host could name one that only this machine reaches: its own services, those of its network, or the one from which a cloud gives machines their credentials. What the
//! registries of special purposes (RFC 6890, IANA) keep for anything but the public network is refused, and so is an IPv6 address that stands for an IPv4 one which is.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Networks of IPv4 that are not everybody's, each with the bits of its prefix.
const SPECIAL_V4: [([u8; 4], u32); 16] = [
    // This network, and every address at once.
    ([0, 0, 0, 0], 8),
    // Private (RFC 1918).
    ([10, 0, 0, 0], 8),
    ([172, 16, 0, 0], 12),
    ([192, 168, 0, 0], 16),
    // Between providers and their customers (RFC 6598). Some clouds have their metadata there.
    ([100, 64, 0, 0], 10),
    // This machine.
    ([127, 0, 0, 0], 8),
    // Of the link (RFC 3927): most clouds have their metadata there.
    ([169, 254, 0, 0], 16),
    // Of protocols (RFC 6890): Oracle's metadata, and DS-Lite.
    ([192, 0, 0, 0], 24),
    // For documents (RFC 5737).
    ([192, 0, 2, 0], 24),
    ([198, 51, 100, 0], 24),
    ([203, 0, 113, 0], 24),
    // Relays of 6to4 (RFC 7526).
    ([192, 88, 99, 0], 24),
    // Measurements (RFC 2544).
    ([198, 18, 0, 0], 15),
    // To many (RFC 5771), and reserved, with the broadcast (RFC 1112).
    ([224, 0, 0, 0], 4),
    ([240, 0, 0, 0], 4),
    // Azure gives machines their configuration here.
    ([168, 63, 129, 16], 32),
];

/// What is everybody's in IPv6 is in here (RFC 4291); all else is reserved, of a site, of the link, to many, or this machine.
const GLOBAL_V6: (u128, u32) = (0x2000 << 112, 3);
/// Networks within it that are not.
const SPECIAL_V6: [(u128, u32); 4] = [
    // Of protocols (RFC 2928): Teredo, benchmarking, ORCHID and others.
    (0x2001_0000 << 96, 23),
    // For documents (RFC 3849, RFC 9637).
    (0x2001_0db8 << 96, 32),
    (0x3fff << 112, 20),
    // Segment routing (RFC 9602) is outside; this one is 6to4 (RFC 3056), looked at below, whose special ones are refused there.
    (0x5f00 << 112, 16),
];
/// The well-known prefix of NAT64 (RFC 6052), and that for local use (RFC 8215).
const NAT64: (u128, u32) = (0x0064_ff9b << 96, 96);
const SIX_TO_FOUR: (u128, u32) = (0x2002 << 112, 16);

fn within_v6(address: u128, (network, bits): (u128, u32)) -> bool {
    // Never more than 127 bits are shifted: no prefix here has none.
    (address ^ network) >> (128 - bits) == 0
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let address = u32::from(address);
    SPECIAL_V4.iter().all(|(network, bits)| (address ^ u32::from(Ipv4Addr::from(*network))) >> (32 - bits) != 0)
}

/// The IPv4 address in 32 bits that begin at a place.
fn v4_in(address: u128, shift: u32) -> Ipv4Addr {
    let [.., a, b, c, d] = (address >> shift).to_be_bytes();
    Ipv4Addr::new(a, b, c, d)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(mapped) = address.to_ipv4_mapped() {
        return is_public_v4(mapped);
    }
    let bits = u128::from(address);
    if within_v6(bits, NAT64) {
        return is_public_v4(v4_in(bits, 0));
    }
    if within_v6(bits, SIX_TO_FOUR) {
        return is_public_v4(v4_in(bits, 80));
    }
    within_v6(bits, GLOBAL_V6) && !SPECIAL_V6.iter().any(|network| within_v6(bits, *network))
}

/// Whether an address is one that everybody can reach, and means the same to everybody.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses_are_public_or_not() {
        for public in [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "168.63.129.15",
        ] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for public in ["2606:4700::1111", "2a00::1", "2001:4860:4860::8888", "64:ff9b::8.8.8.8", "2002:808:808::1", "::ffff:8.8.8.8"] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for special in [
            "0.0.0.0",
            "0.1.2.3",
            "10.1.2.3",
            "100.64.0.1",
            "100.100.100.200",
            "127.0.0.1",
            "127.255.255.255",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "168.63.129.16",
        ] {
            assert!(!is_public(special.parse().unwrap()), "{special}");
        }
        for special in [
            "::",
            "::1",
            "::127.0.0.1",
            "::8.8.8.8",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::127.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::8.8.8.8",
            "100::1",
            "2001::1",
            "2001:2::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:a9fe:a9fe::1",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "4000::1",
        ] {
            assert!(!is_public(special.parse().unwrap()), "{special}");
        }
    }

    proptest! {
        #[test]
        fn an_address_in_another_is_as_public_as_by_itself(address in any::<u32>(), rest in any::<u64>()) {
            let v4 = Ipv4Addr::from(address);
            let public = is_public(v4.into());
            prop_assert_eq!(is_public(v4.to_ipv6_mapped().into()), public);
            prop_assert_eq!(is_public(Ipv6Addr::from((0x0064_ff9b << 96) | u128::from(address)).into()), public);
            let six_to_four = (0x2002 << 112) | (u128::from(address) << 80) | u128::from(rest);
            prop_assert_eq!(is_public(Ipv6Addr::from(six_to_four).into()), public);
            prop_assert!(!is_public(Ipv6Addr::from(u128::from(address)).into()), "the old form, which nothing uses");
        }

        #[test]
        fn what_the_standard_library_knows_to_be_special_is_not_public(address in any::<u32>(), net in 0_usize..SPECIAL_V4.len()) {
            let v4 = Ipv4Addr::from(address);
            let special = v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_multicast() || v4.is_broadcast() || v4.is_documentation() || v4.is_unspecified();
            prop_assert!(!(special && is_public(v4.into())));
            // Any address of a special network, not only those that chance finds.
            let (network, bits) = SPECIAL_V4[net];
            let mask = u32::MAX.checked_shr(bits).unwrap_or(0);
            prop_assert!(!is_public(Ipv4Addr::from(u32::from(Ipv4Addr::from(network)) | (address & mask)).into()));
        }

        #[test]
        fn only_what_is_globally_routed_is_public_in_ipv6(address in any::<u128>()) {
            let v6 = Ipv6Addr::from(address);
            let special = v6.is_loopback() || v6.is_multicast() || v6.is_unicast_link_local() || v6.is_unique_local() || v6.is_unspecified();
            prop_assert!(!(special && is_public(v6.into())));
            for prefix in [0xfc00_u128, 0xfe80, 0xfec0, 0xff00] {
                prop_assert!(!is_public(Ipv6Addr::from((prefix << 112) | (address >> 16)).into()));
            }
        }
    }
}
