//! Settings of a file: what neither a flag nor the environment says is read as if a flag said it. So each
//! flag is a key of the file, with its checks and its messages.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command};
use toml::{Table, Value};

use crate::command::{Failure, shown};

/// What a file calls the arguments without a flag.
const TABLES: &str = "tables";

/// A secret of a file's: all of it but the white space around it.
pub(crate) fn secret(file: &Path) -> Result<String, Failure> {
    let text = fs::read_to_string(file)
        .map_err(|error| Failure::Message(format!("{}: {error}", shown(file))))?;
    let secret = text.trim();
    if secret.is_empty() || secret.contains('\n') {
        let message = format!("{}: one line is expected, and nothing else", shown(file));
        return Err(Failure::Message(message));
    }
    Ok(secret.to_owned())
}

/// The arguments with those that a file adds, where the command has one; none where it has not.
pub(crate) fn with_file(
    command: &Command,
    matches: &ArgMatches,
    arguments: &[OsString],
) -> Result<Option<Vec<OsString>>, Failure> {
    let Some((name, of_command)) = matches.subcommand() else { return Ok(None) };
    let Some(command) = command.find_subcommand(name) else { return Ok(None) };
    if !command.get_arguments().any(|argument| argument.get_long() == Some("config")) {
        return Ok(None);
    }
    let Some(file) = of_command.get_one::<PathBuf>("config") else { return Ok(None) };
    let fails = |what: String| Failure::Message(format!("{}: {what}", shown(file)));
    let text = fs::read_to_string(file).map_err(|error| fails(error.to_string()))?;
    let table: Table = toml::from_str(&text).map_err(|error| fails(error.to_string()))?;
    let mut added = Vec::new();
    for (key, value) in &table {
        let argument = argument(command, key).ok_or_else(|| {
            let known: Vec<&str> = command.get_arguments().filter_map(key_of).collect();
            fails(format!("`{key}` is no setting; known: {}", known.join(", ")))
        })?;
        let source = of_command.value_source(argument.get_id().as_str());
        if matches!(source, Some(ValueSource::CommandLine | ValueSource::EnvVariable)) {
            continue;
        }
        let texts = texts(value).ok_or_else(|| fails(format!("`{key}` can't be {value}")))?;
        for text in texts {
            added.push(OsString::from(match (argument.get_long(), value) {
                (None, _) => text,
                (Some(_), Value::Boolean(false)) => continue,
                (Some(long), Value::Boolean(true)) => format!("--{long}"),
                (Some(long), _) => format!("--{long}={text}"),
            }));
        }
    }
    // Behind the command's own name: what the user gave may end with `--`.
    let at =
        arguments.iter().position(|argument| argument == name).map_or(arguments.len(), |at| at + 1);
    let (before, after) = arguments.split_at(at);
    Ok(Some([before, &added, after].concat()))
}

/// What a file calls an argument; none of the file itself, and of what only a command line says.
fn key_of(argument: &Arg) -> Option<&str> {
    match argument.get_long() {
        Some("config" | "help") => None,
        Some(long) => Some(long),
        None => argument.is_positional().then_some(TABLES),
    }
}

fn argument<'c>(command: &'c Command, key: &str) -> Option<&'c Arg> {
    command.get_arguments().find(|argument| key_of(argument) == Some(key))
}

/// A value as a command line has it.
fn texts(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) => Some(vec![text.clone()]),
        Value::Integer(number) => Some(vec![number.to_string()]),
        Value::Boolean(is) => Some(vec![is.to_string()]),
        Value::Array(values) => {
            let texts: Option<Vec<Vec<String>>> = values.iter().map(texts).collect();
            texts.map(|texts| texts.concat())
        }
        Value::Float(_) | Value::Datetime(_) | Value::Table(_) => None,
    }
}

/// Each setting of a command, as the docs list them: flag, environment, key, default, what it is.
pub(crate) fn listed(command: &Command) -> String {
    let mut out = String::from(
        "| flag, and key of the file | environment | default | what it is |\n|---|---|---|---|\n",
    );
    for argument in command.get_arguments() {
        let (Some(long), Some(help)) = (argument.get_long(), argument.get_help()) else { continue };
        if long == "help" {
            continue;
        }
        let env = argument.get_env().map(|env| format!("`{}`", env.to_string_lossy()));
        let defaults = argument.get_default_values().iter();
        let defaults: Vec<String> = defaults
            .filter(|_| argument.get_action().takes_values())
            .map(|value| format!("`{}`", value.to_string_lossy()))
            .collect();
        let value = argument.get_value_names().filter(|_| argument.get_action().takes_values());
        let value = value.and_then(|names| names.first()).map(|name| format!(" {name}"));
        out += &format!(
            "| `--{long}{}` | {} | {} | {} |\n",
            value.unwrap_or_default(),
            env.unwrap_or_default(),
            defaults.join(", "),
            help.to_string().replace('|', "\\|")
        );
    }
    out
}
