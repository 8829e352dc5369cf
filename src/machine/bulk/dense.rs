//! Rows that are numbered from 0: their states stand side by side.

use alloc::vec::Vec;
use core::fmt::Debug;
use core::marker::PhantomData;

use super::code::Code;
use super::memory::Step;

/// A row's number: `u32`, `u64` or `usize`.
pub trait RowNumber: Copy + Debug + Ord + sealed::Number {}

impl<R: sealed::Number> RowNumber for R {}

pub(super) mod sealed {
    use core::fmt::Debug;

    pub trait Number: Copy + Debug + Ord {
        const FIRST: Self;
        fn place(self) -> usize;
        fn id(self) -> u64;
    }

    macro_rules! number {
        ($($row:ty),*) => { $(
            impl Number for $row {
                const FIRST: Self = 0;
                #[inline]
                fn place(self) -> usize {
                    usize::try_from(self).unwrap_or(usize::MAX)
                }
                #[inline]
                fn id(self) -> u64 {
                    self as u64
                }
            }
        )* };
    }
    number!(u32, u64, usize);
}

/// The memory of rows that are numbered from 0: one state each, up to the highest number that came.
#[derive(Clone, Debug)]
pub struct Dense<R = u32, C = u8> {
    most: usize,
    rows: Vec<C>,
    numbered: PhantomData<R>,
}

impl<R: RowNumber, C: Code> Dense<R, C> {
    /// The memory of rows whose numbers are below `most`. It grows as they come, to twice the bytes of the
    /// highest at most.
    pub const fn new(most: usize) -> Self {
        Self { most, rows: Vec::new(), numbered: PhantomData }
    }
}

impl<R: RowNumber, C: Code> Step for Dense<R, C> {
    type Row = R;
    type Code = C;

    fn prepare(&mut self, rows: &[R]) -> usize {
        let highest = |rows: &[R]| rows.iter().fold(R::FIRST, |highest, row| highest.max(*row));
        let mut room = rows.len();
        let mut needed = highest(rows).place();
        if needed >= self.most {
            room = rows.iter().position(|row| row.place() >= self.most).unwrap_or(room);
            needed = highest(&rows[..room]).place();
        }
        if needed >= self.rows.len() && room > 0 {
            self.rows.resize(needed + 1, C::START);
        }
        room
    }

    fn step(&mut self, rows: &[R], to: &[C], from: &mut [C]) {
        let states = &mut self.rows[..];
        for ((row, to), from) in rows.iter().zip(to).zip(from) {
            *from = core::mem::replace(&mut states[row.place()], *to);
        }
    }

    fn each(&self, mut see: impl FnMut(u64, C)) {
        for (row, code) in self.rows.iter().enumerate().filter(|(_, code)| **code > C::START) {
            see(row as u64, *code);
        }
    }

    fn most(&self) -> usize {
        self.most
    }

    fn id(row: R) -> u64 {
        row.id()
    }
}
