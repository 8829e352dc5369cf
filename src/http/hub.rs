//! The one reader of all event streams: it looks at the rows that are watched, when something is signalled
//! and now and then, and hands what is new to those who watch. Streams ask the database nothing.

use super::frames::{frame, row_frame, transition};
use super::{Shared, StoreResult};
use crate::store::{Filter, Item, Seen};
use axum::body::Bytes;
use serde_json::json;
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::{Notify, broadcast, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// So many events of a row are kept for those who have not sent them yet.
const KEPT: usize = 64;
/// How far looks are apart at least, and looks at the list: what changes meanwhile comes together.
const PACE: Duration = Duration::from_millis(5);
const LIST_PACE: Duration = Duration::from_millis(100);
/// So many different lists are watched at once.
const MOST_LISTS: usize = 64;

/// What came to a row lately, ready to be sent.
#[derive(Clone, Debug, Default)]
pub(super) struct Tail {
    /// Without gaps, the newest last.
    pub(super) events: Arc<VecDeque<(i64, Bytes)>>,
    pub(super) gone: bool,
    /// No transition leads on from where it is.
    pub(super) ended: bool,
}

/// The newest rows, and the key before which older ones follow.
type Page = (Vec<Item>, Option<String>);

/// The newest rows, ready to be sent.
#[derive(Clone, Debug)]
pub(super) struct ListNow {
    /// Counts the changes.
    pub(super) version: u64,
    /// All of them, once someone needs that.
    whole: Arc<OnceLock<Bytes>>,
    /// What leads here from the version before; nothing where that is more than the whole.
    changes: Arc<Vec<Bytes>>,
    page: Arc<Page>,
}

struct Watched {
    last: i64,
    tail: watch::Sender<Tail>,
}

/// Which list is watched.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Asked {
    pub(super) limit: u32,
    pub(super) filter: Filter,
}

impl Asked {
    /// The list as it is now; what was read of its rows before is not read again.
    async fn list(&self, shared: &Shared, had: &[Item]) -> StoreResult<Page> {
        let Self { limit, filter } = self;
        let page = shared.store.find_again(&*shared.machine, filter, *limit, None, had).await?;
        Ok(page.map(|page| (page.items, page.next)).unwrap_or_default())
    }
}

#[derive(Default)]
struct Subjects {
    rows: HashMap<String, Watched>,
    lists: BTreeMap<Asked, watch::Sender<ListNow>>,
    /// Rows that someone has just begun to watch.
    begun: HashSet<String>,
    reader: Option<JoinHandle<()>>,
}

pub(super) struct Hub {
    subjects: Mutex<Subjects>,
    wake: Notify,
    /// When the database was looked at last, and answered.
    looked: watch::Sender<Instant>,
}

impl Default for Hub {
    fn default() -> Self {
        let looked = watch::Sender::new(Instant::now());
        Self { subjects: Mutex::default(), wake: Notify::new(), looked }
    }
}

impl Hub {
    fn subjects(&self) -> MutexGuard<'_, Subjects> {
        self.subjects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn looked(&self) -> watch::Receiver<Instant> {
        self.looked.subscribe()
    }

    /// Watches a row of which the events up to this one are known. The row is looked at at once: what came
    /// since it was read is not missed.
    pub(super) fn watch(&self, shared: &Arc<Shared>, id: &str, last: i64) -> watch::Receiver<Tail> {
        let mut subjects = self.subjects();
        let watched = subjects
            .rows
            .entry(id.to_owned())
            .or_insert_with(|| Watched { last, tail: watch::Sender::default() });
        let tail = watched.tail.subscribe();
        subjects.begun.insert(id.to_owned());
        self.read_on(shared, &mut subjects);
        tail
    }

    /// Whether the list is watched already, or few others are: each is a statement whenever a row changes.
    pub(super) fn may_watch(&self, asked: &Asked) -> bool {
        let lists = &mut self.subjects().lists;
        lists.retain(|_, list| list.receiver_count() > 0);
        lists.len() < MOST_LISTS || lists.contains_key(asked)
    }

    /// Watches a list of the newest rows.
    pub(super) async fn watch_list(
        &self,
        shared: &Arc<Shared>,
        asked: Asked,
    ) -> StoreResult<watch::Receiver<ListNow>> {
        if let Some(list) = self.subjects().lists.get(&asked) {
            return Ok(list.subscribe());
        }
        let page = asked.list(shared, &[]).await?;
        let mut subjects = self.subjects();
        let list = subjects
            .lists
            .entry(asked)
            .or_insert_with(|| watch::Sender::new(ListNow::new(0, page, Vec::new())));
        let list = list.subscribe();
        self.read_on(shared, &mut subjects);
        Ok(list)
    }

    /// Has the reader look, and begins one where none is at work.
    fn read_on(&self, shared: &Arc<Shared>, subjects: &mut Subjects) {
        if subjects.reader.as_ref().is_none_or(JoinHandle::is_finished) {
            shared.store.listen();
            let reader = read(Arc::downgrade(shared), shared.store.changes());
            subjects.reader = Some(tokio::spawn(reader));
        }
        self.wake.notify_one();
    }
}

/// What is to be looked at next.
enum Due {
    /// These rows, of those that are watched; and the lists, where any row changed.
    Some(HashSet<String>),
    All,
}

/// Looks until no one watches, or the backend stops.
async fn read(shared: Weak<Shared>, mut changes: broadcast::Receiver<Arc<str>>) {
    let mut list_due: Option<Instant> = None;
    let mut list_looked = Instant::now();
    let mut next = Instant::now();
    loop {
        let Some(alive) = shared.upgrade() else {
            return;
        };
        if *alive.closing.borrow() {
            return;
        }
        let every = alive.options.poll.min(alive.options.heartbeat);
        let until = list_due.unwrap_or(next).min(next);
        let due = wait(&alive, &mut changes, until).await;
        let due = if Instant::now() >= next { Due::All } else { due };
        let is_whole = matches!(due, Due::All);
        if is_whole {
            next = Instant::now() + every;
        }
        match due {
            Due::Some(rows) if rows.is_empty() => {}
            Due::Some(_) | Due::All => {
                list_due = list_due.or(Some(list_looked + LIST_PACE));
                if !alive.hub.look(&alive, due).await {
                    return;
                }
            }
        }
        if is_whole || list_due.is_some_and(|due| due <= Instant::now()) {
            list_due = None;
            list_looked = Instant::now();
            alive.hub.look_at_lists(&alive).await;
        }
        drop(alive);
        tokio::time::sleep(PACE).await;
    }
}

/// Until something changed, or it is time.
async fn wait(shared: &Shared, changes: &mut broadcast::Receiver<Arc<str>>, until: Instant) -> Due {
    let mut closing = shared.closing.subscribe();
    let mut rows = HashSet::new();
    tokio::select! {
        () = tokio::time::sleep_until(until) => {}
        () = shared.hub.wake.notified() => {}
        _ = closing.wait_for(|closing| *closing) => {}
        () = others_changed(shared) => return Due::All,
        changed = changes.recv() => match changed {
            Ok(id) => drop(rows.insert(id.to_string())),
            Err(_) => return Due::All,
        },
    }
    loop {
        match changes.try_recv() {
            Ok(id) => drop(rows.insert(id.to_string())),
            Err(broadcast::error::TryRecvError::Lagged(_)) => return Due::All,
            Err(_) => break,
        }
    }
    rows.extend(std::mem::take(&mut shared.hub.subjects().begun));
    Due::Some(rows)
}

/// Until another process may have changed the file, where it is one.
async fn others_changed(shared: &Shared) {
    #[cfg(feature = "sqlite")]
    shared.store.others_changed().await;
    #[cfg(not(feature = "sqlite"))]
    {
        let _ = shared;
        std::future::pending::<()>().await;
    }
}

impl Hub {
    /// Looks at rows, and hands out what is new. Whether anyone watches.
    async fn look(&self, shared: &Shared, due: Due) -> bool {
        let known: BTreeMap<String, i64> = {
            let mut subjects = self.subjects();
            subjects.rows.retain(|_, row| row.tail.receiver_count() > 0);
            subjects.lists.retain(|_, list| list.receiver_count() > 0);
            if subjects.rows.is_empty() && subjects.lists.is_empty() {
                subjects.reader = None;
                return false;
            }
            let is_due = |id: &String| match &due {
                Due::All => true,
                Due::Some(rows) => rows.contains(id),
            };
            let rows = subjects.rows.iter().filter(|(id, _)| is_due(id));
            rows.map(|(id, row)| (id.clone(), row.last)).collect()
        };
        if known.is_empty() {
            return true;
        }
        let begun = Instant::now();
        let look = shared.store.look(&*shared.machine, &known);
        match tokio::time::timeout(shared.options.patience, look).await {
            Ok(Ok(seen)) => {
                for (id, seen) in seen {
                    self.hand_out(shared, &id, seen);
                }
                self.looked.send_replace(begun);
            }
            // Clients keep what they have, and hear no heartbeat: what they miss now comes once the
            // database is back.
            Ok(Err(error)) => tracing::warn!(%error, "event streams could not be read on"),
            Err(_) => tracing::warn!("event streams could not be read on: the database hangs"),
        }
        true
    }

    fn hand_out(&self, shared: &Shared, id: &str, seen: Seen) {
        let mut subjects = self.subjects();
        let Some(row) = subjects.rows.get_mut(id) else {
            return;
        };
        match seen {
            Seen::Same => {}
            Seen::Gone => {
                row.tail.send_modify(|tail| tail.gone = true);
                subjects.rows.remove(id);
            }
            Seen::Events(events) => {
                let Some(last) = events.last() else {
                    return;
                };
                row.last = last.seq;
                let state = shared.machine.find(&last.to);
                let ended = state.is_some_and(|state| shared.machine.is_terminal(state));
                row.tail.send_modify(|tail| {
                    let kept = Arc::make_mut(&mut tail.events);
                    kept.extend(events.iter().map(|event| (event.seq, transition(event))));
                    let over = kept.len().saturating_sub(KEPT);
                    kept.drain(..over);
                    tail.ended = ended;
                });
            }
        }
    }

    async fn look_at_lists(&self, shared: &Shared) {
        let lists: Vec<_> = {
            let subjects = self.subjects();
            let list = |(asked, list): (&Asked, &watch::Sender<ListNow>)| {
                (asked.clone(), list.borrow().page.clone())
            };
            subjects.lists.iter().map(list).collect()
        };
        for (asked, had) in lists {
            let begun = Instant::now();
            let list = asked.list(shared, &had.0);
            match tokio::time::timeout(shared.options.patience, list).await {
                Ok(Ok(page)) => {
                    if let Some(list) = self.subjects().lists.get(&asked) {
                        list.send_if_modified(|now| now.move_to(page));
                    }
                    self.looked.send_replace(begun);
                }
                Ok(Err(error)) => tracing::warn!(%error, "a list could not be read on"),
                Err(_) => tracing::warn!("a list could not be read on: the database hangs"),
            }
        }
    }
}

impl ListNow {
    fn new(version: u64, page: Page, changes: Vec<Bytes>) -> Self {
        Self { version, whole: Arc::default(), changes: Arc::new(changes), page: Arc::new(page) }
    }

    /// All rows. `table` is what the list is called in it.
    pub(super) fn whole(&self, table: &str) -> Bytes {
        let (items, next) = &*self.page;
        let make = || frame("list", None, true, &json!({table: items, "next": next}));
        self.whole.get_or_init(make).clone()
    }

    /// What is sent to a client that has this version.
    pub(super) fn since(&self, version: u64, table: &str) -> Vec<Bytes> {
        match self.version.saturating_sub(version) {
            0 => Vec::new(),
            1 if !self.changes.is_empty() => self.changes.to_vec(),
            _ => vec![self.whole(table)],
        }
    }

    /// Whether it is another one than before.
    fn move_to(&mut self, page: Page) -> bool {
        if *self.page == page {
            return false;
        }
        let changes = changes(&self.page, &page);
        *self = Self::new(self.version + 1, page, changes);
        true
    }
}

/// What leads from a list to another: the rows that came or went, and each that changed by itself. Nothing
/// where most of it is new, or rows changed places.
fn changes(had: &Page, now: &Page) -> Vec<Bytes> {
    let ids = |page: &Page| page.0.iter().map(|item| item.id.clone()).collect::<HashSet<_>>();
    let (before, after) = (ids(had), ids(now));
    let (stayed, gone): (Vec<_>, Vec<_>) = had.0.iter().partition(|item| after.contains(&item.id));
    let (stays, came): (Vec<_>, Vec<_>) =
        now.0.iter().enumerate().partition(|(_, item)| before.contains(&item.id));
    let pairs = || stayed.iter().zip(&stays).map(|(had, (_, now))| (*had, *now));
    if came.len() > stays.len() || pairs().any(|(had, now)| had.id != now.id) {
        return Vec::new();
    }
    let mut frames = Vec::new();
    if !came.is_empty() || !gone.is_empty() || had.1 != now.1 {
        let gone: Vec<_> = gone.iter().map(|item| &item.id).collect();
        let came: Vec<_> = came.iter().map(|(at, row)| json!({"at": at, "row": row})).collect();
        let rows = json!({"gone": gone, "came": came, "next": now.1});
        frames.push(frame("rows", None, false, &rows));
    }
    frames.extend(pairs().filter(|(had, now)| had != now).map(|(_, now)| row_frame(now)));
    frames
}
