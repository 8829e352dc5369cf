{{ gate }}impl proptest::arbitrary::Arbitrary for {{ type_name }} {
    type Parameters = ();
    type Strategy = proptest::sample::Select<Self>;

    fn arbitrary_with((): ()) -> Self::Strategy {
        proptest::sample::select(&Self::ALL[..])
    }
}

{{ gate }}impl {{ type_name }} {
    /// Sequences that the table accepts, of so many states; of fewer where nothing can follow.
    pub fn legal_sequences(
        length: impl Into<proptest::collection::SizeRange>,
    ) -> impl proptest::strategy::Strategy<Value = std::vec::Vec<Self>> {
        use proptest::strategy::Strategy as _;
        let choice = proptest::arbitrary::any::<proptest::sample::Index>();
        let choices = proptest::collection::vec(choice, length);
        choices.prop_map(|choices| {
            let mut each = choices.iter();
            let length = choices.len();
            walk(length, |among| *each.next().expect("one a state").get(among))
        })
    }

    /// Sequences that the table refuses at their last state, and only there. The table's rules are about
    /// transitions: a state that is reported once more is such a last one, unless a transition leads from it
    /// to itself. `length` is that of the legal part. A table that allows everything has none.
    pub fn illegal_sequences(
        length: impl Into<proptest::collection::SizeRange>,
    ) -> impl proptest::strategy::Strategy<Value = std::vec::Vec<Self>> {
        use proptest::strategy::Strategy as _;
        let last = proptest::arbitrary::any::<proptest::sample::Index>();
        (Self::legal_sequences(length), last).prop_filter_map("the table allows everything", |(legal, last)| {
            spoil(legal, |among| *last.get(among))
        })
    }
}

