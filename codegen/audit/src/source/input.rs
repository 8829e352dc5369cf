//! A file or standard input, with its first bytes known and its reading counted.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek as _, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::read::MultiGzDecoder;

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
    /// The file, where it is one that can be read as it is.
    file: Option<File>,
    pub(super) bytes: Option<u64>,
    pub(super) progress: Arc<Progress>,
    /// Whether it is unpacked: its bytes were counted before that.
    is_packed: bool,
}

const GZIP: &[u8] = b"\x1f\x8b";
/// What else files begin with, and what to do with such a one.
const OTHERS: [(&[u8], &str); 9] = [
    (b"\x28\xb5\x2f\xfd", "it is packed by zstd; unpack it: `zstd -dc FILE | phasegate ... -`"),
    (b"\xfd7zXZ\0", "it is packed by xz; unpack it: `xz -dc FILE | phasegate ... -`"),
    (b"BZh", "it is packed by bzip2; unpack it: `bzip2 -dc FILE | phasegate ... -`"),
    (
        b"PK\x03\x04",
        "it is a ZIP file (as those of Excel are); a source is Parquet, JSON lines, XES or CSV",
    ),
    (b"SQLite format 3\0", "it is a database of SQLite: name it as sqlite:FILE"),
    (b"ARROW1", "it is a file of Arrow's; a source is Parquet, JSON lines, XES or CSV"),
    (b"Obj\x01", "it is a file of Avro's; a source is Parquet, JSON lines, XES or CSV"),
    (b"\xff\xfe", "it is in UTF-16; write it as UTF-8: `iconv -f UTF-16 -t UTF-8 FILE`"),
    (b"\xfe\xff", "it is in UTF-16; write it as UTF-8: `iconv -f UTF-16 -t UTF-8 FILE`"),
];

/// Counts what is read of it.
struct Packed {
    reader: BufReader<Box<dyn Read + Send>>,
    progress: Arc<Progress>,
}

impl Read for Packed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.progress.add(read as u64);
        Ok(read)
    }
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
        let (mut reader, mut file) = (BufReader::with_capacity(BUFFER, reader), file);
        let is_packed = reader.fill_buf().map_err(fail)?.starts_with(GZIP);
        if is_packed {
            let packed = Packed { reader, progress: Arc::clone(progress) };
            let unpacked: Box<dyn Read + Send> = Box::new(MultiGzDecoder::new(packed));
            reader = BufReader::with_capacity(BUFFER, unpacked);
            file = None;
        }
        let start = reader.fill_buf().map_err(fail)?;
        if let Some((_, what)) = OTHERS.iter().find(|(magic, _)| start.starts_with(magic)) {
            return Err(Error::new(format!("{name}: {what}")));
        }
        let (name, progress) = (name.to_owned(), Arc::clone(progress));
        Ok(Self { name, reader, file, bytes, progress, is_packed })
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
        let Self { reader, progress, is_packed, .. } = self;
        Counted { reader, progress, is_packed, first: true, last: b'\n', lines: None }
    }
}

/// A reader that counts, and that leaves out a byte order mark.
pub(super) struct Counted {
    reader: BufReader<Box<dyn Read + Send>>,
    progress: Arc<Progress>,
    is_packed: bool,
    first: bool,
    /// The last byte that was read.
    last: u8,
    /// The line that is read, from 1, where lines are counted.
    lines: Option<u64>,
}

impl Counted {
    /// The same, which counts lines, too.
    pub(super) fn with_lines(self) -> Self {
        Self { lines: Some(1), ..self }
    }

    /// The line of the next byte, from 1.
    pub(super) fn line(&self) -> u64 {
        self.lines.unwrap_or_default()
    }

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
        if let Some(lines) = &mut self.lines {
            let is_end = |byte: &&u8| **byte == b'\n';
            let buffer = self.reader.buffer();
            *lines += buffer[..read.min(buffer.len())].iter().filter(is_end).count() as u64;
        }
        if !self.is_packed {
            self.progress.add(read as u64);
        }
        self.reader.consume(read);
    }
}
