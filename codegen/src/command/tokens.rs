//! The words of a line, one at a time and in constant memory, however long the line is.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

/// A longer word names no state, and is not kept beyond this.
const MOST_KEPT: usize = 4 << 10;

/// What comes next.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Token {
    /// A word, or a JSON string, decoded.
    Word(String),
    /// The end of a line.
    End,
}

/// A reader of words.
pub(crate) struct Tokens<R> {
    input: R,
    strings: bool,
    line_started: bool,
    start: bool,
}

/// The words of a file, or of standard input for `-` or nothing.
pub(crate) fn open(path: Option<&Path>, strings: bool) -> io::Result<Tokens<Box<dyn BufRead>>> {
    let input: Box<dyn Read> = match path {
        Some(path) if path.as_os_str() != "-" => Box::new(File::open(path).map_err(|error| {
            io::Error::new(error.kind(), format!("{}: {error}", path.display()))
        })?),
        Some(_) | None => Box::new(io::stdin().lock()),
    };
    let input: Box<dyn BufRead> = Box::new(BufReader::with_capacity(64 << 10, input));
    Ok(Tokens::new(input, strings))
}

impl<R: BufRead> Tokens<R> {
    /// The words of an input; with `strings` a word that starts with a quote is a JSON string.
    pub(crate) const fn new(input: R, strings: bool) -> Self {
        Self { input, strings, line_started: false, start: true }
    }

    fn peek(&mut self) -> io::Result<Option<u8>> {
        Ok(self.input.fill_buf()?.first().copied())
    }

    /// The next word or end of line; none at the end of the input.
    pub(crate) fn next(&mut self) -> io::Result<Option<Token>> {
        if self.start {
            self.start = false;
            if self.input.fill_buf()?.starts_with("\u{feff}".as_bytes()) {
                self.input.consume(3);
            }
        }
        loop {
            match self.peek()? {
                None => {
                    // A last line need not be closed.
                    let open = std::mem::take(&mut self.line_started);
                    return Ok(open.then_some(Token::End));
                }
                Some(b'\n') => {
                    self.input.consume(1);
                    self.line_started = false;
                    return Ok(Some(Token::End));
                }
                Some(byte) if byte.is_ascii_whitespace() => {
                    self.line_started = true;
                    self.input.consume(1);
                }
                Some(byte) => {
                    self.line_started = true;
                    return self.word(self.strings && byte == b'"').map(Some);
                }
            }
        }
    }

    fn word(&mut self, string: bool) -> io::Result<Token> {
        let mut bytes = Vec::new();
        let mut escaped = false;
        while let Some(byte) = self.peek()? {
            let closing = string && byte == b'"' && !escaped && !bytes.is_empty();
            if byte == b'\n' || (!string && byte.is_ascii_whitespace()) {
                break;
            }
            escaped = byte == b'\\' && !escaped;
            if bytes.len() < MOST_KEPT {
                bytes.push(byte);
            }
            self.input.consume(1);
            if closing {
                break;
            }
        }
        if string && let Ok(text) = serde_json::from_slice(&bytes) {
            return Ok(Token::Word(text));
        }
        Ok(Token::Word(String::from_utf8_lossy(&bytes).into_owned()))
    }
}
