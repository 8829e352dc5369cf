{{ gate }}impl quickcheck::Arbitrary for {{ type_name }} {
    fn arbitrary(g: &mut quickcheck::Gen) -> Self {
        *g.choose(&Self::ALL).expect("a table has a state")
    }
}

/// A sequence that the table accepts, for quickcheck.
{{ gate }}#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LegalSequence(pub std::vec::Vec<{{ type_name }}>);

{{ gate }}impl quickcheck::Arbitrary for LegalSequence {
    fn arbitrary(g: &mut quickcheck::Gen) -> Self {
        let length = usize::arbitrary(g) % (g.size() + 1);
        Self(walk(length, |among| *g.choose(among).expect("one can follow")))
    }

    fn shrink(&self) -> std::boxed::Box<dyn Iterator<Item = Self>> {
        let is_legal = |states: &std::vec::Vec<S>| validate_sequence(states.iter().copied()).is_ok();
        std::boxed::Box::new(without_one(&self.0).filter(is_legal).map(Self))
    }
}

/// A sequence that the table refuses at its last state, and only there, for quickcheck. A state that is
/// reported once more is such a last one, unless a transition leads from it to itself.
{{ gate }}#[derive(Clone, Debug, Eq, PartialEq)]
pub struct IllegalSequence(pub std::vec::Vec<{{ type_name }}>);

{{ gate }}impl quickcheck::Arbitrary for IllegalSequence {
    /// # Panics
    /// Where the table allows everything.
    fn arbitrary(g: &mut quickcheck::Gen) -> Self {
        let LegalSequence(legal) = LegalSequence::arbitrary(g);
        let illegal = spoil(legal, |among| *g.choose(among).expect("one is refused"));
        Self(illegal.expect("a table that allows everything refuses no sequence"))
    }

    fn shrink(&self) -> std::boxed::Box<dyn Iterator<Item = Self>> {
        let is_last = |states: &std::vec::Vec<S>| {
            validate_sequence(states.iter().copied()).is_err_and(|rejected| rejected.at == states.len())
        };
        std::boxed::Box::new(without_one(&self.0).filter(is_last).map(Self))
    }
}

/// The sequences that lack one of these states.
{{ gate }}fn without_one(states: &[S]) -> impl Iterator<Item = std::vec::Vec<S>> + use<> {
    let states = states.to_vec();
    (0..states.len()).map(move |at| {
        let mut fewer = states.clone();
        fewer.remove(at);
        fewer
    })
}

