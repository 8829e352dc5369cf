//! What the reports of a run meet, one after the other: a backend and its database, then those that
//! they are switched to. Backends are replaced one instance after the other, so that for a while an
//! older one and a newer one answer side by side, request by request.

use super::layers::World;
use super::mix::{Mix, Receiver};

/// The ends that a run lives through.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(super) struct Road {
    /// What answers, first to last. Two that follow each other differ.
    pub receivers: Vec<Receiver>,
    /// Which of them starts the row: the first; or the second, while the first still answers, too.
    pub begins: usize,
}

/// Where on its road a run is.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(super) struct Spot {
    /// How many ends were switched to.
    pub(super) place: usize,
    /// Whether the next report comes to the backend that is being replaced.
    pub(super) back: bool,
}

impl Road {
    /// The road of one end that stays.
    pub(super) fn of(receiver: Receiver) -> Self {
        Self { receivers: vec![receiver], begins: 0 }
    }

    /// The road through some mixes, for a row that is started in the first of them or, where the
    /// first is on its way to the second, in that; and the place of each mix on it.
    pub(super) fn through(mixes: &[Mix], begins: usize) -> (Self, Vec<usize>) {
        let mut receivers: Vec<Receiver> = mixes.iter().map(|mix| mix.receiver()).collect();
        receivers.dedup();
        let mut at = 0;
        let places = mixes.iter().map(|mix| {
            at += usize::from(receivers[at] != mix.receiver());
            at
        });
        let places = places.collect();
        (Self { receivers, begins }, places)
    }

    /// Where a run is as it begins.
    pub(super) const fn start(&self) -> Spot {
        Spot { place: self.begins, back: false }
    }

    /// What the next report comes to.
    pub(super) fn receiver(&self, spot: Spot) -> Receiver {
        self.receivers[spot.place - usize::from(spot.back)]
    }

    /// Where a run can get from a spot without a report.
    pub(super) fn next(&self, world: &World<'_>, spot: Spot) -> impl Iterator<Item = Spot> + use<> {
        let Spot { place, back } = spot;
        let on = place + 1 < self.receivers.len();
        let beside =
            place > 0 && is_replaced(world, self.receivers[place - 1], self.receivers[place]);
        let front = back.then_some(Spot { place, back: false });
        let on = (!back && on).then_some(Spot { place: place + 1, back: false });
        let beside = (!back && beside).then_some(Spot { place, back: true });
        front.into_iter().chain(on).chain(beside)
    }
}

impl Spot {
    /// The spot in a few bits.
    pub(super) fn pack(self) -> u8 {
        let bits = self.place * 2 + usize::from(self.back);
        u8::try_from(bits).expect("a search switches a few times")
    }

    /// The spot of these bits.
    pub(super) const fn unpack(bits: u64) -> Self {
        Self { place: ((bits & 0xff) / 2) as usize, back: bits & 1 == 1 }
    }
}

/// Whether one end becomes the other by a backend that is replaced, instance after instance. There is
/// one database: what it is migrated to it is at once.
pub(super) fn is_replaced(world: &World<'_>, from: Receiver, to: Receiver) -> bool {
    let one_database = from.database == to.database || !world.has(super::mix::Layer::Database);
    from.backend != to.backend && one_database
}
