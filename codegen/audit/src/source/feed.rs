//! What a source gives its events to: batches of them, on their way to the judge.

use std::sync::mpsc::SyncSender;

use crate::batch::{Batch, Event, Id, Key, NO_TIME, Trouble, TroubleKind};
use crate::keys::{Kind, Kinds};
use crate::time;
use crate::vocabulary::Coder;

/// So many events are a batch.
const BATCH: usize = 8_192;

/// That no one reads any more.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Gone;

/// The way from a source to the judge.
#[derive(Debug)]
pub(crate) struct Feed {
    to: SyncSender<Batch>,
    batch: Batch,
    /// The codes of states.
    pub(super) coder: Coder,
    kinds: Kinds,
}

/// One event as a source writes it; what is NULL is none.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Written<'w> {
    pub(super) id: Option<Id<'w>>,
    pub(super) status: Option<&'w [u8]>,
    /// Where there is such a column.
    pub(super) order: Option<Option<&'w [u8]>>,
    pub(super) at: Option<&'w [u8]>,
    pub(super) fingerprint: Option<&'w [u8]>,
}

impl Feed {
    /// A way for the source of this number.
    pub(crate) fn new(source: u32, to: SyncSender<Batch>, coder: Coder, kinds: Kinds) -> Self {
        Self { to, batch: Batch::new(source), coder, kinds }
    }

    /// One event.
    pub(super) fn event(&mut self, event: &Event<'_>) -> Result<(), Gone> {
        if !self.batch.push(event) {
            self.flush()?;
            self.batch.push(event);
        }
        if self.batch.len() >= BATCH { self.flush() } else { Ok(()) }
    }

    /// One event as texts, or what is wrong with it.
    pub(super) fn written(&mut self, line: u64, event: Written<'_>) -> Result<(), Gone> {
        let Some(id) = event.id else {
            return self.bad_row(line, "its row's id is NULL");
        };
        let table = match event.fingerprint {
            None => 0,
            Some(fingerprint) => self.table(line, fingerprint)?,
        };
        let state = match (event.status, self.coder.null(table)) {
            (Some(status), _) => self.coder.code_in(table, status),
            (None, Some(state)) => state,
            (None, None) => {
                return self.bad_row(line, format!("the status of `{id}` is NULL"));
            }
        };
        let key = match event.order {
            None => None,
            Some(text) => match self.key(line, text)? {
                None => return Ok(()),
                key => key,
            },
        };
        let at = match event.at {
            None => NO_TIME,
            Some(text) => self.time(line, text)?,
        };
        self.event(&Event { id, state, line, at, key, table })
    }

    /// The table of a fingerprint; the current one where it is of none that is known.
    pub(super) fn table(&mut self, line: u64, fingerprint: &[u8]) -> Result<u16, Gone> {
        if let Some(table) = self.coder.table(fingerprint) {
            return Ok(table);
        }
        let shown = String::from_utf8_lossy(fingerprint);
        let message = format!(
            "no table that was migrated to has the fingerprint `{shown}`; it is judged by the \
             current one"
        );
        self.trouble(TroubleKind::UnknownTable, Some(line), message)?;
        Ok(0)
    }

    /// A time, or that it is none: the event is judged without.
    pub(super) fn time(&mut self, line: u64, text: &[u8]) -> Result<i64, Gone> {
        if let Some(at) = std::str::from_utf8(text).ok().and_then(time::of_text) {
            return Ok(at);
        }
        let text = String::from_utf8_lossy(text);
        let message = format!("its time can't be read: `{text}`; it is judged without");
        self.bad_row(line, message)?;
        Ok(NO_TIME)
    }

    /// What an event is ordered by; none where that is wrong.
    pub(super) fn key(&mut self, line: u64, text: Option<&[u8]>) -> Result<Option<Key>, Gone> {
        let Some(text) = text else {
            self.bad_row(line, "what it is ordered by is NULL")?;
            return Ok(None);
        };
        match self.kinds.key(text) {
            Ok(key) => Ok(Some(key)),
            Err(kind) => {
                let text = String::from_utf8_lossy(text);
                self.bad_row(
                    line,
                    format!("`{text}` is no {kind}, by which the others are ordered"),
                )?;
                Ok(None)
            }
        }
    }

    /// A number that an event is ordered by; none where the others are of another kind.
    pub(super) fn number(
        &mut self,
        line: u64,
        kind: Kind,
        number: i64,
    ) -> Result<Option<Key>, Gone> {
        match self.kinds.agree(kind) {
            Ok(()) => Ok(Some(Key::Number(number))),
            Err(others) => {
                self.bad_row(line, format!("it is ordered by a {kind}, the others by a {others}"))?;
                Ok(None)
            }
        }
    }

    /// A row that can't be judged.
    pub(super) fn bad_row(&mut self, line: u64, message: impl Into<String>) -> Result<(), Gone> {
        self.trouble(TroubleKind::BadRow, Some(line), message.into())
    }

    /// The source's end in its middle.
    pub(crate) fn cut_off(
        &mut self,
        line: Option<u64>,
        message: impl Into<String>,
    ) -> Result<(), Gone> {
        self.trouble(TroubleKind::CutOff, line, message.into())
    }

    fn trouble(
        &mut self,
        kind: TroubleKind,
        line: Option<u64>,
        message: String,
    ) -> Result<(), Gone> {
        if !self.batch.is_empty() {
            self.flush()?;
        }
        let trouble = Trouble { kind, source: self.batch.source, line, message };
        self.batch.troubles.push(trouble);
        Ok(())
    }

    /// A whole batch.
    pub(super) fn batch(&mut self, batch: Batch) -> Result<(), Gone> {
        self.flush()?;
        self.to.send(batch).map_err(|_| Gone)
    }

    /// The number of the source.
    pub(super) const fn source(&self) -> u32 {
        self.batch.source
    }

    /// Sends what is not sent yet.
    ///
    /// # Errors
    /// Where no one reads any more.
    pub(crate) fn flush(&mut self) -> Result<(), Gone> {
        let next = Batch::new(self.batch.source);
        let batch = std::mem::replace(&mut self.batch, next);
        if batch.is_empty() && batch.troubles.is_empty() {
            return Ok(());
        }
        self.to.send(batch).map_err(|_| Gone)
    }
}
