//! Logs in which a row's reports stand together: only the last row is remembered.

use super::code::Code;
use super::dense::RowNumber;
use super::memory::Step;

/// The memory of a log in which a row's reports stand together, across batches too; the rows themselves
/// may come in any order. A row that comes up again after another is taken for a new one.
#[derive(Clone, Debug, Default)]
pub struct Sorted<R = u64, C = u8> {
    last: Option<(R, C)>,
}

impl<R: RowNumber, C: Code> Sorted<R, C> {
    /// A log of which nothing was read yet.
    pub const fn new() -> Self {
        Self { last: None }
    }
}

impl<R: RowNumber, C: Code> Step for Sorted<R, C> {
    type Row = R;
    type Code = C;

    fn prepare(&mut self, rows: &[R]) -> usize {
        rows.len()
    }

    fn step(&mut self, rows: &[R], to: &[C], from: &mut [C]) {
        let (Some((first, later)), Some(last)) =
            (from.split_first_mut(), rows.len().checked_sub(1))
        else {
            return;
        };
        *first = match self.last {
            Some((row, code)) if row == rows[0] => code,
            Some(_) | None => C::START,
        };
        let before = rows[..last].iter().zip(&to[..last]);
        for ((from, row), (row_before, to_before)) in later.iter_mut().zip(&rows[1..]).zip(before) {
            *from = to_before.only_if(row == row_before);
        }
        self.last = Some((rows[last], to[last]));
    }

    fn each(&self, mut see: impl FnMut(u64, C)) {
        if let Some((row, code)) = self.last {
            see(row.id(), code);
        }
    }

    fn id(row: R) -> u64 {
        row.id()
    }
}
