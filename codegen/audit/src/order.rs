//! Orders events within a limit of memory: what does not fit is sorted in parts, which lie in
//! temporary files until they are merged.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek as _, Write};
use std::ops::ControlFlow;

use crate::Error;
use crate::batch::{Batch, Event, Id, Key};

/// So many parts are merged at once: each is an open file.
const PARTS: usize = 64;
/// So many events are given on at once.
const BATCH: usize = 8_192;
const BUFFER: usize = 64 << 10;

/// An event that waits, with its place among all that came.
#[derive(Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Kept {
    key: Key,
    /// Events of one key stay in the order of their coming.
    nth: u64,
    source: u32,
    line: u64,
    at: i64,
    state: u16,
    table: u16,
    id: KeptId,
}

#[derive(Debug, Eq, Ord, PartialEq, PartialOrd)]
enum KeptId {
    Number(i64),
    Uuid([u64; 2]),
    Text(Box<[u8]>),
}

impl Kept {
    fn id(&self) -> Id<'_> {
        match &self.id {
            KeptId::Number(id) => Id::Number(*id),
            KeptId::Uuid(id) => Id::Uuid(*id),
            KeptId::Text(id) => Id::Text(id),
        }
    }

    /// The bytes that it takes besides its own size.
    fn beside(&self) -> usize {
        // What the allocator adds.
        const MORE: usize = 16;
        let text = |text: &[u8]| text.len() + MORE;
        let id = match &self.id {
            KeptId::Number(_) | KeptId::Uuid(_) => 0,
            KeptId::Text(id) => text(id),
        };
        let key = match &self.key {
            Key::Number(_) => 0,
            Key::Text(key) => text(key),
        };
        id + key
    }
}

/// Events that are to be ordered.
#[derive(Debug)]
pub(crate) struct Sorter {
    memory: usize,
    used: usize,
    kept: Vec<Kept>,
    parts: Vec<File>,
    next: u64,
    /// How many parts were written, those of merged ones too.
    written: usize,
}

impl Sorter {
    /// Within so many bytes.
    pub(crate) const fn new(memory: usize) -> Self {
        Self { memory, used: 0, kept: Vec::new(), parts: Vec::new(), next: 0, written: 0 }
    }

    /// Takes in the events of a batch, each of which has a key.
    pub(crate) fn add(&mut self, batch: &Batch) -> Result<(), Error> {
        for (nth, key) in batch.keys.iter().enumerate() {
            let id = match batch.ids.get(nth) {
                Id::Number(id) => KeptId::Number(id),
                Id::Uuid(id) => KeptId::Uuid(id),
                Id::Text(id) => KeptId::Text(id.into()),
            };
            let kept = Kept {
                key: key.clone(),
                nth: self.next,
                source: batch.source(nth),
                line: batch.line(nth),
                at: batch.at[nth],
                state: batch.states[nth],
                table: batch.tables[nth],
                id,
            };
            self.next += 1;
            if self.kept.is_empty() {
                // Once and for all: growing would take twice as much for a while.
                self.kept.reserve_exact(self.memory / size_of::<Kept>());
            }
            self.used += size_of::<Kept>() + kept.beside();
            self.kept.push(kept);
            if self.used + size_of::<Kept>() > self.memory {
                self.spill()?;
            }
        }
        Ok(())
    }

    /// How many parts did not fit into memory.
    pub(crate) const fn spilled(&self) -> usize {
        self.written
    }

    fn spill(&mut self) -> Result<(), Error> {
        self.kept.sort_unstable_by(|a, b| (&a.key, a.nth).cmp(&(&b.key, b.nth)));
        let mut part = Part::new()?;
        for kept in self.kept.drain(..) {
            part.write(&kept)?;
        }
        self.used = 0;
        self.written += 1;
        self.parts.push(part.finish()?);
        if self.parts.len() == PARTS {
            let mut merged = Part::new()?;
            let parts = std::mem::take(&mut self.parts);
            // Nothing breaks it.
            let _ = merge(parts, |kept| merged.write(&kept).map(ControlFlow::Continue))?;
            self.parts.push(merged.finish()?);
        }
        Ok(())
    }

    /// Gives all events in their order, in batches.
    pub(crate) fn finish(
        mut self,
        mut give: impl FnMut(&Batch) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        let mut batch = Batch::new(0);
        let mut next = |kept: Kept| {
            let is_full = batch.len() >= BATCH;
            if is_full || !push(&mut batch, &kept) {
                let full = std::mem::replace(&mut batch, Batch::new(0));
                push(&mut batch, &kept);
                return give(&full);
            }
            ControlFlow::Continue(())
        };
        let flow = if self.parts.is_empty() {
            self.kept.sort_unstable_by(|a, b| (&a.key, a.nth).cmp(&(&b.key, b.nth)));
            self.kept.into_iter().try_for_each(next)
        } else {
            self.spill()?;
            // What is not needed any more makes room for the rows.
            self.kept = Vec::new();
            merge(self.parts, |kept| Ok(next(kept)))?
        };
        // What is left over is given even where it is nothing: no one minds.
        if flow.is_continue() {
            let _ = give(&batch);
        }
        Ok(())
    }
}

/// Adds an event; whether its id is of the kind of the others.
fn push(batch: &mut Batch, kept: &Kept) -> bool {
    let Kept { line, at, state, table, source, .. } = *kept;
    let event = Event { id: kept.id(), state, line, at, key: None, table };
    let is_pushed = batch.push(&event);
    if is_pushed {
        batch.sources.push(source);
    }
    is_pushed
}

/// Gives the events of sorted parts in their order, until the caller breaks off.
fn merge(
    parts: Vec<File>,
    mut give: impl FnMut(Kept) -> Result<ControlFlow<()>, Error>,
) -> Result<ControlFlow<()>, Error> {
    let mut readers: Vec<BufReader<File>> =
        parts.into_iter().map(|part| BufReader::with_capacity(BUFFER, part)).collect();
    let mut heap = BinaryHeap::with_capacity(readers.len());
    for (nth, reader) in readers.iter_mut().enumerate() {
        heap.extend(read(reader).map_err(spilling)?.map(|kept| Reverse((kept, nth))));
    }
    while let Some(Reverse((kept, nth))) = heap.pop() {
        heap.extend(read(&mut readers[nth]).map_err(spilling)?.map(|kept| Reverse((kept, nth))));
        if give(kept)?.is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    Ok(ControlFlow::Continue(()))
}

fn spilling(error: io::Error) -> Error {
    let folder = std::env::temp_dir();
    Error::new(format!(
        "{}: what is ordered does not fit into --memory, and not here either: {error}; name \
         another folder by TMPDIR, or give more --memory",
        folder.display()
    ))
}

/// A sorted part as it is written.
struct Part {
    to: BufWriter<File>,
}

impl Part {
    fn new() -> Result<Self, Error> {
        let file = tempfile::tempfile().map_err(spilling)?;
        Ok(Self { to: BufWriter::with_capacity(BUFFER, file) })
    }

    fn write(&mut self, kept: &Kept) -> Result<(), Error> {
        write(&mut self.to, kept).map_err(spilling)
    }

    fn finish(self) -> Result<File, Error> {
        let mut file = self.to.into_inner().map_err(|error| spilling(error.into_error()))?;
        file.rewind().map_err(spilling)?;
        Ok(file)
    }
}

fn write(to: &mut impl Write, kept: &Kept) -> io::Result<()> {
    // What it consists of: the kind of its key, and that of its id.
    let key = match kept.key {
        Key::Number(_) => 0,
        Key::Text(_) => 1,
    };
    let id = match kept.id {
        KeptId::Number(_) => 0,
        KeptId::Uuid(_) => 2,
        KeptId::Text(_) => 4,
    };
    to.write_all(&[key | id])?;
    to.write_all(&kept.nth.to_le_bytes())?;
    to.write_all(&kept.source.to_le_bytes())?;
    to.write_all(&kept.line.to_le_bytes())?;
    to.write_all(&kept.at.to_le_bytes())?;
    to.write_all(&kept.state.to_le_bytes())?;
    to.write_all(&kept.table.to_le_bytes())?;
    match &kept.key {
        Key::Number(number) => to.write_all(&number.to_le_bytes())?,
        Key::Text(text) => write_text(to, text)?,
    }
    match &kept.id {
        KeptId::Number(number) => to.write_all(&number.to_le_bytes()),
        KeptId::Uuid([high, low]) => {
            to.write_all(&high.to_le_bytes())?;
            to.write_all(&low.to_le_bytes())
        }
        KeptId::Text(text) => write_text(to, text),
    }
}

fn write_text(to: &mut impl Write, text: &[u8]) -> io::Result<()> {
    to.write_all(&(text.len() as u64).to_le_bytes())?;
    to.write_all(text)
}

/// The next event of a part; none at its end.
fn read(from: &mut impl Read) -> io::Result<Option<Kept>> {
    let mut kinds = [0];
    if from.read(&mut kinds)? == 0 {
        return Ok(None);
    }
    let nth = u64::from_le_bytes(bytes(from)?);
    let source = u32::from_le_bytes(bytes(from)?);
    let line = u64::from_le_bytes(bytes(from)?);
    let at = i64::from_le_bytes(bytes(from)?);
    let state = u16::from_le_bytes(bytes(from)?);
    let table = u16::from_le_bytes(bytes(from)?);
    let key = match kinds[0] & 1 {
        0 => Key::Number(i64::from_le_bytes(bytes(from)?)),
        _ => Key::Text(read_text(from)?),
    };
    let id = match kinds[0] & 6 {
        0 => KeptId::Number(i64::from_le_bytes(bytes(from)?)),
        2 => KeptId::Uuid([u64::from_le_bytes(bytes(from)?), u64::from_le_bytes(bytes(from)?)]),
        _ => KeptId::Text(read_text(from)?),
    };
    Ok(Some(Kept { key, nth, source, line, at, state, table, id }))
}

fn bytes<const N: usize>(from: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    from.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn read_text(from: &mut impl Read) -> io::Result<Box<[u8]>> {
    let length = u64::from_le_bytes(bytes(from)?);
    let mut text = vec![0; usize::try_from(length).map_err(io::Error::other)?];
    from.read_exact(&mut text)?;
    Ok(text.into_boxed_slice())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines of events in the order that a limit of memory gives, and how many parts it took.
    fn ordered(memory: usize, events: u32) -> (Vec<(u64, String)>, usize) {
        let mut sorter = Sorter::new(memory);
        let mut batch = Batch::new(7);
        for nth in 0..events {
            // A few keys many times, numbers and texts of ids in turns.
            let key = i64::from(nth.wrapping_mul(2_654_435_761) % 97);
            let text = format!("row {nth}");
            let id = match nth % 3 {
                0 => Id::Number(i64::from(nth)),
                1 => Id::Uuid([u64::from(nth), 1]),
                _ => Id::Text(text.as_bytes()),
            };
            let event = Event {
                id,
                state: 1,
                line: u64::from(nth),
                at: 5,
                key: Some(Key::Number(key)),
                table: 0,
            };
            if !batch.push(&event) {
                sorter.add(&batch).unwrap();
                batch = Batch::new(7);
                batch.push(&event);
            }
        }
        sorter.add(&batch).unwrap();
        let parts = sorter.spilled();
        let mut all = Vec::new();
        sorter
            .finish(|batch| {
                for nth in 0..batch.len() {
                    assert_eq!((batch.source(nth), batch.at[nth], batch.states[nth]), (7, 5, 1));
                    all.push((batch.line(nth), batch.ids.get(nth).to_string()));
                }
                ControlFlow::Continue(())
            })
            .unwrap();
        (all, parts)
    }

    #[test]
    fn gives_one_order_whatever_fits_into_memory() {
        let (all, parts) = ordered(64 << 20, 20_000);
        assert_eq!((all.len(), parts), (20_000, 0));
        let key = |line: u64| u32::try_from(line).unwrap().wrapping_mul(2_654_435_761) % 97;
        let is_ordered =
            |pair: &[(u64, String)]| (key(pair[0].0), pair[0].0) < (key(pair[1].0), pair[1].0);
        assert!(all.windows(2).all(is_ordered));
        let (spilled, parts) = ordered(16 << 10, 20_000);
        assert!(parts > PARTS, "several rounds of merging: {parts}");
        assert_eq!(spilled, all);
    }
}
