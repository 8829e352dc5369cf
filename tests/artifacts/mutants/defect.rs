//! One seeded defect, and how it is found out which check catches it.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

/// How an artifact is broken: the text that is named must be in it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Edit {
    /// The first place of one text becomes another.
    Put(&'static str, &'static str),
    /// From the first place of one text to the end of the next place of the other, all is gone.
    Cut(&'static str, &'static str),
}

/// A defect that a template or a guard could have.
#[derive(Debug)]
pub(crate) struct Defect {
    /// What is wrong, in words.
    pub(crate) what: &'static str,
    /// The table whose artifact is broken.
    pub(crate) table: &'static str,
    /// The end of the artifact's path.
    pub(crate) artifact: &'static str,
    /// How it is broken.
    pub(crate) edit: Edit,
}

/// `what`: in `artifact` of `table`, `from` becomes `to`.
pub(crate) const fn put(
    table: &'static str,
    artifact: &'static str,
    what: &'static str,
    from: &'static str,
    to: &'static str,
) -> Defect {
    Defect { what, table, artifact, edit: Edit::Put(from, to) }
}

/// `what`: in `artifact` of `table`, all from `start` to `end` is gone.
pub(crate) const fn cut(
    table: &'static str,
    artifact: &'static str,
    what: &'static str,
    start: &'static str,
    end: &'static str,
) -> Defect {
    Defect { what, table, artifact, edit: Edit::Cut(start, end) }
}

impl Defect {
    /// The artifact with the defect.
    pub(crate) fn apply(&self, text: &str) -> String {
        let missing = |part: &str| -> ! { panic!("{}: there is no {part:?}", self.what) };
        match self.edit {
            Edit::Put(from, to) => {
                assert_ne!(from, to, "{}", self.what);
                if !text.contains(from) {
                    missing(from);
                }
                text.replacen(from, to, 1)
            }
            Edit::Cut(start, end) => {
                let Some(first) = text.find(start) else { missing(start) };
                let Some(length) = text[first..].find(end) else { missing(end) };
                format!("{}{}", &text[..first], &text[first + length + end.len()..])
            }
        }
    }
}

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Runs checks that say beforehand which of them is next; gives the one that failed, if any did.
pub(crate) fn killer(checks: impl FnOnce(&Cell<&'static str>)) -> Option<String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let loud = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            // What a check says of a defect is no one's concern, except of one who looks for it.
            if !QUIET.get() || std::env::var_os("KILLS_SAID").is_some() {
                loud(info);
            }
        }));
    });
    let at = Cell::new("before any check");
    QUIET.set(true);
    let ran = catch_unwind(AssertUnwindSafe(|| checks(&at)));
    QUIET.set(false);
    ran.err().map(|_| at.get().to_owned())
}

/// Runs a check, after saying its name.
macro_rules! check {
    ($at:expr, $($path:ident)::+ ($($argument:expr),* $(,)?) $($rest:tt)*) => {{
        $at.set(check!(@last $($path)::+));
        $($path)::+($($argument),*) $($rest)*
    }};
    (@last $name:ident) => { stringify!($name) };
    (@last $first:ident :: $($rest:ident)::+) => { check!(@last $($rest)::+) };
}
pub(crate) use check;
