//! A page of Markdown as what a session does with it.

/// What a page has that is run or held, in its order.
#[derive(Debug)]
pub(super) enum Part {
    /// Commands that are shown to no one.
    Hidden { line: usize, commands: String },
    /// A block, with what the comment in front of it says.
    Block(Block),
}

/// A fenced block.
#[derive(Debug)]
pub(super) struct Block {
    /// The line of its fence, from 1.
    pub(super) line: usize,
    pub(super) language: String,
    pub(super) text: String,
    /// How far it is indented.
    pub(super) indent: usize,
    /// The comment in front of it: its word, and what follows.
    pub(super) said: Option<(String, String)>,
}

/// The words of comments that are for the next block.
const FOR_BLOCKS: [&str; 4] = ["file", "append", "part of", "not run"];

/// The parts of a page.
pub(super) fn parts(text: &str) -> Vec<Part> {
    let lines: Vec<&str> = text.lines().collect();
    let mut parts = Vec::new();
    let mut said = None;
    let mut at = 0;
    while at < lines.len() {
        let start = at;
        let line = lines[at].trim_start();
        if let Some(comment) = line.strip_prefix("<!-- ") {
            let mut comment = comment.to_owned();
            while !comment.contains("-->") {
                at += 1;
                comment = format!("{comment}\n{}", lines[at]);
            }
            let comment = comment.split("-->").next().unwrap();
            if let Some((word, rest)) = comment.split_once(':') {
                if word == "run" {
                    parts.push(Part::Hidden { line: start + 1, commands: rest.trim().to_owned() });
                } else if FOR_BLOCKS.contains(&word) {
                    said = Some((word.to_owned(), rest.trim().to_owned()));
                }
            }
        } else if let Some(language) = line.strip_prefix("```") {
            let indent = lines[at].len() - line.len();
            let mut text = String::new();
            at += 1;
            while lines[at].trim_start() != "```" {
                text += lines[at].get(indent..).unwrap_or_default();
                text.push('\n');
                at += 1;
            }
            let (language, said) = (language.to_owned(), said.take());
            parts.push(Part::Block(Block { line: start + 1, language, text, indent, said }));
        }
        at += 1;
    }
    assert!(said.is_none(), "no block follows {said:?}");
    parts
}

/// A command of a block, and what it prints.
#[derive(Debug)]
pub(super) struct Command {
    pub(super) command: String,
    pub(super) prints: String,
}

/// The commands of a block of `console`.
pub(super) fn commands(text: &str) -> Vec<Command> {
    let mut commands: Vec<Command> = Vec::new();
    let mut goes_on = false;
    for line in text.lines() {
        if let Some(command) = line.strip_prefix("$ ") {
            commands.push(Command { command: command.to_owned(), prints: String::new() });
        } else {
            let last = commands.last_mut().expect("a block of console begins with a command");
            let to = if goes_on { &mut last.command } else { &mut last.prints };
            if goes_on {
                to.push('\n');
            }
            *to += line;
            if !goes_on {
                to.push('\n');
            }
        }
        goes_on = (goes_on || line.starts_with("$ ")) && line.ends_with('\\');
    }
    commands
}

/// Whether an output is what is shown, where `...` stands for anything: on a line of its own for lines,
/// within a line for a part of it.
pub(super) fn fits(shown: &str, printed: &str) -> bool {
    let lines = |text: &str| -> Vec<String> {
        text.trim_end().lines().map(|line| line.trim_end().to_owned()).collect()
    };
    lines_fit(&lines(shown), &lines(printed))
}

fn lines_fit(shown: &[String], printed: &[String]) -> bool {
    match shown {
        [] => printed.is_empty(),
        [any, rest @ ..] if any == "..." => {
            (0..=printed.len()).any(|at| lines_fit(rest, &printed[at..]))
        }
        [line, rest @ ..] => printed
            .split_first()
            .is_some_and(|(first, printed)| line_fits(line, first) && lines_fit(rest, printed)),
    }
}

fn line_fits(shown: &str, printed: &str) -> bool {
    match shown.split_once("...") {
        None => shown == printed,
        Some((before, after)) => printed.strip_prefix(before).is_some_and(|rest| {
            let ends = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
            ends.into_iter().any(|at| line_fits(after, &rest[at..]))
        }),
    }
}

/// The relative links of a page.
pub(super) fn links(text: &str) -> Vec<String> {
    let mut links = Vec::new();
    let mut is_code = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
        }
        if is_code {
            continue;
        }
        // What stands in backticks is no link.
        let plain: String = line.split('`').step_by(2).collect::<Vec<_>>().join("`");
        for part in plain.split("](").skip(1) {
            let link = part.split(')').next().unwrap();
            if !link.contains("://") && !link.is_empty() {
                links.push(link.to_owned());
            }
        }
    }
    links
}

/// The anchors of a page's headings, as GitHub and mdBook make them.
pub(super) fn anchors(text: &str) -> Vec<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|line| {
            let title = line.trim_start_matches('#').trim().to_lowercase();
            let is_kept = |c: &char| c.is_alphanumeric() || " -_".contains(*c);
            title.chars().filter(is_kept).collect::<String>().replace(' ', "-")
        })
        .collect()
}

#[test]
fn dots_stand_for_anything() {
    assert!(fits("a\n...\nz\n", "a\nb\nc\nz\n") && fits("...\nz", "z"));
    assert!(fits("took ... ms", "took 12 ms") && !fits("took ... ms", "took 12 s"));
    assert!(!fits("a\n", "a\nb\n") && !fits("a\n...\nz\n", "a\nb\n") && !fits("a", "b"));
}
