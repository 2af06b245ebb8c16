//! Targets that no request may reach, by class.

use loggia::call::guard::address::Rule;
use std::net::{Ipv4Addr, Ipv6Addr};

/// A URL, and the rule that refuses it; `None`: it is a name that is told as not found.
pub type Bad = (String, Option<Rule>);

/// Addresses that are not public: ends and middles of every range.
pub const V4: [([u8; 4], Rule); 50] = [
    ([0, 0, 0, 0], Rule::Unspecified),
    ([0, 0, 0, 1], Rule::Unspecified),
    ([0, 255, 255, 255], Rule::Unspecified),
    ([10, 0, 0, 0], Rule::Private),
    ([10, 1, 2, 3], Rule::Private),
    ([10, 255, 255, 255], Rule::Private),
    ([100, 64, 0, 0], Rule::SharedSpace),
    ([100, 100, 1, 1], Rule::SharedSpace),
    ([100, 127, 255, 255], Rule::SharedSpace),
    ([100, 100, 100, 200], Rule::Metadata),
    ([127, 0, 0, 0], Rule::Loopback),
    ([127, 0, 0, 1], Rule::Loopback),
    ([127, 1, 1, 1], Rule::Loopback),
    ([127, 255, 255, 255], Rule::Loopback),
    ([168, 63, 129, 16], Rule::Metadata),
    ([169, 254, 0, 0], Rule::LinkLocal),
    ([169, 254, 0, 23], Rule::Metadata),
    ([169, 254, 1, 1], Rule::LinkLocal),
    ([169, 254, 169, 254], Rule::Metadata),
    ([169, 254, 169, 253], Rule::Metadata),
    ([169, 254, 169, 123], Rule::Metadata),
    ([169, 254, 170, 2], Rule::Metadata),
    ([169, 254, 170, 23], Rule::Metadata),
    ([169, 254, 255, 255], Rule::LinkLocal),
    ([172, 16, 0, 0], Rule::Private),
    ([172, 17, 0, 1], Rule::Private),
    ([172, 24, 5, 6], Rule::Private),
    ([172, 31, 255, 255], Rule::Private),
    ([192, 0, 0, 0], Rule::Reserved),
    ([192, 0, 0, 192], Rule::Metadata),
    ([192, 0, 0, 255], Rule::Reserved),
    ([192, 0, 2, 0], Rule::Documentation),
    ([192, 0, 2, 255], Rule::Documentation),
    ([192, 88, 99, 1], Rule::Tunnel),
    ([192, 168, 0, 0], Rule::Private),
    ([192, 168, 1, 1], Rule::Private),
    ([192, 168, 255, 255], Rule::Private),
    ([198, 18, 0, 0], Rule::Benchmark),
    ([198, 19, 255, 255], Rule::Benchmark),
    ([198, 51, 100, 7], Rule::Documentation),
    ([203, 0, 113, 7], Rule::Documentation),
    ([224, 0, 0, 1], Rule::Multicast),
    ([233, 252, 0, 1], Rule::Documentation),
    ([239, 255, 255, 250], Rule::Multicast),
    ([239, 255, 255, 255], Rule::Multicast),
    ([240, 0, 0, 0], Rule::Reserved),
    ([247, 1, 2, 3], Rule::Reserved),
    ([255, 0, 0, 1], Rule::Reserved),
    ([255, 255, 255, 254], Rule::Reserved),
    ([255, 255, 255, 255], Rule::Broadcast),
];

/// Addresses of IPv6 that are not public by themselves.
pub const V6: [(&str, Rule); 30] = [
    ("::", Rule::Unspecified),
    ("::1", Rule::Loopback),
    ("0:0:0:0:0:0:0:1", Rule::Loopback),
    ("0000:0000:0000:0000:0000:0000:0000:0001", Rule::Loopback),
    ("::2", Rule::Tunnel),
    ("::ffff:0:127.0.0.1", Rule::Reserved),
    ("100::1", Rule::Reserved),
    ("64:ff9b:1::1", Rule::Tunnel),
    ("64:ff9b:1:ffff::8.8.8.8", Rule::Tunnel),
    ("2001::1", Rule::Tunnel),
    ("2001:0:53aa:64c:0:fbff:5a7d:d53c", Rule::Tunnel),
    ("2001:2::1", Rule::Benchmark),
    ("2001:10::1", Rule::Reserved),
    ("2001:20::1", Rule::Reserved),
    ("2001:1ff::1", Rule::Reserved),
    ("2001:db8::1", Rule::Documentation),
    ("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", Rule::Documentation),
    ("2002::1", Rule::Tunnel),
    ("2002:808:808::1", Rule::Tunnel),
    ("3fff::1", Rule::Documentation),
    ("4000::1", Rule::Reserved),
    ("5f00::1", Rule::Reserved),
    ("fc00::1", Rule::UniqueLocal),
    ("fd00::1", Rule::UniqueLocal),
    ("fd00:ec2::254", Rule::Metadata),
    ("fd20:ce::254", Rule::Metadata),
    ("fe80::1", Rule::LinkLocal),
    ("febf::1", Rule::LinkLocal),
    ("fec0::1", Rule::SiteLocal),
    ("ff02::1", Rule::Multicast),
];

/// Names that mean something inside a network alone.
const NAMES: [&str; 36] = [
    "localhost",
    "LOCALHOST",
    "LocalHost",
    "localhost.",
    "ｌｏｃａｌｈｏｓｔ",
    "a.localhost",
    "a.b.localhost.",
    "local%68ost",
    "localhost.localdomain",
    "metadata",
    "metadata.google.internal",
    "metadata.google.internal.",
    "METADATA.GOOGLE.INTERNAL",
    "metadata.goog.internal",
    "instance-data",
    "instance-data.ec2.internal",
    "db",
    "redis",
    "postgres",
    "kubernetes",
    "kubernetes.default.svc.cluster.local",
    "kubernetes.default.svc.cluster.local.",
    "printer.local",
    "host.docker.internal",
    "gateway.docker.internal",
    "router.lan",
    "router.home",
    "nas.home.arpa",
    "wiki.corp",
    "wiki.intranet",
    "vault.private",
    "1.0.0.127.in-addr.arpa",
    "1.ip6.arpa",
    "duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad.onion",
    "thing.test",
    "thing.invalid",
];

/// Every way of writing an IPv4 address that a URL's reader takes for one.
pub fn notations(address: Ipv4Addr) -> Vec<String> {
    let [a, b, c, d] = address.octets();
    let number = u32::from(address);
    let wide: String = address.to_string().chars().map(|c| char::from_u32(u32::from(c) + 0xfee0).unwrap()).collect();
    vec![
        format!("{address}"),
        format!("{address}."),
        format!("{number}"),
        format!("0x{number:08x}"),
        format!("0X{number:X}"),
        format!("0{number:o}"),
        format!("0{a:o}.0{b:o}.0{c:o}.0{d:o}"),
        format!("0x{a:x}.0x{b:x}.0x{c:x}.0x{d:x}"),
        format!("0x{a:x}.{b}.0{c:o}.{d}"),
        format!("{a}.{}", number & 0x00ff_ffff),
        format!("{a}.{b}.{}", number & 0xffff),
        format!("0x{a:x}.0x{:x}", number & 0x00ff_ffff),
        format!("00000000{a:o}.0{b:o}.0{c:o}.0{d:o}"),
        wide,
        address.to_string().replace('.', "。"),
        address.to_string().chars().map(|c| format!("%{:02x}", u32::from(c))).collect(),
        format!("good.example.com@{address}"),
        format!("93.184.216.34:80@{address}"),
    ]
}

/// An IPv4 address inside of an IPv6 one, in every way that there is.
pub fn embedded(address: Ipv4Addr) -> Vec<Ipv6Addr> {
    let number = u128::from(u32::from(address));
    let at = |start: [u16; 4], shift: u32| {
        let [a, b, c, d] = start;
        Ipv6Addr::from(u128::from(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0)) | number << shift)
    };
    vec![
        address.to_ipv6_mapped(),
        address.to_ipv6_compatible(),
        at([0x2002, 0, 0, 0], 80),                                                // 6to4
        at([0x64, 0xff9b, 0, 0], 0),                                              // NAT64
        at([0x64, 0xff9b, 1, 0], 0),                                              // NAT64 of a network's own
        at([0x64, 0xff9b, 1, 0], 40),                                             // the same with a shorter prefix
        Ipv6Addr::from(u128::from(at([0x2001, 0, 0, 0], 0)) ^ 0xffff_ffff),       // Teredo
        at([0x2001, 0, 0, 0], 64),                                                // Teredo: the server
        Ipv6Addr::from(u128::from(at([0x2a00, 1, 2, 3], 0)) | 0x5efe << 32),      // ISATAP
        Ipv6Addr::from(u128::from(at([0x2a00, 1, 2, 3], 0)) | 0x0200_5efe << 32), // ISATAP of a unique address
        Ipv6Addr::from(u128::from(at([0, 0, 0, 0], 0)) | 0xffff_0000 << 32 & !(1 << 63)), // ::ffff:0:a.b.c.d
    ]
}

pub fn v4() -> Vec<Bad> {
    let all = V4.iter().flat_map(|(octets, rule)| {
        notations((*octets).into()).into_iter().map(|host| (format!("http://{host}/"), Some(*rule)))
    });
    all.collect()
}

pub fn v6() -> Vec<Bad> {
    let own = V6.iter().map(|(address, rule)| (format!("http://[{address}]/"), Some(*rule)));
    own.chain(V6.iter().map(|(address, rule)| (format!("https://x:y@[{address}]:8443/a?b"), Some(*rule)))).collect()
}

/// Refused by a rule that depends on the way: it is not looked at.
pub fn v6_with_v4() -> Vec<String> {
    let some = V4.iter().step_by(3).flat_map(|(octets, _)| embedded((*octets).into()));
    some.map(|address| format!("http://[{address}]/")).collect()
}

pub fn names() -> Vec<Bad> {
    NAMES.iter().map(|name| (format!("http://{name}/"), Some(Rule::LocalName))).collect()
}

/// A public address, or a public name, and a port that isn't open.
pub fn ports() -> Vec<Bad> {
    let low = [
        1, 7, 19, 21, 22, 23, 25, 53, 69, 79, 81, 110, 111, 119, 135, 139, 143, 161, 179, 389, 445, 465, 514, 587, 593,
        636, 873, 993, 1023,
    ];
    let ports = low.iter().chain(&loggia::config::REFUSED_PORTS);
    let one = |port: &u16| {
        [
            (format!("http://93.184.216.34:{port}/"), Some(Rule::Port)),
            (format!("https://public.example.com:{port}/"), Some(Rule::Port)),
        ]
    };
    ports.flat_map(one).collect()
}

pub fn schemes() -> Vec<Bad> {
    let schemes = [
        "file:///etc/passwd",
        "ftp://93.184.216.34/",
        "ws://93.184.216.34/",
        "wss://93.184.216.34/",
        "gopher://127.0.0.1:6379/_INFO",
        "dict://127.0.0.1:11211/stat",
        "ldap://127.0.0.1/",
        "tftp://127.0.0.1/",
        "jar:http://127.0.0.1!/",
        "data:text/plain,x",
        "javascript:alert(1)",
        "unix:/var/run/docker.sock",
        "blob:http://127.0.0.1/x",
        "about:blank",
        "httpx://93.184.216.34/",
        "localhost:8080",
    ];
    schemes.iter().map(|url| ((*url).to_owned(), Some(Rule::Scheme))).collect()
}

/// What a careless reader takes for another host.
pub fn tricks() -> Vec<Bad> {
    let loopback = [
        "http:\\\\127.0.0.1\\",
        "http:/127.0.0.1/",
        "http:127.0.0.1/",
        "http:////127.0.0.1/",
        "http:///127.0.0.1/",
        "HTTP://127.0.0.1/",
        "hTtP:\\/127.0.0.1",
        "http://127.0.0.1\\@93.184.216.34/",
        "http://93.184.216.34@127.0.0.1/",
        "http://93.184.216.34:80@127.0.0.1/",
        "http://good.example.com:x@127.0.0.1/",
        "http://good.example.com%2f@127.0.0.1/",
        "http://good.example.com%40x@127.0.0.1/",
        "http://127.0.0.1#@93.184.216.34/",
        "http://127.0.0.1?@93.184.216.34/",
        "http://127.0.0.1/@93.184.216.34/",
        "http://127.0.0.1:80/",
        "http://127.0.0.1:080/",
        "http://127.0.0.1:/",
        " http://127.0.0.1/ ",
        "\thttp://127.0.0.1/",
        "http://127.0\t.0.1/",
        "ht\ntp://127.0.0.1/",
        "http://127.\r\n0.0.1/",
        "http://127.0.0.1\t/",
        "\u{1}http://127.0.0.1/",
        "http://①②⑦.⓪.⓪.①/",
        "http://127。0。0。1/",
        "http://127．0．0．1/",
        "http://127｡0｡0｡1/",
        "http://1\u{ad}27.0.0.1/",
        "http://127.0.0.\u{200b}1/",
        "https://127.1:443/",
        "http://127.0.1/",
        "http://0x7f000001/",
        "http://017700000001/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/",
        "http://[0:0:0:0:0:ffff:7f00:0001]/",
    ];
    loopback.iter().map(|url| ((*url).to_owned(), Some(Rule::Loopback))).collect()
}

/// What is no URL at all.
pub const INVALID: [&str; 22] = [
    "",
    "127.0.0.1",
    "//127.0.0.1/",
    "/etc/passwd",
    "http://",
    "http://:80/",
    "http://@/",
    "http://[::1/",
    "http://[fe80::1%25eth0]/",
    "http://[fe80::1%eth0]/",
    "http://[::1]x/",
    "http://[127.0.0.1]/",
    "http://1.2.3.4.5/",
    "http://256.256.256.256/",
    "http://4294967296/",
    "http://0x100000000/",
    "http://127.0.0.1:99999/",
    "http://127.0.0.1:x/",
    "http://127.0.0.1 x/",
    "http://a b.example.com/",
    "http://127.0.0.1%00.example.com/",
    "http://127.0.0.1%0d%0aHost:x/",
];

/// Public addresses and names.
pub const GOOD: [(&str, &str); 48] = [
    ("http://93.184.216.34/", "93.184.216.34:80"),
    ("https://93.184.216.34/", "93.184.216.34:443"),
    ("http://93.184.216.34:8080/a?b#c", "93.184.216.34:8080"),
    ("http://93.184.216.34:443/", "93.184.216.34:443"),
    ("http://1.1.1.1/", "1.1.1.1:80"),
    ("http://8.8.8.8:1024/", "8.8.8.8:1024"),
    ("http://8.8.8.8:65535/", "8.8.8.8:65535"),
    ("http://9.255.255.255/", "9.255.255.255:80"),
    ("http://11.0.0.0/", "11.0.0.0:80"),
    ("http://100.63.255.255/", "100.63.255.255:80"),
    ("http://100.128.0.0/", "100.128.0.0:80"),
    ("http://126.255.255.255/", "126.255.255.255:80"),
    ("http://128.0.0.1/", "128.0.0.1:80"),
    ("http://168.63.129.15/", "168.63.129.15:80"),
    ("http://169.253.255.255/", "169.253.255.255:80"),
    ("http://169.255.0.0/", "169.255.0.0:80"),
    ("http://172.15.255.255/", "172.15.255.255:80"),
    ("http://172.32.0.0/", "172.32.0.0:80"),
    ("http://191.255.255.255/", "191.255.255.255:80"),
    ("http://192.0.1.0/", "192.0.1.0:80"),
    ("http://192.0.3.0/", "192.0.3.0:80"),
    ("http://192.167.255.255/", "192.167.255.255:80"),
    ("http://192.169.0.0/", "192.169.0.0:80"),
    ("http://198.17.255.255/", "198.17.255.255:80"),
    ("http://198.20.0.0/", "198.20.0.0:80"),
    ("http://198.51.99.255/", "198.51.99.255:80"),
    ("http://203.0.112.255/", "203.0.112.255:80"),
    ("http://203.0.114.0/", "203.0.114.0:80"),
    ("http://223.255.255.255/", "223.255.255.255:80"),
    ("http://1572395042/", "93.184.216.34:80"),
    ("http://0x5db8d822/", "93.184.216.34:80"),
    ("http://0135.0270.0330.042/", "93.184.216.34:80"),
    ("http://user:secret@93.184.216.34/", "93.184.216.34:80"),
    ("http:\\\\93.184.216.34\\", "93.184.216.34:80"),
    ("http://[2606:2800:220:1:248:1893:25c8:1946]/", "[2606:2800:220:1:248:1893:25c8:1946]:80"),
    ("https://[2a00:1450:4001:830::200e]:8443/", "[2a00:1450:4001:830::200e]:8443"),
    ("http://[2001:200::1]/", "[2001:200::1]:80"),
    ("http://[2001:db7:ffff::1]/", "[2001:db7:ffff::1]:80"),
    ("http://[2003::1]/", "[2003::1]:80"),
    ("http://[3ffe::1]/", "[3ffe::1]:80"),
    ("http://[64:ff9b::8.8.8.8]/", "[64:ff9b::808:808]:80"),
    ("http://[::ffff:8.8.8.8]/", "[::ffff:8.8.8.8]:80"),
    ("http://public.example.com/", "93.184.216.34:80"),
    ("https://PUBLIC.example.com./", "93.184.216.34:443"),
    ("https://public.example.com:9443/", "93.184.216.34:9443"),
    ("http://bücher.example.com/", "93.184.216.34:80"),
    ("http://localhost.example.com/", "93.184.216.34:80"),
    ("http://internal.example.com:3000/", "93.184.216.34:3000"),
];
