//! Which addresses are public. What is not known to be is refused.

use ipnet::{Ipv4Net, Ipv6Net};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Why a target is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rule {
    /// 127.0.0.0/8, `::1`.
    Loopback,
    /// 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16.
    Private,
    /// 100.64.0.0/10: addresses behind a provider's NAT.
    SharedSpace,
    /// 169.254.0.0/16, `fe80::/10`.
    LinkLocal,
    /// Where clouds tell a machine its secrets.
    Metadata,
    /// 224.0.0.0/4, `ff00::/8`.
    Multicast,
    /// 255.255.255.255.
    Broadcast,
    /// 192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24, `2001:db8::/32`, `3fff::/20`.
    Documentation,
    /// 198.18.0.0/15, `2001:2::/48`.
    Benchmark,
    /// 0.0.0.0/8, `::`.
    Unspecified,
    /// `fc00::/7`.
    UniqueLocal,
    /// `fec0::/10`.
    SiteLocal,
    /// 6to4, Teredo, local NAT64, IPv4-compatible: IPv6 addresses that lead to an IPv4 address.
    Tunnel,
    /// What nobody has.
    Reserved,
    /// Neither http nor https.
    Scheme,
    /// Not 80, 443, or one above 1023 that isn't known for something else than HTTP.
    Port,
    /// `localhost`, `*.internal`, a name without a dot: they mean something inside a network only.
    LocalName,
}

impl Rule {
    /// As it is told: in `snake_case`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Loopback => "loopback",
            Self::Private => "private",
            Self::SharedSpace => "shared_space",
            Self::LinkLocal => "link_local",
            Self::Metadata => "metadata",
            Self::Multicast => "multicast",
            Self::Broadcast => "broadcast",
            Self::Documentation => "documentation",
            Self::Benchmark => "benchmark",
            Self::Unspecified => "unspecified",
            Self::UniqueLocal => "unique_local",
            Self::SiteLocal => "site_local",
            Self::Tunnel => "tunnel",
            Self::Reserved => "reserved",
            Self::Scheme => "scheme",
            Self::Port => "port",
            Self::LocalName => "local_name",
        }
    }

    /// Whether an address like this is open when the operator allowed a name that leads there. What answers on the others
    /// is the machine's own cloud or network, and whoever owns the name's zone could point it at that: those are opened
    /// by address alone.
    #[must_use]
    pub fn opens_by_name(self) -> bool {
        matches!(self, Self::Loopback | Self::Private | Self::SharedSpace | Self::UniqueLocal | Self::Benchmark)
    }
}

const fn v4(a: u8, b: u8, c: u8, d: u8, bits: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), bits)
}

const fn v6(start: [u16; 4], bits: u8) -> Ipv6Net {
    let [a, b, c, d] = start;
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0), bits)
}

/// The first that fits decides.
const REFUSED_V4: [(Ipv4Net, Rule); 25] = [
    (v4(169, 254, 169, 254, 32), Rule::Metadata), // AWS, Azure, Google, OpenStack and others
    (v4(169, 254, 169, 123, 32), Rule::Metadata), // AWS: time
    (v4(169, 254, 169, 253, 32), Rule::Metadata), // AWS: names
    (v4(169, 254, 170, 0, 23), Rule::Metadata),   // AWS: containers
    (v4(169, 254, 0, 23, 32), Rule::Metadata),    // Tencent
    (v4(168, 63, 129, 16, 32), Rule::Metadata),   // Azure, and public by its looks
    (v4(100, 100, 100, 200, 32), Rule::Metadata), // Alibaba
    (v4(192, 0, 0, 192, 32), Rule::Metadata),     // Oracle
    (v4(0, 0, 0, 0, 8), Rule::Unspecified),
    (v4(10, 0, 0, 0, 8), Rule::Private),
    (v4(100, 64, 0, 0, 10), Rule::SharedSpace),
    (v4(127, 0, 0, 0, 8), Rule::Loopback),
    (v4(169, 254, 0, 0, 16), Rule::LinkLocal),
    (v4(172, 16, 0, 0, 12), Rule::Private),
    (v4(192, 0, 0, 0, 24), Rule::Reserved),
    (v4(192, 0, 2, 0, 24), Rule::Documentation),
    (v4(192, 88, 99, 0, 24), Rule::Tunnel),
    (v4(192, 168, 0, 0, 16), Rule::Private),
    (v4(198, 18, 0, 0, 15), Rule::Benchmark),
    (v4(198, 51, 100, 0, 24), Rule::Documentation),
    (v4(203, 0, 113, 0, 24), Rule::Documentation),
    (v4(233, 252, 0, 0, 24), Rule::Documentation),
    (v4(224, 0, 0, 0, 4), Rule::Multicast),
    (v4(255, 255, 255, 255, 32), Rule::Broadcast),
    (v4(240, 0, 0, 0, 4), Rule::Reserved),
];

/// The first that fits decides.
const REFUSED_V6: [(Ipv6Net, Rule); 15] = [
    (Ipv6Net::new_assert(Ipv6Addr::UNSPECIFIED, 128), Rule::Unspecified),
    (Ipv6Net::new_assert(Ipv6Addr::LOCALHOST, 128), Rule::Loopback),
    (Ipv6Net::new_assert(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254), 128), Rule::Metadata), // AWS
    (Ipv6Net::new_assert(Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254), 128), Rule::Metadata),  // Google
    (v6([0x64, 0xff9b, 1, 0], 48), Rule::Tunnel),
    (v6([0xfc00, 0, 0, 0], 7), Rule::UniqueLocal),
    (v6([0xfe80, 0, 0, 0], 10), Rule::LinkLocal),
    (v6([0xfec0, 0, 0, 0], 10), Rule::SiteLocal),
    (v6([0xff00, 0, 0, 0], 8), Rule::Multicast),
    (v6([0x2001, 0, 0, 0], 32), Rule::Tunnel),
    (v6([0x2001, 2, 0, 0], 48), Rule::Benchmark),
    (v6([0x2001, 0, 0, 0], 23), Rule::Reserved),
    (v6([0x2001, 0xdb8, 0, 0], 32), Rule::Documentation),
    (v6([0x2002, 0, 0, 0], 16), Rule::Tunnel),
    (v6([0x3fff, 0, 0, 0], 20), Rule::Documentation),
];

/// What is given out to be reached from everywhere.
const GLOBAL_V6: Ipv6Net = v6([0x2000, 0, 0, 0], 3);
/// NAT64 with an IPv4 address at the end: what a network without IPv4 gives for a name that has IPv4 alone.
const NAT64: Ipv6Net = v6([0x64, 0xff9b, 0, 0], 96);

/// The rule that refuses an address; `None`: it is public.
#[must_use]
pub fn refuses(address: IpAddr) -> Option<Rule> {
    match address {
        IpAddr::V4(address) => refuses_v4(address),
        IpAddr::V6(address) => refuses_v6(address),
    }
}

fn refuses_v4(address: Ipv4Addr) -> Option<Rule> {
    REFUSED_V4.iter().find(|(range, _)| range.contains(&address)).map(|(_, rule)| *rule)
}

fn refuses_v6(address: Ipv6Addr) -> Option<Rule> {
    if let Some((_, rule)) = REFUSED_V6.iter().find(|(range, _)| range.contains(&address)) {
        return Some(*rule);
    }
    let [.., c, d] = address.segments();
    let last = Ipv4Addr::from(u32::from(c) << 16 | u32::from(d));
    if NAT64.contains(&address) || address.to_ipv4_mapped().is_some() {
        return refuses_v4(last);
    }
    if !GLOBAL_V6.contains(&address) {
        // ::/96 has the IPv4-compatible ones.
        let compatible = address.segments()[..6] == [0; 6];
        return Some(if compatible { Rule::Tunnel } else { Rule::Reserved });
    }
    // ISATAP: the interface's half says 5efe, then the IPv4 address.
    let isatap = matches!(address.segments()[4] & !0x0300, 0) && address.segments()[5] == 0x5efe;
    isatap.then(|| refuses_v4(last)).flatten()
}
