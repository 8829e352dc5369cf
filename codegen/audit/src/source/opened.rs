//! Sources that were looked into before any is read.

use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::thread::{self, JoinHandle};

use super::{Feed, Gone, Opening, Progress, Source, is_file, named, open};
use crate::Error;
use crate::batch::Batch;
use crate::keys::Kinds;
use crate::report::SourceName;
use crate::swift::Span;
use crate::vocabulary::{Coder, Vocabulary};

/// Sources that can be read, and have the columns.
pub(crate) struct Opened {
    pub(crate) names: Vec<SourceName>,
    /// Those that can't be opened a second time.
    open: Vec<Option<Box<dyn Source>>>,
    opening: Opening,
    /// Whether all of them are such that they can be read again quickly.
    pub(crate) is_swift: bool,
    /// What their ids are like, where that is known of all.
    pub(crate) span: Option<Span>,
    /// How many bytes they have, where that is known of all.
    pub(crate) of: Option<u64>,
}

impl Opened {
    /// Looks into every source.
    pub(crate) fn look(arguments: &[String], opening: Opening) -> Result<Self, Error> {
        let mut opened = Self {
            names: Vec::new(),
            open: Vec::new(),
            opening,
            is_swift: true,
            span: None,
            of: Some(0),
        };
        for name in named(arguments)? {
            let source = open(&name, &opened.opening)?;
            opened.of = opened.of.zip(source.bytes()).map(|(all, more)| all + more);
            opened.span = match opened.names.is_empty() {
                true => source.span(),
                false => opened.span.zip(source.span()).map(|(all, more)| all.with(more)),
            };
            opened.is_swift &= source.is_swift() && is_file(&name);
            let has_lines = source.has_lines();
            let shown = source.shown().unwrap_or(&name).to_owned();
            // Of a thousand files each is opened again at its time.
            opened.open.push((!is_file(&name)).then_some(source));
            opened.names.push(SourceName { name: shown, has_lines });
        }
        Ok(opened)
    }

    /// How much is read of them.
    pub(crate) fn progress(&self) -> Arc<Progress> {
        Arc::clone(&self.opening.progress)
    }

    /// Reads one source after the other, in a thread of its own.
    pub(crate) fn read(
        self,
        to: SyncSender<Batch>,
        vocabulary: &Arc<Vocabulary>,
    ) -> JoinHandle<()> {
        let vocabulary = Arc::clone(vocabulary);
        thread::spawn(move || {
            let _: Result<(), Gone> = self.read_all(&to, &vocabulary);
        })
    }

    fn read_all(
        mut self,
        to: &SyncSender<Batch>,
        vocabulary: &Arc<Vocabulary>,
    ) -> Result<(), Gone> {
        let kinds = Kinds::default();
        let all = std::mem::take(&mut self.open);
        for (number, (source, name)) in (0..).zip(all.into_iter().zip(&self.names)) {
            let coder = Coder::new(Arc::clone(vocabulary));
            let mut feed = Feed::new(number, to.clone(), coder, kinds.clone());
            let source = match source {
                Some(source) => Ok(source),
                None => open(&name.name, &self.opening),
            };
            match source {
                Ok(source) => source.read(&mut feed)?,
                Err(error) => feed.cut_off(None, format!("it can't be read any more: {error}"))?,
            }
            feed.flush()?;
        }
        Ok(())
    }
}
