//! The words of a line, one at a time and in constant memory, however long the line is.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, BufWriter, ErrorKind, Read, Write as _};
use std::path::{Path, PathBuf};

use super::{CommandResult, Exit};
use phasegate_codegen::finding::{self, Finding, Severity};
use phasegate_codegen::rules::Rule;

/// A longer word names no state, and is not kept beyond this.
const MOST_KEPT: usize = 4 << 10;

/// What comes next.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Token {
    /// A word.
    Word(Word),
    /// The end of a line.
    End,
}

/// A word, or a JSON string, decoded.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Word {
    /// What it says, as far as it can be shown.
    pub(crate) text: String,
    /// Whether that is all that it says: it may be no UTF-8, or too long to be kept.
    pub(crate) is_whole: bool,
}

impl Word {
    /// What it says, where that can be the name or the value of anything.
    pub(crate) fn whole(&self) -> Option<&str> {
        self.is_whole.then_some(self.text.as_str())
    }
}

/// Judges each line of a file, or of standard input: `word` takes in a word of the line so far, and
/// `judge` says of the whole, with its number, whether it is accepted and what there is to say.
pub(crate) fn judge_lines<L>(
    file: Option<&Path>,
    strings: bool,
    fresh: impl Fn() -> L,
    word: impl Fn(&mut L, &Word),
    judge: impl Fn(usize, L) -> (bool, String),
) -> CommandResult {
    let mut tokens = open(file, strings)?;
    let mut out = BufWriter::new(io::stdout().lock());
    let (mut line, mut number, mut exit) = (fresh(), 1, Exit::Well);
    while let Some(token) = tokens.next()? {
        match token {
            Token::Word(next) => word(&mut line, &next),
            Token::End => {
                let (accepted, says) = judge(number, std::mem::replace(&mut line, fresh()));
                if !accepted {
                    exit = Exit::Findings;
                }
                out.write_all(says.as_bytes())?;
                if tokens.may_wait() {
                    out.flush()?;
                }
                number += 1;
            }
        }
    }
    out.flush()?;
    Ok(exit)
}

/// A line that is not accepted, as an annotation.
pub(crate) fn annotation(
    rule: &'static Rule,
    file: Option<&PathBuf>,
    line: usize,
    message: &str,
) -> String {
    let path = file.map_or("-".to_owned(), |path| path.display().to_string());
    let mut finding = Finding::about(rule, Severity::Error, path, message, "");
    (finding.line, finding.column) = (Some(line), Some(1));
    finding::github(&[finding])
}

/// A reader of words.
struct Tokens {
    input: BufReader<Box<dyn Read>>,
    strings: bool,
    line_started: bool,
    start: bool,
}

/// The words of a file, or of standard input for `-` or nothing; with `strings` a word that starts
/// with a quote is a JSON string.
fn open(path: Option<&Path>, strings: bool) -> io::Result<Tokens> {
    let input: Box<dyn Read> = match path {
        Some(path) if path.as_os_str() != "-" => Box::new(file(path).map_err(|error| {
            io::Error::new(error.kind(), format!("{}: {error}", path.display()))
        })?),
        Some(_) | None => Box::new(io::stdin().lock()),
    };
    let input = BufReader::with_capacity(64 << 10, input);
    Ok(Tokens { input, strings, line_started: false, start: true })
}

fn file(path: &Path) -> io::Result<File> {
    let file = File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(ErrorKind::IsADirectory.into());
    }
    Ok(file)
}

impl Tokens {
    /// Whether the next word may have to be waited for: what was said so far should be out.
    fn may_wait(&self) -> bool {
        self.input.buffer().is_empty()
    }

    /// What is there to be read; empty only at the end of the input.
    fn buffer(&mut self) -> io::Result<&[u8]> {
        while let Err(error) = self.input.fill_buf() {
            if error.kind() != ErrorKind::Interrupted {
                return Err(error);
            }
        }
        self.input.fill_buf()
    }

    /// The next word or end of line; none at the end of the input.
    fn next(&mut self) -> io::Result<Option<Token>> {
        if self.start {
            self.start = false;
            if self.buffer()?.starts_with("\u{feff}".as_bytes()) {
                self.input.consume(3);
            }
        }
        loop {
            let buffer = self.buffer()?;
            let space = |byte: &u8| byte.is_ascii_whitespace() && *byte != b'\n';
            let spaces = buffer.iter().take_while(|&byte| space(byte)).count();
            let (is_end, next) = (buffer.is_empty(), buffer.get(spaces).copied());
            self.input.consume(spaces);
            self.line_started |= spaces > 0;
            match next {
                None if is_end => {
                    // A last line need not be closed.
                    let open = std::mem::take(&mut self.line_started);
                    return Ok(open.then_some(Token::End));
                }
                None => {}
                Some(b'\n') => {
                    self.input.consume(1);
                    self.line_started = false;
                    return Ok(Some(Token::End));
                }
                Some(byte) => {
                    self.line_started = true;
                    return self.word(self.strings && byte == b'"').map(Some);
                }
            }
        }
    }

    fn word(&mut self, string: bool) -> io::Result<Token> {
        let mut kept = Vec::new();
        let mut is_whole = true;
        let mut quotes = Quotes { open: string, first: true, escaped: false };
        loop {
            let buffer = self.buffer()?;
            let length = buffer.iter().take_while(|&&byte| quotes.takes(byte)).count();
            let (done, room) = (length < buffer.len(), MOST_KEPT - kept.len());
            is_whole &= length <= room;
            kept.extend_from_slice(&buffer[..length.min(room)]);
            let is_end = buffer.is_empty();
            self.input.consume(length);
            if done || is_end {
                break;
            }
        }
        if string && let Ok(text) = serde_json::from_slice(&kept) {
            return Ok(Token::Word(Word { text, is_whole }));
        }
        is_whole &= std::str::from_utf8(&kept).is_ok();
        let text = String::from_utf8_lossy(&kept).into_owned();
        Ok(Token::Word(Word { text, is_whole }))
    }
}

/// Whether a word goes on: inside the quotes of a JSON string white space does not end it.
struct Quotes {
    open: bool,
    first: bool,
    escaped: bool,
}

impl Quotes {
    fn takes(&mut self, byte: u8) -> bool {
        if byte == b'\n' || (!self.open && byte.is_ascii_whitespace()) {
            return false;
        }
        if byte == b'"' && !self.escaped && !self.first {
            self.open = false;
        }
        self.escaped = byte == b'\\' && !self.escaped;
        self.first = false;
        true
    }
}
