//! `NO_PROXY`: the hosts that are reached directly, written in any of the ways that curl, `requests`
//! and undici know.

use std::net::IpAddr;

#[derive(Debug, Default)]
pub(crate) struct NoProxy(Vec<Entry>);

#[derive(Debug)]
struct Entry {
    hosts: Hosts,
    port: Option<u16>,
}

#[derive(Debug)]
enum Hosts {
    All,
    Network {
        address: IpAddr,
        bits: u32,
    },
    /// The name itself and all below it.
    Domain(String),
}

impl NoProxy {
    /// Entries are separated by commas or white space; what is none is left out.
    pub(crate) fn new(text: &str) -> Self {
        let entries = text.split(|letter: char| letter == ',' || letter.is_whitespace());
        Self(entries.filter(|entry| !entry.is_empty()).filter_map(entry).collect())
    }

    pub(crate) fn contains(&self, host: &str, port: u16) -> bool {
        let host = normal(host);
        let address = host.parse::<IpAddr>().ok();
        self.0.iter().filter(|entry| entry.port.is_none_or(|only| only == port)).any(|entry| {
            match &entry.hosts {
                Hosts::All => true,
                Hosts::Network { address: network, bits } => {
                    address.is_some_and(|address| is_within(address, *network, *bits))
                }
                Hosts::Domain(name) => host.strip_suffix(name.as_str()).is_some_and(|before| {
                    before.is_empty() || (address.is_none() && before.ends_with('.'))
                }),
            }
        })
    }
}

fn entry(text: &str) -> Option<Entry> {
    if text == "*" {
        return Some(Entry { hosts: Hosts::All, port: None });
    }
    if let Some((address, bits)) = text.split_once('/') {
        let (address, bits) = (normal(address).parse::<IpAddr>().ok()?, bits.parse().ok()?);
        return Some(Entry { hosts: Hosts::Network { address, bits }, port: None });
    }
    // An IPv6 address without brackets is full of colons and has no port.
    if let Ok(address) = normal(text).parse::<IpAddr>() {
        return Some(Entry { hosts: Hosts::Network { address, bits: 128 }, port: None });
    }
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) => (host, Some(port.parse().ok()?)),
        None => (text, None),
    };
    let host = normal(host);
    if let Ok(address) = host.parse::<IpAddr>() {
        return Some(Entry { hosts: Hosts::Network { address, bits: 128 }, port });
    }
    let name = host.strip_prefix('*').unwrap_or(&host).trim_start_matches('.');
    let hosts = if name.is_empty() { Hosts::All } else { Hosts::Domain(name.to_owned()) };
    Some(Entry { hosts, port })
}

/// Small letters, neither brackets nor the root's dot.
fn normal(host: &str) -> String {
    let host = host.trim_end_matches('.');
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    host.to_ascii_lowercase()
}

fn is_within(address: IpAddr, network: IpAddr, bits: u32) -> bool {
    let (address, network, width) = match (address.to_canonical(), network.to_canonical()) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            (u128::from(address.to_bits()), u128::from(network.to_bits()), 32)
        }
        (IpAddr::V6(address), IpAddr::V6(network)) => (address.to_bits(), network.to_bits(), 128),
        _ => return false,
    };
    let rest = width - bits.min(width);
    (address ^ network).checked_shr(rest).unwrap_or(0) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_mean_what_other_clients_take_them_for() {
        for (text, host, port, expected) in [
            ("*", "auth.seek.com", 443, true),
            ("a.example, *", "auth.seek.com", 443, true),
            ("seek.com", "auth.seek.com", 443, true),
            ("seek.com", "seek.com", 443, true),
            ("seek.com", "notseek.com", 443, false),
            (".seek.com", "auth.seek.com", 443, true),
            (".seek.com", "seek.com", 443, true),
            ("*.seek.com", "auth.seek.com", 443, true),
            ("SEEK.com.", "auth.seek.com", 443, true),
            ("a.example b.example", "b.example", 443, true),
            ("auth.seek.com:443", "auth.seek.com", 443, true),
            ("auth.seek.com:8443", "auth.seek.com", 443, false),
            ("*.seek.com:8443", "auth.seek.com", 8443, true),
            ("127.0.0.1:8443", "127.0.0.1", 8443, true),
            ("127.0.0.1:8443", "127.0.0.1", 8444, false),
            ("127.0.0.0/8", "127.9.9.9", 1, true),
            ("10.0.0.0/8", "127.9.9.9", 1, false),
            ("0.0.0.0/0", "127.9.9.9", 1, true),
            ("::1", "[::1]", 1, true),
            ("[::1]:8443", "[::1]", 8443, true),
            ("[::1]:8443", "[::1]", 1, false),
            ("fd00::/8", "[fd12::1]", 1, true),
            ("0.1", "127.0.0.1", 1, false),
            ("", "auth.seek.com", 443, false),
            ("a.example:port, /8, 1.2.3.4/x", "auth.seek.com", 443, false),
        ] {
            assert_eq!(
                NoProxy::new(text).contains(host, port),
                expected,
                "{text} and {host}:{port}"
            );
        }
    }
}
