//! The way from the table that was migrated to last to the table as it is: new files next to those
//! that are there, never a byte of which changes.

mod disk;
mod folder;
mod held;
mod layout;
mod left;
mod line;
mod notes;
mod plan;
mod reader;
mod snapshot;
mod version;

use std::io;

use crate::artifact::WriteMode;
use crate::emit::sql::{Dialect, Matched};
use crate::finding::{Finding, Severity};
use crate::load::{Error, Loaded};
use crate::machine::{Machine, StateId};
use crate::rules;
use disk::NewFile;
use line::{Line, LineContents};
use plan::Plan;

/// What became of a table's migrations.
#[derive(Clone, Debug, Default)]
pub struct Migrated {
    /// What keeps it from being migrated, and warnings.
    pub findings: Vec<Finding>,
    /// The files that were written, or in a check would be, from the root, with `/`:
    /// migrations, and last the table that they lead to.
    pub files: Vec<String>,
    /// The table that was migrated to before, from the root.
    pub since: Option<String>,
}

impl Migrated {
    /// Whether nothing keeps it from being migrated.
    pub fn is_possible(&self) -> bool {
        !self.findings.iter().any(Finding::is_error)
    }
}

/// What is asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ask {
    /// The migrations of what has changed.
    Changes,
    /// The same, where other columns may have the enum type whose labels are renamed.
    ChangesOfShared,
    /// Only the table, as that which the databases are at already: whatever led there was written
    /// by hand.
    Baseline,
    /// The migrations that take everything of phasegate's out of the databases again.
    Remove,
}

/// Writes the next migrations of each dialect where the table has changed for the database, and
/// the table next to them. Whatever exists is left as it is; where something is wrong, nothing is
/// written.
///
/// # Errors
/// Where a file cannot be read or written; what was written then is taken back.
pub fn migrate(loaded: &Loaded, ask: Ask, mode: WriteMode) -> Result<Migrated, Error> {
    let (planned, files) = plan(loaded, ask, &states(loaded, read)?)?;
    if mode == WriteMode::Check || files.is_empty() {
        return Ok(planned);
    }
    // What others write meanwhile is waited for, and then looked at again.
    let mut locks = Vec::new();
    for line in lines(loaded) {
        locks.push(disk::lock(&loaded.root, &line.tables())?);
    }
    let read_again = |loaded: &Loaded, line: &Line| line.read(&loaded.root, &loaded.machine.name);
    let (planned, files) = plan(loaded, ask, &states(loaded, read_again)?)?;
    disk::write(&loaded.root, &files)?;
    Ok(planned)
}

/// What `check` says of a table's migrations.
#[derive(Clone, Debug, Default)]
pub struct Migrations {
    /// That they don't lead to the table, or are not as they were written.
    pub findings: Vec<Finding>,
    /// Whether there are any, or were; none where the table has no `[target.sql]`.
    pub begun: Option<bool>,
}

/// Whether a table's migrations lead to it, and are as they were written. Without migrations there is
/// nothing to find.
///
/// # Errors
/// Where a file cannot be read.
pub fn check(loaded: &Loaded) -> Result<Migrations, Error> {
    let states = states(loaded, read)?;
    if states.is_empty() {
        let findings = left::without_target(loaded).into_iter().collect();
        return Ok(Migrations { findings, begun: None });
    }
    if !states.iter().any(|(line, state)| is_kept(loaded, line, state)) {
        return Ok(Migrations { begun: Some(false), findings: left::left(loaded, &states) });
    }
    let (migrated, _) = plan(loaded, Ask::Changes, &states)?;
    let mut findings = migrated.findings.clone();
    findings.extend(not_migrated(loaded, &migrated));
    Ok(Migrations { findings, begun: Some(true) })
}

fn is_kept(loaded: &Loaded, line: &Line, state: &LineContents) -> bool {
    !state.installed().is_empty()
        || !state.findings.is_empty()
        || line.elsewhere(&loaded.root, &loaded.machine.name).is_some()
}

/// A table that was migrated to.
#[derive(Clone, Debug)]
pub struct Known {
    /// Its path from the root, with `/`.
    pub path: String,
    /// What it says.
    pub machine: Machine,
    /// The files that lead there from the table before.
    pub files: Vec<String>,
}

/// The tables that the machine's migrations of a dialect lead to, oldest first.
///
/// # Errors
/// Where a file cannot be read.
pub fn known(loaded: &Loaded, dialect: Dialect) -> Result<Vec<Known>, Error> {
    let mut known = Vec::new();
    for line in lines(loaded).iter().filter(|line| line.folders.contains_key(&dialect)) {
        let state = read(loaded, line)?;
        known.extend(state.installed().iter().map(|past| past.known(line, dialect)));
    }
    Ok(known)
}

/// What the last migration takes out of the databases again.
#[derive(Clone, Debug)]
pub struct Removal {
    /// The tables that were migrated to before, oldest first.
    pub known: Vec<Known>,
    /// The files that take it out.
    pub files: Vec<String>,
}

/// The removal of the machine, where that is the last of its migrations of a dialect.
///
/// # Errors
/// Where a file cannot be read.
pub fn removal(loaded: &Loaded, dialect: Dialect) -> Result<Option<Removal>, Error> {
    for line in lines(loaded).iter().filter(|line| line.folders.contains_key(&dialect)) {
        let state = read(loaded, line)?;
        if let Some((last, before)) =
            state.past.split_last().filter(|(last, _)| last.snapshot.removed)
        {
            let known = line::since_removal(before).iter().map(|past| past.known(line, dialect));
            return Ok(Some(Removal {
                known: known.collect(),
                files: last.known(line, dialect).files,
            }));
        }
    }
    Ok(None)
}

/// A tool that runs migrations in its own way.
#[derive(Clone, Copy, Debug)]
pub struct Runner {
    /// What people call it.
    pub tool: &'static str,
    /// The command that runs what is pending.
    pub command: &'static str,
}

/// The tool that runs the machine's migrations of a dialect; none where sqlx does, as phasegate itself.
pub fn runner(loaded: &Loaded, dialect: Dialect) -> Option<Runner> {
    let line = lines(loaded).into_iter().find(|line| line.folders.contains_key(&dialect))?;
    line.layout.runner(&loaded.root.join(&line.base).join(&line.folders[&dialect]))
}

/// The machine of which a table's text is the table as of some migrations, where it is.
pub fn past_of(text: &str) -> Option<&str> {
    snapshot::Snapshot::machine(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// The states of the table that migrations have renamed since an older version of it, each with its name
/// there: a state keeps `renamed_from` only until it is migrated.
///
/// # Errors
/// Where a file cannot be read.
pub fn former_names(loaded: &Loaded, old: &Machine) -> Result<Vec<(StateId, String)>, Error> {
    let new = &loaded.machine;
    let mut names = Vec::new();
    for line in lines(loaded) {
        let state = read(loaded, &line)?;
        let past: Vec<&Machine> = state.installed().iter().map(|past| &past.machine).collect();
        let is_same = |past: &&Machine| past.fingerprints.table == old.fingerprints.table;
        let has_all =
            |past: &&Machine| old.states.iter().all(|state| past.find(&state.name).is_some());
        let at = past.iter().rposition(is_same).or_else(|| past.iter().rposition(has_all));
        let Some(at) = at else { continue };
        let ways: Vec<&Machine> = past[at..].iter().copied().chain([new]).collect();
        let ways: Vec<(Matched, &Machine)> =
            ways.windows(2).map(|pair| (Matched::new(pair[0], pair[1]), pair[1])).collect();
        for was in old.states.iter().filter(|was| new.find(&was.name).is_none()) {
            let start = past[at].find(&was.name);
            let now = start.and_then(|start| {
                ways.iter().try_fold(start, |state, (matched, _)| matched.becomes(state))
            });
            let is_new = |id: &StateId| {
                old.find(&new.state(*id).name).is_none() && names.iter().all(|(of, _)| of != id)
            };
            names.extend(now.filter(is_new).map(|id| (id, was.name.clone())));
        }
    }
    Ok(names)
}

/// That the table has changed since it was migrated to.
pub fn not_migrated(loaded: &Loaded, migrated: &Migrated) -> Option<Finding> {
    let path = &loaded.source.path;
    let command = crate::artifact::command("migrate", [path]);
    (!migrated.files.is_empty()).then(|| {
        let message = match &migrated.since {
            Some(since) => {
                let since = loaded.root.join(since);
                format!("the table has changed for the database since {}", since.display())
            }
            None => "the table was never migrated to".to_owned(),
        };
        let help = format!("run `{command}`, review what it writes, and commit it");
        Finding::about(rules::NOT_MIGRATED, Severity::Error, path, message, help)
    })
}

fn lines(loaded: &Loaded) -> Vec<Line> {
    let sql = loaded.machine.targets.sql();
    sql.map(|sql| Line::all(sql, &loaded.root)).unwrap_or_default()
}

/// What lies in a line's folders, and not in the middle of another process's writing.
fn read(loaded: &Loaded, line: &Line) -> io::Result<LineContents> {
    let lock = disk::shared_lock(&loaded.root, &line.tables())?;
    let state = line.read(&loaded.root, &loaded.machine.name)?;
    if lock.is_none() && !state.findings.is_empty() {
        // The folder may have come just now, and what is in it with it.
        let _lock = disk::shared_lock(&loaded.root, &line.tables())?;
        return line.read(&loaded.root, &loaded.machine.name);
    }
    Ok(state)
}

/// The lines of a table, and what lies in the folders of each.
fn states(
    loaded: &Loaded,
    read: impl Fn(&Loaded, &Line) -> io::Result<LineContents>,
) -> io::Result<Vec<(Line, LineContents)>> {
    let read = |line: Line| Ok((line.clone(), read(loaded, &line)?));
    lines(loaded).into_iter().map(read).collect()
}

/// What is to be written, line by line; nothing at all where something is wrong.
fn plan(
    loaded: &Loaded,
    ask: Ask,
    states: &[(Line, LineContents)],
) -> io::Result<(Migrated, Vec<NewFile>)> {
    let mut migrated = Migrated::default();
    let mut files = Vec::new();
    for (line, state) in states {
        let mut plan = Plan::new(loaded, line, state);
        // What the files say is not what was migrated to, so that nothing can be said of the way on.
        let new = if state.findings.is_empty() { plan.files(ask)? } else { Vec::new() };
        let reported = state.findings.iter().chain(&plan.findings);
        for finding in reported {
            if !migrated.findings.contains(finding) {
                migrated.findings.push(finding.clone());
            }
        }
        migrated.since = migrated.since.or(state.installed().last().map(|past| past.path.clone()));
        files.extend(new);
    }
    // Where each dialect has a folder of its own, one may stand where it stood.
    let nothing = match ask {
        Ask::Changes | Ask::ChangesOfShared => None,
        Ask::Baseline => Some((
            rules::NOTHING_NEW,
            "the table is the last one that was migrated to, or no migration has come since that one",
            "change the table, and write the migration by hand first: the table gets its number",
        )),
        Ask::Remove => Some((
            rules::NOTHING_TO_REMOVE,
            "no table of this machine was migrated to, or it was taken out again",
            "where somebody ran the schema by hand, take it out by hand: phasegate knows what its \
             migrations made",
        )),
    };
    if let Some(mut found) = left::without_target(loaded) {
        // What is asked for can't be done without it.
        if ask == Ask::Remove {
            found.severity = Severity::Error;
        }
        migrated.findings.push(found);
    }
    if let Some((rule, message, help)) = nothing.filter(|_| files.is_empty())
        && migrated.is_possible()
    {
        let path = &loaded.source.path;
        migrated.findings.push(Finding::about(rule, Severity::Error, path, message, help));
    }
    match migrated.is_possible() {
        true => migrated.findings.extend(left::left(loaded, states)),
        false => files.clear(),
    }
    migrated.files = files.iter().map(|file| file.path.clone()).collect();
    Ok((migrated, files))
}
