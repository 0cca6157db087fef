//! Whose word is taken for where a request came from.

use anyhow::Context;
use axum::http::{HeaderMap, header};
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};

const X_FORWARDED_FOR: &str = "x-forwarded-for";

/// The proxies that are trusted.
#[derive(Debug, Clone)]
pub(crate) struct Proxies(Vec<IpNet>);

impl Proxies {
    /// # Errors
    /// Names the setting, when something in it is neither a network nor an address.
    pub fn new(networks: &str) -> anyhow::Result<Self> {
        let named = networks.split(',').map(str::trim).filter(|network| !network.is_empty());
        let read = |network: &str| {
            let read = network.parse().or_else(|_| network.parse::<IpAddr>().map(IpNet::from));
            read.with_context(|| {
                format!("GATEWAY_TRUSTED_PROXIES: `{network}` is no network (such as 10.0.0.0/8)")
            })
        };
        named.map(read).collect::<anyhow::Result<_>>().map(Self)
    }

    /// Whether this is one of them.
    pub fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The client: who is connected, or, when that is a trusted proxy, whom it names; and so on, from proxy to proxy, as long
    /// as they are trusted. What stands before that anybody may have written.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        if !self.trusts(peer) {
            return peer;
        }
        let named = |name: &str, entry: fn(&str) -> Option<IpAddr>| {
            headers.contains_key(name).then(|| self.along(peer, headers, name, entry))
        };
        match (named(header::FORWARDED.as_str(), forwarded_for), named(X_FORWARDED_FOR, node)) {
            (Some(client), None) | (None, Some(client)) => client,
            (Some(one), Some(other)) if one == other => one,
            // A proxy that writes one of them lets the other through as the client wrote it: neither is believed.
            (Some(_), Some(_)) | (None, None) => peer,
        }
    }

    fn along(
        &self,
        peer: IpAddr,
        headers: &HeaderMap,
        name: &str,
        entry: fn(&str) -> Option<IpAddr>,
    ) -> IpAddr {
        let mut client = peer;
        let lines = headers.get_all(name).iter().map(|line| line.to_str().unwrap_or_default());
        // Commas within quotes separate as well: else a quote that a client leaves open would swallow what proxies add.
        let entries: Vec<&str> = lines.flat_map(|line| line.split(',')).collect();
        for said in entries.into_iter().rev() {
            match entry(said) {
                Some(address) if self.trusts(client) => client = address.to_canonical(),
                Some(_) | None => break,
            }
        }
        client
    }
}

/// `for=` of an element of `Forwarded` (RFC 7239).
fn forwarded_for(element: &str) -> Option<IpAddr> {
    let mut pairs = element.split(';').filter_map(|pair| pair.trim().split_once('='));
    node(pairs.find(|(name, _)| name.eq_ignore_ascii_case("for"))?.1)
}

/// An address, with a port or without; none if it is hidden.
fn node(text: &str) -> Option<IpAddr> {
    let text = text.trim().trim_matches('"');
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderName, HeaderValue};

    #[track_caller]
    fn check(peer: &str, lines: &[(&str, &str)], expected: &str) {
        let proxies = Proxies::new("10.0.0.0/8, 192.0.2.1,2001:db8:f::/48").unwrap();
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(HeaderName::try_from(*name).unwrap(), HeaderValue::try_from(*value).unwrap());
        }
        let client = proxies.client(peer.parse().unwrap(), &headers);
        assert_eq!(client, expected.parse::<IpAddr>().unwrap(), "{peer} {lines:?}");
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        check("203.0.113.9", &[("x-forwarded-for", "198.51.100.1")], "203.0.113.9");
        check("203.0.113.9", &[("forwarded", "for=198.51.100.1")], "203.0.113.9");
        check("10.1.2.3", &[], "10.1.2.3");
        check("10.1.2.3", &[("x-forwarded-for", "198.51.100.1")], "198.51.100.1");
        check("::ffff:10.1.2.3", &[("x-forwarded-for", "198.51.100.1")], "198.51.100.1");
        check("2001:db8:f::1", &[("forwarded", "for=\"[2001:db8::7]:4711\";proto=https")], "2001:db8::7");
    }

    #[test]
    fn what_a_client_writes_itself_stands_before_what_proxies_add_and_is_not_believed() {
        check("10.1.2.3", &[("x-forwarded-for", "127.0.0.1, 198.51.100.1")], "198.51.100.1");
        check("10.1.2.3", &[("x-forwarded-for", "10.9.9.9, 198.51.100.1, 192.0.2.1")], "198.51.100.1");
        check(
            "10.1.2.3",
            &[("x-forwarded-for", "1.1.1.1"), ("x-forwarded-for", "198.51.100.1")],
            "198.51.100.1",
        );
        check("10.1.2.3", &[("forwarded", "for=\"1.1.1.1, for=198.51.100.1")], "198.51.100.1");
        check("10.1.2.3", &[("x-forwarded-for", "198.51.100.1"), ("forwarded", "for=1.1.1.1")], "10.1.2.3");
        check(
            "10.1.2.3",
            &[("x-forwarded-for", "198.51.100.1"), ("forwarded", "for=198.51.100.1")],
            "198.51.100.1",
        );
    }

    #[test]
    fn a_chain_of_proxies_is_followed_as_far_as_it_is_known() {
        check("10.1.2.3", &[("x-forwarded-for", "198.51.100.1:5000, 10.4.5.6:80")], "198.51.100.1");
        check("10.1.2.3", &[("x-forwarded-for", "unknown, 10.4.5.6")], "10.4.5.6");
        check("10.1.2.3", &[("forwarded", "for=_hidden, For=10.4.5.6;by=10.1.2.3")], "10.4.5.6");
        check("10.1.2.3", &[("x-forwarded-for", "")], "10.1.2.3");
        check("10.1.2.3", &[("x-forwarded-for", "10.4.5.6, 10.4.5.7")], "10.4.5.6");
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for bad in ["10.0.0.0/33", "proxy.example", "10.0.0.0/8;10.1.0.0/16"] {
            let error = Proxies::new(bad).unwrap_err().to_string();
            assert!(error.starts_with("GATEWAY_TRUSTED_PROXIES: "), "{error}");
        }
    }
}
