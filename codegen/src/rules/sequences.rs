//! Rules on judged sequences of states.

use super::Example::Words;

rows! { SEQUENCES

    REJECTED "rejected" {
        looks_for: "a sequence of states with a step that is not legal",
        why: "No layer accepts such a step: the backend, the database and the generated code judge \
            by the same relation.",
        example: Words("`echo \"packed arrived\" | phasegate accepts parcel.toml`, where `packed \
            -> arrived` is no transition"),
        mend: "send what the message lists as legal, or declare the transition",
    }

    NOT_ACCEPTED "not-accepted" {
        looks_for: "a line that `phasegate phases` can't take: its sequence is not accepted, or a \
            word names no state",
        why: "What the stepper shows is a function of accepted sequences. Of any other there is \
            nothing to show.",
        example: Words("`echo \"arrived packed\" | phasegate phases parcel.toml`"),
        mend: "write the states in an order that the table accepts; `phasegate accepts` says which \
            step is refused",
    }
}
