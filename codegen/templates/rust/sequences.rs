/// A sequence that the table accepts: each choice is among what can follow. It is shorter where nothing can.
{{ gate }}fn walk(length: usize, mut choice: impl FnMut(&[S]) -> S) -> std::vec::Vec<S> {
    let mut walked = std::vec::Vec::new();
    while walked.len() < length {
        let among = walked.last().map_or(&STARTS[..], |last: &S| last.next());
        if among.is_empty() {
            break;
        }
        walked.push(choice(among));
    }
    walked
}

/// The sequence and a state that cannot follow it; of a shorter one where everything can.
{{ gate }}fn spoil(
    mut legal: std::vec::Vec<S>,
    choice: impl FnOnce(&[S]) -> S,
) -> Option<std::vec::Vec<S>> {
    loop {
        let can_follow = |to: &S| legal.last().map_or(to.is_initial(), |last| last.can_become(*to));
        let among: std::vec::Vec<S> = S::ALL.into_iter().filter(|to| !can_follow(to)).collect();
        if !among.is_empty() {
            legal.push(choice(&among));
            return Some(legal);
        }
        legal.pop()?;
    }
}

