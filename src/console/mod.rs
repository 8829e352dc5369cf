//! The console: the page that lists rows, starts one and shows it live, as a router of static
//! answers. It knows no machine: what it shows comes from the generated status map that it is
//! given, and from the HTTP interface that it stands beside.

mod deploys;
mod files;

pub use deploys::{Deploy, deploy, migrate};
pub use files::{BEFORE, FILES};

use std::borrow::Cow;

use crate::ColumnType;
use crate::http::{REQUESTED_BY, TEXT};
use crate::store::NAME;

use axum::Router;
use axum::body::Bytes;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use sha2::{Digest, Sha256};

use crate::text::hex;

const INDEX: &str = include_str!("assets/index.html");
const HTML: &str = "text/html; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";
const PICTURE: &str = "/picture.svg";

/// The files of the page that are the same for every machine. `phasegate-stepper.js` is the element
/// that `[target.js] component` generates, for any status map.
const ASSETS: [(&str, &str, &str); 11] = [
    ("/audit.js", JS, include_str!("assets/audit.js")),
    ("/console.css", "text/css; charset=utf-8", include_str!("assets/console.css")),
    ("/console.js", JS, include_str!("assets/console.js")),
    ("/dom.js", JS, include_str!("assets/dom.js")),
    ("/icon.svg", SVG, include_str!("assets/icon.svg")),
    ("/icon-active.svg", SVG, include_str!("assets/icon-active.svg")),
    ("/icon-done.svg", SVG, include_str!("assets/icon-done.svg")),
    ("/icon-failed.svg", SVG, include_str!("assets/icon-failed.svg")),
    ("/phasegate-stepper.js", JS, include_str!("assets/phasegate-stepper.js")),
    ("/picture.js", JS, include_str!("assets/picture.js")),
    ("/row.js", JS, include_str!("assets/row.js")),
];

/// Everything comes from this origin, nothing is inline, and no other page frames it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                      connect-src 'self'; form-action 'self'; base-uri 'none'; \
                      frame-ancestors 'none'";

/// What the page is told of the machine that it shows.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Page {
    /// The machine's title, of one row: `Deploy`.
    pub title: String,
    /// The title of the list: `Deploys`.
    pub heading: String,
    /// The path of the HTTP interface's rows: `/api/deploys`. Its last part is the key of the
    /// list in its answers.
    pub collection: String,
    /// The generated status map, an ES module.
    pub status_map: Cow<'static, str>,
    /// The workflow input that takes a row's id.
    pub id_input: String,
    /// The workflow input that takes its token.
    pub token_input: String,
    /// What the form of a start asks for: the columns of the schema.
    pub columns: Vec<(String, ColumnType)>,
    /// The workflow's file name, for a line that dispatches it.
    pub workflow: Option<String>,
    /// The picture of the table that `phasegate graph --to svg` prints.
    pub picture: Option<Cow<'static, str>>,
}

impl Page {
    /// The page of a machine whose rows stand in `table`, with a workflow that takes the inputs
    /// that phasegate generates by default.
    pub fn new(
        machine: &dyn crate::Machine,
        table: &str,
        status_map: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            title: machine.title().to_owned(),
            heading: in_words(table),
            collection: format!("/api/{table}"),
            status_map: status_map.into(),
            id_input: format!("{}_id", machine.name()),
            token_input: "callback_token".to_owned(),
            columns: machine.schema().columns,
            workflow: None,
            picture: None,
        }
    }

    /// With the line that dispatches this workflow for what was started.
    #[must_use]
    pub fn workflow(self, file: impl Into<String>) -> Self {
        Self { workflow: Some(file.into()), ..self }
    }

    /// With the picture of the table, an SVG that `phasegate graph --to svg` prints.
    #[must_use]
    pub fn picture(self, svg: impl Into<Cow<'static, str>>) -> Self {
        Self { picture: Some(svg.into()), ..self }
    }

    /// The page of the deploy console.
    pub fn deploys() -> Self {
        Self {
            title: "Deploy".to_owned(),
            heading: "Deploys".to_owned(),
            collection: "/api/deploys".to_owned(),
            status_map: include_str!("../../generated/deploy-status.js").into(),
            id_input: "console_deploy_id".to_owned(),
            token_input: "callback_token".to_owned(),
            columns: crate::Schema::of(&Deploy).columns,
            workflow: Some("deploy-console.yml".to_owned()),
            picture: Some(include_str!("../../docs/deploy.svg").into()),
        }
    }

    /// The page's address is `/`; its files stand beside it, the status map as `/status-map.js`.
    /// Merge it with the HTTP interface's routes.
    pub fn router(&self) -> Router {
        self.router_at("")
    }

    /// The same below a path: the page's address is `/PATH/` then.
    pub fn router_at(&self, path: &str) -> Router {
        let at = |file: &str| format!("{path}{file}");
        let mut router = Router::new()
            .route(&at("/"), file(HTML, self.index()))
            .route(&at("/status-map.js"), file(JS, self.status_map.clone().into_owned()));
        if let Some(picture) = &self.picture {
            router = router.route(&at(PICTURE), file(SVG, picture.clone().into_owned()));
        }
        for (path, kind, text) in ASSETS {
            router = router.route(&at(path), file(kind, text));
        }
        router
    }

    /// The page with its blanks filled in: `%title%` is one. One pass, so that a text that reads
    /// like a blank stays what it is.
    fn index(&self) -> String {
        let filled = INDEX.split('%').enumerate().map(|(at, part)| match part {
            _ if at % 2 == 0 => Cow::Borrowed(part),
            "title" => escaped(&self.title).into(),
            "noun" => escaped(&self.title.to_lowercase()).into(),
            "heading" => escaped(&self.heading).into(),
            "collection" => escaped(&self.collection).into(),
            "id_input" => escaped(&self.id_input).into(),
            "token_input" => escaped(&self.token_input).into(),
            "workflow" => escaped(self.workflow.as_deref().unwrap_or_default()).into(),
            "picture" => self.picture.as_ref().map_or("", |_| &PICTURE[1..]).into(),
            "fields" => self.columns.iter().enumerate().map(field).collect::<String>().into(),
            _ => unreachable!("the page has the blank {part}, and nothing fills it"),
        });
        filled.collect()
    }
}

/// A page of links, each with its text, for a backend of several machines.
pub fn links(title: &str, links: &[(String, String)]) -> String {
    let link = |(to, text): &(String, String)| {
        format!("<li><a href=\"{}\">{}</a></li>\n", escaped(to), escaped(text))
    };
    let title = escaped(title);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n\
         <main>\n<h1>{title}</h1>\n<ul>\n{}</ul>\n</main>\n</html>\n",
        links.iter().map(link).collect::<String>()
    )
}

/// The field of a column, with the limits that its type has.
fn field((at, (name, of)): (usize, &(String, ColumnType))) -> String {
    let (label, name) = (escaped(&in_words(name)), escaped(name));
    let first = if at == 0 { " autofocus" } else { "" };
    let input = match of {
        ColumnType::Text => {
            let most = if name == REQUESTED_BY { NAME } else { TEXT };
            format!(
                "<input name=\"{name}\"{first} maxlength=\"{most}\" autocomplete=\"off\" spellcheck=\"false\">"
            )
        }
        ColumnType::Bigint => {
            format!(
                "<input name=\"{name}\"{first} inputmode=\"numeric\" pattern=\"-?[0-9]{{1,19}}\" autocomplete=\"off\">"
            )
        }
        ColumnType::Timestamptz => {
            format!(
                "<input name=\"{name}\"{first} placeholder=\"2026-01-31T12:00:00Z\" autocomplete=\"off\">"
            )
        }
        ColumnType::Jsonb => {
            format!("<textarea name=\"{name}\"{first} rows=\"3\" spellcheck=\"false\"></textarea>")
        }
    };
    format!("<label>{label}{input}</label>\n    ")
}

/// `freeze_checks` gives `Freeze checks`.
fn in_words(name: &str) -> String {
    let words = name.replace('_', " ");
    let mut chars = words.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// Text as HTML holds it, between tags and in quotes.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            _ => out.push(char),
        }
    }
    out
}

/// A file that is asked for again each time and sent again only where it has changed: a page and
/// its parts are always of one version.
fn file(kind: &'static str, text: impl Into<Bytes>) -> MethodRouter {
    let body: Bytes = text.into();
    let tag = format!("\"{}\"", hex(&Sha256::digest(&body)[..16]));
    let tag = HeaderValue::try_from(tag).expect("quotes and hex digits");
    get(move |headers: HeaderMap| {
        let had = headers.get(IF_NONE_MATCH).is_some_and(|had| names(had, &tag));
        let mut response = if had {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            body.clone().into_response()
        };
        set_headers(&mut response, kind, tag.clone());
        std::future::ready(response)
    })
}

/// Whether a list of entity tags has this one.
fn names(had: &HeaderValue, tag: &HeaderValue) -> bool {
    let tags = had.as_bytes().split(|&byte| byte == b',').map(<[u8]>::trim_ascii);
    let mut tags = tags.map(|one| one.strip_prefix(b"W/").unwrap_or(one));
    tags.any(|one| one == tag.as_bytes())
}

fn set_headers(response: &mut Response, kind: &'static str, tag: HeaderValue) {
    let headers = response.headers_mut();
    headers.insert(ETAG, tag);
    let fixed: [(HeaderName, &'static str); 7] = [
        (CONTENT_TYPE, kind),
        (CACHE_CONTROL, "no-cache"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> Page {
        Page {
            title: "A \"b\" <i>&%heading%".to_owned(),
            heading: "Things".to_owned(),
            collection: "/api/things".to_owned(),
            status_map: "export const machine = \"thing\";".into(),
            id_input: "thing_id".to_owned(),
            token_input: "callback_token".to_owned(),
            columns: vec![
                ("a<b".to_owned(), ColumnType::Text),
                ("n".to_owned(), ColumnType::Jsonb),
            ],
            workflow: None,
            picture: None,
        }
    }

    #[test]
    fn fills_every_blank_once_and_as_text() {
        let index = page().index();
        assert!(index.contains("A &quot;b&quot; &lt;i&gt;&amp;%heading%"), "{index}");
        assert!(index.contains("content=\"/api/things\""));
        assert!(index.contains("<label>A&lt;b<input name=\"a&lt;b\" autofocus maxlength=\"4096\""));
        assert!(index.contains("<textarea name=\"n\""));
        assert!(!index.replace("&amp;%heading%", "").contains('%'), "a blank was left");
    }

    #[test]
    fn loads_nothing_from_elsewhere_and_nothing_inline() {
        for (path, _, text) in ASSETS.iter().chain(&[("/", HTML, INDEX)]) {
            let plain = text.replace("http://www.w3.org/2000/svg", "");
            assert!(!plain.contains("://"), "{path} names another place");
        }
        assert!(!INDEX.contains(" style=") && !INDEX.contains(" onclick="));
        assert!(!INDEX.contains("<script>") && !INDEX.contains("<style"));
    }

    #[test]
    fn every_import_and_link_of_the_page_is_served() {
        let served: Vec<&str> = ASSETS.iter().map(|(path, _, _)| &path[1..]).collect();
        let mut named = Vec::new();
        for (_, _, text) in ASSETS {
            named.extend(text.split("from \"./").skip(1).filter_map(|rest| rest.split('"').next()));
        }
        named.extend(INDEX.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()));
        named.extend(INDEX.split("src=\"").skip(1).filter_map(|rest| rest.split('"').next()));
        for name in named.into_iter().filter(|name| !name.starts_with('#')) {
            assert!(name == "status-map.js" || served.contains(&name), "{name} is not served");
        }
    }

    #[test]
    fn a_list_of_tags_may_name_the_file() {
        let tag = HeaderValue::from_static("\"ab\"");
        assert!(names(&HeaderValue::from_static("\"x\", W/\"ab\""), &tag));
        assert!(!names(&HeaderValue::from_static("\"abc\""), &tag));
    }
}
