//! What the schema of SQLite is made of.

use super::list::List;
use super::objects::{Column, Kind};
use super::part::KeyPart;

/// Adds all of it, in its order.
pub(super) fn objects(list: &mut List<'_>) {
    let v = &list.view;
    let (owns, history, adopts, observe) = (v.owns, v.history, v.adopts, v.observe);
    let again = !v.r.again.is_empty();
    let n = v.n.clone();
    let column = |name: &str, is: &str, primary| Column {
        name: name.to_owned(),
        is: is.to_owned(),
        primary,
    };
    let not_null = |part: &KeyPart| format!("{} NOT NULL", part.row_type);
    let row: Vec<Column> =
        n.parts.iter().map(|part| column(&part.row_name, &not_null(part), "")).collect();
    if !owns {
        list.step("preflight");
    }
    for view in ["states", "transitions", "language", "renames"] {
        list.whole(Kind::View, view);
    }
    if owns {
        let primary = match &n.parts[..] {
            [part] if part.row_type == "INTEGER" => " PRIMARY KEY AUTOINCREMENT",
            [_] => " PRIMARY KEY",
            [..] => "",
        };
        let status = format!("{} NOT NULL DEFAULT {}", n.status_type, list.view.default);
        let key = |part: &KeyPart| column(&part.name, &not_null(part), primary);
        let mut first: Vec<Column> = n.parts.iter().map(key).collect();
        first.push(column(&n.column_name, &status, ""));
        list.owned(first, " STRICT");
    } else if !observe {
        list.step("unknown");
    }
    let (events, reports) = (n.events_name.clone(), n.name("reports"));
    if history {
        let strict = if owns { " STRICT" } else { "" };
        let id = column("id", "INTEGER NOT NULL", " PRIMARY KEY AUTOINCREMENT");
        let tail = if owns { " STRICT, WITHOUT ROWID" } else { " WITHOUT ROWID" };
        list.history(&row, id, strict, tail);
        let mode = n.name("mode");
        let is_one = "INTEGER NOT NULL PRIMARY KEY CHECK (\"id\" = 1)";
        let first = vec![column("id", is_one, "")];
        let columns = "mode text, pruning integer NOT NULL DEFAULT 0";
        list.table((mode.clone(), "mode"), first, columns, Vec::new(), strict);
        list.guards(n.name("mode_delete"), &mode, "mode_delete");
        list.whole(Kind::View, "set_mode");
        list.guards(n.name("set_mode_insert"), &n.name("set_mode"), "set_mode_insert");
        if adopts {
            list.step("adopt");
        }
        list.whole(Kind::View, "prune");
        list.guards(n.name("event"), &events, "event");
        list.guards(n.name("prune_insert"), &n.name("prune"), "prune_insert");
        for event in ["event_update", "event_delete"] {
            list.guards(n.name(event), &events, event);
        }
        for report in ["report", "report_id", "report_kept", "report_update", "report_delete"] {
            list.guards(n.name(report), &reports, report);
        }
        for pruned in ["pruned_update", "pruned_delete"] {
            list.guards(n.name(pruned), &n.name("pruned"), pruned);
        }
        list.whole(Kind::View, "force");
        list.guards(n.name("force_insert"), &n.name("force"), "force_insert");
        list.guards(n.name("event_forced"), &events, "event_forced");
    }
    let mut guards = Vec::new();
    if history && !observe {
        guards.extend(["guard_update_logged", "guard_insert_logged"]);
    }
    guards.extend(["guard_insert", "guard_update"]);
    guards.extend(again.then_some("guard_again").filter(|_| history));
    guards.push(if history { "guard_delete" } else { "guard_replace" });
    for guard in guards {
        list.guards(n.first_name(guard), &n.table_name, guard);
    }
    if list.view.observed.is_some() {
        list.view("observed");
    }
    if history && !list.view.overdue.is_empty() {
        list.view("overdue");
    }
}
