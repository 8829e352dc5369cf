//! A file or standard input, with its first bytes known and its reading counted.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek as _, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::STDIN;
use crate::Error;

const BUFFER: usize = 256 << 10;

/// How much was read of all sources, for those who wait.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    bytes: AtomicU64,
}

impl Progress {
    /// The bytes that were read.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    pub(crate) fn add(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// An open input.
pub(super) struct Input {
    pub(super) name: String,
    reader: BufReader<Box<dyn Read + Send>>,
    /// The file, where it is one.
    file: Option<File>,
    pub(super) bytes: Option<u64>,
    pub(super) progress: Arc<Progress>,
}

impl Input {
    pub(super) fn open(name: &str, progress: &Arc<Progress>) -> Result<Self, Error> {
        let fail = |error: io::Error| Error::new(format!("{name}: {error}"));
        let (reader, file, bytes): (Box<dyn Read + Send>, _, _) = if name == STDIN {
            (Box::new(io::stdin()), None, None)
        } else {
            let file = File::open(Path::new(name)).map_err(fail)?;
            let about = file.metadata().map_err(fail)?;
            if about.is_dir() {
                let help = format!("name its files: '{}/*.parquet'", name.trim_end_matches('/'));
                return Err(Error::new(format!("{name}: is a folder; {help}")));
            }
            let bytes = about.is_file().then_some(about.len());
            let again = file.try_clone().map_err(fail)?;
            (Box::new(file), bytes.map(|_| again), bytes)
        };
        let mut reader = BufReader::with_capacity(BUFFER, reader);
        reader.fill_buf().map_err(fail)?;
        Ok(Self { name: name.to_owned(), reader, file, bytes, progress: Arc::clone(progress) })
    }

    /// Its first bytes.
    pub(super) fn start(&self) -> &[u8] {
        self.reader.buffer()
    }

    /// The whole as a file, for what has to be read from its end; what is none is copied into one.
    pub(super) fn into_file(mut self) -> Result<File, Error> {
        let fail = |error: io::Error| Error::new(format!("{}: {error}", self.name));
        let mut file = match self.file {
            Some(file) => file,
            None => {
                let mut file = tempfile::tempfile().map_err(fail)?;
                io::copy(&mut self.reader, &mut file).map_err(fail)?;
                file.flush().map_err(fail)?;
                file
            }
        };
        file.rewind().map_err(fail)?;
        Ok(file)
    }

    /// What is left, counted as it is read.
    pub(super) fn counted(self) -> Counted {
        Counted { reader: self.reader, progress: self.progress, first: true, last: b'\n' }
    }
}

/// A reader that counts, and that leaves out a byte order mark.
pub(super) struct Counted {
    reader: BufReader<Box<dyn Read + Send>>,
    progress: Arc<Progress>,
    first: bool,
    /// The last byte that was read.
    last: u8,
}

impl Counted {
    /// Whether what was read ends with a line feed.
    pub(super) const fn ends_in_line_feed(&self) -> bool {
        self.last == b'\n'
    }
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

impl BufRead for Counted {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if std::mem::take(&mut self.first)
            && self.reader.fill_buf()?.starts_with("\u{feff}".as_bytes())
        {
            self.reader.consume(3);
        }
        self.reader.fill_buf()
    }

    fn consume(&mut self, read: usize) {
        if let Some(&last) = read.checked_sub(1).and_then(|last| self.reader.buffer().get(last)) {
            self.last = last;
        }
        self.progress.add(read as u64);
        self.reader.consume(read);
    }
}
