// What a program over generated files is made of: `machine!(FUNCTION, MODULE, STATUS)` declares a module, and a
// function that answers a command and its words, states by their places.
macro_rules! machine {
    ($function:ident, $module:ident, $status:ident) => {
        mod $module;
        fn $function(command: &str, words: &[&str]) -> String {
            use $module::*;
            let state = |word: &&str| $status::ALL[word.parse::<usize>().unwrap()];
            match command {
                "pairs" => {
                    let mut out = String::new();
                    for to in $status::ALL {
                        out.push(if validate_start(to).is_ok() { '1' } else { '0' });
                        assert_eq!(validate_start(to).is_ok(), $status::INITIAL.contains(&to));
                    }
                    for from in $status::ALL {
                        for to in $status::ALL {
                            let legal = from.can_become(to);
                            assert_eq!(legal, validate(from, to).is_ok());
                            assert_eq!(legal, from.next().contains(&to));
                            out.push(if legal { '1' } else { '0' });
                        }
                    }
                    out
                }
                "error" => match words {
                    [to] => validate_start(state(to)).unwrap_err().to_string(),
                    [from, to] => validate(state(from), state(to)).unwrap_err().to_string(),
                    _ => unreachable!(),
                },
                "sequence" => match validate_sequence(words.iter().map(state)) {
                    Ok(false) => "accepted".to_owned(),
                    Ok(true) => "complete".to_owned(),
                    Err(rejected) => format!("rejected {}", rejected.at),
                },
                "phases" => {
                    let attempted = words[0].parse::<usize>().ok().map(|at| $status::ALL[at]);
                    let history: Vec<$status> = words[1..].iter().map(state).collect();
                    phases(&history, attempted).map(|view| view.as_str()).join(" ")
                }
                "facts" => {
                    let mut out = format!("{} {} {}", $status::MACHINE, $status::LANGUAGE, $status::TABLE);
                    for state in $status::ALL {
                        assert_eq!(state.as_str().parse(), Ok(state));
                        assert_eq!(Stored::new(state.as_str()).known(), Some(state));
                        out += &format!(
                            "|{}/{}/{}/{}/{}{}{}{}{}{}{}/{}",
                            state.name(), state, state.title(),
                            state.phase().map_or("", |phase| phase.name()),
                            state.completes() as u8, state.is_optional() as u8, state.reopens() as u8,
                            state.is_retired() as u8, state.is_terminal() as u8, state.is_ended() as u8,
                            state.is_initial() as u8, state.outcome().map_or("", |outcome| outcome.as_str()),
                        );
                    }
                    out
                }
                "read" => {
                    let text = words.join(" ");
                    let stored = Stored::new(text.as_str());
                    assert_eq!(stored.as_str(), text);
                    match text.parse::<$status>() {
                        Ok(state) => format!("known {}", state.name()),
                        Err(error) => error.to_string(),
                    }
                }
                other => panic!("{other}"),
            }
        }
    };
}
