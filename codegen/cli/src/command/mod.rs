//! The command line: one file per command, one way to print findings, three exit codes.

mod accepts;
mod artifacts;
mod audit;
mod backend;
mod compat;
mod console;
mod demo;
mod discover;
mod explain;
mod graph;
mod init;
mod live;
mod migrate;
mod packaging;
mod phases;
mod schema;
mod serve;
mod tables;
mod tokens;
mod transitions;
mod verify;
mod workflow;

use std::ffi::OsString;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;
use std::process::ExitCode;

use clap::{
    ArgMatches, Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum,
};
use serde_json::{Value, json};

use phasegate_codegen::Error;
use phasegate_codegen::finding::{self, Finding};
use phasegate_codegen::rules;
use phasegate_codegen::table::Source;

pub(crate) use tables::{TableArg, TablesArg, load_or_the_one, tables_in, the_one_table};

/// What the exit codes of a command that looks for something say.
const FINDS: &str = "Exit codes: 0 nothing is found, or all of it is accepted; 1 findings; 2 it could \
                     not run: a table is not valid or can't be read, or the arguments are wrong.";

/// What those of a command that writes say.
const WRITES: &str = "Exit codes: 0 it is done; 1 findings: something keeps it from being done; 2 it \
                      could not run: a table is not valid or can't be read, or the arguments are wrong.";

/// What those of a command that judges lines say.
const JUDGES: &str = "Exit codes: 0 every line is accepted; 1 a line is not; 2 it could not run: the \
                      table is not valid or can't be read, or the arguments are wrong.";

/// What those of the others say.
const DOES: &str = "Exit codes: 0 it is done; 2 it could not run: a table is not valid or can't be \
                    read, or the arguments are wrong.";

/// What those of the demo say.
const DEMO: &str = "Exit codes: 0 it is done, and with --once the deploy ended as the run should; 1 with --once \
                    it did not; 2 it could not run: a table is not valid or can't be read, or the arguments are \
                    wrong.";

/// One declarative transition table for a status column, and every layer generated from it.
#[derive(Parser)]
#[command(name = "phasegate", version, max_term_width = 100)]
#[command(after_help = FINDS)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Write a commented starter table; never over a file that exists
    #[command(after_help = DOES)]
    Init(init::Init),
    /// Write every artifact that is not current
    #[command(after_help = WRITES)]
    Generate(artifacts::Generate),
    /// What CI runs: the table is valid, its proofs hold, every artifact is what the table gives
    #[command(after_help = FINDS)]
    Check(artifacts::Check),
    /// The legal transitions
    #[command(after_help = DOES)]
    Transitions(transitions::Transitions),
    /// Judge sequences of states, one a line
    #[command(after_help = JUDGES)]
    Accepts(accepts::Accepts),
    /// What the stepper shows after accepted sequences, one a line
    #[command(after_help = JUDGES)]
    Phases(phases::Phases),
    /// The proofs, each with what it covered or the shortest counterexample
    #[command(after_help = FINDS)]
    Verify(verify::Verify),
    /// Workflows written by hand, in which reports are kept current
    #[command(after_help = WRITES)]
    Workflow(workflow::Workflow),
    /// Write the next migration of each dialect, where the table has changed since the last
    #[command(after_help = WRITES)]
    Migrate(migrate::Migrate),
    /// Judge a whole history: violations, counts and times
    #[command(after_help = FINDS)]
    Audit(audit::Audit),
    /// Draft a table from a history
    #[command(after_help = FINDS)]
    Discover(discover::Discover),
    /// May one version of a table follow another while everything runs
    #[command(after_help = FINDS)]
    Compat(compat::Compat),
    /// What a rule looks for, why, an example, and how it is mended; without RULE the list
    #[command(after_help = DOES)]
    Explain(explain::Explain),
    /// The picture of the machine
    #[command(after_help = DOES)]
    Graph(graph::Graph),
    /// Completions for a shell, on standard output
    #[command(after_help = DOES)]
    Completions(packaging::Completions),
    /// Manual pages, a file for each command
    #[command(after_help = DOES)]
    Man(packaging::Man),
    /// The JSON Schema of the table format, for editors
    #[command(after_help = DOES)]
    Schema(schema::Schema),
    /// A backend for tables: their rows, reports and pages over HTTP
    #[command(after_help = DOES)]
    Serve(serve::Serve),
    /// The deploy console, on an embedded SQLite file unless --database-url says otherwise; or a table to try
    #[command(after_help = DOES)]
    Console(console::Console),
    /// The console, with a deploy run through it from start to end by the generated callback script
    #[command(after_help = DEMO)]
    Demo(demo::Demo),
}

/// What a run came to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Exit {
    /// All is well.
    Well,
    /// The work ran, and there are findings.
    Findings,
}

/// Why a command could not run.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A message for people.
    Message(String),
    /// A table that is not one, to be reported in the run's format.
    Invalid { findings: Vec<Finding>, source: Source },
    /// All was reported already.
    Told,
    /// The reader of the output has gone away: no one reads it any more, and nothing went wrong.
    Unread,
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::Unread
        } else {
            Self::Message(error.to_string())
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Io(error) => error.into(),
            Error::Invalid { findings, source } => Self::Invalid { findings, source },
        }
    }
}

pub(crate) type CommandResult = Result<Exit, Failure>;

/// How findings are shown.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub(crate) enum Format {
    /// For people: the source line, a caret, the help.
    #[default]
    Text,
    /// One JSON object.
    Json,
    /// Workflow annotations.
    Github,
}

/// How findings are printed.
#[derive(Args)]
pub(crate) struct FormatArg {
    /// How findings are printed
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: Format,
}

impl Command {
    /// Whether findings are what a command prints. What others print goes into a file or a pipe, and
    /// what is wrong with the table does not belong there.
    const fn prints_findings(&self) -> bool {
        match self {
            Self::Generate(_)
            | Self::Check(_)
            | Self::Verify(_)
            | Self::Workflow(_)
            | Self::Migrate(_)
            | Self::Audit(_)
            | Self::Discover(_)
            | Self::Compat(_) => true,
            Self::Init(_)
            | Self::Transitions(_)
            | Self::Accepts(_)
            | Self::Phases(_)
            | Self::Explain(_)
            | Self::Graph(_)
            | Self::Completions(_)
            | Self::Man(_)
            | Self::Schema(_)
            | Self::Serve(_)
            | Self::Console(_)
            | Self::Demo(_) => false,
        }
    }
}

/// Prints findings, and with JSON what else there is to say beside them.
pub(crate) fn print_findings(
    format: Format,
    findings: &[Finding],
    source: Option<&Source>,
    beside: Value,
) -> io::Result<()> {
    let out = match format {
        Format::Text => finding::text(findings, source, coloured()),
        Format::Github => finding::github(findings),
        Format::Json => {
            let mut object = json!({ "findings": findings });
            if let (Some(object), Value::Object(beside)) = (object.as_object_mut(), beside) {
                object.extend(beside);
            }
            format!("{object:#}\n")
        }
    };
    print(&out)
}

fn coloured() -> bool {
    io::stdout().is_terminal() && takes_colour()
}

fn takes_colour() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Writes to standard output.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Says something about the run itself.
pub(crate) fn say(text: &str) {
    // Where standard error is closed no one reads it.
    let _ = writeln!(io::stderr(), "{text}");
}

/// How a path is shown.
pub(crate) fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// The format of a run, whichever command it is of; text where the command has no other.
fn format(matches: &ArgMatches) -> Format {
    match matches.subcommand() {
        Some((_, of_command)) => format(of_command),
        None => matches.try_get_one("format").ok().flatten().copied().unwrap_or_default(),
    }
}

/// The settings of `serve`, as the book lists them.
#[doc(hidden)] // for the test that holds the book to it
pub fn settings() -> String {
    let command = Cli::command();
    command.find_subcommand("serve").map(serve::settings::listed).unwrap_or_default()
}

/// Runs the command line.
pub fn run() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let mut matches = Cli::command().get_matches_from(&arguments);
    match serve::settings::with_file(&Cli::command(), &matches, &arguments) {
        Ok(None) => {}
        Ok(Some(arguments)) => matches = Cli::command().get_matches_from(arguments),
        Err(failure) => return ended(Format::Text, true, Err(failure)),
    }
    let format = format(&matches);
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let outcome = match &cli.command {
        Command::Init(command) => command.run(),
        Command::Generate(command) => command.run(),
        Command::Check(command) => command.run(),
        Command::Transitions(command) => command.run(),
        Command::Accepts(command) => command.run(),
        Command::Phases(command) => command.run(),
        Command::Verify(command) => command.run(),
        Command::Workflow(command) => command.run(),
        Command::Migrate(command) => command.run(),
        Command::Audit(command) => command.run(),
        Command::Discover(command) => command.run(),
        Command::Compat(command) => command.run(),
        Command::Explain(command) => command.run(),
        Command::Graph(command) => command.run(),
        Command::Completions(command) => command.run(),
        Command::Man(command) => command.run(),
        Command::Schema(command) => command.run(),
        Command::Serve(command) => command.run(),
        Command::Console(command) => command.run(),
        Command::Demo(command) => command.run(),
    };
    ended(format, cli.command.prints_findings(), outcome)
}

/// What a run came to, said and as an exit code.
fn ended(format: Format, prints_findings: bool, outcome: CommandResult) -> ExitCode {
    match outcome {
        Ok(Exit::Well) | Err(Failure::Unread) => ExitCode::SUCCESS,
        Ok(Exit::Findings) => ExitCode::from(1),
        Err(Failure::Told) => ExitCode::from(2),
        Err(Failure::Message(message)) => {
            say(&format!("phasegate: {message}"));
            ExitCode::from(2)
        }
        Err(Failure::Invalid { findings, source }) => {
            if format == Format::Text && !prints_findings {
                let colour = io::stderr().is_terminal() && takes_colour();
                say(finding::text(&findings, Some(&source), colour).trim_end_matches('\n'));
            } else if let Err(error) = print_findings(format, &findings, Some(&source), json!({}))
                && error.kind() != io::ErrorKind::BrokenPipe
            {
                say(&format!("phasegate: {error}"));
            }
            say_invalid(&findings, &source);
            ExitCode::from(2)
        }
    }
}

/// Says that a table is not valid; what is wrong with it was reported.
fn say_invalid(findings: &[Finding], source: &Source) {
    let errors = findings.iter().filter(|finding| finding.is_error()).count();
    let errors = count(errors, "error");
    let is_table = findings.iter().all(|finding| finding.rule != rules::BAD_ACCEPTANCE);
    let what = if is_table { "table" } else { "file of accepted findings" };
    say(&format!("phasegate: {} is not a valid {what}: {errors}", source.path));
}

/// A number and what it counts.
pub(crate) fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
