//! What the numbers of a column of whole numbers stand for: only the application's model knows.

use super::Ask;
use phasegate_codegen::emit::sql::Storage;
use phasegate_codegen::suggest::{list, shown};

/// Each value with its number.
pub(super) struct Numbers {
    pub(super) of: Vec<(String, i64)>,
}

impl Numbers {
    /// As the command was told.
    pub(super) fn of(
        ask: &Ask<'_>,
        storage: Storage,
        held: &[(Option<String>, u64)],
    ) -> Result<Self, String> {
        let wrong =
            |pair: &str| format!("`{}` is no value and its number: say VALUE=NUMBER", shown(pair));
        let mut of: Vec<(String, i64)> = Vec::new();
        for pair in ask.values {
            let (value, number) = pair.rsplit_once('=').ok_or_else(|| wrong(pair))?;
            let number = number.trim().parse().map_err(|_| wrong(pair))?;
            let value = value.trim();
            if let Some((other, _)) = of.iter().find(|(of, is)| of == value || *is == number) {
                return Err(format!(
                    "`{}` and `{}` of --values are one",
                    shown(other),
                    shown(pair)
                ));
            }
            of.push((value.to_owned(), number));
        }
        let column = shown(ask.column);
        match storage {
            Storage::Enum | Storage::Text if !of.is_empty() => {
                return Err(format!("`{column}` holds no numbers, so that --values says nothing"));
            }
            Storage::Enum | Storage::Text => {}
            Storage::Integer => {
                let is_named = |held: &str| of.iter().any(|(_, number)| number.to_string() == held);
                let unnamed: Vec<&str> = (held.iter().filter_map(|(held, _)| held.as_deref()))
                    .filter(|held| !is_named(held))
                    .collect();
                let strange: Vec<&str> =
                    unnamed.iter().copied().filter(|held| held.parse::<i64>().is_err()).collect();
                if !strange.is_empty() {
                    return Err(format!(
                        "`{column}` holds what is no whole number, and so no state ({}): give those rows a number first",
                        list(&strange)
                    ));
                }
                if of.is_empty() || !unnamed.is_empty() {
                    let numbers = match &unnamed[..] {
                        [] => String::new(),
                        numbers => format!(" ({})", list(numbers)),
                    };
                    return Err(format!(
                        "`{column}` holds whole numbers{numbers}: say what each stands for, as the application's \
                         model has it, by `--values new=0,open=1`"
                    ));
                }
            }
        }
        Ok(Self { of })
    }

    /// What stands for a number's digits; another text stays.
    pub(super) fn value(&self, held: String) -> String {
        let named = self.of.iter().find(|(_, number)| number.to_string() == held);
        named.map_or(held, |(value, _)| value.clone())
    }

    /// The values, as the user gave them.
    pub(super) fn values(&self) -> Vec<String> {
        self.of.iter().map(|(value, _)| value.clone()).collect()
    }
}
