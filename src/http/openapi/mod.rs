//! The interface as OpenAPI: what bodies hold comes of the types that are read and written, what may be
//! refused of the kinds of problems, and the rest of the tables that are served.

pub(crate) mod shapes;

use self::shapes::{
    anything, applied, integer, item_of, key_schema, new_row, nullable, one_of, problem,
    started_row, string, text_of,
};
use super::list::{MOST, SEARCHED, outcomes};
use super::problem::{Kind, Problem};
use super::{Backend, no_store};
use crate::store::{Event, Item, Phase, Recorded, Report, Snapshot};
use crate::{Machine, Schema, StateId};
use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse as _;
use axum::routing::get;
use utoipa::openapi::path::{
    Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterIn,
};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{ArrayBuilder, Object, ObjectBuilder, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, Content, HttpMethod, InfoBuilder, OpenApiBuilder, PathItem, PathsBuilder,
    Ref, RefOr, Required, Response, ResponseBuilder, Schema as Shape,
};

/// Where it is served.
pub(super) const PATH: &str = "/api/openapi.json";

/// A table whose rows are served.
pub type Table<'a> = (&'a dyn Machine, &'a Schema);

/// `GET /api/openapi.json` of several backends. `guarded`: operators have a credential.
pub(super) fn router(backends: &[&Backend], guarded: bool) -> Router {
    let tables = backends.iter().map(|backend| (&**backend.machine(), backend.store().schema()));
    let text = openapi(tables, guarded);
    let answer = move || async move {
        no_store(([(CONTENT_TYPE, "application/json")], text).into_response())
    };
    Router::new().route(PATH, get(answer))
}

/// The interface of some tables as a document of OpenAPI 3.1, in JSON. `guarded`: operators have a
/// credential.
pub fn openapi<'a>(tables: impl IntoIterator<Item = Table<'a>>, guarded: bool) -> String {
    let mut paths = PathsBuilder::new();
    for (machine, schema) in tables {
        for (path, method, operation) in of_table(machine, schema, guarded) {
            paths = add(paths, path, method, operation);
        }
    }
    for (path, operation) in of_all(guarded) {
        paths = add(paths, path.to_owned(), HttpMethod::Get, operation);
    }
    let bearer = |about: &str| {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(about));
        SecurityScheme::Http(scheme.build())
    };
    let mut components = ComponentsBuilder::new()
        .schema_from::<Phase>()
        .schema_from::<Event>()
        .schema_from::<Snapshot>()
        .schema_from::<Item>()
        .schema_from::<Recorded>()
        .schema_from::<Report>()
        .schema("Problem", problem())
        .security_scheme("report", bearer("What opens the row: its token, or the job's own."));
    if guarded {
        components = components.security_scheme("operator", bearer("An operator's credential."));
    }
    let about = "Rows of a status column, and the reports that move them. docs/http.md says more.";
    let info = InfoBuilder::new()
        .title("phasegate")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(about))
        .build();
    let document =
        OpenApiBuilder::new().info(info).paths(paths.build()).components(Some(components.build()));
    document.build().to_pretty_json().expect("a document is texts and numbers") + "\n"
}

fn add(
    paths: PathsBuilder,
    path: String,
    method: HttpMethod,
    operation: Operation,
) -> PathsBuilder {
    paths.path(path, PathItem::new(method, operation))
}

/// What is said of each table.
fn of_table(
    machine: &dyn Machine,
    schema: &Schema,
    guarded: bool,
) -> Vec<(String, HttpMethod, Operation)> {
    use HttpMethod::{Delete, Get, Post};
    let table = &schema.table;
    let (rows, row) = (format!("/api/{table}"), format!("/api/{table}/{{id}}"));
    let id = || {
        let about = format!("The key of the {}.", machine.name());
        parameter("id", ParameterIn::Path, string()).description(Some(about)).build()
    };
    let named = |name: &str, about: &str| {
        OperationBuilder::new()
            .operation_id(Some(format!("{name}_{table}")))
            .tag(table)
            .summary(Some(about))
    };
    let operated = |operation: OperationBuilder, well: (&str, Response), kinds: &[Kind]| {
        finished(operation, well, kinds, guarded.then_some("operator"))
    };
    let page = |of: &str, before: Object| {
        let pages = ObjectBuilder::new()
            .property(of, ArrayBuilder::new().items(item_of(of == table)))
            .required(of)
            .property("next", nullable(string()))
            .required("next");
        let limit = integer(1, i64::from(MOST));
        let limit = parameter("limit", ParameterIn::Query, limit).required(Required::False).build();
        let before = parameter("before", ParameterIn::Query, before);
        let about = "The `next` of the page before.";
        (pages, [limit, before.required(Required::False).description(Some(about)).build()])
    };
    let (list, list_by) = page(table, string());
    let (reports, reports_by) = page("reports", integer(i64::MIN, i64::MAX));
    let reports = reports.property("pruned", integer(0, i64::MAX)).required("pruned");
    let key = "What the start is known by when it is sent again.";
    let key = parameter("Idempotency-Key", ParameterIn::Header, key_schema())
        .required(Required::False)
        .description(Some(key))
        .build();
    let last =
        parameter("Last-Event-ID", ParameterIn::Header, string()).required(Required::False).build();
    let by_body = [
        Kind::UnsupportedMediaType,
        Kind::TooLarge,
        Kind::Timeout,
        Kind::Malformed,
        Kind::TooManyRequests,
    ];
    let start = named("start", "Start a row")
        .parameter(key)
        .request_body(Some(body(new_row(schema), Required::True)));
    let start = with(start, "200", "It was started before under the same key", started_row());
    let report = named("report", "Report a state")
        .parameter(id())
        .request_body(Some(body(Ref::from_schema_name("Report"), Required::True)));
    let judged = [
        Kind::Forbidden,
        Kind::EventIdReused,
        Kind::StaleAttempt,
        Kind::OtherRun,
        Kind::UnknownStatus,
        Kind::Ended,
        Kind::IllegalTransition,
        Kind::NotFound,
    ];
    let report = finished(
        report,
        ("200", json_of("It was applied, or was before", applied())),
        &[&by_body[..], &judged].concat(),
        Some("report"),
    );
    let event = ObjectBuilder::new()
        .property("event", string())
        .required("event")
        .property("id", string())
        .property("data", string())
        .required("data")
        .property("retry", integer(0, i64::MAX));
    let stream = ResponseBuilder::new()
        .description("Server-sent events: `snapshot`, `transition`, `heartbeat`, `end`")
        .content("text/event-stream", Content::new(Some(event)))
        .build();
    let events = named("events", "Follow a row").parameter(id()).parameter(last);
    let events = events.response("204", Response::new("There is nothing more to come"));
    let snapshot = named("snapshot", "A row with its history").parameter(id());
    let snapshot = snapshot.response("304", Response::new("It is as the `ETag` says"));
    let rotate = named("rotate_token", "Give out the row's token anew").parameter(id());
    let rotate = rotate.request_body(Some(body(anything(), Required::True)));
    let token =
        ObjectBuilder::new().property("callback_token", string()).required("callback_token");
    let revoke = named("revoke_token", "Take the row's token back").parameter(id());
    vec![
        (
            rows.clone(),
            Post,
            operated(
                start,
                ("201", json_of("It was started", started_row())),
                &[&by_body[..], &[Kind::Exists, Kind::NotFound]].concat(),
            ),
        ),
        (
            rows,
            Get,
            operated(
                named("list", "The rows, newest first")
                    .parameters(Some(list_by))
                    .parameters(Some(filters(machine))),
                ("200", json_of("A page", list)),
                &[Kind::Malformed, Kind::NotFound, Kind::TooManyRequests],
            ),
        ),
        (
            row.clone(),
            Get,
            operated(
                snapshot,
                ("200", json_of("The row", Ref::from_schema_name("Snapshot"))),
                &[Kind::NotFound],
            ),
        ),
        (
            format!("{row}/events"),
            Get,
            operated(events, ("200", stream), &[Kind::NotFound, Kind::TooManyRequests]),
        ),
        (
            format!("{row}/reports"),
            Get,
            operated(
                named("reports", "What was reported, and what was answered")
                    .parameter(id())
                    .parameters(Some(reports_by)),
                ("200", json_of("A page", reports)),
                &[Kind::Malformed, Kind::NotFound],
            ),
        ),
        (format!("{row}/callbacks"), Post, report),
        (
            format!("{row}/token"),
            Post,
            operated(
                rotate,
                ("200", json_of("The new token", token)),
                &[&by_body[..], &[Kind::NotFound]].concat(),
            ),
        ),
        (
            format!("{row}/token"),
            Delete,
            operated(revoke, ("204", Response::new("It opens nothing")), &[Kind::NotFound]),
        ),
    ]
}

/// What is there once, whatever is served.
fn of_all(guarded: bool) -> [(&'static str, Operation); 5] {
    let named = |name: &str, about: &str| {
        OperationBuilder::new().operation_id(Some(name)).summary(Some(about))
    };
    let text = |kind: &str, about: &str| {
        ResponseBuilder::new()
            .description(about)
            .content(kind, Content::new(Some(string())))
            .build()
    };
    let operator = guarded.then_some("operator");
    let metrics = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    let names = Kind::ALL.map(|kind| kind.about().name);
    let names = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names)).build();
    let name = parameter("name", ParameterIn::Path, names).build();
    [
        (
            "/healthz",
            finished(
                named("alive", "Whether the process lives"),
                ("200", json_of("It does", anything())),
                &[],
                None,
            ),
        ),
        (
            "/readyz",
            finished(
                named("ready", "Whether it can take reports"),
                ("200", json_of("It can", anything())),
                &[],
                None,
            ),
        ),
        (
            PATH,
            finished(
                named("openapi", "This document"),
                ("200", json_of("It", anything())),
                &[],
                operator,
            ),
        ),
        (
            "/metrics",
            finished(
                named("metrics", "What was counted"),
                ("200", text(metrics, "Prometheus' text")),
                &[],
                operator,
            ),
        ),
        (
            "/problems/{name}",
            finished(
                named("problem", "What a type of problem means").parameter(name),
                ("200", text("text/html; charset=utf-8", "A page")),
                &[Kind::NotFound],
                None,
            ),
        ),
    ]
}

/// With what it answers where all is well, and what else it may.
fn finished(
    operation: OperationBuilder,
    (status, well): (&str, Response),
    kinds: &[Kind],
    by: Option<&str>,
) -> Operation {
    let mut operation = operation.response(status, well);
    let mut kinds = kinds.to_vec();
    // From the gate in front, and of whatever asks the database.
    kinds.extend([Kind::ForeignHost, Kind::CrossSite, Kind::Unavailable, Kind::SchemaMismatch]);
    kinds.extend([Kind::Timeout, Kind::Fault]);
    if let Some(by) = by {
        kinds.push(Kind::Unauthorized);
        operation = operation.security(SecurityRequirement::new::<_, _, String>(by, []));
    }
    let mut statuses: Vec<u16> = kinds.iter().map(|kind| kind.about().status.as_u16()).collect();
    statuses.sort_unstable();
    statuses.dedup();
    for status in statuses {
        let of = |kind: &&Kind| kind.about().status.as_u16() == status;
        let mut names: Vec<&str> = kinds.iter().filter(of).map(|kind| kind.about().name).collect();
        names.sort_unstable();
        names.dedup();
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        let response = ResponseBuilder::new()
            .description(names.join(", "))
            .content(Problem::TYPE, Content::new(Some(Ref::from_schema_name("Problem"))));
        operation = operation.response(status.to_string(), response);
    }
    operation.build()
}

fn with(
    operation: OperationBuilder,
    status: &str,
    about: &str,
    shape: impl Into<RefOr<Shape>>,
) -> OperationBuilder {
    operation.response(status, json_of(about, shape))
}

fn json_of(about: &str, shape: impl Into<RefOr<Shape>>) -> Response {
    let content = Content::new(Some(shape));
    ResponseBuilder::new().description(about).content("application/json", content).build()
}

fn body(
    shape: impl Into<RefOr<Shape>>,
    required: Required,
) -> utoipa::openapi::request_body::RequestBody {
    let content = Content::new(Some(shape));
    RequestBodyBuilder::new().content("application/json", content).required(Some(required)).build()
}

/// Which rows a list has.
fn filters(machine: &dyn Machine) -> [Parameter; 3] {
    let value = |state| machine.value(StateId::new(state)).to_owned();
    let states = one_of((0..machine.states()).map(value));
    let about = "Only rows that hold this text in their key or a column of text.";
    [
        ("q", text_of(SEARCHED), about),
        ("state", states, "Only rows in this state; may be given several times."),
        (
            "outcome",
            one_of(outcomes().map(str::to_owned)),
            "The same by how rows ended, or `open`.",
        ),
    ]
    .map(|(name, shape, about)| {
        parameter(name, ParameterIn::Query, shape).description(Some(about)).build()
    })
}

fn parameter(name: &str, place: ParameterIn, shape: Object) -> ParameterBuilder {
    let is_path = matches!(place, ParameterIn::Path);
    let required = if is_path { Required::True } else { Required::False };
    ParameterBuilder::from(Parameter::new(name))
        .parameter_in(place)
        .required(required)
        .schema(Some(shape))
}
