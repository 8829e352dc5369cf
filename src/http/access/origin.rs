//! From which pages requests may come, and under which names the backend answers.
//!
//! A browser sends what any page asks it to, with the credentials that it keeps. So no request that another
//! site's page made is let through; and none for a name that is not the backend's, or a page could give its
//! own name the backend's address and read what it answers (DNS rebinding).

use super::super::problem::{Kind, Problem};
use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, Method, Uri};

/// The names that the backend answers under.
#[derive(Clone, Debug, Default)]
pub(super) struct Hosts {
    /// As `Host` has them; without a port any is right.
    pub(super) names: Vec<String>,
    /// Whether the loopback's own are, too.
    pub(super) loopback: bool,
}

/// What this machine is called on its own loopback.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// `example.org:8080` gives `example.org`.
fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        Some(_) | None => authority,
    }
}

impl Hosts {
    fn has(&self, authority: &str) -> bool {
        let authority = authority.to_ascii_lowercase();
        let host = without_port(&authority);
        self.names.iter().any(|name| *name == authority || *name == host)
            || self.loopback && LOOPBACK.contains(&host)
    }
}

/// The name that a request is for: of the target, where it has one, else of its one `Host`.
fn asked<'r>(uri: &'r Uri, headers: &'r HeaderMap, forwarded: bool) -> Option<&'r str> {
    let mut hosts = headers.get_all(HOST).iter();
    let host = hosts.next().filter(|_| hosts.next().is_none()).and_then(|host| host.to_str().ok());
    let host = uri.authority().map(axum::http::uri::Authority::as_str).or(host)?;
    let said = headers.get("x-forwarded-host").filter(|_| forwarded);
    Some(said.and_then(|said| said.to_str().ok()).unwrap_or(host))
}

/// Whether probes ask for it, which know the backend by its address.
fn is_probe(path: &str) -> bool {
    path == "/healthz" || path == "/readyz"
}

/// Judges a request by the name that it is for, and by the page that it comes from. `forwarded` where a
/// proxy that is trusted says the name.
pub(super) fn judge(
    hosts: &Hosts,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    forwarded: bool,
) -> Result<(), Problem> {
    let host = asked(uri, headers, forwarded);
    if !is_probe(uri.path()) && !host.is_some_and(|host| hosts.has(host)) {
        let host = host.unwrap_or("nothing");
        let detail =
            format!("the request is for `{}`, which is none of this backend's names", shown(host));
        return Err(Problem::new(Kind::ForeignHost, detail));
    }
    let reads = method == Method::GET || method == Method::HEAD;
    let says = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    if let Some(site) = says("sec-fetch-site")
        && !matches!(site, "same-origin" | "none")
    {
        // A link that leads here is followed; what a page loads, or posts, is not.
        let follows = says("sec-fetch-mode") == Some("navigate")
            && says("sec-fetch-dest").is_none_or(|dest| dest == "document");
        if !(reads && follows) {
            return Err(cross_site("a page of another site"));
        }
    }
    if reads {
        return Ok(());
    }
    let mut origins = headers.get_all(ORIGIN).iter();
    let is_own = |origin: &str| {
        let authority = origin.split_once("://").map(|(_, authority)| authority);
        authority.is_some_and(|authority| {
            host.is_some_and(|host| host.eq_ignore_ascii_case(authority))
                || hosts.names.iter().any(|name| name.eq_ignore_ascii_case(authority))
        })
    };
    match origins.find(|origin| !origin.to_str().is_ok_and(is_own)) {
        Some(origin) => Err(cross_site(&shown(origin.to_str().unwrap_or("?")))),
        None => Ok(()),
    }
}

fn cross_site(whose: &str) -> Problem {
    Problem::new(
        Kind::CrossSite,
        format!("the request comes from {whose}, and not from this backend's own page"),
    )
}

/// At most so much of what was sent, for a message.
fn shown(text: &str) -> String {
    text.chars().take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderName, HeaderValue};

    fn judged(method: &Method, path: &str, headers: &[(&'static str, &'static str)]) -> bool {
        let hosts = Hosts { names: vec!["deploys.example.org".to_owned()], loopback: true };
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        judge(&hosts, method, &path.parse().unwrap(), &map, false).is_ok()
    }

    const OWN: (&str, &str) = ("host", "deploys.example.org");

    #[test]
    fn answers_under_its_own_names_and_no_other() {
        for own in [
            "deploys.example.org",
            "Deploys.Example.org:443",
            "localhost:4747",
            "127.0.0.1",
            "[::1]:80",
        ] {
            assert!(judged(&Method::GET, "/", &[("host", own)]), "{own}");
        }
        for other in
            ["evil.example", "deploys.example.org.evil.example", "", "localhost.evil:1", "10.0.0.1"]
        {
            assert!(!judged(&Method::GET, "/", &[("host", other)]), "{other}");
        }
        assert!(!judged(&Method::GET, "/", &[]), "no name");
        assert!(!judged(&Method::GET, "/", &[OWN, ("host", "evil.example")]), "two names");
        assert!(!judged(&Method::GET, "http://evil.example/", &[OWN]), "the target's name counts");
        assert!(!judged(
            &Method::GET,
            "/",
            &[("host", "evil.example"), ("x-forwarded-host", OWN.1)]
        ));
        assert!(judged(&Method::GET, "/readyz", &[("host", "10.0.0.1")]), "a probe");
        assert!(!judged(&Method::GET, "/metrics", &[("host", "10.0.0.1")]));
    }

    #[test]
    fn a_page_of_another_site_reads_and_posts_nothing() {
        let site = |method: &Method, site, mode, dest| {
            let headers =
                [OWN, ("sec-fetch-site", site), ("sec-fetch-mode", mode), ("sec-fetch-dest", dest)];
            judged(method, "/api/deploys", &headers)
        };
        assert!(site(&Method::POST, "same-origin", "cors", "empty"));
        assert!(site(&Method::GET, "none", "navigate", "document"));
        assert!(site(&Method::GET, "cross-site", "navigate", "document"), "a link");
        for (method, from, mode, dest) in [
            (Method::POST, "cross-site", "navigate", "document"),
            (Method::POST, "same-site", "cors", "empty"),
            (Method::GET, "cross-site", "no-cors", "image"),
            (Method::GET, "cross-site", "navigate", "iframe"),
            (Method::GET, "odd", "cors", "empty"),
        ] {
            assert!(!site(&method, from, mode, dest), "{method} {from} {mode} {dest}");
        }
    }

    #[test]
    fn a_post_names_its_own_origin_or_none() {
        let post = |origin| judged(&Method::POST, "/api/deploys", &[OWN, ("origin", origin)]);
        assert!(judged(&Method::POST, "/api/deploys", &[OWN]), "no browser");
        assert!(post("https://deploys.example.org"));
        for other in [
            "null",
            "https://evil.example",
            "https://deploys.example.org.evil.example",
            "http://localhost:4747",
        ] {
            assert!(!post(other), "{other}");
        }
        let local = [("host", "localhost:4747"), ("origin", "http://localhost:4747")];
        assert!(judged(&Method::POST, "/api/deploys", &local));
        let port = [("host", "localhost:4747"), ("origin", "http://localhost:8080")];
        assert!(
            !judged(&Method::DELETE, "/api/deploys", &port),
            "another program of this machine's"
        );
        let two =
            [OWN, ("origin", "https://deploys.example.org"), ("origin", "https://evil.example")];
        assert!(!judged(&Method::POST, "/api/deploys", &two));
    }
}
