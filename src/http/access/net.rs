//! Networks of addresses, as `10.0.0.0/8` says them, and who a request really comes from.

use axum::extract::ConnectInfo;
use axum::http::{Extensions, HeaderMap};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

/// A network of addresses: `10.0.0.0/8`, `fd00::/8`, or one address.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Net {
    address: IpAddr,
    bits: u8,
}

/// A text that names no network.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NoNet(String);

impl fmt::Display for NoNet {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "`{}` names no network: an address, or one with its bits (10.0.0.0/8)", self.0)
    }
}

impl std::error::Error for NoNet {}

impl FromStr for Net {
    type Err = NoNet;

    fn from_str(text: &str) -> Result<Self, NoNet> {
        let none = || NoNet(text.to_owned());
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| none())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(most), |bits| bits.parse().map_err(|_| none()))?;
        if bits > most { Err(none()) } else { Ok(Self { address, bits }) }
    }
}

impl fmt::Display for Net {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.address, self.bits)
    }
}

impl Net {
    /// Whether it has an address.
    pub fn has(&self, address: IpAddr) -> bool {
        let (own, other, width) = match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                (own.to_bits().into(), other.to_bits().into(), 32)
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => (own.to_bits(), other.to_bits(), 128),
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => return false,
        };
        let differ: u128 = own ^ other;
        self.bits == 0 || differ >> (width - u32::from(self.bits)) == 0
    }

    /// Whether it is every address.
    pub fn is_all(&self) -> bool {
        self.bits == 0
    }
}

/// The address that a request's connection comes from.
pub(super) fn peer(extensions: &Extensions) -> Option<IpAddr> {
    extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip().to_canonical())
}

/// Whether the connection comes from one of these networks.
pub(super) fn is_from(extensions: &Extensions, nets: &[Net]) -> bool {
    peer(extensions).is_some_and(|peer| nets.iter().any(|net| net.has(peer)))
}

/// The client behind proxies that are trusted: the last address of `X-Forwarded-For` that is none of
/// theirs, where the connection is one of theirs.
pub(super) fn client(
    headers: &HeaderMap,
    extensions: &Extensions,
    proxies: &[Net],
) -> Option<IpAddr> {
    let mut client = peer(extensions)?;
    let forwarded =
        headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let hops: Vec<&str> = forwarded.flat_map(|value| value.split(',')).map(str::trim).collect();
    for hop in hops.into_iter().rev() {
        if !proxies.iter().any(|net| net.has(client)) {
            break;
        }
        let Ok(address) = hop.parse::<IpAddr>() else { break };
        client = address.to_canonical();
    }
    Some(client)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn net(text: &str) -> Net {
        text.parse().unwrap()
    }

    #[test]
    fn has_the_addresses_that_share_its_bits() {
        let has = |text: &str, address: &str| net(text).has(address.parse().unwrap());
        assert!(has("10.0.0.0/8", "10.255.0.1") && !has("10.0.0.0/8", "11.0.0.1"));
        assert!(has("127.0.0.1", "127.0.0.1") && !has("127.0.0.1", "127.0.0.2"));
        assert!(has("127.0.0.1", "::ffff:127.0.0.1"), "a socket of both families says it so");
        assert!(has("fd00::/8", "fd12::1") && !has("fd00::/8", "fe80::1"));
        assert!(has("0.0.0.0/0", "8.8.8.8") && !has("0.0.0.0/0", "::1"));
        assert!(net("::/0").is_all() && !net("10.0.0.0/8").is_all());
        for none in ["", "x", "10.0.0.0/33", "10.0.0.0/", "10.0.0/8", "::/129", "10.0.0.0/-1"] {
            assert!(none.parse::<Net>().is_err(), "{none}");
        }
    }

    #[test]
    fn takes_the_client_from_proxies_that_are_trusted_and_from_no_one_else() {
        let from = |peer: &str, forwarded: &[&'static str]| {
            let mut extensions = Extensions::new();
            extensions.insert(ConnectInfo(SocketAddr::new(peer.parse().unwrap(), 1)));
            let mut headers = HeaderMap::new();
            for value in forwarded {
                headers.append("x-forwarded-for", axum::http::HeaderValue::from_static(value));
            }
            client(&headers, &extensions, &[net("10.0.0.0/8")]).unwrap().to_string()
        };
        assert_eq!(from("10.0.0.1", &["1.1.1.1, 2.2.2.2"]), "2.2.2.2");
        assert_eq!(from("10.0.0.1", &["1.1.1.1", "2.2.2.2, 10.0.0.9"]), "2.2.2.2");
        assert_eq!(from("3.3.3.3", &["1.1.1.1"]), "3.3.3.3");
        assert_eq!(from("10.0.0.1", &["no address"]), "10.0.0.1");
        assert_eq!(from("10.0.0.1", &[]), "10.0.0.1");
    }
}
