//! The types of problems, and the short page that each leads to.

use axum::http::StatusCode;

/// The types of problems.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Kind {
    Unauthorized,
    Forbidden,
    TooManyRequests,
    UnsupportedMediaType,
    TooLarge,
    Timeout,
    Malformed,
    EventIdReused,
    StaleAttempt,
    OtherRun,
    UnknownStatus,
    Ended,
    IllegalTransition,
    NotFound,
    MethodNotAllowed,
    Exists,
    ForeignHost,
    CrossSite,
    Unavailable,
    SchemaMismatch,
    Stopping,
    Fault,
}

/// What is fixed about a type of problem.
pub(crate) struct About {
    /// The last part of its type.
    pub(crate) name: &'static str,
    pub(crate) status: StatusCode,
    pub(crate) title: &'static str,
    /// What it means.
    meaning: &'static str,
    /// What to do.
    remedy: &'static str,
}

impl Kind {
    pub(crate) const ALL: [Self; 22] = [
        Self::Unauthorized,
        Self::Forbidden,
        Self::TooManyRequests,
        Self::UnsupportedMediaType,
        Self::TooLarge,
        Self::Timeout,
        Self::Malformed,
        Self::EventIdReused,
        Self::StaleAttempt,
        Self::OtherRun,
        Self::UnknownStatus,
        Self::Ended,
        Self::IllegalTransition,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::Exists,
        Self::ForeignHost,
        Self::CrossSite,
        Self::Unavailable,
        Self::SchemaMismatch,
        Self::Stopping,
        Self::Fault,
    ];

    pub(crate) fn about(self) -> About {
        let (name, status, title, meaning, remedy) = match self {
            Self::Unauthorized => (
                "unauthorized",
                StatusCode::UNAUTHORIZED,
                "No valid credential",
                "A report needs the credential of its row's run, and what operators do needs an operator's. This request came without one, or with one that is not known.",
                "Send `Authorization: Bearer TOKEN`: with a report the `callback_token` of the answer that started the row, or the job's own token where the backend takes these; as an operator your own.",
            ),
            Self::Forbidden => (
                "forbidden",
                StatusCode::FORBIDDEN,
                "A credential for another row",
                "The token is valid, and opens another row than the one in the address.",
                "Check that the id in the address and the token come from the same start.",
            ),
            Self::TooManyRequests => (
                "too-many-requests",
                StatusCode::TOO_MANY_REQUESTS,
                "Too many requests",
                "More came than a workflow sends of reports, or a client of other requests; `detail` says of what.",
                "Wait for as many seconds as `Retry-After` says, then send the same again: a report counts once under the same event id.",
            ),
            Self::UnsupportedMediaType => (
                "unsupported-media-type",
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "Not JSON",
                "The body is not said to be JSON.",
                "Send `Content-Type: application/json`, in UTF-8.",
            ),
            Self::TooLarge => (
                "too-large",
                StatusCode::PAYLOAD_TOO_LARGE,
                "The body is too large",
                "A body holds at most 64 KiB.",
                "Send less: of a log the last 16 KiB are kept.",
            ),
            Self::Timeout => (
                "timeout",
                StatusCode::REQUEST_TIMEOUT,
                "The request took too long",
                "The request did not come as a whole, or could not be answered, in the time that there is for one.",
                "Send it again: a report that was applied after all is known by its event id.",
            ),
            Self::Malformed => (
                "malformed",
                StatusCode::BAD_REQUEST,
                "Malformed",
                "The request is not what this address takes; `detail` says where it stops to be.",
                "Correct it; sent again as it is, it is refused again.",
            ),
            Self::EventIdReused => (
                "event-id-reused",
                StatusCode::CONFLICT,
                "The event id stands for another report",
                "A report with this event id was applied, and its body was another one.",
                "Give each report an id of its own; send the same body where a report is sent again.",
            ),
            Self::StaleAttempt => (
                "stale-attempt",
                StatusCode::CONFLICT,
                "An older attempt",
                "The run was started again, and a report of its newer attempt was accepted. What an older one still reports changes nothing.",
                "Nothing: the newer attempt reports for the run. `newest` says which it is.",
            ),
            Self::OtherRun => (
                "other-run",
                StatusCode::FORBIDDEN,
                "Another run's",
                "Another run reported to the row first. By jobs' own tokens a row is of one run.",
                "Start a row for each run.",
            ),
            Self::UnknownStatus => (
                "unknown-status",
                StatusCode::UNPROCESSABLE_ENTITY,
                "Unknown status",
                "The backend's table, or its database, lacks the state that was reported: the sender was made from another version of the table.",
                "Roll out the backend, and the migrations, that know the state; or report one of `known`. A workflow goes on without reports of optional states.",
            ),
            Self::Ended => (
                "ended",
                StatusCode::UNPROCESSABLE_ENTITY,
                "It has ended",
                "The row is in a state that no transition leaves.",
                "Start a new one. A run that is run again reports to what has ended already.",
            ),
            Self::IllegalTransition => (
                "illegal-transition",
                StatusCode::UNPROCESSABLE_ENTITY,
                "Illegal transition",
                "No transition leads from the row's state to the one that was reported.",
                "`allowed` says what would have been legal. Where the report is right, the table lacks a transition.",
            ),
            Self::NotFound => (
                "not-found",
                StatusCode::NOT_FOUND,
                "Not found",
                "There is nothing at this address.",
                "Check the id; rows that were deleted are gone.",
            ),
            Self::MethodNotAllowed => (
                "method-not-allowed",
                StatusCode::METHOD_NOT_ALLOWED,
                "Method not allowed",
                "The address exists, and does not take this method.",
                "The header `Allow` says which it takes.",
            ),
            Self::Exists => (
                "exists",
                StatusCode::CONFLICT,
                "It exists already",
                "There is, or was, a row with this key; its history is not written over.",
                "Start one with another key.",
            ),
            Self::ForeignHost => (
                "foreign-host",
                StatusCode::MISDIRECTED_REQUEST,
                "Not this backend's name",
                "The request is for a name that the backend does not answer under. A page that gives its own name this address would ask so.",
                "Ask by the backend's own name. Who runs it says the name by `public-url`.",
            ),
            Self::CrossSite => (
                "cross-site",
                StatusCode::FORBIDDEN,
                "Another site's page",
                "A browser says that the request was made by a page of another site, with credentials that the page does not have.",
                "Use the backend's own page, or a program that is no browser.",
            ),
            Self::Unavailable => (
                "unavailable",
                StatusCode::SERVICE_UNAVAILABLE,
                "The database is away",
                "The database could not be asked, or went away before it answered. Nothing is half done; `detail` says where it may be done as a whole.",
                "Wait for as many seconds as `Retry-After` says, then send the same again: a report that was applied after all is known by its event id.",
            ),
            Self::SchemaMismatch => (
                "schema-mismatch",
                StatusCode::SERVICE_UNAVAILABLE,
                "The database's schema does not fit",
                "The database lacks a table, a column or a trigger that this backend needs.",
                "Run the migrations; `/readyz` says what is missing.",
            ),
            Self::Stopping => (
                "stopping",
                StatusCode::SERVICE_UNAVAILABLE,
                "It is about to stop",
                "This instance is being stopped, and answers what still comes.",
                "Send new requests to another instance.",
            ),
            Self::Fault => (
                "fault",
                StatusCode::INTERNAL_SERVER_ERROR,
                "A fault",
                "The backend met what it was not made for. Nothing is half done.",
                "The backend's log says more.",
            ),
        };
        About { name, status, title, meaning, remedy }
    }
}

/// The page of a type, where there is one of this name.
pub(crate) fn page(name: &str) -> Option<String> {
    let about = Kind::ALL.iter().map(|kind| kind.about()).find(|about| about.name == name)?;
    let About { status, title, meaning, remedy, .. } = about;
    let code = |text: &str| {
        let parts = text.split('`').enumerate();
        let part = |(place, part): (usize, &str)| match place % 2 {
            0 => part.to_owned(),
            _ => format!("<code>{part}</code>"),
        };
        parts.map(part).collect::<String>()
    };
    Some(format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n\
         <main>\n<h1>{title}</h1>\n<p>HTTP {}, <code>/problems/{name}</code></p>\n\
         <h2>What it means</h2>\n<p>{}</p>\n<h2>What to do</h2>\n<p>{}</p>\n</main>\n</html>\n",
        status.as_u16(),
        code(meaning),
        code(remedy),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_a_page_for_each_type_under_a_name_of_its_own() {
        let names: std::collections::BTreeSet<_> =
            Kind::ALL.iter().map(|kind| kind.about().name).collect();
        assert_eq!(names.len(), Kind::ALL.len());
        for name in names {
            let page = page(name).expect("a page");
            assert!(page.contains("What to do") && !page.contains('`'), "{page}");
        }
        assert_eq!(page("no-such"), None);
    }
}
