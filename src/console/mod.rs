//! The console: the page that lists rows, starts one and shows it live, and a page for each row. It knows
//! no machine: what it shows comes from the generated status map that it is given, and from the HTTP
//! interface that it stands beside. Where it is given the backend too, it works without script.

mod deploys;
mod files;
mod plain;
mod served;
mod shown;

pub use deploys::{Deploy, deploy, migrate};
pub use files::{BEFORE, FILES};
pub use shown::{Shown, ShownStep};

use std::borrow::Cow;

use crate::ColumnType;
use crate::http::{Backend, REQUESTED_BY, TEXT};
use crate::store::NAME;
use plain::{RowName, escaped, notice};
use served::{HTML, JS, SVG, file};

use axum::Router;
use axum::routing::get;
use std::sync::Arc;

const INDEX: &str = include_str!("assets/index.html");
const ROW: &str = include_str!("assets/row.html");
/// What both of them show a row in.
const WATCH: &str = include_str!("assets/watch.html");
const PICTURE: &str = "/picture.svg";

/// The files of the page that are the same for every machine. `phasegate-stepper.js` is the element
/// that `[target.js] component` generates, for any status map.
const ASSETS: [(&str, &str, &str); 13] = [
    ("/audit.js", JS, include_str!("assets/audit.js")),
    ("/console.css", "text/css; charset=utf-8", CSS),
    ("/console.js", JS, include_str!("assets/console.js")),
    ("/dom.js", JS, include_str!("assets/dom.js")),
    ("/icon.svg", SVG, include_str!("assets/icon.svg")),
    ("/icon-active.svg", SVG, include_str!("assets/icon-active.svg")),
    ("/icon-done.svg", SVG, include_str!("assets/icon-done.svg")),
    ("/icon-failed.svg", SVG, include_str!("assets/icon-failed.svg")),
    ("/page.js", JS, include_str!("assets/page.js")),
    ("/phasegate-stepper.js", JS, include_str!("assets/phasegate-stepper.js")),
    ("/picture.js", JS, include_str!("assets/picture.js")),
    ("/row.js", JS, include_str!("assets/row.js")),
    ("/simulate.js", JS, include_str!("assets/simulate.js")),
];

/// The console's own style after that which the playground has, too.
const CSS: &str = concat!(include_str!("assets/base.css"), include_str!("assets/console.css"));

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
    /// Whose rows it shows to those without script.
    backend: Option<Backend>,
    /// Whether rows are reported by hand.
    simulates: bool,
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
            backend: None,
            simulates: false,
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

    /// With the rows of a backend: the list and each row are written into their pages, too, for those
    /// without script. Who may read the backend may see the page, and no one else.
    #[must_use]
    pub fn backend(self, backend: &Backend) -> Self {
        Self { backend: Some(backend.clone()), ..self }
    }

    /// With buttons that report a row's states by hand, legal or not, to try a table. Each report takes a new
    /// token of the row's, after which the one before is good no more: this is not for rows that jobs report.
    #[must_use]
    pub fn simulator(self) -> Self {
        Self { simulates: true, ..self }
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
            backend: None,
            simulates: false,
        }
    }

    /// The page's address is `/`, and that of a row's page `/rows/ID`; its files stand beside it, the
    /// status map as `/status-map.js`. Merge it with the HTTP interface's routes.
    pub fn router(&self) -> Router {
        self.router_at("")
    }

    /// The same below a path: the page's address is `/PATH/` then.
    pub fn router_at(&self, path: &str) -> Router {
        let at = |file: &str| format!("{path}{file}");
        let (list, row) = match &self.backend {
            Some(_) => {
                let page = Arc::new(self.clone());
                (get(plain::list).with_state(page.clone()), get(plain::row).with_state(page))
            }
            None => {
                let plain = notice("This page follows the event stream by script.");
                (file(HTML, self.index(&plain)), file(HTML, self.row("", None, &plain)))
            }
        };
        let mut router = Router::new()
            .route(&at("/"), list)
            .route(&at("/rows/{id}"), row)
            .route(&at("/status-map.js"), file(JS, self.status_map.clone().into_owned()));
        if let Some(picture) = &self.picture {
            router = router.route(&at(PICTURE), file(SVG, picture.clone().into_owned()));
        }
        for (path, kind, text) in ASSETS {
            router = router.route(&at(path), file(kind, text));
        }
        router
    }

    /// The list, with what those see who have no script.
    fn index(&self, plain: &str) -> String {
        self.filled(INDEX, "", plain, None)
    }

    /// The page of a row; without a name it is not known yet.
    fn row(&self, id: &str, name: Option<&RowName>, plain: &str) -> String {
        let unnamed = RowName { title: String::new(), heading: id.to_owned() };
        self.filled(ROW, "../", plain, Some(name.unwrap_or(&unnamed)))
    }

    /// A page with its blanks filled in: `%title%` is one. One pass, so that a text that reads like a blank
    /// stays what it is. `root` leads to where the list is.
    fn filled(&self, page: &str, root: &str, plain: &str, row: Option<&RowName>) -> String {
        let filled = page.split('%').enumerate().map(|(at, part)| match part {
            _ if at % 2 == 0 => Cow::Borrowed(part),
            "title" => escaped(&self.title).into(),
            "noun" => escaped(&self.title.to_lowercase()).into(),
            "heading" => escaped(&self.heading).into(),
            "collection" => escaped(&self.collection).into(),
            "id_input" => escaped(&self.id_input).into(),
            "token_input" => escaped(&self.token_input).into(),
            "workflow" => escaped(self.workflow.as_deref().unwrap_or_default()).into(),
            "picture" => match self.picture {
                Some(_) => format!("{root}{}", &PICTURE[1..]).into(),
                None => "".into(),
            },
            "fields" => self.columns.iter().enumerate().map(field).collect::<String>().into(),
            "simulates" => if self.simulates { "yes" } else { "" }.into(),
            "watch" => WATCH.into(),
            "plain" => plain.into(),
            "window" => match row.filter(|row| !row.title.is_empty()) {
                Some(row) => escaped(&format!("{} - {}", row.title, self.heading)).into(),
                None => escaped(&self.heading).into(),
            },
            "row" => row.map(|row| escaped(&row.heading)).unwrap_or_default().into(),
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
            format!("<input name=\"{name}\"{first} autocomplete=\"off\" spellcheck=\"false\">")
        }
        ColumnType::Jsonb => {
            format!("<textarea name=\"{name}\"{first} rows=\"3\" spellcheck=\"false\"></textarea>")
        }
    };
    // What a text takes shows by itself.
    let hint = match of {
        ColumnType::Text => "",
        ColumnType::Bigint => "<span class=\"hint\">a whole number</span>",
        ColumnType::Timestamptz => "<span class=\"hint\">a moment, as 2026-01-31T12:00:00Z</span>",
        ColumnType::Jsonb => "<span class=\"hint\">JSON, or a text</span>",
    };
    format!("<label>{label}{hint}{input}</label>\n    ")
}

/// `freeze_checks` gives `Freeze checks`.
fn in_words(name: &str) -> String {
    let words = name.replace('_', " ");
    let mut chars = words.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
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
            backend: None,
            simulates: false,
        }
    }

    #[test]
    fn fills_every_blank_once_and_as_text() {
        let index = page().index("<p>%noun%</p>");
        assert!(index.contains("A &quot;b&quot; &lt;i&gt;&amp;%heading%"), "{index}");
        assert!(index.contains("content=\"/api/things\""));
        assert!(index.contains("<label>A&lt;b<input name=\"a&lt;b\" autofocus maxlength=\"4096\""));
        assert!(index.contains("<textarea name=\"n\""));
        let known = index.replace("&amp;%heading%", "").replace("<p>%noun%</p>", "");
        assert!(!known.contains('%'), "a blank was left");
        let row = page().row("a<b%title%", None, "");
        assert!(row.contains("a&lt;b%title%") && row.contains("href=\"../console.css\""), "{row}");
        assert!(!row.replace("%title%", "").replace("%heading%", "").contains('%'), "{row}");
    }

    #[test]
    fn loads_nothing_from_elsewhere_and_nothing_inline() {
        let pages = [("/", HTML, INDEX), ("/rows/", HTML, ROW), ("/rows/", HTML, WATCH)];
        for (path, _, text) in ASSETS.iter().chain(&pages) {
            let plain = text.replace("http://www.w3.org/2000/svg", "");
            assert!(!plain.contains("://"), "{path} names another place");
        }
        for (_, _, page) in pages {
            assert!(!page.contains(" style=") && !page.contains(" onclick="));
            assert!(!page.contains("<script>") && !page.contains("<style"));
        }
    }

    #[test]
    fn every_import_and_link_of_the_page_is_served() {
        let served: Vec<&str> = ASSETS.iter().map(|(path, _, _)| &path[1..]).collect();
        let mut named = Vec::new();
        for (_, _, text) in ASSETS {
            named.extend(text.split("from \"./").skip(1).filter_map(|rest| rest.split('"').next()));
        }
        for attribute in ["href=\"", "src=\""] {
            for page in [INDEX, ROW] {
                named.extend(
                    page.split(attribute).skip(1).filter_map(|rest| rest.split('"').next()),
                );
            }
        }
        let named = named.into_iter().map(|name| name.trim_start_matches("../"));
        for name in named.filter(|name| !name.starts_with('#') && !name.is_empty()) {
            assert!(name == "status-map.js" || served.contains(&name), "{name} is not served");
        }
    }
}
