//! Words for messages: the nearest name, lists, and texts that may hold anything.

/// The nearest of some names, where one is near enough to be what was meant.
pub fn nearest<'a>(asked: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if asked.len() > 128 {
        return None;
    }
    let (letters_asked, length_asked) = (letters(asked), asked.chars().count());
    names
        .into_iter()
        .filter_map(|name| {
            let length = name.chars().count();
            let most = length.max(3) / 3;
            let letters = letters(name);
            // Every letter that the other lacks is a change of its own; that is counted quickly.
            let apart = (letters & !letters_asked).count_ones();
            let apart = apart.max((letters_asked & !letters).count_ones()) as usize;
            if apart > most || length.abs_diff(length_asked) > most {
                return None;
            }
            let distance = strsim::damerau_levenshtein(asked, name);
            (distance <= most).then_some((distance, name))
        })
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, name)| name)
}

/// The letters of a text, a bit each; letters may share one.
fn letters(text: &str) -> u64 {
    text.bytes().fold(0, |letters, byte| letters | 1 << (byte % 64))
}

/// The most names that a message lists.
const MOST_LISTED: usize = 24;

/// Names as a message lists them; the rest is counted where there are many.
pub fn list<T: AsRef<str>>(names: &[T]) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    let shown: Vec<String> = names
        .iter()
        .take(MOST_LISTED)
        .map(|name| format!("`{}`", self::shown(name.as_ref())))
        .collect();
    match names.len().checked_sub(MOST_LISTED) {
        Some(more) if more > 0 => format!("{} and {more} more", shown.join(", ")),
        Some(_) | None => shown.join(", "),
    }
}

/// A text that may hold anything, as a message shows it: control characters escaped, and cut.
pub fn shown(text: &str) -> String {
    escaped(text, 80)
}

/// A text as TOML has it.
pub fn toml(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// What another library says, which may quote a text of any length.
pub fn cut(text: &str) -> String {
    escaped(text, 200)
}

fn escaped(text: &str, most: usize) -> String {
    let mut out: String = text
        .chars()
        .take(most)
        .flat_map(|c| {
            let escaped: Vec<char> =
                if c.is_control() { c.escape_default().collect() } else { vec![c] };
            escaped
        })
        .collect();
    if text.chars().nth(most).is_some() {
        out.push('…');
    }
    out
}

/// A name in words: `freeze_check` and `freeze-check` give `Freeze check`.
pub fn in_words(name: &str) -> String {
    let words = name.replace(['_', '-'], " ");
    match words.trim() {
        "" => name.to_owned(),
        words => with_capital(words),
    }
}

/// A value that reads as words, as a title: several words of letters and digits, of which the first
/// begins with a letter. `in Transit` gives `In Transit`; `smoke-passed` and `2 x` are none.
pub fn as_words(value: &str) -> Option<String> {
    let is_word = |word: &str| {
        let is_of_words = |c: char| c.is_alphanumeric() || c == '-' || c == '\'' || c == '’';
        word.chars().all(is_of_words) && word.chars().any(char::is_alphanumeric)
    };
    let begins = value.starts_with(char::is_alphabetic);
    let are_words = value.contains(' ') && value.split(' ').all(is_word);
    (begins && are_words).then(|| with_capital(value))
}

fn with_capital(words: &str) -> String {
    let mut chars = words.chars();
    chars.next().into_iter().flat_map(char::to_uppercase).chain(chars).collect()
}
