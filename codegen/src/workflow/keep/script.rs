//! A step's script, as far as it is read: its commands, and which of them surely run.

/// A command of a script: its words, and whether it runs in every run in which the one before it does
/// not fail.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Command {
    pub(super) words: Vec<String>,
    pub(super) is_sure: bool,
}

/// Words after which what follows may not run, and such as end that.
const OPEN: [&str; 7] = ["if", "case", "for", "while", "until", "{", "select"];
const CLOSE: [&str; 4] = ["fi", "esac", "done", "}"];
/// Words that a command may stand behind.
const BEFORE: [&str; 6] = ["then", "do", "else", "elif", "!", "time"];
/// Commands of which an install follows where they fail: it is there then, or it is there.
const ASKS: [&str; 4] = ["command", "which", "type", "hash"];

/// The commands of a script, in their order.
pub(super) fn commands(script: &str) -> Vec<Command> {
    let mut commands = Vec::new();
    let (mut depth, mut is_sure, mut before) = (0_usize, true, String::new());
    for (words, end) in split(script) {
        let mut words: &[String] = &words;
        while let Some(first) = words.first() {
            if OPEN.contains(&first.as_str()) {
                depth += 1;
            } else if CLOSE.contains(&first.as_str()) {
                depth = depth.saturating_sub(1);
            } else if first.ends_with("()") || words.get(1).is_some_and(|word| word == "()") {
                // A function: its body may never be called.
                depth += usize::from(words.iter().any(|word| word == "{"));
                words = &[];
                continue;
            } else if !BEFORE.contains(&first.as_str()) {
                break;
            }
            words = &words[1..];
        }
        if let Some(first) = words.first() {
            before.clone_from(first);
            commands.push(Command { words: words.to_vec(), is_sure: is_sure && depth == 0 });
        }
        is_sure = match end {
            Separator::And => is_sure && !matches!(before.as_str(), "[" | "[[" | "test"),
            Separator::Or => is_sure && ASKS.contains(&before.as_str()),
            Separator::Command => true,
        };
    }
    commands
}

/// How a command ends.
#[derive(Clone, Copy)]
enum Separator {
    And,
    Or,
    Command,
}

/// The words of each command, and how it ends; texts in quotes and what is fed to a command are no
/// commands.
fn split(script: &str) -> Vec<(Vec<String>, Separator)> {
    let script = script.replace("\\\r\n", " ").replace("\\\n", " ");
    let mut all = Vec::new();
    let (mut words, mut word): (Vec<String>, Option<String>) = (Vec::new(), None);
    let mut fed: Vec<String> = Vec::new();
    let mut chars = script.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '\'' | '"' => {
                let text = word.get_or_insert_default();
                while let Some(inner) = chars.next_if(|inner| *inner != char) {
                    if inner == '\\' && char == '"' {
                        text.extend(chars.next());
                    } else {
                        text.push(inner);
                    }
                }
                chars.next();
            }
            '\\' => word.get_or_insert_default().extend(chars.next()),
            '#' if word.is_none() => while chars.next_if(|c| *c != '\n').is_some() {},
            '\n' | ';' | '&' | '|' | '(' | ')' => {
                if char == '(' && chars.peek() == Some(&')') {
                    chars.next();
                    word.get_or_insert_default().push_str("()");
                    continue;
                }
                words.extend(word.take());
                let is_twice = chars.next_if(|next| *next == char && char != '\n').is_some();
                let end = match (char, is_twice) {
                    ('&', true) => Separator::And,
                    ('|', true) => Separator::Or,
                    _ => Separator::Command,
                };
                all.push((std::mem::take(&mut words), end));
                if char == '\n' && !fed.is_empty() {
                    skip(&mut chars, &mut fed);
                }
            }
            '<' if chars.peek() == Some(&'<') => {
                let mut marker = String::new();
                while let Some(next) = chars.next_if(|c| !c.is_whitespace() && !";|&".contains(*c))
                {
                    marker.push(next);
                }
                if marker.starts_with("<<") {
                    continue;
                }
                if marker == "<" {
                    while chars.next_if(|c| *c == ' ').is_some() {}
                    while let Some(next) = chars.next_if(|c| !c.is_whitespace()) {
                        marker.push(next);
                    }
                }
                let marker = marker.trim_start_matches(['<', '-']);
                fed.push(marker.replace(['\'', '"', '\\'], ""));
            }
            char if char.is_whitespace() => words.extend(word.take()),
            char => word.get_or_insert_default().push(char),
        }
    }
    words.extend(word);
    all.push((words, Separator::Command));
    all
}

/// Passes over the texts that are fed to the commands of a line.
fn skip(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, fed: &mut Vec<String>) {
    for marker in fed.drain(..) {
        loop {
            let line: String = std::iter::from_fn(|| chars.next_if(|c| *c != '\n')).collect();
            if chars.next().is_none() || line.trim() == marker {
                break;
            }
        }
    }
}

/// What package managers are called, and the words by which each installs.
const MANAGERS: [(&str, &[&str]); 12] = [
    ("apk", &["add"]),
    ("apt", &["install"]),
    ("apt-get", &["install"]),
    ("brew", &["install"]),
    ("choco", &["install"]),
    ("dnf", &["install"]),
    ("microdnf", &["install"]),
    ("nix-env", &["-iA", "-i"]),
    ("pacman", &["-S", "-Sy", "-Syu"]),
    ("winget", &["install"]),
    ("yum", &["install"]),
    ("zypper", &["install", "in"]),
];

impl Command {
    /// What it installs; none where it is no install.
    pub(super) fn installs(&self) -> Option<Vec<&str>> {
        let is_around = |word: &&String| {
            matches!(word.as_str(), "sudo" | "env" | "-E" | "doas") || word.contains('=')
        };
        let mut words = self.words.iter().skip_while(is_around);
        let manager = words.next()?;
        let (_, verbs) = MANAGERS.iter().find(|(name, _)| *name == manager)?;
        let words: Vec<&str> = words.map(String::as_str).collect();
        let at = words.iter().position(|word| verbs.contains(word))?;
        let packages = words[at + 1..].iter().filter(|word| !word.starts_with('-'));
        Some(packages.map(|word| word.split(['=', '~', '<', '>']).next().unwrap_or(word)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a script surely installs.
    fn installed(script: &str) -> Vec<String> {
        let commands = commands(script);
        let sure = commands.iter().filter(|command| command.is_sure);
        sure.filter_map(Command::installs).flatten().map(str::to_owned).collect()
    }

    #[test]
    fn what_a_script_surely_installs_is_told_from_what_it_says() {
        for script in [
            "apk add jq",
            "apk add --no-cache jq=1.7",
            "sudo -E apt-get update && sudo apt-get install -y jq",
            "set -eu\nDEBIAN_FRONTEND=noninteractive apt-get install -y \\\n  jq",
            "command -v jq || apk add jq",
            "cd /tmp; apk add jq # all",
            "if true; then\n  echo\nfi\napk add jq",
        ] {
            assert_eq!(installed(script), ["jq"], "{script}");
        }
        for script in [
            "echo apk add jq",
            "echo 'apk add jq'",
            "echo \"\napk add jq\n\"",
            "# apk add jq",
            "cat <<EOF\napk add jq\nEOF\n",
            "cat <<-'END' > x\n  apk add jq\n  END\nls",
            "if [ -f x ]; then\n  apk add jq\nfi",
            "if [ -f x ]; then apk add jq; fi",
            "[ -f x ] && apk add jq",
            "make || apk add jq",
            "setup() {\n  apk add jq\n}\n",
            "apk update",
            "apt-get remove jq",
            "apk info jq",
        ] {
            assert_eq!(installed(script), [""; 0], "{script}");
        }
    }
}
