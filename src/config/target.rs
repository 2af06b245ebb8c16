//! Targets that an operator opens: `--allow-target`.

use ipnet::IpNet;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use url::Host;

/// A target of people's requests that is allowed though it is not public: addresses, or a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AllowTarget {
    /// `10.1.0.0/16`, `fd00::/8`, `127.0.0.1`, `127.0.0.1:9000`, `[::1]:9000`.
    Addresses {
        /// One address is a range of one.
        range: IpNet,
        /// `None`: all of them.
        port: Option<u16>,
    },
    /// `api.internal`, `*.api.internal`, `api.internal:8080`.
    Name {
        /// In lower case and ASCII, without a dot at its end.
        name: String,
        /// `*.`: what is below the name, and not the name itself.
        below: bool,
        /// `None`: all of them.
        port: Option<u16>,
    },
}

/// Why a text is no target.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum BadTarget {
    /// It has a `/`, and is no CIDR.
    #[error("{0}: expected a range of addresses, such as 10.1.0.0/16 or fd00::/8")]
    Range(String),
    /// 10.1.2.3/16: likely not what was meant.
    #[error("{0}: bits are set past the prefix; did you mean {1}?")]
    Wide(String, IpNet),
    /// It is no host.
    #[error("{0}: expected a host name, an address or a range, such as api.internal, *.api.internal or 10.1.0.0/16")]
    Host(String),
    /// What stands behind the colon.
    #[error("{0}: expected a port from 1 to 65535 behind the colon")]
    Port(String),
}

impl FromStr for AllowTarget {
    type Err = BadTarget;

    fn from_str(text: &str) -> Result<Self, BadTarget> {
        let text = text.trim();
        if text.contains('/') {
            let range: IpNet = text.parse().map_err(|_| BadTarget::Range(text.to_owned()))?;
            if range.addr() != range.network() {
                return Err(BadTarget::Wide(text.to_owned(), range.trunc()));
            }
            return Ok(Self::Addresses { range, port: None });
        }
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self::Addresses { range: address.into(), port: None });
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => {
                let port = port.parse().ok().filter(|port| *port != 0);
                (host, Some(port.ok_or_else(|| BadTarget::Port(text.to_owned()))?))
            }
            None => (text, None),
        };
        let (host, below) = host.strip_prefix("*.").map_or((host, false), |rest| (rest, true));
        let bad = || BadTarget::Host(text.to_owned());
        match Host::parse(host).map_err(|_| bad())? {
            Host::Domain(name) => {
                let name = name.trim_end_matches('.').to_owned();
                let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
                if name.is_empty() || !name.chars().all(is_name) || name.split('.').any(str::is_empty) {
                    return Err(bad());
                }
                Ok(Self::Name { name, below, port })
            }
            _ if below => Err(bad()),
            Host::Ipv4(address) => Ok(Self::Addresses { range: IpAddr::V4(address).into(), port }),
            Host::Ipv6(address) => Ok(Self::Addresses { range: IpAddr::V6(address).into(), port }),
        }
    }
}

impl AllowTarget {
    /// Whether it opens an address.
    #[must_use]
    pub fn has_address(&self, address: IpAddr, at: u16) -> bool {
        matches!(self, Self::Addresses { range, port } if range.contains(&address) && port.is_none_or(|port| port == at))
    }

    /// Whether it opens a name, given in lower case and ASCII and without a dot at its end.
    #[must_use]
    pub fn has_name(&self, host: &str, at: u16) -> bool {
        let Self::Name { name, below, port } = self else { return false };
        let fits = match host.strip_suffix(name.as_str()) {
            Some("") => !below,
            Some(rest) => *below && rest.ends_with('.') && rest.len() > 1,
            None => false,
        };
        fits && port.is_none_or(|port| port == at)
    }
}

impl fmt::Display for AllowTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let port = match self {
            Self::Addresses { range, port } if range.prefix_len() == range.max_prefix_len() => {
                match (range.addr(), port) {
                    (IpAddr::V6(address), Some(_)) => write!(f, "[{address}]")?,
                    (address, _) => write!(f, "{address}")?,
                }
                port
            }
            Self::Addresses { range, port } => {
                write!(f, "{range}")?;
                port
            }
            Self::Name { name, below, port } => {
                write!(f, "{}{name}", if *below { "*." } else { "" })?;
                port
            }
        };
        port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}
